"""Staff lists that stand in the data of a page (scripts, metadata) and not, or not whole, in its text."""
