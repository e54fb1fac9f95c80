"""Asking a model where the parser is unsure: first what the columns of a document hold, only then for its rows.

An answer can only ever choose among the words of the page: a column plan is applied by the parser itself, and each
value of a row must be found in that row's own band. What a document says to the model is therefore of no use to it.
"""
