"""What `benchmarks/search.py` looks in, and what it asks for."""
