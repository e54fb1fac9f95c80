"""The tables of words beside this module, read once: what the readers of staff pages know about school language."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

_GIVEN_NAMES = ("given_names.txt", "census_given_names.txt")


@cache
def table(name: str) -> dict[str, Any]:
    """The content of `extraction/staff/<name>.toml`."""
    return tomllib.loads(files("extraction.staff").joinpath(f"{name}.toml").read_text("utf-8"))


@cache
def words(name: str, key: str) -> frozenset[str]:
    """A list of words or phrases of a table; a text is split at its white space."""
    value: str | list[str] = table(name)[key]
    return frozenset(value.split() if isinstance(value, str) else value)


@cache
def phrases(name: str, key: str) -> re.Pattern[str]:
    """A list of phrases of a table as one expression that matches any of them as whole words, longest first."""
    return phrase_pattern(table(name)[key])


def phrase_pattern(texts: list[str]) -> re.Pattern[str]:
    """One expression for phrases; a trailing `*` stands for any ending of the word."""
    parts = [
        re.escape(text.removesuffix("*")) + (r"\w*" if text.endswith("*") else "")
        for text in sorted(texts, key=len, reverse=True)
    ]
    return re.compile(rf"(?<![\w&])(?:{'|'.join(parts)})(?![\w&])", re.IGNORECASE)


@cache
def given_names() -> frozenset[str]:
    """Common given names, lower-cased: our own list, and the census's."""
    texts = (files("extraction.staff").joinpath(name).read_text("utf-8") for name in _GIVEN_NAMES)
    lines = (line for text in texts for line in text.splitlines() if not line.startswith("#"))
    return frozenset(name.lower() for line in lines for name in line.split())
