"""Finding a school's official website: providers of candidates, and the scoring that decides among them."""
