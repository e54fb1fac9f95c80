"""Files of results, and how values become lines of them."""
