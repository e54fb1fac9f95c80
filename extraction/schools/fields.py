"""Fields: what a printed value means, and which texts can be a value of which field at all.

`normalize` is a table of small functions, one a field. Each takes the text as printed and returns its normalized form,
or None where the text cannot be a value of that field ("N/A" is no ZIP code).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from extraction.places import county_name, state_code, zip_place
from extraction.schools.records import FieldName
from extraction.schools.vocabulary import plain, vocabulary, words_of

_PERCENT = re.compile(r"^[<>≥≤~]?\s*(\d{1,3}(?:\.\d+)?|\.\d+)\s*%?$")
_COUNT = re.compile(r"^\d{1,3}(?:,\d{3})+$|^\d{1,6}$")
_ZIP = re.compile(r"^(\d{5})(?:[-\s]?(\d{4}))?-?$")
_PHONE = re.compile(
    r"^(?:\+?1[-.\s]*)?\(?(\d{3})\)?[-.\s/]*(\d{3})[-.\s]*(\d{4})(?:\s*(?:x|ext\.?)\s*(\d{1,5}))?$", re.IGNORECASE
)
_ID = re.compile(r"^[A-Z]{0,4}[-\s]?\d[\dA-Z]*(?:[-./ ]\d[\dA-Z]*)*$", re.IGNORECASE)
_GRADE = r"(?:[A-Za-z][A-Za-z\-]*\d?|\d{1,2}(?:st|nd|rd|th)?)"
_SPAN = re.compile(rf"^(?:grades?\s*)?({_GRADE})\s*(?:-|–|—|to|thru|through|/)\s*({_GRADE})$", re.IGNORECASE)
_STREET = re.compile(
    r"^(?!(?:19|20)\d\d\s*[-–]\s*(?:19|20)?\d\d\b)(?:p\.?\s*o\.?\s*box\b|(?:route|rt|rr|hwy|highway|county road)\s+\d"
    r"|\d+(?:\s?[-/]\s?\d+|\s\d+)?[a-z]?\s+(?=\S*[^\W\d_]))",
    re.IGNORECASE,
)
_POSTAL_PLACE = re.compile(r",?\s[A-Z]{2}\.?\s+\d{5}(?:-\d{0,4})?$")
_NUMBERED_SCHOOL = re.compile(r"\b(?:school|elementary|academy|center|high|middle)\s*$", re.IGNORECASE)
_CONTACT = re.compile(r"\d{3}[.\-]\d{3}[.\-]\d{4}|https?:|\bwww\.|\S@\S+\.\w", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{2,}")


# A column's values are asked for when its meaning is checked and again when its rows are read; places repeat anyway.
@lru_cache(maxsize=16_384)
def normalize(field: FieldName, text: str) -> str | None:
    """The normalized form of a printed value, or None where it cannot be one."""
    if is_blank(text):
        return None
    return _NORMALIZERS[field](text)


@lru_cache(maxsize=16_384)
def is_blank(text: str) -> bool:
    """Whether a cell's text only says that there is no value."""
    return text.strip().casefold() in vocabulary().phrases["blank"]


def fits(field: FieldName, texts: Sequence[str]) -> float:
    """The share of a column's values that can be values of a field; blank ones do not count."""
    values = [text for text in texts if not is_blank(text)]
    return sum(normalize(field, text) is not None for text in values) / len(values) if values else 0.0


def title1_status(text: str) -> str | None:
    """`schoolwide`, `targeted`, `eligible_not_served`, `not_eligible`, or `unknown` for what only says "yes"."""
    known = vocabulary().status
    words = plain(text)
    if words in known:
        return known[words]
    tokens = set(words.split())
    if {"not", "ineligible", "non"} & tokens and {"eligible", "title", "ineligible"} & tokens:
        return "eligible_not_served" if {"served", "participating"} & tokens else "not_eligible"
    if tokens >= {"no", "program"} or tokens >= {"not", "served"}:
        return "eligible_not_served"
    if "targeted" in tokens:
        return "targeted"
    return "schoolwide" if "schoolwide" in tokens or tokens >= {"school", "wide"} else None


def percent(text: str) -> str | None:
    """A share of 0 to 100 without the sign or idle zeros: "34.50%" is "34.5"."""
    match = _PERCENT.match(text)
    if not match or not 0 <= float(match[1]) <= 100:
        return None
    number = match[1].lstrip("0") if not match[1].startswith("0.") else match[1]
    number = f"0{number}" if number.startswith(".") else number or "0"
    return number.rstrip("0").rstrip(".") if "." in number else number


def count(text: str) -> str | None:
    """A whole number without its commas."""
    return str(int(text.replace(",", ""))) if _COUNT.match(text) else None


def zip_code(text: str) -> str | None:
    """Five digits, or nine with a hyphen."""
    match = _ZIP.match(text)
    if not match:
        return None
    return f"{match[1]}-{match[2]}" if match[2] else match[1]


def phone(text: str) -> str | None:
    """A US number as "(609) 555-0123", an extension behind " x"."""
    match = _PHONE.match(text.strip())
    if not match:
        return None
    return f"({match[1]}) {match[2]}-{match[3]}" + (f" x{match[4]}" if match[4] else "")


