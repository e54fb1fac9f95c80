"""Which subjects and grades a printed title, department or heading names. Nothing printed, nothing said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from extraction.staff.vocabulary import phrase_pattern, table, words

GRADES = ("PK", "K", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12")
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_WORDS = tuple(re.findall(r"\w+", _ORDINALS))
_YOUNG = r"pre-?\s?k(?:indergarten|inder)?(?:\s?[34])?|pk\s?[34]?|pre-?school|nursery|[34]k|k[34]|early childhood"
_KINDER = r"transitional kindergarten|kindergarten(?:ers?)?|kinder|kg|tk|5k|k5|k"
_NUMBER = r"1[0-2]|[1-9]"
_ONE = rf"(?:(?:{_YOUNG})|(?:{_KINDER})|(?:{_NUMBER})(?:st|nd|rd|th)?|{'|'.join(_WORDS)})"
_THROUGH = r"(?:\s+grades?)?\s*(?:[-–—]|\bto\b|\bthrough\b|\bthru\b)\s*"
_ALSO = r"(?:\s+grades?)?\s*(?:[,/&+]|\band\b)(?:\s*(?:&|and\b))?\s*"
_CHAIN = re.compile(
    rf"(?<![\w.#:$-])(?P<label>(?:grades?|gr\.?|grd\.?)\s*(?:levels?\s*)?[:.]?\s*)?(?P<chain>{_ONE}(?:(?:{_THROUGH}|{_ALSO}){_ONE})*)"
    r"(?P<behind>[\s-]*(?:grad(?:e|er|es|ers)|gr)\b\.?)?(?![\w]|[.:]\d|[-–]\d)",
    re.IGNORECASE,
)
_PART = re.compile(_ONE, re.IGNORECASE)
_JOINED = re.compile(r"\bk-?(\d{1,2})\b", re.IGNORECASE)
_CLASSES = {"freshman": 9, "freshmen": 9, "sophomore": 10, "sophomores": 10}
_NOT_GRADES = re.compile(
    r"\b(?:room|rm|ext|extension|period|block|shift|semester|quarter|hours?|year|level|bldg|building|suite|section|floor|"
    r"unit|district|house|title|ward|zone|region|route|bus|lunch|age)s?\s*#?\s*[:.]?\s*[\divx]+(?:st|nd|rd|th)?"
    r"(?:\s*[-–&/]\s*\d+)*\b"
    r"|\b\d+(?:st|nd|rd|th)?\s*(?:period|shift|semester|quarter|hour|year|block|floor|district|street|ave)\b"
    r"|\b\d{1,2}:\d\d\S*|\b\d{1,2}\s*(?:am|pm|a\.m|p\.m)\b|\b[1-9]\s*[:x]\s*1\b",
    re.IGNORECASE,
)
_BY_GRADE = (
    r"(?:math(?:ematics)?|ela|english|language arts|science|social studies|reading|(?:u\.?s\.? )?history|health|pe)"
)
"""Subjects whose number is a grade; "Spanish 2" and "Art 1" are levels."""
_TAUGHT_BEFORE = re.compile(rf"\b{_BY_GRADE}\s+$", re.IGNORECASE)
_TAUGHT_BEHIND = re.compile(rf"\s+{_BY_GRADE}\b", re.IGNORECASE)
_LOWEST_NUMBERED = 4
"""Below, "Math 1" and "English 3" are levels of high schools."""
_OF_A_PLACE = re.compile(r"\b(?:schools?|academy|campus|district|isd|directory)\b", re.IGNORECASE)
_MOST_TAUGHT = 6


def taught_by(role: str, texts: Iterable[str | None], heading: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The subjects and grades of a person: by title, department and the like, and where none names any, by the heading.

    A heading speaks for those who teach only, and not where it names the place: "Harbor K-8 School" says nothing about
    its secretary.
    """
    own = [text for text in texts if text]
    subjects = {subject for text in own for subject in subjects_of(text)}
    grades = {grade for text in own for grade in grades_of(text)}
    if subjects or grades:
        return tuple(filter(subjects.__contains__, subject_keys())), tuple(filter(grades.__contains__, GRADES))
    if not heading or role not in words("subjects", "teaching_roles") or _OF_A_PLACE.search(heading):
        return (), ()
    below = grades_of(heading)
    return subjects_of(heading), below if len(below) <= _MOST_TAUGHT else ()


