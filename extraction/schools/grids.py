"""A grid: what every layout makes of a page, whatever drew its columns.

A layout only says which words share a cell and which cells share a row. What the columns mean is decided afterwards,
in one place, for all layouts (`headers`, `rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from extraction.evidence import Box
from extraction.schools.headers import ColumnPlan
from extraction.schools.sheets import Sheet, box_of, printed_text
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

    @property
    def filled(self) -> list[Cell]:
        """The cells that hold words, each once."""
        kept: list[Cell] = []
        for cell in self.cells:
            if cell is not None and all(cell is not other for other in kept):
                kept.append(cell)
        return kept

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


class Layout(Protocol):
    """One way in which a page may be laid out."""

    name: str

    def grids(self, sheet: Sheet, plan: ColumnPlan | None) -> list[Grid]:
        """The tables of the page from top to bottom; none where the page is not laid out in this way.

        `plan` is what earlier pages said about the columns, for pages that go on without a header.
        """
        ...


def cell_of(words: Sequence[Word]) -> Cell | None:
    """The cell that holds these words."""
    if not words:
        return None
    return Cell(tuple(words), printed_text(words), box_of(words))
