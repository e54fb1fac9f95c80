"""Ruled tables: cells from the lines that the page draws.

The lines of one table touch each other. Where a line between two fields of the finest raster is missing, the fields
are one cell, so a district's name that spans ten rows belongs to each of them. A table whose rows are not parted by
lines is left to the plain columns.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

import msgspec

from extraction.evidence import Box
from extraction.schools.grids import Cell, Grid, GridRow, cell_of, headed, turned_text
from extraction.schools.groups import may_name_group, read_heading
from extraction.schools.headers import ColumnPlan
from extraction.schools.rulings import Ruling
from extraction.schools.sheets import Sheet, box_of, lines_of
from extraction.schools.words import Word

_TOUCH = 3.0
"""Points by which lines of one table may miss each other."""

_NARROWEST = 5.0
"""Points; nothing is printed in a narrower column or lower row."""

_SLIVER = 12.0
"""Points; a narrower column that holds no words is not one."""

_STRAY = 2
"""Words (the mark of a footnote) that a sliver may hold all the same."""

_MAX_FIELDS = 40_000
"""Fields of the finest raster; drawings and maps have more."""

_MOST_LINES = 6
"""Lines of text in one cell. Where most of the text stands in higher cells, rows are not parted by lines."""


class RuledTable:
    """Tables drawn with lines."""

    name = "ruled"

    def grids(self, sheet: Sheet, plan: ColumnPlan | None) -> list[Grid]:
        """The ruled tables of a page."""
        words = sheet.words
        # A last page may have one row; only a known table is believed that has no more.
        fewest = 1 if plan is not None and plan.placed else 2
        found = [
            _grid(_raster(*lines, words), words, sheet.turned_words, sheet.column_gap, fewest)
            for lines in _tables(sheet, fewest)
        ]
        tables = sorted((grid for grid in found if grid is not None), key=lambda grid: grid.rows[0].box.top)
        return [_with_headings(grid, sheet, above) for grid, above in zip(tables, [None, *tables], strict=False)]


def _with_headings(grid: Grid, sheet: Sheet, above: Grid | None) -> Grid:
    """The table with the lines that stand over it, and name the group that it lists, as its first rows."""
    top, floor = grid.rows[0].box.top, above.rows[-1].box.bottom if above else 0.0
    left, right = grid.columns[0][0], grid.columns[-1][1]
    over = [
        line
        for line in sheet.lines
        if floor - 1 <= line.middle < top and left - 40 < line.box.left < right
        if (cell := cell_of(line.words)) and (read_heading(cell) or (above is not None and may_name_group(cell.text)))
    ]
    return headed(grid, over)


class _Raster(msgspec.Struct, frozen=True):
    """The finest division of a table: every line runs through."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    horizontals: tuple[Ruling, ...]
    verticals: tuple[Ruling, ...]

    @property
    def width(self) -> int:
        return len(self.xs) - 1

    @property
    def height(self) -> int:
        return len(self.ys) - 1


def _tables(sheet: Sheet, fewest: int) -> list[tuple[list[Ruling], list[Ruling]]]:
    """Lines that touch each other, as (horizontals, verticals) of each table."""
    horizontals, verticals = sheet.rulings.horizontals, sheet.rulings.verticals
    groups = _Groups(len(horizontals) + len(verticals))
    for i, across in enumerate(horizontals):
        for j, down in enumerate(verticals):
            if (
                across.start - _TOUCH <= down.at <= across.end + _TOUCH
                and down.start - _TOUCH <= across.at <= down.end + _TOUCH
            ):
                groups.join(i, len(horizontals) + j)
    tables: dict[int, tuple[list[Ruling], list[Ruling]]] = {}
    for i, across in enumerate(horizontals):
        tables.setdefault(groups.root(i), ([], []))[0].append(across)
    for j, down in enumerate(verticals):
        tables.setdefault(groups.root(len(horizontals) + j), ([], []))[1].append(down)
    return [lines for lines in tables.values() if len(lines[0]) > fewest and len(lines[1]) >= 3]


def _raster(horizontals: Sequence[Ruling], verticals: Sequence[Ruling], words: Sequence[Word]) -> _Raster:
    xs = _places(ruling.at for ruling in verticals)
    ys = _places(ruling.at for ruling in horizontals)
    kept = _without_slivers(xs, verticals, [word for word in words if ys[0] < word.middle < ys[-1]])
    snapped = [Ruling(min(kept, key=lambda x: abs(x - ruling.at)), ruling.start, ruling.end) for ruling in verticals]
    return _Raster(kept, ys, tuple(horizontals), tuple(snapped))


def _without_slivers(xs: Sequence[float], verticals: Sequence[Ruling], words: Sequence[Word]) -> tuple[float, ...]:
    """The borders without those that part nothing but an empty sliver (a header whose cells are drawn inset)."""
    drawn = {x: sum(ruling.length for ruling in verticals if abs(ruling.at - x) < _NARROWEST) for x in xs}
    kept = [xs[0]]
    for x in xs[1:]:
        inside = sum(kept[-1] - 1 < word.box.left and word.box.right < x + 1 for word in words)
        if x - kept[-1] >= _SLIVER or inside > _STRAY:
            kept.append(x)
        elif drawn[x] > drawn[kept[-1]]:
            kept[-1] = x
    return tuple(kept)


def _places(values: Iterable[float]) -> tuple[float, ...]:
    places: list[float] = []
    for value in sorted(set(values)):
        if not places or value - places[-1] >= _NARROWEST:
            places.append(value)
    return tuple(places)


