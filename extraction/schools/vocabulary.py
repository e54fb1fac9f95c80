"""The vocabulary of school lists: what headers, status words and grades mean. The words are in `vocabulary.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, TypeGuard, cast, get_args

import msgspec

from extraction.schools.records import FieldName

Mark = Literal["marks_schoolwide", "marks_targeted", "marks_eligible_not_served", "marks_not_eligible"]
Heading = FieldName | Literal["place", "ignored", "weak_name", "level"] | Mark
"""What a header says: a field, a combined "City, State Zip", a column that is not kept, or (of one level) a name.

A column of marks says by a cross in a row that this is its status.
"""

_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"
    "|january|february|march|april|june|july|august|september|october|november|december"
)
_NOISE = re.compile(
    r"\b(?:(?:19|20)\d\d(?:\s*[-/]\s*(?:19|20)?\d\d)?|sy|fy\s*\d*|fall|spring|\d\d\s*-\s*\d\d"
    rf"|(?:{_MONTHS})\.?\s*\d{{1,2}}(?:st|nd|rd|th)?|count day|as of|current)\b"
)
_BESIDES = frozenset(
    {
        "sy",
        "fy",
        "fall",
        "spring",
        "percent",
        "one",
        "count",
        "day",
        "as",
        "of",
        "and",
        "current",
        "st",
        "nd",
        "rd",
        "th",
    }
    | {*_MONTHS.split("|")}
)
"""Words that a header may have besides those that mean something; most are left out when it is read."""

_FOOTNOTES = re.compile(r"[*†‡§^]+")
_ROMAN_ONE = re.compile(r"\btitle\s*(?:one|1|i)\b|\bt1\b")
_NAME_AND_ADDRESS = re.compile(
    r"\b(?:school|name|campus|site|building)\b\s*(?:/|&|,|\band\b)\s*address\b", re.IGNORECASE
)
_RUN_TOGETHER = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CUT_IN_TWO = re.compile(r"(\w)-\s*(?=\w)")
_WORD = re.compile(r"[^\W_]+")
_DECIDES = 9
"""The weight of a word that makes a header whatever stands beside it."""
Weight = tuple[int, int]
"""Of a printed word: how many words of headers it has, and how many others. ("School/Home": 1, 1)"""
_FIELDS: frozenset[str] = frozenset(get_args(FieldName))
_MARKS: frozenset[str] = frozenset(get_args(Mark))
_OWNERS: frozenset[Heading] = frozenset({"name", "district"})
"""Fields whose words also say whose the other fields are."""
_OF_A_SCHOOL: frozenset[Heading] = frozenset(
    {"address", "place", "city", "zip", "phone", "enrollment", "low_income_pct", "grade_span"}
)
_SHARES = frozenset({"percent", "percentage", "pct", "rate", "share", "perc", "prcnt"})
_COUNTS = frozenset({"number", "count", "num", "no", "students", "children", "ct", "total"})


def is_field(heading: str | None) -> TypeGuard[FieldName]:
    """Whether a header names one field, that is kept."""
    return heading in _FIELDS


def marked_status(heading: str | None) -> str | None:
    """The status that a column of marks is for, or None where it is no such column."""
    return heading.removeprefix("marks_") if heading is not None and heading in _MARKS else None


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
    tables = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text("utf-8"))
    headers: dict[tuple[str, ...], Heading] = {}
    kinds = {*_FIELDS, *_MARKS, "place", "ignored", "weak_name", "level"}
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
    if not greatest_share(text):
        return None
    meaning = _meaning(text)
    if meaning is None and "-" in text:
        meaning = _meaning(_CUT_IN_TWO.sub(r"\1", text))
    return meaning


def _meaning(text: str) -> HeaderMeaning | None:
    words = _header_words(text)
    if not 0 < len(words) <= 9:
        return None
    if _NAME_AND_ADDRESS.search(text):
        return HeaderMeaning("name", 0.9)
    if (about := _about_poverty(text)) is not None:
        return HeaderMeaning(about, 0.9)
    known = vocabulary()
    for length in range(min(len(words), known.longest_header), 0, -1):
        found: list[Heading | None] = [
            known.headers.get(words[at : at + length]) for at in range(len(words) - length + 1)
        ]
        meanings: list[Heading] = [heading for heading in found if heading is not None]
        if meanings:
            share = len(meanings) * length / len(words) if length == 1 else length / len(words)
            heading = _foremost(meanings)
            # "Elementary" is a header of a level only as a whole; in "Alder Elementary" it is a part of a name.
            return HeaderMeaning(heading, share) if share >= (0.9 if heading == "level" else 0.5) else None
    return None


def greatest_share(text: str) -> float:
    """The greatest `HeaderMeaning.share` that a text may have, by its words alone; 0 where it can mean nothing.

    Rows are told from headers by this, word by word, because words repeat and texts do not.
    """
    return share_of(map(header_weight, text.split()))


def share_of(weights: Iterable[Weight]) -> float:
    """The greatest share that words of these weights may have: words of headers have to be half of them."""
    speaking = against = 0
    for for_header, not_for in weights:
        speaking += for_header
        against += not_for
    if not speaking or against > speaking:
        return 0.0
    return 1.0 if speaking >= _DECIDES else speaking / (speaking + against)


@lru_cache(maxsize=16_384)
def header_weight(word: str) -> Weight:
    """How many words of headers a printed word has and how many others. What a hyphen cuts in two may be any word."""
    if word.isalpha() and (word[1:].islower() or word.isupper()):
        weight = _header_weights().get(word.casefold(), -1)
        return (weight, 0) if weight >= 0 else (0, 1)
    if word.endswith("-"):
        return _DECIDES, 0
    spelled = _RUN_TOGETHER.sub(" ", word)
    if "-" not in spelled:
        return _weight(spelled)
    return max((_weight(spelling) for spelling in {spelled, _CUT_IN_TWO.sub(r"\1", spelled)}), key=_leaning)


def _weight(text: str) -> Weight:
    weights = _header_weights()
    known = [weights.get(part, -1 if part.isalpha() else 0) for part in words_of(text)]
    return sum(weight for weight in known if weight > 0), known.count(-1)


def _leaning(weight: Weight) -> int:
    return weight[0] - weight[1]


@cache
def _header_weights() -> dict[str, int]:
    known = vocabulary()
    weights = dict.fromkeys(_BESIDES, 0) | {word: 1 for words in known.headers for word in words}
    return weights | {word: _DECIDES for phrase in known.plain_phrases["poverty"] for word in phrase.split()}


def _foremost(meanings: Sequence[Heading]) -> Heading:
    """What a header of several known words is about: "Campus City" is a city, "District Phone" no school's phone.

    What is not kept wins over what is, or the column "School Principal" would make schools of persons.
    """
    if "ignored" in meanings:
        return "ignored"
    owned: list[Heading] = [meaning for meaning in meanings if meaning not in _OWNERS]
    if not owned or owned[-1] in {"level", "weak_name"}:
        return meanings[0]
    return "ignored" if "district" in meanings and owned[-1] in _OF_A_SCHOOL else owned[-1]


def _about_poverty(text: str) -> Heading | None:
    """What a header says that speaks of low income: a share, or a number of students, which is not kept."""
    if all(header_weight(word)[0] < _DECIDES for word in text.split()):
        return None
    words = words_of(_FOOTNOTES.sub(" ", text.casefold()))
    spoken = f" {' '.join(words)} "
    if len(words) < 2 or not any(f" {phrase} " in spoken for phrase in vocabulary().plain_phrases["poverty"]):
        return None
    if not _SHARES.isdisjoint(words):
        return "low_income_pct"
    return None if _COUNTS.isdisjoint(words) else "ignored"


@lru_cache(maxsize=16_384)
def plain(text: str) -> str:
    """Lower-case words and single spaces only, for comparing."""
    return " ".join(words_of(text))


@lru_cache(maxsize=16_384)
def words_of(text: str) -> tuple[str, ...]:
    """The lower-case words of a text; "Title 1" and "TITLE ONE" read "title i"."""
    lowered = text.casefold().replace("%", " percent ").replace("#", " no ")
    if "title" in lowered or "t1" in lowered:  # few texts have it, and looking for the pattern takes longer
        lowered = _ROMAN_ONE.sub("title i", lowered)
    return tuple(_WORD.findall(lowered))


def _header_words(text: str) -> tuple[str, ...]:
    lowered = _NOISE.sub(" ", _FOOTNOTES.sub(" ", _RUN_TOGETHER.sub(" ", text).casefold()))
    words = words_of(lowered)
    # "ISP %" and "% ISP" are one header: a percent sign alone says nothing about which share it is.
    return tuple(word for word in words if word != "percent") if len(words) > 1 else words
