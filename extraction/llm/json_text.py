"""JSON in what a model writes: alone, wrapped in words or in a code fence, or cut off in its middle."""

from __future__ import annotations

import json
import re

_DECODER = json.JSONDecoder()
_LONGEST = 400_000
"""Characters of an answer that are looked at."""


def json_in(text: str) -> object:
    """The first JSON object in a text, or None."""
    text = text[:_LONGEST]
    for opening in re.finditer(r"\{", text):
        value, _ = _decoded(text, opening.start())
        if isinstance(value, dict):
            return value
        if _is_cut(text, opening.start()):
            return None
    return None


def whole_items(text: str, key: str) -> list[object]:
    """The items of the list under `key` that are whole, where the text breaks off before its end."""
    text = text[:_LONGEST]
    start = re.search(rf'"{re.escape(key)}"\s*:\s*\[', text)
    if start is None:
        return []
    items: list[object] = []
    at = start.end()
    while True:
        at = _skip(text, at)
        if at >= len(text) or text[at] == "]":
            return items
        value, end = _decoded(text, at)
        if end < 0:
            return items
        items.append(value)
        at = end


def _decoded(text: str, at: int) -> tuple[object, int]:
    """The value that starts at a place and its end; -1 where none is whole."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, -1
    # A number or word that ends with the text may have been cut.
    return (value, end) if end < len(text) or isinstance(value, dict | list | str) else (None, -1)


def _is_cut(text: str, at: int) -> bool:
    """Whether an object starts here that looks like JSON; the braces inside it are no answers of their own."""
    return re.match(r'\{\s*"', text[at : at + 200]) is not None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at
