"""Pages that list staff: from HTML to `Person`s, and the way to them."""
