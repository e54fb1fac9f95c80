"""A grid: what every layout makes of a page, whatever drew its columns.

A layout only says which words share a cell and which cells share a row. What the columns mean is decided afterwards,
in one place, for all layouts (`headers`, `rows`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from extraction.evidence import Box
from extraction.schools.headers import ColumnPlan
from extraction.schools.sheets import Line, Sheet, box_of, printed_text
from extraction.schools.words import Word


class Cell(msgspec.Struct, frozen=True):
    """The words of one cell. A cell that spans rows or columns is one object in several places."""

    words: tuple[Word, ...]
    text: str
    box: Box
    """Around the words."""


class GridRow(msgspec.Struct, frozen=True):
    """One row; None where a cell is empty. `heading` is set where a line alone stands for the rows below it."""

    cells: tuple[Cell | None, ...]
    box: Box
    heading: bool = False
    spread: tuple[Cell | None, ...] = ()
    """Where cells span columns: the same cells, in each column that they reach."""

    @property
    def filled(self) -> list[Cell]:
        """The cells that hold words, each once."""
        return list({id(cell): cell for cell in self.cells if cell is not None}.values())

    @property
    def text(self) -> str:
        """All words of the row."""
        return " ".join(cell.text for cell in self.filled)


class Grid(msgspec.Struct, frozen=True):
    """Rows and columns as one layout sees them."""

    columns: tuple[tuple[float, float], ...]
    """Left and right edge of each column in points."""
    rows: tuple[GridRow, ...]
    plan: ColumnPlan | None = None
    """What a header says that the layout itself had to read to find the columns; its lines are not in `rows`."""
    header_words: int = 0
    """Words of those lines."""
    bordered: bool = False
    """Whether lines are drawn around each cell."""


class Layout(Protocol):
    """One way in which a page may be laid out."""

    name: str

    def grids(self, sheet: Sheet, plan: ColumnPlan | None) -> list[Grid]:
        """The tables of the page from top to bottom; none where the page is not laid out in this way.

        `plan` is what earlier pages said about the columns, for pages that go on without a header.
        """
        ...


def headed(grid: Grid, lines: Iterable[Line]) -> Grid:
    """The table with lines that stand over it, and name the group that it lists, as its first rows."""
    empty = (None,) * (len(grid.columns) - 1)
    headings = [GridRow((cell_of(line.words), *empty), line.box, heading=True) for line in lines]
    return msgspec.structs.replace(grid, rows=(*headings, *grid.rows)) if headings else grid


def turned_cells(words: Sequence[Word]) -> list[Cell]:
    """The cells that turned words make: those of one direction whose lines stand side by side."""
    cells: list[Cell] = []
    for direction in (90, 270):
        groups: list[list[Word]] = []
        for word in sorted((word for word in words if word.direction == direction), key=lambda word: word.center):
            wide = word.box.right - word.box.left
            if groups and word.center - groups[-1][-1].center < 1.35 * wide:
                groups[-1].append(word)
            else:
                groups.append([word])
        cells += [Cell(tuple(group), turned_text(group), box_of(group)) for group in groups]
    return cells


def turned_text(words: Sequence[Word]) -> str:
    """What words say that run upwards (or down), their lines in reading order."""
    upwards = words[0].direction == 270
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.center if upwards else -word.center):
        if lines and abs(word.center - lines[-1][0].center) < 0.5 * (word.box.right - word.box.left):
            lines[-1].append(word)
        else:
            lines.append([word])
    for line in lines:
        line.sort(key=lambda word: -word.middle if upwards else word.middle)
    return " ".join(word.text for line in lines for word in line)


def cell_of(words: Sequence[Word]) -> Cell | None:
    """The cell that holds these words."""
    if not words:
        return None
    if len(words) == 1:
        return Cell(tuple(words), words[0].text, words[0].box)
    return Cell(tuple(words), printed_text(words), box_of(words))
