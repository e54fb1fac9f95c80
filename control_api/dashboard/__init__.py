"""The page at `/`, and where it is served from."""
