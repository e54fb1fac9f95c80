"""Parts: cells that hold several values at once.

"Alder Elementary (K-5)" is a name and its grades; "Trenton, NJ 08608" a city, a state and a ZIP; an address may have
its place behind it. Each part keeps the box of its own words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from extraction.evidence import Printed
from extraction.places import state_code
from extraction.schools.fields import normalize, zip_code
from extraction.schools.grids import Cell, cell_of
from extraction.schools.records import FieldName
from extraction.schools.sheets import lines_of
from extraction.schools.words import Word

_GRADES_BEHIND = re.compile(r"^(.*\S)\s*\(([^()]{1,20})\)$")
_GRADES_ALONE = re.compile(r"^\(([^()]{1,20})\)$")


def name_parts(cell: Cell) -> dict[FieldName, Printed]:
    """The school's name, and its grades where they stand behind it in brackets: "Alder Elementary (K-5)".

    Remarks on lines of their own behind the grades, or in brackets, are left out.
    """
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
    kept = cell_of([word for line in lines for word in line.words])
    if kept is None:
        return {}
    found: dict[FieldName, Printed] = {}
    text = kept.text
    if (bracket := _GRADES_BEHIND.match(text)) and (span := normalize("grade_span", bracket[2])):
        text = bracket[1]
        found["grade_span"] = Printed(bracket[2], span, kept.box)
    if (value := normalize("name", text)) is not None:
        found["name"] = Printed(text, value, kept.box)
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
    commas = [i for i, word in enumerate(words[:-1]) if word.text.endswith(",")]
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