@lru_cache(maxsize=4096)
def subjects_of(text: str) -> tuple[str, ...]:
    """The keys of `subjects.toml` that a text names, in the order of the table, wider subjects included."""
    pattern, by_word = _subject_words()
    found: set[str] = set()
    for match in pattern.finditer(text):
        found.update(by_word[_entry(match[0].lower())])
    return tuple(key for key in subject_keys() if key in found)


@cache
def subject_keys() -> tuple[str, ...]:
    """Every subject, in the order of the table."""
    return tuple(entry["key"] for entry in _subjects())


def _subjects() -> list[dict[str, Any]]:
    return table("subjects")["subject"]


@cache
def _subject_words() -> tuple[re.Pattern[str], dict[str, tuple[str, ...]]]:
    """One expression for the words of all subjects, and the subjects of each entry."""
    by_word: dict[str, tuple[str, ...]] = dict.fromkeys(table("subjects")["none"], ())
    for entry in _subjects():
        keys = (entry["key"], entry["within"]) if "within" in entry else (entry["key"],)
        by_word |= dict.fromkeys(entry["words"], keys)
    return phrase_pattern(list(by_word)), by_word


@cache
def _entry(found: str) -> str:
    """The entry of the table that a found text comes from: the text itself, or the longest beginning with a `*`."""
    _, by_word = _subject_words()
    beginnings = (found[:end] + "*" for end in range(len(found), 0, -1))
    return found if found in by_word else next(entry for entry in beginnings if entry in by_word)


@lru_cache(maxsize=4096)
def grades_of(text: str) -> tuple[str, ...]:
    """The grades that a text names, of PK, K and 1 to 12, lowest first.

    A number is a grade with the word ("Grade 3", "3rd Grader"), as an ordinal ("3rd"), in a range of grades ("K-5",
    "6-8") or behind a subject that is taught by grade ("Math 7"); not in "Spanish 2", "Room 4" or "1st period".

    >>> grades_of("PreK-2 Music; Grade 4")
    ('PK', 'K', '1', '2', '4')
    """
    rest = _JOINED.sub(lambda m: f"K-{m[1]}" if 6 <= int(m[1]) <= 12 else m[0], _NOT_GRADES.sub(" ; ", text))
    found = {_CLASSES[word] for word in re.findall(r"[a-z]+", rest.lower()) if word in _CLASSES}
    for match in _CHAIN.finditer(rest):
        if _is_grades(match):
            found.update(_numbers(match["chain"]))
    return tuple(GRADES[number + 1] for number in sorted(found))


def _is_grades(match: re.Match[str]) -> bool:
    chain = match["chain"]
    if match["label"] or match["behind"] or re.search(r"\d(?:st|nd|rd|th)\b", chain, re.IGNORECASE):
        return True
    parts, through = _parts(chain)
    numbers = [_number(part) for part in parts]
    if min(numbers) <= 0:
        # "K" alone is also an initial; with other grades, or as the whole text, it is kindergarten.
        return len(chain) > 1 or match.string.strip() == chain
    # "First" and "Second" are words of their own: only with "grade".
    if not all(part.isdigit() for part in parts) or numbers != sorted(set(numbers)):
        return False
    if any(through) or match.string.strip() == chain:
        return True
    before, behind = match.string[: match.start()], match.string[match.end() :]
    return numbers[0] >= _LOWEST_NUMBERED and bool(_TAUGHT_BEFORE.search(before) or _TAUGHT_BEHIND.match(behind))


def _numbers(chain: str) -> set[int]:
    """-1 for PK, 0 for K, and 1 to 12, of "K-2, 4 & 6th"."""
    parts, through = _parts(chain)
    found = {_number(parts[0])}
    for (before, after), is_range in zip(pairwise(parts), through, strict=True):
        high = _number(after)
        found.update(range(_number(before), high + 1) if is_range else ())
        found.add(high)
    return found


def _parts(chain: str) -> tuple[list[str], list[bool]]:
    """The grades of "K-2, 4 & 6th" as printed, and of the signs between them, which mean a range."""
    matches = list(_PART.finditer(chain))
    between = [chain[left.end() : right.start()] for left, right in pairwise(matches)]
    return [match[0] for match in matches], [bool(re.fullmatch(_THROUGH, sign, re.IGNORECASE)) for sign in between]


def _number(text: str) -> int:
    text = text.strip().lower()
    if text in _WORDS:
        return _WORDS.index(text) + 1
    if re.fullmatch(_YOUNG, text):
        return -1
    # Transitional kindergarten is the first of two years of kindergarten.
    return 0 if re.fullmatch(_KINDER, text) else int(re.sub(r"\D", "", text))
