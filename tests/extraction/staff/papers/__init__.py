"""Staff lists on paper: what is printed, and who must be read."""
