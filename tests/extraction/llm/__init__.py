"""The client of language models against a real server."""
