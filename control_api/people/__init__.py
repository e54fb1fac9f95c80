"""What is done to people who are stored: corrections, deletion, the change feed, merging of duplicates."""
