"""The formats of files: each writes rows of a layout to a file that grows, in memory that does not."""
