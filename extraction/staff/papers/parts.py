"""The parts of a page of a staff paper, as the caged child tells them: headings, blocks of lines, tables."""

from __future__ import annotations

import msgspec


class PaperLine(msgspec.Struct, frozen=True, array_like=True):
    """Text that stands on one line."""

    text: str
    number: int
    """Which line of the page, from 1."""


class Heading(msgspec.Struct, frozen=True, tag="heading"):
    """A line that stands out."""

    line: PaperLine
    level: int
    """1 for the largest print, 3 for what is only bold or in capitals."""


class TextBlock(msgspec.Struct, frozen=True, tag="block"):
    """Lines that stand together, as those of a card do."""

    lines: tuple[PaperLine, ...]


class TableCell(msgspec.Struct, frozen=True):
    """The lines of a cell."""

    lines: tuple[PaperLine, ...]
    height: int = 1
    """Rows that it spans; 0 where a cell reaches down from the row above."""


class TableRow(msgspec.Struct, frozen=True):
    """A row; None where a cell is empty."""

    cells: tuple[TableCell | None, ...]
    heading: int | None = None
    """Set for a line that runs across all columns: the level of its print, or 0 for plain print."""


class Table(msgspec.Struct, frozen=True, tag="table"):
    """Rows below each other."""

    rows: tuple[TableRow, ...]
    lefts: tuple[float, ...] = ()
    """Where its columns begin, in points; empty where they have no place of their own."""


Part = Heading | TextBlock | Table


class PaperPage(msgspec.Struct, frozen=True):
    """One page of a paper."""

    number: int
    """From 1."""
    parts: tuple[Part, ...]
    title: str = ""
    """What the document calls itself; told with its first page."""
    scanned: bool = False
    """Whether the page is a picture of text."""
