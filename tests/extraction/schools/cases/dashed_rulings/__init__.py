"""Dashes and dots instead of lines."""
