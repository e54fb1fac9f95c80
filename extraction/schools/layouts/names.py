"""Names under headings: lists without columns, where each line is a school and each heading its district.

    Cedar Falls Public Schools
        Alder Elementary School
        Birch Middle School (TA)

The page may have several columns of them. Only the lines themselves say what they are, so such a list is believed
where headings name districts and the lines below sound like schools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from extraction.evidence import Box
from extraction.schools.fields import normalize, sounds_like_school
from extraction.schools.grids import Cell, Grid, GridRow, cell_of
from extraction.schools.groups import is_aside, is_title, is_total, may_name_group, read_heading
from extraction.schools.headers import ColumnPlan, PlannedColumn
from extraction.schools.layouts.gaps import inked_columns
from extraction.schools.parts import name_parts
from extraction.schools.sheets import Sheet, phrases

_FEWEST = 3
_ENOUGH_SCHOOLS = 0.4
"""Share of the lines that have to sound like schools."""
_FLUSH = 2.0
"""Points by which lines of one indent may start beside each other."""
_MOST_COLUMNS = 4


class _Entry(msgspec.Struct, frozen=True):
    cell: Cell
    heading: bool

    @property
    def box(self) -> Box:
        return self.cell.box


class NamesUnderHeadings:
    """Lists of names only."""

    name = "names"

    def grids(self, sheet: Sheet, plan: ColumnPlan | None) -> list[Grid]:
        """The names of a page as one grid, down the first column and then the next."""
        if plan is not None and plan.placed:
            return []  # the list has columns
        indent = plan.columns[0].left if plan is not None else None
        entries = [entry for column in _columns(sheet) for entry in _entries(column, indent)]
        names = [entry for entry in entries if not entry.heading]
        if not names or (indent is None and not _is_list(names, entries)):
            return []
        rows = tuple(GridRow((entry.cell,), entry.box, heading=entry.heading) for entry in entries)
        left = names[0].box.left
        meaning = ColumnPlan((PlannedColumn(left, left, "name"),), from_header=False)
        return [Grid(((left, left),), rows, meaning)]


def _is_list(names: Sequence[_Entry], entries: Sequence[_Entry]) -> bool:
    """Whether lines are schools below headings, on a page before which no such list was seen."""
    schools = sum(sounds_like_school(entry.cell.text) for entry in names)
    return _FEWEST <= len(names) < len(entries) and schools >= _ENOUGH_SCHOOLS * len(names)


def _columns(sheet: Sheet) -> list[list[Cell]]:
    """The phrases of the page, column by column."""
    gap = 2.5 * sheet.column_gap  # a wide gap behind a bullet is none between columns
    spans = inked_columns(sheet.lines, gap)
    if not 0 < len(spans) <= _MOST_COLUMNS:
        return []
    columns: list[list[Cell]] = [[] for _ in spans]
    for line in sheet.lines:
        for words in phrases(line, gap):
            cell = cell_of(words)
            if cell is not None:
                distances = [abs(span.left - cell.box.left) for span in spans]
                columns[distances.index(min(distances))].append(cell)
    return columns


def _entries(column: Sequence[Cell], indent: float | None) -> list[_Entry]:
    """Headings and names of one column; titles, totals and asides are left out.

    `indent` is where the names of earlier pages began, in points from the left; what begins there is a name, too.
    """
    told = {id(cell) for cell in column if read_heading(cell) and not is_total(cell.text)}
    lefts = Counter(round(cell.box.left / _FLUSH) for cell in column if id(cell) not in told)
    names_left = lefts.most_common(1)[0][0] * _FLUSH if lefts else 0.0
    outdents = [cell.box.left for cell in column if id(cell) in told and cell.box.left < names_left - _FLUSH]
    entries: list[_Entry] = []
    for cell in column:
        if is_aside(cell.text) or is_total(cell.text) or is_title(cell.text):
            continue
        heading = id(cell) in told
        if not heading and any(abs(cell.box.left - left) <= _FLUSH for left in outdents):
            heading = may_name_group(cell.text)
            if not heading:
                continue
        if not heading and not _is_name(cell, names_left, indented=bool(outdents)):
            continue
        entries.append(_Entry(cell, heading))
    first = next((at for at, entry in enumerate(entries) if entry.heading), len(entries))
    # In front of the first heading stand titles, or schools of a group that began on an earlier page.
    return [
        entry
        for at, entry in enumerate(entries)
        if at >= first
        or sounds_like_school(entry.cell.text)
        or (indent is not None and abs(entry.box.left - indent) <= _FLUSH)
    ]


def _is_name(cell: Cell, names_left: float, *, indented: bool) -> bool:
    if abs(cell.box.left - names_left) > (3 * _FLUSH if indented else 15 * _FLUSH):
        return False
    fields = name_parts(cell)
    return "name" in fields and len(cell.words) <= 12 and normalize("name", fields["name"].text) is not None
