"""Asking a model about the blocks of a staff page that the readers are unsure of.

A model can confirm or drop somebody of whom they are unsure, say which words of a block are name, title and department,
and name somebody in a block that looks like an entry and was read by nobody. Whatever it says must be printed in the
person's own block, addresses and numbers are those that our own decoders found there, and a section that is switched
off is never shown to it.
"""
