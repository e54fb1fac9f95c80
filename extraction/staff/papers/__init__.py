"""Staff lists on paper: PDFs, read in the cage into headings, blocks and tables, and then as any staff page."""
