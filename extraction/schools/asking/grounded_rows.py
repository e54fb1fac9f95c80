"""Grounded rows: schools made of what a model told, as far as the page itself prints it in the very row."""

from __future__ import annotations

import msgspec

from extraction.evidence import Printed
from extraction.schools.asking.bands import Band, BandedPage
from extraction.schools.asking.grounding import BandWords
from extraction.schools.asking.row_question import ToldRows
from extraction.schools.fields import normalize
from extraction.schools.grids import cell_of
from extraction.schools.groups import is_aside, is_total, read_heading
from extraction.schools.ocr.display import hull
from extraction.schools.page_space import Matrix
from extraction.schools.records import FieldName, SchoolRow

_SURE = 0.7
"""How sure a value is that a model chose among the words of its row."""
_CARRIED: tuple[FieldName, ...] = ("district", "state_district_id", "county")


class GroundedRows(msgspec.Struct, frozen=True):
    """The schools that are printed, and how much of the answer was not."""

    schools: tuple[SchoolRow, ...]
    dropped_values: int = 0
    """Values that their row does not print, or that cannot be what they were said to be."""
    dropped_rows: int = 0
    """Rows whose name their band does not print; none of their values is kept."""
    lost_bands: int = 0
    """Bands of which a school was told, but none is printed."""


def grounded_rows(page: BandedPage, told: ToldRows) -> GroundedRows:
    """The schools of a page's bands, from top to bottom, with what headings between them give to those below."""
    rows_of: dict[int, list[dict[FieldName, str]]] = {}
    for number, values in told.rows:
        rows_of.setdefault(number, []).append(values)
    schools: list[SchoolRow] = []
    carried: dict[FieldName, Printed] = {}
    dropped_values = dropped_rows = lost = 0
    for number, band in enumerate(page.bands, start=1):
        words = BandWords(band, misspelt=page.scanned)
        listed = told_any = False
        for values in rows_of.get(number, []):
            if "name" not in values:
                dropped_values += len(values)
                continue
            told_any = True
            fields, dropped = _grounded(words, values)
            if "name" not in fields:
                dropped_rows += 1
                continue
            listed = True
            dropped_values += dropped
            whole: dict[FieldName, Printed] = {**carried, **fields}
            schools.append(SchoolRow(page.page, len(schools) + 1, band.box, whole, _SURE))
        lost += told_any and not listed
        if not listed:
            carried = _carried_on(carried, band)
    if page.shown is not None:
        schools = [_on_display(school, page.shown.matrix) for school in schools]
    return GroundedRows(tuple(schools), dropped_values, dropped_rows, lost)


def _on_display(school: SchoolRow, matrix: Matrix) -> SchoolRow:
    """The row of a scan where a person sees it."""
    fields: dict[FieldName, Printed] = {
        field: msgspec.structs.replace(value, box=hull(value.box, matrix)) if value.box else value
        for field, value in school.fields.items()
    }
    return msgspec.structs.replace(school, box=hull(school.box, matrix), fields=fields)


def _grounded(words: BandWords, values: dict[FieldName, str]) -> tuple[dict[FieldName, Printed], int]:
    """The values that are printed, and the number of those that are not. The name chooses its words first."""
    fields: dict[FieldName, Printed] = {}
    dropped = 0
    for field in sorted(values, key=lambda field: field != "name"):
        found = words.find(values[field])
        meaning = normalize(field, found.text) if found is not None else None
        if found is None or meaning is None:
            dropped += 1
            continue
        fields[field] = Printed(found.text, meaning, found.box, _SURE)
    return fields, dropped


def _carried_on(carried: dict[FieldName, Printed], band: Band) -> dict[FieldName, Printed]:
    """What is carried on below a band that lists no school. Headings are read by the parser's own rules."""
    filled = [words for words in band.cells if words]
    if len(filled) != 1 or (cell := cell_of(filled[0])) is None or is_total(cell.text) or is_aside(cell.text):
        return carried
    heading = read_heading(cell)
    if not heading:
        return carried
    ended = _CARRIED if "county" in heading else ("state_district_id",)
    kept: dict[FieldName, Printed] = {field: value for field, value in carried.items() if field not in ended}
    return kept | heading
