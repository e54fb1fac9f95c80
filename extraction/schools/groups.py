"""Groups: lines between the rows of a list that are no rows.

A district or county that heads its schools, a total that sums them up, and what stands around any table: page
numbers, notes, legends.
"""

from __future__ import annotations

import re
from functools import cache

from extraction.evidence import Printed
from extraction.schools.fields import normalize, sounds_like_school
from extraction.schools.grids import Cell
from extraction.schools.records import FieldName
from extraction.schools.vocabulary import plain, vocabulary

# "Office of Federal Programs      Page 1 of 3": a footer's parts may stand in the columns of the table above it.
_PAGE_OF_PAGES = re.compile(r"\bpage\s+\d{1,4}\s+(?:of|/)\s*\d{1,4}\b", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"^\W*(?:page\W*)?\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?\W*$", re.IGNORECASE)
_LABEL = re.compile(r"^\s*([A-Za-z ]{2,24}?)\s*(?:name|no|number|code|id)?\s*[:\-–]\s*(.+)$", re.IGNORECASE)
_HEADING_PARTS = re.compile(r"\s+[-–|]\s+|\s*\((?=[^)\d]+\)\s*$)")
_CODE_BEHIND = re.compile(r"^(.*?)\s*[(\[]\s*(\d[\d\-]*)\s*[)\]]\s*$")
_CODE_BEFORE = re.compile(r"^\s*(\d[\d\-]{1,11})\s*[-–:]?\s+(.+)$")
_NUMBER_BEHIND = re.compile(r"[\s,]+(?:no\.?|#|r-)?\s*\d{1,4}[a-z]?\s*$", re.IGNORECASE)
_CONTINUED = re.compile(r"\s*[-–,]?\s*\(?\s*cont(?:inued|'d|\.|d)?\s*\.?\s*\)?\s*$", re.IGNORECASE)


def group_field(text: str) -> FieldName | None:
    """Whether a line names a district or a county."""
    known = vocabulary()
    phrases = known.phrases
    if (label := _LABEL.match(text)) and plain(label[1]) in phrases["district_labels"] | phrases["county_labels"]:
        return "district" if plain(label[1]) in phrases["district_labels"] else "county"
    words = plain(_NUMBER_BEHIND.sub("", _CONTINUED.sub("", _CODE_BEHIND.sub(r"\1", text))))
    if not words or len(words) > 90 or "title i" in words or words.startswith(("by ", "per ", "all ", "each ")):
        return None
    if any(words.endswith(f" {kind}") for kind in known.plain_phrases["county_words"]):
        return "county"
    if words.startswith(("school district of ", "board of education of ", "public schools of ")):
        return "district"
    return "district" if any(words.endswith(f" {kind}") for kind in known.plain_phrases["district_words"]) else None


def read_heading(cell: Cell) -> dict[FieldName, Printed]:
    """What a group's heading gives to the rows below it; empty where it names no group.

    "Cedar Falls Public Schools - Mercer County" gives both; "Mercer County (sorted by precinct)" the county.
    """
    found: dict[FieldName, Printed] = {}
    for part in _HEADING_PARTS.split(cell.text):
        for field, value in _read_group(Cell(cell.words, part, cell.box)).items():
            found.setdefault(field, value)
    return found


def _read_group(cell: Cell) -> dict[FieldName, Printed]:
    field = group_field(cell.text)
    if field is None:
        return {}
    text = _CONTINUED.sub("", cell.text)
    label = _LABEL.match(text)
    if label and group_field(text) == group_field(f"{label[1]}: x"):
        text = label[2]
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
    if code and field == "district":
        found["state_district_id"] = Printed(code, code, cell.box, 0.9)
    return found


def is_total(text: str) -> bool:
    """Whether a row sums up others ("Total Schools: 12"; "Count Basie Middle School" is a school)."""
    words = plain(text)
    starts = vocabulary().plain_phrases["totals"]
    return any(words == start or words.startswith(f"{start} ") for start in starts) and not sounds_like_school(text)


def is_aside(text: str) -> bool:
    """Whether a line is a page number, a note or a legend instead of a row."""
    return "=" in text or bool(_PAGE_NUMBER.match(text) or _PAGE_OF_PAGES.search(text) or _asides().match(text))


@cache
def _asides() -> re.Pattern[str]:
    starts = "|".join(re.escape(start) for start in sorted(vocabulary().phrases["asides"], key=len, reverse=True))
    return re.compile(rf"\s*(?:{starts})\b[\s:.]*(?:\d|of|:|$)", re.IGNORECASE)
