"""Asking a model about doubtful blocks of staff pages."""
