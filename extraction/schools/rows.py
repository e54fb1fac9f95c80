"""Rows: from the rows of a grid to schools.

What a column means comes from the table's header, else from the header of earlier pages, else from the values
themselves. A district or county that heads a group of rows is carried down to them, over the page's end too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from extraction.evidence import Box, Printed
from extraction.schools.fields import fits, is_blank, normalize
from extraction.schools.grids import Cell, Grid, GridRow
from extraction.schools.groups import group_field, is_aside, is_total, read_heading
from extraction.schools.headers import ColumnPlan, checked, plan_from_header, plan_from_values
from extraction.schools.parts import name_parts, place_parts
from extraction.schools.records import FieldName, SchoolRow
from extraction.schools.vocabulary import is_field, plain

Carried = Mapping[FieldName, Printed]
"""Values that a heading gives to the rows below it."""


class GridReading(msgspec.Struct, frozen=True):
    """What one grid says."""

    schools: tuple[SchoolRow, ...]
    plan: ColumnPlan
    carried: dict[FieldName, Printed]
    expected: int
    """Rows that look like a school's, whether one could be read from them or not."""
    words_placed: int
    """Words that a school, a heading or the header took."""
    meaning: float
    """How sure the meaning of the columns is: 1 by the grid's own header, less by earlier pages or the values."""
    warnings: tuple[str, ...] = ()


def read_grid(grid: Grid, plan: ColumnPlan | None, carried: Carried, page: int) -> GridReading | None:
    """The schools of a grid; None where nothing says which column names them."""
    body, header_words, own = _header(grid)
    texts = [[cell.text if cell else None for cell in row.cells] for row in body if not row.heading]
    chosen, meaning = own, 1.0
    if chosen is None:
        chosen, meaning = _from_before(plan, grid, texts), 0.95
    if chosen is None:
        chosen, meaning = plan_from_values(texts, grid.columns), 0.75
    if chosen is None:
        return None
    sound, warnings = checked(chosen, texts)
    if sound.name_column is None:
        return None
    reader = _BodyReader(sound, carried, page)
    for row in body:
        reader.read(row)
    return GridReading(
        schools=tuple(reader.schools),
        plan=sound,
        carried=reader.carried,
        expected=reader.expected,
        words_placed=reader.words_placed + header_words,
        meaning=meaning if sound.from_header else min(meaning, 0.75),
        warnings=tuple(warnings),
    )


def _header(grid: Grid) -> tuple[list[GridRow], int, ColumnPlan | None]:
    """The rows below the header, the number of words above them, and what the header says."""
    rows = list(grid.rows)
    if grid.plan is not None:
        return rows, grid.header_words, grid.plan
    best: tuple[float, int, int, ColumnPlan] | None = None
    for at in range(min(len(rows), 8)):
        for deep in (1, 2, 3):
            texts = _stacked(rows[at : at + deep])
            plan = plan_from_header(texts, grid.columns)
            if plan is not None:
                filled = sum(1 for text in texts if text)
                score = sum(2 * column.sure for column in plan.columns if column.heading) - filled
                if best is None or score > best[0]:
                    best = (score, at, deep, plan)
        if best is not None and at > best[1] + 2:
            break
    if best is None:
        return rows, 0, None
    _, at, deep, plan = best
    words = sum(len(cell.words) for row in rows[: at + deep] for cell in row.filled)
    return rows[at + deep :], words, plan


def _stacked(rows: Sequence[GridRow]) -> list[str | None]:
    """The texts of header rows that stand above each other, column by column, spanning cells once."""
    texts: list[str | None] = []
    for column in range(len(rows[0].cells)):
        parts: list[Cell] = []
        for row in rows:
            cell = row.cells[column]
            if cell is not None and all(cell is not part for part in parts):
                parts.append(cell)
        texts.append(" ".join(part.text for part in parts) or None)
    return texts


def _from_before(plan: ColumnPlan | None, grid: Grid, texts: Sequence[Sequence[str | None]]) -> ColumnPlan | None:
    """The plan of earlier pages on this grid, if its columns still hold names."""
    if plan is None:
        return None
    moved = plan.onto(grid.columns)
    if moved.name_column is None:
        return None
    names = [text for row in texts if (text := row[moved.name_column])]
    return moved if fits("name", names) >= 0.5 else None


