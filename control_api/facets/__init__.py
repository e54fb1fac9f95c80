"""Counts of the values that the people or schools of a search have."""