def _grid(raster: _Raster, words: Sequence[Word], turned: Sequence[Word], space: float, fewest: int) -> Grid | None:
    if raster.width < 2 or raster.height < fewest or raster.width * raster.height > _MAX_FIELDS:
        return None
    cells = _fields_of_cells(raster)
    held = _held(raster, words, space)
    by_cell: dict[int, list[Word]] = {}
    for field, inside in held.items():
        by_cell.setdefault(cells.root(field), []).extend(inside)
    total = sum(len(inside) for inside in by_cell.values())
    full = [inside for inside in by_cell.values() if len(inside) > _MOST_LINES]
    crowded = sum(len(inside) for inside in full if len(lines_of(inside)) > _MOST_LINES)
    if not total or crowded > 0.5 * total:
        return None
    shown = {root: cell for root, inside in by_cell.items() if (cell := cell_of(inside))}
    rows = _rows(raster, cells, _turned(raster, cells, turned) | shown)
    if len(rows) < fewest:
        return None
    return Grid(tuple(zip(raster.xs, raster.xs[1:], strict=False)), tuple(rows), bordered=True)


def _fields_of_cells(raster: _Raster) -> _Groups:
    """The fields of the raster, joined where no line parts them."""
    groups = _Groups(raster.width * raster.height)
    # By border, because a table of a hundred rows has a thousand edges and as many lines.
    across = [[ruling for ruling in raster.horizontals if abs(ruling.at - y) < _NARROWEST] for y in raster.ys]
    down = [[ruling for ruling in raster.verticals if abs(ruling.at - x) < _NARROWEST] for x in raster.xs]
    for row in range(raster.height):
        top, bottom = raster.ys[row], raster.ys[row + 1]
        for column in range(raster.width):
            left, right = raster.xs[column], raster.xs[column + 1]
            field = row * raster.width + column
            if column and not _drawn(down[column], top, bottom):
                groups.join(field - 1, field)
            if row and not _drawn(across[row], left, right):
                groups.join(field - raster.width, field)
    return groups


def _drawn(rulings: Sequence[Ruling], start: float, end: float) -> bool:
    """Whether lines are drawn along most of an edge."""
    covered = sum([max(0.0, min(end, ruling.end) - max(start, ruling.start)) for ruling in rulings])
    return covered >= 0.5 * (end - start)


def _held(raster: _Raster, words: Sequence[Word], space: float) -> dict[int, list[Word]]:
    """The words by the field that holds them.

    A word belongs where its middle is. One that crosses a border has overflowed its cell: it stays where it starts,
    and so do the words that were drawn right behind it.
    """
    held: dict[int, list[Word]] = {}
    overflow: tuple[Word, int] | None = None
    for word in sorted(words, key=lambda word: word.order):
        row = bisect_right(raster.ys, word.middle) - 1
        column = bisect_right(raster.xs, word.center) - 1
        if not (0 <= row < raster.height and 0 <= column < raster.width):
            overflow = None
            continue
        if overflow and _goes_on(overflow[0], word, space):
            column = overflow[1]
            overflow = (word, column)
        else:
            overflow = None
            start = bisect_right(raster.xs, word.box.left + 0.1 * word.height) - 1
            if 0 <= start < column or (
                start == column < raster.width and word.box.right > raster.xs[column + 1] + 0.2 * word.height
            ):
                column = start
                overflow = (word, column)
        held.setdefault(row * raster.width + column, []).append(word)
    return held


def _goes_on(before: Word, word: Word, space: float) -> bool:
    """Whether a word follows another on its line, a space apart."""
    return abs(word.middle - before.middle) < 0.3 * word.height and -1.0 < word.box.left - before.box.right < space


def _rows(raster: _Raster, groups: _Groups, cells: dict[int, Cell]) -> list[GridRow]:
    rows: list[GridRow] = []
    previous: set[int] = set()
    for row in range(raster.height):
        roots = [groups.root(row * raster.width + column) for column in range(raster.width)]
        filled = {root for root in roots if root in cells}
        if not filled or filled <= previous:
            continue  # nothing of its own: empty, or a band between double rules
        previous = filled
        spread = tuple(cells.get(root) for root in roots)
        shown: list[Cell | None] = []
        for column, root in enumerate(roots):
            spans = column > 0 and roots[column - 1] == root
            shown.append(None if spans else cells.get(root))
        box = Box(raster.xs[0], raster.ys[row], raster.xs[-1], raster.ys[row + 1])
        # One cell across most of the table heads the rows below it.
        heading = len(filled) == 1 and sum(cell is not None for cell in spread) >= max(2.0, 0.7 * raster.width)
        rows.append(GridRow(tuple(shown), box, heading, spread if spread != tuple(shown) else ()))
    return rows


def _turned(raster: _Raster, groups: _Groups, words: Sequence[Word]) -> dict[int, Cell]:
    """Cells whose words are turned, as headings of narrow columns are."""
    held: dict[int, list[Word]] = {}
    for word in words:
        row, column = bisect_right(raster.ys, word.middle) - 1, bisect_right(raster.xs, word.center) - 1
        if 0 <= row < raster.height and 0 <= column < raster.width:
            held.setdefault(groups.root(row * raster.width + column), []).append(word)
    return {root: Cell(tuple(inside), turned_text(inside), box_of(inside)) for root, inside in held.items()}


class _Groups:
    """Things that belong together, joined two at a time."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def root(self, thing: int) -> int:
        """The thing that stands for its group; the first of the group."""
        while self._parents[thing] != thing:
            self._parents[thing] = self._parents[self._parents[thing]]
            thing = self._parents[thing]
        return thing

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        self._parents[second] = first
