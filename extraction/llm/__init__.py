"""The one client of language models, for every reader that is unsure: budgeted, cached, and believed in nothing.

What an answer is worth is decided by those who ask; here only stands how a question is put, paid and kept.
"""
