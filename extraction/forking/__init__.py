"""Processes that are forked from one which has loaded everything: they begin at once and share its memory."""
