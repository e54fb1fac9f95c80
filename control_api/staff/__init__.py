"""People, as lists, one by one, and as CSV."""
