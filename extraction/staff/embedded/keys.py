"""Which field of a staff list a key of some data is, by the vocabulary of `keys.toml`."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache, lru_cache
from typing import Any

from extraction.staff.spacing import squeeze
from extraction.staff.vocabulary import table
from extraction.staff.walk import read_document

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = re.compile(r"[^A-Za-z0-9]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_MARKUP = re.compile(r"<[a-zA-Z/!]|&(?:#?\w{1,31});")
LONGEST_TEXT = 2_000
"""Characters of one value; a title or an address is never longer, and a biography is not read."""
_MOST_TEXTS = 8
"""Values of one field of a record."""
_DEEPEST_FIELD = 3
"""Objects around a field inside of one record."""
_MOST_WRAPPED = 12
"""Objects inside of one record that hold its fields. Shared values could multiply without it."""


@lru_cache(maxsize=8192)
def key_words(key: str) -> str:
    """The words of a key.

    >>> key_words("workPhone"), key_words("first_name"), key_words("@type")
    ('work phone', 'first name', 'type')
    """
    return _NO_WORD.sub(" ", _CAMEL.sub(" ", key[:80])).strip().lower()


@lru_cache(maxsize=8192)
def kind_of(key: str) -> str | None:
    """The field that a key names: `name`, `first`, `title`, `email`, …; None for every other key."""
    kinds, words = _kinds(), key_words(key)
    if found := kinds.get(words.replace(" ", "")):
        return found
    first, _, rest = words.partition(" ")
    return kinds.get(rest.replace(" ", "")) if rest and first in _vocabulary("prefixes") else None


def is_one_of(key: str, section: str, name: str) -> bool:
    """Whether a key is in a list of the vocabulary."""
    return key_words(key).replace(" ", "") in _vocabulary(section, name)


@lru_cache(maxsize=8192)
def is_personal(key: str) -> bool:
    """Whether only people have such a key, as `full_name`."""
    words = key_words(key)
    bare = {words.replace(" ", ""), words.partition(" ")[2].replace(" ", "")}
    return bool(bare & _vocabulary("names", "personal"))


def is_off_kind(text: str) -> bool:
    """Whether the whole of a type, group or title says that somebody is no staff."""
    words = key_words(text)
    kinds: list[str] = table("embedded/keys")["records"]["off_kinds"]
    return words in kinds or key_words(text.rpartition("/")[2]) in kinds


def fields_of(record: dict[str, Any]) -> dict[str, list[tuple[str, Any]]]:
    """The keys and raw values of each field of a record, those of its wrapped objects included."""
    fields: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
    wrapped: list[tuple[dict[str, Any], str, int]] = [(record, "", 0)]
    for value, prefix, depth in wrapped:
        for key, inner in value.items():
            kind = (kind_of(f"{prefix} {key}") if prefix else None) or kind_of(key)
            if isinstance(inner, dict) and is_one_of(key, "shapes", "wrappers"):
                if depth < _DEEPEST_FIELD and len(wrapped) <= _MOST_WRAPPED:
                    wrapped.append((inner, "name" if kind == "name" else "", depth + 1))
            elif kind and len(fields[kind]) < _MOST_TEXTS:
                fields[kind].append((key, inner))
    if len(fields["title"]) > 1:
        fields["title"].sort(key=lambda field: _rank(field[0]))
    return {kind: found for kind, found in fields.items() if found}


def texts_of(raw: Any) -> list[str]:
    """The printed values of a field: of a scalar, of a list, or of the value inside of small objects."""
    if isinstance(raw, list):
        return [text for inner in raw[:_MOST_TEXTS] if not isinstance(inner, list) for text in texts_of(inner)]
    if isinstance(raw, dict):
        inside = (inner for key, inner in raw.items() if is_one_of(key, "shapes", "values"))
        return [text for inner in inside if isinstance(inner, str | int) and (text := plain_text(inner))][:1]
    text = plain_text(raw)
    return [text] if text else []


def plain_text(raw: Any) -> str:
    """A scalar as a visitor would read it: without markup, and empty where it stands for "not published"."""
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        return ""
    text = str(raw)[:LONGEST_TEXT]
    if _MARKUP.search(text):
        document = read_document(f"<div>{text}</div>", "")
        text = document.block_text(0, len(document.lines))
    text = squeeze(_CONTROL.sub("", text))
    return "" if text.lower() in _unpublished() else text


@lru_cache(maxsize=1024)
def _rank(key: str) -> int:
    """The place of a title's key in the vocabulary: a job title says more than a role."""
    words = key_words(key)
    ranked: list[str] = table("embedded/keys")["kinds"]["title"]
    bare = words if words in ranked else words.partition(" ")[2]
    return ranked.index(bare) if bare in ranked else len(ranked)


@cache
def _kinds() -> dict[str, str]:
    lists: dict[str, list[str]] = table("embedded/keys")["kinds"]
    return {word.replace(" ", ""): kind for kind, words in lists.items() for word in words}


@cache
def _vocabulary(section: str, name: str | None = None) -> frozenset[str]:
    content = table("embedded/keys")[section]
    return frozenset(word.replace(" ", "") for word in (content if name is None else content[name]))


@cache
def _unpublished() -> frozenset[str]:
    return frozenset(table("embedded/keys")["unpublished"])
