"""The command line: what `title1` can be asked."""
