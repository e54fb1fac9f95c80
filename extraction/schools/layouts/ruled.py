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
from extraction.schools.grids import Cell, Grid, GridRow, cell_of
from extraction.schools.headers import ColumnPlan
from extraction.schools.rulings import Ruling
from extraction.schools.sheets import Sheet, lines_of
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
        del plan  # the lines say where the columns are
        words = sheet.words
        found = [_grid(_raster(*lines, words), words, sheet.column_gap) for lines in _tables(sheet)]
        return sorted((grid for grid in found if grid is not None), key=lambda grid: grid.rows[0].box.top)


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


def _tables(sheet: Sheet) -> list[tuple[list[Ruling], list[Ruling]]]:
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
    return [lines for lines in tables.values() if len(lines[0]) >= 3 and len(lines[1]) >= 3]


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


def _grid(raster: _Raster, words: Sequence[Word], space: float) -> Grid | None:
    if raster.width < 2 or raster.height < 2 or raster.width * raster.height > _MAX_FIELDS:
        return None
    cells = _fields_of_cells(raster)
    held = _held(raster, words, space)
    by_cell: dict[int, list[Word]] = {}
    for field, inside in held.items():
        by_cell.setdefault(cells.root(field), []).extend(inside)
    total = sum(len(inside) for inside in by_cell.values())
    crowded = sum(len(inside) for inside in by_cell.values() if len(lines_of(inside)) > _MOST_LINES)
    if not total or crowded > 0.5 * total:
        return None
    rows = _rows(raster, cells, {root: cell for root, inside in by_cell.items() if (cell := cell_of(inside))})
    if len(rows) < 2:
        return None
    return Grid(tuple(zip(raster.xs, raster.xs[1:], strict=False)), tuple(rows))


def _fields_of_cells(raster: _Raster) -> _Groups:
    """The fields of the raster, joined where no line parts them."""
    groups = _Groups(raster.width * raster.height)
    for row in range(raster.height):
        top, bottom = raster.ys[row], raster.ys[row + 1]
        for column in range(raster.width):
            left, right = raster.xs[column], raster.xs[column + 1]
            field = row * raster.width + column
            if column and not _drawn(raster.verticals, left, top, bottom):
                groups.join(field - 1, field)
            if row and not _drawn(raster.horizontals, top, left, right):
                groups.join(field - raster.width, field)
    return groups


def _drawn(rulings: Sequence[Ruling], at: float, start: float, end: float) -> bool:
    """Whether a line is drawn along most of an edge."""
    covered = sum(
        max(0.0, min(end, ruling.end) - max(start, ruling.start))
        for ruling in rulings
        if abs(ruling.at - at) < _NARROWEST
    )
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
            start = bisect_right(raster.xs, word.box.left + 1.0) - 1
            if 0 <= start < column or (start == column < raster.width and word.box.right > raster.xs[column + 1] + 2.0):
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
        shown: list[Cell | None] = []
        for column, root in enumerate(roots):
            spans = column > 0 and roots[column - 1] == root
            shown.append(None if spans else cells.get(root))
        box = Box(raster.xs[0], raster.ys[row], raster.xs[-1], raster.ys[row + 1])
        rows.append(GridRow(tuple(shown), box))
    return rows


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
