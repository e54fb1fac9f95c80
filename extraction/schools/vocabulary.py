"""The vocabulary of school lists: what headers, status words and grades mean. The words are in `vocabulary.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, TypeGuard, cast, get_args

import msgspec

from extraction.schools.records import FieldName

Heading = FieldName | Literal["place", "ignored", "weak_name", "level"]
"""What a header says: a field, a combined "City, State Zip", a column that is not kept, or (of one level) a name."""

_NOISE = re.compile(r"\b(?:(?:19|20)\d\d(?:\s*[-/]\s*(?:19|20)?\d\d)?|sy|fy\s*\d*|fall|spring|\d\d\s*-\s*\d\d)\b")
_FOOTNOTES = re.compile(r"[*†‡§^]+")
_ROMAN_ONE = re.compile(r"\btitle\s*(?:one|1|i)\b")
_WORD = re.compile(r"[^\W_]+")


def is_field(heading: str | None) -> TypeGuard[FieldName]:
    """Whether a header names one field, that is kept."""
    return heading in get_args(FieldName)


class Vocabulary(msgspec.Struct, frozen=True):
    """The tables of `vocabulary.toml`, turned for look-up."""

    headers: dict[tuple[str, ...], Heading]
    status: dict[str, str]
    grades: dict[str, str]
    phrases: dict[str, frozenset[str]]
    """Lists of words, as they stand in the table."""
    plain_phrases: dict[str, tuple[str, ...]]
    """The same, as `plain` gives them."""
    longest_header: int


class HeaderMeaning(msgspec.Struct, frozen=True):
    """What a header means and how much of it was understood."""

    heading: Heading
    share: float
    """The share of the header's words that the known phrase covers."""


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary, read once."""
    tables = tomllib.loads(files("extraction.schools").joinpath("vocabulary.toml").read_text("utf-8"))
    headers: dict[tuple[str, ...], Heading] = {}
    kinds = {*get_args(FieldName), "place", "ignored", "weak_name", "level"}
    for kind, listed in tables["headers"].items():
        if kind not in kinds:
            raise ValueError(f"vocabulary.toml: {kind} is no field")
        for phrase in listed:
            headers.setdefault(words_of(phrase), cast("Heading", kind))
    return Vocabulary(
        headers=headers,
        status={plain(phrase): status for status, listed in tables["status"].items() for phrase in listed},
        grades={plain(word): grade for grade, listed in tables["grades"].items() for word in listed},
        phrases={name: frozenset(listed) for name, listed in tables["phrases"].items()},
        plain_phrases={
            name: tuple(sorted({plain(text) for text in listed})) for name, listed in tables["phrases"].items()
        },
        longest_header=max(len(words) for words in headers),
    )


@lru_cache(maxsize=8192)
def header_meaning(text: str) -> HeaderMeaning | None:
    """What a header says its column holds; None where none of its words is known.

    The longest known phrase that the header holds decides: "Public School District Name" is a district, although
    "public school" and "school" are names. A phrase must make up half of the header, so that a sentence of a title
    that mentions schools is no header.
    """
    words = _header_words(text)
    if not 0 < len(words) <= 9:
        return None
    known = vocabulary()
    for length in range(min(len(words), known.longest_header), 0, -1):
        found: list[Heading | None] = [
            known.headers.get(words[at : at + length]) for at in range(len(words) - length + 1)
        ]
        meanings: list[Heading] = [heading for heading in found if heading is not None]
        if meanings:
            share = length / len(words)
            # "School Principal": what is not kept wins over what is, or a person would become a school.
            heading: Heading = meanings[0]
            if "ignored" in meanings:
                heading = "ignored"
            # "Elementary" is a header of a level only as a whole; in "Alder Elementary" it is a part of a name.
            return HeaderMeaning(heading, share) if share >= (0.9 if heading == "level" else 0.5) else None
    return None


def plain(text: str) -> str:
    """Lower-case words and single spaces only, for comparing."""
    return " ".join(words_of(text))


def words_of(text: str) -> tuple[str, ...]:
    """The lower-case words of a text; "Title 1" and "TITLE ONE" read "title i"."""
    lowered = _ROMAN_ONE.sub("title i", text.casefold().replace("%", " percent ").replace("#", " no "))
    return tuple(_WORD.findall(lowered))


def _header_words(text: str) -> tuple[str, ...]:
    lowered = _NOISE.sub(" ", _FOOTNOTES.sub(" ", text.casefold()))
    words = words_of(lowered)
    # "ISP %" and "% ISP" are one header: a percent sign alone says nothing about which share it is.
    return tuple(word for word in words if word != "percent") if len(words) > 1 else words