class _BodyReader:
    """Walks the rows below a header and keeps what headings say."""

    def __init__(self, plan: ColumnPlan, carried: Carried, page: int) -> None:
        self._plan = plan
        self._page = page
        self._header = {plain(heading) for heading in plan.headings}
        self.carried: dict[FieldName, Printed] = dict(carried)
        self.schools: list[SchoolRow] = []
        self.expected = 0
        self.words_placed = 0
        self._seen: list[Cell] = []

    def read(self, row: GridRow) -> None:
        filled = row.filled
        if not filled:
            return
        if is_total(row.text) or is_aside(row.text) or self._repeats_header(row):
            self._place(filled)
            return
        if len(filled) == 1 and (row.heading or self._stands_for_group(row)):
            heading = read_heading(filled[0])
            if heading:
                self._carry(heading)
                self._place(filled)
            return
        if len(self._plan.name_columns) > 1:
            self._read_levels(row)
            return
        fields = self._fields(row)
        if len(filled) >= 2:
            self.expected += 1
        if "name" not in fields or (len(filled) < 2 and len(self._plan.headings) > 2):
            return
        self._place(filled)
        for field in ("district", "state_district_id", "county"):
            if field not in fields and field in self.carried and self._may_carry(field, row):
                fields[field] = self.carried[field]
        self._add(row.box, fields, self._confidence(fields, filled))
        self._remember(fields)

    def _read_levels(self, row: GridRow) -> None:
        """A row with a school of each level; one that spans rows (a high school and its feeders) is told once."""
        for column in self._plan.name_columns:
            cell = row.cells[column]
            if cell is None or any(cell is seen for seen in self._seen):
                continue
            self._seen.append(cell)
            self.expected += 1
            if "name" in (fields := name_parts(cell)):
                self._place([cell])
                self._add(cell.box, fields, 0.8)

    def _add(self, box: Box, fields: dict[FieldName, Printed], confidence: float) -> None:
        row = len(self.schools) + 1
        self.schools.append(SchoolRow(page=self._page, row=row, box=box, fields=fields, confidence=confidence))

    def _fields(self, row: GridRow) -> dict[FieldName, Printed]:
        fields: dict[FieldName, Printed] = {}
        for column, cell in zip(self._plan.columns, row.cells, strict=True):
            heading = column.heading
            if cell is None or is_blank(cell.text):
                continue
            if heading == "place":
                fields |= place_parts(cell)
            elif heading == "address":
                fields = {**place_parts(cell, address=True), **fields}
            elif heading == "name":
                fields = {**name_parts(cell), **fields}
            elif is_field(heading) and (value := normalize(heading, cell.text)) is not None:
                fields[heading] = Printed(cell.text, value, cell.box, column.sure)
        return fields

    def _stands_for_group(self, row: GridRow) -> bool:
        """Whether a row with one cell heads a group: its cell is no school in the column of schools."""
        cell = row.filled[0]
        name = self._plan.name_column
        in_name_column = name is not None and row.cells[name] is cell
        return not in_name_column or group_field(cell.text) is not None

    def _repeats_header(self, row: GridRow) -> bool:
        texts = [cell.text if cell else None for cell in row.cells]
        return plan_from_header(texts, [(column.left, column.right) for column in self._plan.columns]) is not None

    def _carry(self, heading: dict[FieldName, Printed]) -> None:
        # A new county ends the district above it; a new district stays in its county.
        if "county" in heading:
            self.carried.pop("district", None)
            self.carried.pop("state_district_id", None)
        elif "district" in heading:
            self.carried.pop("state_district_id", None)
        self.carried |= heading

    def _remember(self, fields: dict[FieldName, Printed]) -> None:
        """Columns that print a value only in the first row of its group give it to the rows below."""
        for field in ("district", "state_district_id", "county"):
            if field in fields and field in self._plan.headings:
                self.carried[field] = fields[field]

    def _may_carry(self, field: FieldName, row: GridRow) -> bool:
        """Whether a missing value is one that the row leaves out because the row above has it."""
        if field not in self._plan.headings:
            return True
        column = next(i for i, column in enumerate(self._plan.columns) if column.heading == field)
        return row.cells[column] is None

    def _place(self, cells: Sequence[Cell]) -> None:
        self.words_placed += sum(len(cell.words) for cell in cells)

    def _confidence(self, fields: dict[FieldName, Printed], filled: Sequence[Cell]) -> float:
        """How much of the row is understood, and by what."""
        wanted = [c.heading for c in self._plan.columns if c.heading not in {None, "ignored", "weak_name", "place"}]
        read = sum(field in fields for field in wanted)
        share = read / max(1, min(len(wanted), len(filled)))
        return round(min(1.0, share) * (1.0 if self._plan.from_header else 0.8), 3)
