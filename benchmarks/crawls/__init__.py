"""What `benchmarks/crawl.py` is made of: a quick web on loopback, the product beside it, and its rivals."""
