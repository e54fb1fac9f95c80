"""Rows: from the rows of a grid to schools.

What a column means comes from the table's header, else from the header of earlier pages, else from the values
themselves. A district or county that heads a group of rows is carried down to them, over the page's end too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from extraction.evidence import Box, Printed
from extraction.schools.fields import fits, is_blank, is_prose, normalize
from extraction.schools.grids import Cell, Grid, GridRow
from extraction.schools.groups import group_field, is_aside, is_title, is_total, may_name_group, read_heading
from extraction.schools.headers import ColumnPlan, checked, completed, plan_from_header, plan_from_values, remembered
from extraction.schools.parts import district_parts, name_parts, place_parts
from extraction.schools.records import FieldName, SchoolRow
from extraction.schools.sequence import sequence_column
from extraction.schools.vocabulary import is_field, marked_status, plain, vocabulary

Carried = Mapping[FieldName, Printed]
"""Values that a heading gives to the rows below it."""


_REMEMBERED: tuple[FieldName, ...] = ("district", "state_district_id", "county")
"""Fields that a column may print in the first row of a group only."""
_CARRIED: tuple[FieldName, ...] = (*_REMEMBERED, "title1_status")
"""Fields that a heading gives to the rows below it."""


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
    numbers: tuple[tuple[str | None, str | None], ...] = ()
    """For a list that counts its rows: the number of each row, and the name of the school that was read from it."""


class Known(msgspec.Struct, frozen=True):
    """What was read before a table and holds for it too."""

    carried: Carried = {}
    """What headings gave to the rows below them, and still give."""
    legend: Mapping[str, str] = {}
    """The Title I status of each code that the list explains."""
    last_number: int | None = None
    """Of the rows before, in a list that counts them."""


def read_grid(grid: Grid, plan: ColumnPlan | None, known: Known, page: int) -> GridReading | None:
    """The schools of a grid; None where nothing says which column names them."""
    body, header_words, own = _header(grid, plan)
    texts = [[cell.text if cell else None for cell in row.cells] for row in body if not row.heading]
    chosen, meaning = own, 1.0
    if plan is not None and plan.given is not None and (told := plan.onto(grid.columns)).name_column is not None:
        chosen, meaning = told, 0.98
    if chosen is None:
        chosen, meaning = _from_before(plan, grid, texts), 0.95
    if chosen is None:
        chosen, meaning = plan_from_values(texts, grid.columns), 0.75
    if chosen is None:
        return None
    chosen = remembered(chosen, plan)
    explained = _explained(texts, chosen, known.legend)
    sound, warnings = checked(completed(chosen, explained), explained)
    if sound.name_column is None:
        return None
    if sound.copies > 1:
        return _read_copies(grid, body, sound, known, page)
    reader = _BodyReader(sound, known, page, bordered=grid.bordered)
    reader.counting = sequence_column(texts, [column.text for column in sound.columns], follows=known.last_number)
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
        numbers=tuple(reader.numbers),
    )


def _explained(
    texts: Sequence[Sequence[str | None]], plan: ColumnPlan, legend: Mapping[str, str]
) -> Sequence[Sequence[str | None]]:
    """The texts with the meaning of codes in columns of status, where the list explains them."""
    status = {at for at, column in enumerate(plan.columns) if column.heading == "title1_status"}
    if not legend or not status:
        return texts
    return [
        [legend.get(plain(text), text) if text and at in status else text for at, text in enumerate(row)]
        for row in texts
    ]


def _read_copies(grid: Grid, body: Sequence[GridRow], plan: ColumnPlan, known: Known, page: int) -> GridReading | None:
    """A table that is printed in several columns, read down each of them in turn."""
    wide = len(plan.columns) // plan.copies
    schools: list[SchoolRow] = []
    numbers: list[tuple[str | None, str | None]] = []
    expected = placed = 0
    for first in range(0, len(plan.columns), wide):
        part = slice(first, first + wide)
        rows = [
            msgspec.structs.replace(row, cells=row.cells[part], spread=row.spread[part])
            for row in body
            if any(cell is not None for cell in row.cells[part])
        ]
        own = msgspec.structs.replace(plan, columns=plan.columns[part])
        half = Grid(grid.columns[part], tuple(rows), own, bordered=grid.bordered)
        reading = read_grid(half, None, known, page)
        if reading is None:
            continue
        known = msgspec.structs.replace(known, carried=reading.carried)
        schools += reading.schools
        numbers += reading.numbers
        expected += reading.expected
        placed += reading.words_placed
    return GridReading(tuple(schools), plan, dict(known.carried), expected, placed, 1.0, numbers=tuple(numbers))


def _header(grid: Grid, before: ColumnPlan | None) -> tuple[list[GridRow], int, ColumnPlan | None]:
    """The rows below the header, the number of words above them, and what the header says.

    Where the very same header stood over an earlier table, the rows above this one go on from there.
    """
    rows = list(grid.rows)
    if grid.plan is not None:
        return rows, grid.header_words, grid.plan
    best: tuple[float, int, int, ColumnPlan] | None = None
    for at in range(min(len(rows), 8)):
        for deep in (1, 2, 3):
            if any(row.heading for row in rows[at : at + deep]):
                break
            texts = _stacked(rows[at : at + deep])
            plan = plan_from_header(texts, grid.columns)
            if plan is not None:
                filled = sum(1 for text in texts if text)
                score = sum(2 * column.sure for column in plan.columns if column.heading) - filled
                # Of two that say as much the higher one is taken: "Number" may stand below "Low-Income Students".
                if best is None or score > best[0] or (score == best[0] and at == best[1]):
                    best = (score, at, deep, plan)
        if best is not None and at > best[1] + 2:
            break
    if best is None:
        return rows, 0, None
    _, at, deep, plan = best
    goes_on = before is not None and [column.text for column in before.columns] == [c.text for c in plan.columns]
    above = rows[:at] if goes_on else [row for row in rows[:at] if row.heading]
    taken = rows[at : at + deep] if goes_on else rows[: at + deep]
    return [*above, *rows[at + deep :]], sum(len(cell.words) for row in taken for cell in row.filled), plan


def _stacked(rows: Sequence[GridRow]) -> list[str | None]:
    """The texts of header rows that stand above each other, column by column, spanning cells once."""
    texts: list[str | None] = []
    for column in range(len(rows[0].cells)):
        parts: list[Cell] = []
        for row in rows:
            cell = (row.spread or row.cells)[column]
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

    def __init__(self, plan: ColumnPlan, known: Known, page: int, *, bordered: bool) -> None:
        self._plan = plan
        self._headers = [plain(column.text) if column.text is not None else None for column in plan.columns]
        self._places = [(column.left, column.right) for column in plan.columns]
        self._bordered = bordered
        self._legend = known.legend
        self.counting: int | None = None
        """The column that counts the rows."""
        self.numbers: list[tuple[str | None, str | None]] = []
        self._page = page
        self.carried: dict[FieldName, Printed] = dict(known.carried)
        self.schools: list[SchoolRow] = []
        self.expected = 0
        self.words_placed = 0
        self._seen: list[Cell] = []
        self._marks = vocabulary().phrases["marks"]

    def read(self, row: GridRow) -> None:
        filled = row.filled
        if not filled:
            return
        alone = len(filled) == 1 and not self._bordered
        text = row.text
        if is_total(text) or is_aside(text) or (alone and is_title(text)) or self._repeats_header(row, filled):
            self._place(filled)
            return
        # In a list with a column for each level, a school of all levels stands across them.
        over_rows = row.heading and len(self._plan.name_columns) == 1
        if len(filled) == 1 and (over_rows or self._stands_for_group(row)):
            heading = read_heading(filled[0]) or self._told_group(filled[0]) or self._unknown_group(row)
            if heading:
                self._carry(heading)
                self._place(filled)
            return
        if len(self._plan.name_columns) > 1:
            self._read_levels(row)
            return
        fields = self._fields(row)
        if self.counting is not None:
            number, name = row.cells[self.counting], fields.get("name")
            self.numbers.append((number.text if number else None, name.text if name else None))
        if "name" not in fields or (len(filled) < 2 and len(self._plan.headings) > 2 and not self._stands_alone(row)):
            self.expected += self._looks_like_row(row)
            return
        self.expected += 1
        self._place(filled)
        for field in _CARRIED:
            if field not in fields and field in self.carried and self._may_carry(field, row):
                fields[field] = self.carried[field]
        self._add(row.box, fields, self._confidence(fields, filled))
        self._remember(fields)

    def _looks_like_row(self, row: GridRow) -> bool:
        """Whether a row from which no school was read may have one: most of the columns that mean something hold words.

        Lines of letterheads and footers reach into two columns or three.
        """
        held = [cell is not None for cell, column in zip(row.cells, self._plan.columns, strict=True) if column.heading]
        return sum(held) >= max(2.0, 0.6 * len(held)) and not is_prose(row.text)

    def _stands_alone(self, row: GridRow) -> bool:
        """Whether a row that holds nothing but a name is a school: its cell has borders of its own."""
        name = self._plan.name_column
        return bool(self._bordered and name is not None and row.cells[name] is not None and not row.spread)

    def _unknown_group(self, row: GridRow) -> dict[FieldName, Printed]:
        """The district that a heading names without saying that it is one: it stands as headings of districts do."""
        cell = row.filled[0]
        if not row.heading or "district" in self._plan.headings or not may_name_group(cell.text):
            return {}
        return read_heading(cell, as_field="district")

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
            elif heading == "district":
                fields = {**district_parts(cell), **fields}
            elif (status := marked_status(heading)) is not None:
                if plain(cell.text) in self._marks or cell.text in self._marks:
                    sign = f"the mark {cell.text!r} in its column"
                    fields["title1_status"] = Printed(column.text or status, status, cell.box, column.sure, sign)
            elif heading == "title1_status" and (explained := self._legend.get(plain(cell.text))) is not None:
                fields[heading] = Printed(cell.text, explained, cell.box, column.sure)
            elif is_field(heading) and (value := normalize(heading, cell.text)) is not None:
                fields[heading] = Printed(cell.text, value, cell.box, column.sure)
        return fields

    def _stands_for_group(self, row: GridRow) -> bool:
        """Whether a row with one cell heads a group: its cell is no school in the column of schools."""
        cell = row.filled[0]
        name = self._plan.name_column
        in_name_column = name is not None and row.cells[name] is cell
        if self._plan.given and self._plan.given.groups and len(self._plan.headings) > 2:
            return True
        return not in_name_column or group_field(cell.text) is not None

    def _told_group(self, cell: Cell) -> dict[FieldName, Printed]:
        """A heading whose words do not say what it names, where a given plan does."""
        field = self._plan.given.groups if self._plan.given else None
        value = normalize(field, cell.text) if field else None
        return {field: Printed(cell.text, value, cell.box, 0.8)} if field and value else {}

    def _repeats_header(self, row: GridRow, filled: Sequence[Cell]) -> bool:
        if self._plan.given and plain(row.text) in self._plan.given.headers:
            return True
        texts = [cell.text if cell else None for cell in row.cells]
        same = [text for text, header in zip(texts, self._headers, strict=True) if text and plain(text) == header]
        return len(same) >= 0.5 * len(filled) or plan_from_header(texts, self._places) is not None

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
        for field in _REMEMBERED:
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
