"""Lists as departments of education print them: `<layout>/source.py` draws a PDF, `expected.csv` is what it says."""
