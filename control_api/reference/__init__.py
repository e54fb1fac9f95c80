"""The API's reference: the page at `/docs` that shows the description of `/schema` to people."""
