"""Groups: lines between the rows of a list that are no rows.

A district or county that heads its schools, a total that sums them up, and what stands around any table: page
numbers, notes, legends.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from extraction.evidence import Printed
from extraction.places.counties import is_independent_city
from extraction.schools.fields import normalize, sounds_like_school
from extraction.schools.grids import Cell
from extraction.schools.legends import legend_of
from extraction.schools.records import FieldName
from extraction.schools.vocabulary import plain, vocabulary

# "Office of Federal Programs      Page 1 of 3": a footer's parts may stand in the columns of the table above it.
_PAGE_OF_PAGES = re.compile(r"\bpage\s+\d{1,4}\s+(?:of|/)\s*\d{1,4}\b", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"^\W*(?:page\W*)?\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?\W*$", re.IGNORECASE)
_LABEL = re.compile(r"^\s*([A-Za-z ]{2,24}?)\s*(?:name|no|number|code|id)?\s*[:\-–]\s*(.+)$", re.IGNORECASE)
_HEADING_PARTS = re.compile(r"\s+[-–|]\s+|\s*\((?=[^)\d]+\)\s*$)")
_CODE_BEHIND = re.compile(r"^(.*?)\s*[(\[]\s*(\d[\d\-]*)\s*[)\]]\s*$")
_COUNT = re.compile(r"^[1-9]\d?$")
"""A number behind a heading that is too short for a code: how many schools follow."""
_CODE_BEFORE = re.compile(r"^\s*(\d[\d\-]{1,11})\s*[-–:]?\s+(.+)$")
_NUMBER_BEHIND = re.compile(r"[\s,]+(?:no\.?|#|r-)?\s*\d{1,4}[a-z]?\s*$", re.IGNORECASE)
_BRACKET_BEHIND = re.compile(r"\s*\([^)]*\)\s*$")
_TITLE = re.compile(
    r"\btitle\s+(?:i|1|one)\b|\b(?:19|20)\d\d\b|\b(?:list|listing|report|directory|department|schools? by|page|fiscal"
    r"|preliminary|draft|continued|programs?|eligib\w+|allocations?)\b",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W_]")
_COUNTY_IN_CAPITALS = re.compile(r"^([^a-z]{3,})\s+(?:County|Parish|Borough)$")
_PROGRAM_WORDS = re.compile(r"\b(?:schools?|programs?|sites?|campuses|buildings|title i)\b\s*")
_COUNT_BEHIND = re.compile(r"\s*[(:\-]\s*\d+\s*\)?\s*$")
_CONTINUED = re.compile(r"\s*[-–,]?\s*\(?\s*cont(?:inued|'d|\.|d)?\s*\.?\s*\)?\s*$", re.IGNORECASE)


@lru_cache(maxsize=4096)
def group_field(text: str) -> FieldName | None:
    """Whether a line names a district, a county, or the status of the schools below it."""
    if group_status(text):
        return "title1_status"
    return _labelled_group(text) or _worded_group(text)


def _labelled_group(text: str) -> FieldName | None:
    """The group that a label in front names: "District: Cedar Falls"."""
    phrases = vocabulary().phrases
    label = _LABEL.match(text)
    if label and plain(label[1]) in phrases["district_labels"]:
        return "district"
    return "county" if label and plain(label[1]) in phrases["county_labels"] else None


def _worded_group(text: str) -> FieldName | None:
    """The group that a name's last words tell of: "Cedar Falls Public Schools", "Mercer County"."""
    if is_independent_city(_BRACKET_BEHIND.sub("", _first_part(text))):
        return "county"
    words = plain(_NUMBER_BEHIND.sub("", _first_part(_CODE_BEHIND.sub(r"\1", text))))
    if not words or len(words) > 90 or "title i" in words or words.startswith(("by ", "per ", "all ", "each ")):
        return None
    if words.endswith(_behind("county_words")):
        return "county"
    if words.startswith(("school district of ", "board of education of ", "public schools of ")):
        return "district"
    return "district" if words.endswith(_behind("district_words")) else None


def _first_part(text: str) -> str:
    """A heading without the words that say it goes on: "Mercer County (cont'd)"."""
    return _CONTINUED.sub("", text) if "cont" in text.lower() else text


