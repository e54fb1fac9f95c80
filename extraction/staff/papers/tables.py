"""Tables without rulings: rows of phrases whose columns are known by where they begin and end.

A row begins where the column of names has a name; what stands in other columns between two such lines is wrapped.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from extraction.schools.layouts.gaps import Span
from extraction.staff.lines import is_prose
from extraction.staff.papers.columns import column_of, columns_of, columns_reached, name_column
from extraction.staff.papers.parts import PaperLine, Part, Table, TableCell, TableRow
from extraction.staff.papers.phrases import Look, Phrase, PhraseLine

_FEWEST_ROWS = 2
_MULTIPLE = 0.3
"""The share of lines with several phrases from which on lines are rows."""
_TIGHT = 0.85
"""Lines closer than this share of the usual step from row to row belong to one row."""


@dataclass(slots=True)
class _Row:
    """A row in the making."""

    top: float
    cells: list[list[tuple[float, list[Phrase]]]]
    heading: int | None = None
    bottom: float = 0.0
    lines: list[PhraseLine] = field(default_factory=list[PhraseLine])


def has_columns(lines: Sequence[PhraseLine]) -> bool:
    """Whether lines are the rows of a table."""
    several = sum(1 for line in lines if len(line.phrases) > 1)
    return (several >= _FEWEST_ROWS and several >= _MULTIPLE * len(lines)) or (several > 0 and len(lines) == several)


def table_parts(lines: Sequence[PhraseLine], look: Look) -> list[Part]:
    """The table that these lines are."""
    columns = columns_of(lines)
    counts = Counter(len(line.phrases) for line in lines if len(line.phrases) > 1)
    usual = counts.most_common(1)[0][0]
    if len(columns) < 2 or (len(columns) < usual and any(line.led for line in lines)):
        return [_by_order(lines, look)]
    rows = _rows(lines, columns, look)
    built = tuple([_built(row, look) for row in rows])
    return [Table(built, tuple(column.left for column in columns))]


def _by_order(lines: Sequence[PhraseLine], look: Look) -> Table:
    """Rows whose values stand at no fixed place, as between leaders: the first of each row is the first column."""
    wide = max(len(line.phrases) for line in lines)
    rows: list[TableRow] = []
    for line in lines:
        cells = [TableCell((look.printed([phrase]),)) for phrase in line.phrases]
        heading = look.level(line) if len(cells) == 1 and line.phrases[0].kind != "name" else None
        rows.append(TableRow((*cells, *[None] * (wide - len(cells))), heading))
    return Table(tuple(rows))


def _rows(lines: Sequence[PhraseLine], columns: Sequence[Span], look: Look) -> list[_Row]:
    key = name_column(lines, columns)
    key = 0 if key is None else key
    step = _step(lines)
    rows: list[_Row] = []
    wrapped: list[PhraseLine] = []
    for at, line in enumerate(lines):
        above = lines[at - 1] if at else None
        tight = above is not None and line.box.top - above.box.top < _TIGHT * step
        heading = _heading(line, columns, key, look, tight=tight)
        if heading is not None:
            rows.append(_Row(line.box.top, [[(line.box.top, list(line.phrases))]], heading, line.box.bottom, [line]))
        elif _begins(line, columns, key, tight=tight) or not rows:
            rows.append(_placed(_Row(line.box.top, [[] for _ in columns], None, line.box.bottom), line, columns))
        else:
            wrapped.append(line)
    for line in wrapped:
        _placed(_nearest(rows, line), line, columns)
    return rows


def _step(lines: Sequence[PhraseLine]) -> float:
    """The usual distance from row to row, in points."""
    tops = [line.box.top for line in lines if len(line.phrases) > 1]
    steps = [after - top for top, after in pairwise(tops)]
    return statistics.median(steps) if steps else 0.0


def _heading(line: PhraseLine, columns: Sequence[Span], key: int, look: Look, *, tight: bool) -> int | None:
    """The level of a line that runs across the table or stands over rows; None for a row or a piece of one."""
    if len(line.phrases) != 1:
        return None
    phrase = line.phrases[0]
    level = look.level(line)
    if level and phrase.kind != "name":
        return level
    reached = columns_reached(phrase, columns)
    if len(reached) > 1 and not tight:
        return 0 if phrase.kind != "name" else None
    if reached in ([], [key]) and not tight and phrase.kind in {"other", "title"} and not is_prose(phrase.text):
        return 0
    return None


def _begins(line: PhraseLine, columns: Sequence[Span], key: int, *, tight: bool) -> bool:
    keyed = [phrase for phrase in line.phrases if column_of(phrase, columns) == key]
    if not keyed:
        return not tight and len(line.phrases) > 1
    return not tight or keyed[0].kind == "name" or len(line.phrases) > 1


def _nearest(rows: Sequence[_Row], line: PhraseLine) -> _Row:
    """The row to which a wrapped line belongs: the one above it, unless one below is nearer."""
    above = next((row for row in reversed(rows) if row.top <= line.box.top and row.heading is None), None)
    below = next((row for row in rows if row.top > line.box.top), None)
    if below is not None and below.heading is None:
        near = below.top - line.box.top
        if above is None or near < line.box.top - above.top - 0.5:
            return below
    return above or next((row for row in rows if row.heading is None), rows[0])


def _placed(row: _Row, line: PhraseLine, columns: Sequence[Span]) -> _Row:
    """The row with the phrases of a line in its cells."""
    if row.heading is not None:
        row.cells[0].append((line.box.top, list(line.phrases)))
        return row
    found: dict[int, list[Phrase]] = {}
    for phrase in line.phrases:
        found.setdefault(column_of(phrase, columns), []).append(phrase)
    for at, phrases in found.items():
        row.cells[at].append((line.box.top, phrases))
    return row


def _built(row: _Row, look: Look) -> TableRow:
    cells: list[TableCell | None] = []
    for cell in row.cells:
        lines: list[PaperLine] = [look.printed(phrases) for _, phrases in sorted(cell, key=lambda one: one[0])]
        cells.append(TableCell(tuple(lines)) if lines else None)
    return TableRow(tuple(cells), row.heading)
