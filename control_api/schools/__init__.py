"""Schools and their websites, as lists, one by one, and as CSV."""
