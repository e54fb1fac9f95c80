"""From the words of a page to its parts, in reading order. Runs in the cage.

Ruled tables come first: what lies in their cells is theirs. The rest is parted where lists stand side by side, and each
list is a table where its lines have columns, else blocks of lines with headings between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from extraction.schools.grids import Cell as GridCell
from extraction.schools.grids import Grid, GridRow
from extraction.schools.layouts.ruled import RuledTable
from extraction.schools.sheets import Sheet, lines_of
from extraction.schools.words import Word
from extraction.staff.papers.blocks import blocks_of
from extraction.staff.papers.columns import borders_between, columns_of
from extraction.staff.papers.parts import PaperLine, Part, Table, TableCell, TableRow
from extraction.staff.papers.phrases import Look, PhraseLine, look_of
from extraction.staff.papers.tables import has_columns, table_parts

_REACHING = TableCell((), height=0)
_DEEPEST = 4
"""Lists beside lists beside lists; no paper has more."""
_CROSSING = 0.25
"""The share of lines that may run across what parts two lists."""


def page_parts(sheet: Sheet, bold: frozenset[int]) -> tuple[Part, ...]:
    """The parts of a page; `bold` are the words in bold print, by their place in drawing order."""
    look = look_of(sheet, bold)
    grids = [grid for one in RuledTable().grids(sheet, None) if (grid := _without_headings(one)).rows]
    taken = {word.order for grid in grids for row in grid.rows for cell in row.filled for word in cell.words}
    free = [word for word in sheet.words if word.order not in taken]
    parts: list[Part] = []
    for grid in sorted(grids, key=lambda grid: (grid.rows[0].box.top, grid.columns[0][0])):
        above = [word for word in free if word.middle < grid.rows[0].box.top]
        free = [word for word in free if word.middle >= grid.rows[0].box.top]
        parts += _region(above, look, _DEEPEST)
        parts.append(_ruled(grid, look))
    return (*parts, *_region(free, look, _DEEPEST))


def _without_headings(grid: Grid) -> Grid:
    """The grid without the lines over it, which the layout adds and which are as wide as their words."""
    left = grid.columns[0][0]
    return Grid(grid.columns, tuple([row for row in grid.rows if row.box.left == left]), bordered=True)


def _ruled(grid: Grid, look: Look) -> Table:
    rows: list[TableRow] = []
    for number, row in enumerate(grid.rows):
        above = grid.rows[number - 1].cells if number else ()
        cells: list[TableCell | None] = []
        for at, cell in enumerate(row.cells):
            reaches = cell is not None and at < len(above) and above[at] is cell
            cells.append(_REACHING if reaches else _cell(cell, look, grid.rows, number, at) if cell else None)
        heading = None
        if row.heading and len(row.filled) == 1:
            lines = look.lines(row.filled[0].words)
            heading = look.level(lines[0]) if len(lines) == 1 else 0
        rows.append(TableRow(tuple(cells), heading))
    return Table(tuple(rows), tuple(left for left, _ in grid.columns))


def _cell(cell: GridCell, look: Look, rows: Sequence[GridRow], number: int, at: int) -> TableCell:
    height = 1
    while number + height < len(rows) and rows[number + height].cells[at] is cell:
        height += 1
    lines = [PaperLine(line.text, look.numbers.get(line.words[0].order, 0)) for line in lines_of(cell.words)]
    return TableCell(tuple(lines), height)


def _region(words: Sequence[Word], look: Look, depth: int) -> list[Part]:
    """The parts of a stretch of the page that no ruled table takes."""
    lines = look.lines(words)
    if not lines:
        return []
    columns = columns_of(lines)
    borders = borders_between(lines, columns) if depth else []
    crossing = [line for line in lines if _crosses(line, borders)]
    if not borders or len(crossing) > _CROSSING * len(lines):
        return _single(lines, look)
    parts: list[Part] = []
    band: list[PhraseLine] = []
    for line in lines:
        if _crosses(line, borders) or _parts_bands(line, lines, borders, look):
            parts += _side_by_side(band, borders, look, depth)
            parts += blocks_of([line], look)
            band = []
        else:
            band.append(line)
    return parts + _side_by_side(band, borders, look, depth)


def _side_by_side(band: Sequence[PhraseLine], borders: Sequence[float], look: Look, depth: int) -> list[Part]:
    words = [word for line in band for phrase in line.phrases for word in phrase.words]
    edges = [float("-inf"), *borders, float("inf")]
    return [
        part
        for left, right in pairwise(edges)
        for part in _region([word for word in words if left <= word.center < right], look, depth - 1)
    ]


def _crosses(line: PhraseLine, borders: Sequence[float]) -> bool:
    return any(
        phrase.box.left < border - 1 and phrase.box.right > border + 1 for phrase in line.phrases for border in borders
    )


def _parts_bands(line: PhraseLine, lines: Sequence[PhraseLine], borders: Sequence[float], look: Look) -> bool:
    """Whether a heading stands over lists on both sides of a border, with nothing beside itself."""
    if not look.level(line):
        return False
    near = [other for other in lines if other is not line and _beside(other, line)]
    after = next((other for other in lines if other.box.top > line.box.top), None)
    spread = after is not None and any(
        after.phrases[0].box.left < border < after.phrases[-1].box.right for border in borders
    )
    return not near and spread


def _beside(other: PhraseLine, line: PhraseLine) -> bool:
    return min(other.box.bottom, line.box.bottom) - max(other.box.top, line.box.top) > 0.3 * line.height


def _single(lines: Sequence[PhraseLine], look: Look) -> list[Part]:
    """One list: a table where its lines have columns, else blocks. Lines over and under a table are blocks."""
    inside = [at for at, line in enumerate(lines) if len(line.phrases) > 1]
    if not inside or not has_columns(lines[inside[0] : inside[-1] + 1]):
        return blocks_of(lines, look)
    first, last = _reach(lines, inside, look)
    return [
        *blocks_of(lines[:first], look),
        *table_parts(lines[first:last], look),
        *blocks_of(lines[last:], look),
    ]


def _reach(lines: Sequence[PhraseLine], inside: Sequence[int], look: Look) -> tuple[int, int]:
    """From which line to before which one a table goes: also the lines right below its last row that wrap."""
    first, last = inside[0], inside[-1] + 1
    while last < len(lines) and not look.level(lines[last]) and lines[last].phrases[0].kind != "other":
        if lines[last].box.top - lines[last - 1].box.bottom > lines[last].height:
            break
        last += 1
    # A row with a name alone may open a list of rows with name and title.
    while first and lines[first - 1].phrases[0].kind == "name":
        first -= 1
    return first, last
