"""Parts: cells that hold several values at once.

"Alder Elementary (K-5)" is a name and its grades; "Trenton, NJ 08608" a city, a state and a ZIP; an address may have
its place behind it. Each part keeps the box of its own words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from extraction.evidence import Printed
from extraction.places import state_code
from extraction.schools.fields import looks_like_address, normalize, zip_code
from extraction.schools.grids import Cell, cell_of
from extraction.schools.records import FieldName
from extraction.schools.sheets import Line, lines_of, stand_in_line
from extraction.schools.words import Word

_GRADES_BEHIND = re.compile(r"^(.*\S)\s*\(([^()]{1,20})\)$")
_MARK_BEFORE = re.compile(r"^(?:[*†‡§^]+(?:\w+[*†‡§^]+)?|•|·|●|▪|–)\s*(?=\w)")
_MARK_BEHIND = re.compile(r"\s*[*†‡§^¹²³]+$")
_CODE_BEFORE = re.compile(r"^([A-Z]{0,3}\d{3,}(?:-\d+)*)\s+[-–:]\s+(?=\S*[^\W\d_])")
_DIRECTIONS = frozenset({"N", "S", "E", "W", "NE", "NW", "SE", "SW"})
_GRADES_ALONE = re.compile(r"^\(([^()]{1,20})\)$")


def name_parts(cell: Cell) -> dict[FieldName, Printed]:
    """The school's name, and its grades where they stand behind it in brackets: "Alder Elementary (K-5)".

    Remarks on lines of their own behind the grades, or in brackets, are left out.
    """
    kept, found = (cell, {}) if stand_in_line(cell.words) else _name_lines(cell)
    if kept is None:
        return {}
    if coded := _CODE_BEFORE.match(kept.text):
        code = cell_of(kept.words[: len(coded[1].split())])
        kept = cell_of(kept.words[len(coded[0].split()) :]) or kept
        if code is not None:
            found["state_school_id"] = Printed(coded[1], coded[1], code.box, 0.9)
    text = _MARK_BEHIND.sub("", _MARK_BEFORE.sub("", kept.text))
    bracket = _GRADES_BEHIND.match(text) if text.endswith(")") else None
    if bracket and (span := normalize("grade_span", bracket[2])):
        text = bracket[1]
        found["grade_span"] = Printed(bracket[2], span, kept.box)
    elif bracket and (status := normalize("title1_status", bracket[2])) not in {None, "unknown"}:
        text = bracket[1]
        found["title1_status"] = Printed(bracket[2], status or "", kept.box)
    if (value := normalize("name", text)) is not None:
        found["name"] = Printed(text, value, kept.box)
    return found


def _name_lines(cell: Cell) -> tuple[Cell | None, dict[FieldName, Printed]]:
    """The lines of a cell that are the name, and what the lines below it say."""
    lines = list(lines_of(cell.words))
    for at, line in enumerate(lines):
        bracket = _GRADES_BEHIND.match(line.text) or _GRADES_ALONE.match(line.text)
        if bracket and normalize("grade_span", bracket[bracket.lastindex or 0]):
            lines = lines[: at + 1]
        elif at and line.text.startswith("("):
            lines = lines[:at]
        else:
            continue
        break
    found: dict[FieldName, Printed] = {}
    below = next((at for at, line in enumerate(lines) if at and _is_below_name(line.text)), None)
    if below is not None:
        found |= _parts_below(lines[below:])
        lines = lines[:below]
    return cell_of([word for line in lines for word in line.words]), found


def _is_below_name(text: str) -> bool:
    """Whether a line of a cell is what stands below a name: an address, a place, a phone number."""
    return looks_like_address(text) or normalize("phone", text) is not None


def _parts_below(lines: Sequence[Line]) -> dict[FieldName, Printed]:
    """Address, place and phone of the lines below a name."""
    found: dict[FieldName, Printed] = {}
    address: list[Word] = []
    for line in lines:
        if (number := normalize("phone", line.text)) is not None:
            found["phone"] = Printed(line.text, number, line.box)
        else:
            address += line.words
    cell = cell_of(address)
    return found | place_parts(cell, address=True) if cell else found


def district_parts(cell: Cell) -> dict[FieldName, Printed]:
    """The district's name, and its code where it stands in front of it: "146 - Thornbury ISD 12"."""
    found: dict[FieldName, Printed] = {}
    kept = cell
    if coded := _CODE_BEFORE.match(cell.text):
        code = cell_of(cell.words[: len(coded[1].split())])
        kept = cell_of(cell.words[len(coded[0].split()) :]) or cell
        if code is not None:
            found["state_district_id"] = Printed(coded[1], coded[1], code.box, 0.9)
    if (value := normalize("district", kept.text)) is not None:
        found["district"] = Printed(kept.text, value, kept.box)
    return found


def place_parts(cell: Cell, *, address: bool = False) -> dict[FieldName, Printed]:
    """City, state and ZIP of a cell that holds them together; what stands before the last comma is the address."""
    words = sorted(cell.words, key=lambda word: (round(word.middle), word.box.left))
    found: dict[FieldName, Printed] = {}
    rest = list(words)
    if rest and (code := zip_code(rest[-1].text)):
        found["zip"] = Printed(rest[-1].text, code, rest[-1].box)
        rest = rest[:-1]
    if len(rest) > 1 and (found or not address) and len(rest[-1].text.strip(",.")) == 2:
        text = rest[-1].text.strip(",.")
        if state := state_code(text):
            found["state"] = Printed(text, state, rest[-1].box)
            rest = rest[:-1]
    if address:
        if "state" not in found and "zip" not in found:
            rest = words
            found = {}
        elif "state" not in found:
            rest, found = words, {}
        return found | _address_and_city(rest, with_city=bool(found))
    return found | _part("city", rest)


def _address_and_city(words: Sequence[Word], *, with_city: bool) -> dict[FieldName, Printed]:
    if not with_city:
        return _part("address", words)
    commas = [
        i
        for i, word in enumerate(words[:-1])
        if word.text.endswith(",") and words[i + 1].text.rstrip(",.") not in _DIRECTIONS
    ]
    if commas:
        return _part("address", words[: commas[-1] + 1]) | _part("city", words[commas[-1] + 1 :])
    breaks = [i for i in range(1, len(words)) if words[i].middle - words[i - 1].middle > 0.5 * words[i].height]
    if breaks:
        return _part("address", words[: breaks[-1]]) | _part("city", words[breaks[-1] :])
    return _part("address", words)


def _part(field: FieldName, words: Sequence[Word]) -> dict[FieldName, Printed]:
    cell = cell_of(list(words))
    if cell is None:
        return {}
    text = cell.text.rstrip(" ,")
    value = normalize(field, text)
    return {field: Printed(text, value, cell.box)} if value is not None else {}