def grade_span(text: str) -> str | None:
    """First and last grade as "PK-05"; one grade alone stays alone."""
    cleaned = text.strip().strip("()")
    if match := _SPAN.match(cleaned):
        first, last = _grade(match[1]), _grade(match[2])
        return f"{first}-{last}" if first and last else None
    listed = [_grade(part) for part in re.split(r"[,;&\s]+", cleaned) if part]
    if listed and all(listed):
        return f"{listed[0]}-{listed[-1]}" if len(listed) > 1 else listed[0]
    parts = re.split(r"\s*[,;]\s*", cleaned)
    spans = [grade_span(part) for part in parts] if len(parts) > 1 else [None]
    return ",".join(span for span in spans if span) if all(spans) else None


def identifier(text: str) -> str | None:
    """An agency's code: digits, perhaps with a letter prefix and separators, kept as printed."""
    return text if _ID.match(text) and len(text) <= 24 else None


def nces_id(text: str) -> str | None:
    """A federal id: 12 digits for a school, or the part of it that a list prints."""
    digits = re.sub(r"[\s-]", "", text)
    return digits if digits.isdigit() and len(digits) <= 12 else None


def wording(text: str) -> str | None:
    """A name in words."""
    return text if _LETTERS.search(text) else None


def looks_like_address(text: str) -> bool:
    """Whether a text is a street address or a postal place, and so no name."""
    return bool(_STREET.match(text) or _POSTAL_PLACE.search(text)) and not _NUMBERED_SCHOOL.search(text)


def _name(text: str) -> str | None:
    # "PS 9" and "IS 61Q" have few letters; a list of numbers or one letter names nothing.
    if not re.search(r"[^\W\d_]", text) or len(text) < 3 or looks_like_address(text):
        return None
    return None if text.startswith("(") or _CONTACT.search(text) or is_prose(text) else text


def is_prose(text: str) -> bool:
    """Whether a text is a part of a sentence: names capitalize their words."""
    words = _LETTERS.findall(text)
    return len(words) >= 4 and sum(word.islower() for word in words) > 0.6 * len(words)


def _address(text: str) -> str | None:
    return text if _LETTERS.search(text) and len(text) >= 5 else None


def _county(text: str) -> str | None:
    return county_name(text) if wording(text) else None


def _grade(text: str) -> str | None:
    word = text.strip().casefold()
    if number := re.match(r"^(\d{1,2})(?:st|nd|rd|th)?$", word):
        return f"{int(number[1]):02d}" if 0 < int(number[1]) <= 13 else None
    grades = vocabulary().grades
    return grades.get(plain(word)) or grades.get(plain(word).replace(" ", ""))


_NORMALIZERS: dict[FieldName, Callable[[str], str | None]] = {
    "name": _name,
    "district": wording,
    "nces_id": nces_id,
    "state_school_id": identifier,
    "state_district_id": identifier,
    "address": _address,
    "city": wording,
    "county": _county,
    "state": state_code,
    "zip": zip_code,
    "phone": phone,
    "title1_status": title1_status,
    "grade_span": grade_span,
    "enrollment": count,
    "low_income_pct": percent,
}


def sounds_like_school(text: str) -> bool:
    """Whether a text holds a word that school names hold."""
    return not vocabulary().phrases["school_words"].isdisjoint(words_of(text))


def is_known_zip(text: str) -> bool:
    """Whether a text is a ZIP code that exists."""
    code = zip_code(text)
    return code is not None and zip_place(code) is not None


def hold_names(values: Sequence[str]) -> bool:
    """Whether a column's values begin with names; an address may stand below them in the same cell."""
    named = sum(
        normalize("name", value) is not None or (_POSTAL_PLACE.search(value) is not None and not _STREET.match(value))
        for value in values
    )
    return named >= 0.5 * len(values)


def are_shares(values: Sequence[str]) -> bool:
    """Whether a column holds percentages, by their decimals: counts have none, and amounts pass 100."""
    decimals = sum("." in value and percent(value) is not None for value in values)
    return decimals >= 0.8 * len(values) and all(percent(value) is not None for value in values)


def are_codes(values: Sequence[str]) -> bool:
    """Whether a column holds identifiers: of one length, three or more characters, hardly one twice."""
    lengths = {len(value) for value in values}
    return (
        len(lengths) == 1
        and lengths.pop() >= 3
        and len(set(values)) >= 0.95 * len(values)
        and all(identifier(value) for value in values)
    )


def guess_field(texts: Sequence[str]) -> FieldName | None:
    """What a column without a header holds, where its values leave no doubt.

    Bare numbers are left alone: 35 may be a share, a count or a number of a school.
    """
    values = [text for text in texts if not is_blank(text)]
    if len(values) < 3:
        return None

    def share(fits_one: Callable[[str], object]) -> float:
        return sum(bool(fits_one(value)) for value in values) / len(values)

    clear: list[tuple[FieldName, Callable[[str], object], float]] = [
        ("phone", phone, 0.8),
        ("zip", is_known_zip, 0.9),
        ("title1_status", lambda text: title1_status(text) and len(text) > 1, 0.9),
        ("grade_span", lambda text: not text.isdigit() and grade_span(text), 0.9),
        ("low_income_pct", lambda text: text.endswith("%") and percent(text), 0.9),
        ("name", sounds_like_school, 0.5),
    ]
    for field, fits_one, enough in clear:
        if share(fits_one) >= enough:
            return field
    return None
