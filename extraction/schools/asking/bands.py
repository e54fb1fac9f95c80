"""A banded page: its columns and row bands as the best layout sees them, before anybody knows what they mean.

It is what is shown to the model, and what its answers are held against. Made in the cage.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from extraction.evidence import Box
from extraction.schools.grids import Grid
from extraction.schools.headers import ColumnPlan
from extraction.schools.layouts import LAYOUTS
from extraction.schools.page_space import PageSpace
from extraction.schools.rows import Known, read_grid
from extraction.schools.sheets import Line, Sheet, phrases, printed_text
from extraction.schools.words import Word

_MOST_COLUMNS = 24
_LEAST_ROWS = 3


class BandedColumn(msgspec.Struct, frozen=True):
    """One column: its edges in points, its header as far as it was found, and what the parser takes it for."""

    left: float
    right: float
    text: str | None = None
    field: str | None = None


class Band(msgspec.Struct, frozen=True):
    """One row (or, where no columns were found, one line) with its words, cell by cell."""

    box: Box
    cells: tuple[tuple[Word, ...], ...]
    heading: bool = False
    """Whether it stands alone between the rows."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each cell; empty where there is none."""
        return tuple(printed_text(words) if words else "" for words in self.cells)


class BandedPage(msgspec.Struct, frozen=True):
    """A page as it is asked about."""

    page: int
    width: float
    height: float
    columns: tuple[BandedColumn, ...]
    """Empty where no layout finds a table; then each band is a line, its cells what stands apart in it."""
    bands: tuple[Band, ...]
    shown: PageSpace | None = None
    """For a scan, whose words may be misspelt: the displayed page, and the map from this straightened one onto it."""

    @property
    def scanned(self) -> bool:
        """Whether its words were read from a picture."""
        return self.shown is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """Alike for pages of one table: where its columns stand, in steps of a third of an inch."""
        return tuple(round(column.left / 24) for column in self.columns)

    @property
    def body(self) -> list[Band]:
        """The bands that have more than one filled cell."""
        return [band for band in self.bands if sum(map(bool, band.cells)) > 1]

    @property
    def is_tabular(self) -> bool:
        """Whether there are rows at all; covers and letters have lines."""
        return len(self.body) >= max(_LEAST_ROWS, 0.4 * len(self.bands))

    @property
    def has_unknown_column(self) -> bool:
        """Whether a column without a known meaning is full of values."""
        return any(
            column.field is None and sum(bool(band.cells[at]) for band in self.body) >= 0.6 * len(self.body)
            for at, column in enumerate(self.columns)
        )


def banded_page(sheet: Sheet) -> BandedPage:
    """The page by the layout that gives most of its words a place beside others of their row."""
    best: tuple[float, Sequence[Grid]] = (0.0, ())
    for layout in LAYOUTS:
        grids = [grid for grid in layout.grids(sheet, None) if _is_table(grid)]
        placed = sum(_words_beside_others(grid) for grid in grids)
        if placed > best[0]:
            best = (placed, grids)
    grids = best[1]
    if not grids or best[0] < 0.5 * len(sheet.words):
        return _page(sheet, (), tuple(_line_band(line, sheet.column_gap) for line in sheet.lines))
    widest = max(grids, key=lambda grid: len(grid.rows))
    bands = [band for grid in grids for band in _grid_bands(grid)]
    return _page(sheet, _columns(widest, sheet.number), tuple(bands))


def _page(sheet: Sheet, columns: tuple[BandedColumn, ...], bands: tuple[Band, ...]) -> BandedPage:
    return BandedPage(sheet.number, sheet.width, sheet.height, columns, bands, sheet.shown)


def _is_table(grid: Grid) -> bool:
    filled = sum(len(row.filled) > 1 for row in grid.rows)
    return 2 <= len(grid.columns) <= _MOST_COLUMNS and filled >= _LEAST_ROWS


def _words_beside_others(grid: Grid) -> int:
    rows = [row.filled for row in grid.rows]
    return grid.header_words + sum(len(cell.words) for cells in rows if len(cells) > 1 for cell in cells)


def _columns(grid: Grid, page: int) -> tuple[BandedColumn, ...]:
    reading = read_grid(grid, None, Known(), page)
    plan: ColumnPlan | None = reading.plan if reading is not None else grid.plan
    if plan is None:
        return tuple(BandedColumn(left, right) for left, right in grid.columns)
    return tuple(
        BandedColumn(left, right, column.text, column.heading)
        for (left, right), column in zip(grid.columns, plan.columns, strict=True)
    )


def _grid_bands(grid: Grid) -> list[Band]:
    return [
        Band(
            row.box,
            tuple(tuple(cell.words) if cell is not None else () for cell in row.cells),
            row.heading,
        )
        for row in grid.rows
        if row.filled
    ]


def _line_band(line: Line, gap: float) -> Band:
    return Band(line.box, tuple(phrases(line, gap)))