@cache
def _behind(listed: str) -> tuple[str, ...]:
    """A list of the vocabulary as what a name may end in."""
    return tuple(f" {kind}" for kind in vocabulary().plain_phrases[listed])


def group_status(text: str) -> str | None:
    """The one status that a line like "Targeted Assistance Schools" gives to the schools below it."""
    words = plain(_COUNT_BEHIND.sub("", _first_part(text)))
    if not words or len(words) > 60:
        return None
    shortened = _PROGRAM_WORDS.sub("", words).strip()
    status = vocabulary().status.get(shortened)
    return status if status in {"schoolwide", "targeted", "eligible_not_served", "not_eligible"} else None


def is_title(text: str) -> bool:
    """Whether a line has words of a list's title: what it lists, of which year."""
    return _TITLE.search(text) is not None


def may_name_group(text: str) -> bool:
    """Whether a line without any known word may be a group's name: short, and no title of the list."""
    words = plain(text).split()
    return 0 < len(words) <= 8 and any(char.isalpha() for char in text) and not is_title(text)


def read_heading(cell: Cell, *, as_field: FieldName | None = None) -> dict[FieldName, Printed]:
    """What a group's heading gives to the rows below it; empty where it names no group.

    "Cedar Falls Public Schools - Mercer County" gives both; "Mercer County (sorted by precinct)" the county.
    `as_field` says what it names where its words do not.
    """
    found: dict[FieldName, Printed] = {}
    parts = [cell.text] if _CODE_BEFORE.match(cell.text) else _HEADING_PARTS.split(cell.text)
    for part in parts:
        for field, value in _read_group(Cell(cell.words, part, cell.box), as_field).items():
            # A status heads a group by itself; in brackets behind a name it is that school's.
            if field != "title1_status" or len(parts) == 1:
                found.setdefault(field, value)
    return found


def _read_group(cell: Cell, as_field: FieldName | None) -> dict[FieldName, Printed]:
    field = group_field(cell.text) or as_field
    if field is None:
        return {}
    text = _first_part(cell.text)
    label = _LABEL.match(text)
    if label and group_field(text) == group_field(f"{label[1]}: x"):
        text = label[2]
    if field == "title1_status":
        return {field: Printed(text, group_status(text) or "unknown", cell.box, 0.8)}
    if field == "county" and (name := _COUNTY_IN_CAPITALS.match(text)):
        text = name[1]  # the list's own data, in front of a word of its template
    found: dict[FieldName, Printed] = {}
    code: str | None = None
    if behind := _CODE_BEHIND.match(text):
        text, code = behind[1], behind[2]
    elif before := _CODE_BEFORE.match(text):
        code, text = before[1], before[2]
    value = normalize(field, text)
    if value is None:
        return {}
    found[field] = Printed(text, value, cell.box, 0.9)
    if code and field == "district" and not _COUNT.match(code):
        found["state_district_id"] = Printed(code, code, cell.box, 0.9)
    return found


@lru_cache(maxsize=4096)
def is_total(text: str) -> bool:
    """Whether a row sums up others ("Total Schools: 12"; "Count Basie Middle School" is a school)."""
    return f"{plain(text)} ".startswith(_totals()) and not sounds_like_school(text)


@cache
def _totals() -> tuple[str, ...]:
    return tuple(f"{start} " for start in vocabulary().plain_phrases["totals"])


@lru_cache(maxsize=4096)
def is_aside(text: str) -> bool:
    """Whether a line is a page number, a note or a legend instead of a row."""
    return (
        "=" in text
        or not _LETTER.search(text)
        or bool(legend_of([text]))
        or bool(_PAGE_NUMBER.match(text) or _PAGE_OF_PAGES.search(text) or _asides().match(text))
    )


@cache
def _asides() -> re.Pattern[str]:
    starts = "|".join(re.escape(start) for start in sorted(vocabulary().phrases["asides"], key=len, reverse=True))
    return re.compile(rf"\s*(?:{starts})\b[\s:.]*(?:\d|of|:|$)", re.IGNORECASE)
