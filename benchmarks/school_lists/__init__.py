"""What the benchmark of school lists reads, and with what."""
