"""A grid of dashes on the first page and of dots on the second; the gaps are wider than the dashes, and long values
go on over two or three lines."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from math import ceil
from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, Record, Style, draw_table, letterhead, rows_height, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("County Name", 60, "{county}"),
    Column("District Name", 90, "{district}"),
    Column("School Name", 110, "{name}"),
    Column("Street Address", 100, "{address}"),
    Column("City", 70, "{city}"),
    Column("Zip", 40, "{zip}"),
    Column("Telephone", 75, "{phone}"),
)
STYLE = Style(lines="none", across="middle", padding=0.6)
HEAD = {column.text.strip("{}"): column.head for column in COLUMNS}
LEFT = 30.0


def dash(pdf: FPDF, x: float, y: float, across: float, down: float) -> None:
    pdf.line(x, y, x + min(3.5, across), y + min(3.5, down))


def dot(pdf: FPDF, x: float, y: float, across: float, down: float) -> None:
    pdf.rect(x, y, 0.8, 0.8, style="F")


Piece = Callable[[FPDF, float, float, float, float], None]
"""Draws the next piece at a spot of a line that goes on so far, across or down."""


def draw(path: Path) -> None:
    pdf = paper(size=8)
    pdf.set_fill_color(0)
    pages: dict[int, tuple[Piece, float]] = {1: (dash, 7.7), 2: (dot, 4.4)}
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I School Directory", top=30)
        table = [HEAD, *rows]
        draw_table(pdf, COLUMNS, table, top=top, left=LEFT, style=STYLE, head=False)
        piece, pitch = pages[page]
        _draw_lines(pdf, table, top, piece, pitch)
    write(pdf, path)


def _draw_lines(pdf: FPDF, table: list[Record], top: float, piece: Piece, pitch: float) -> None:
    heights = [rows_height(pdf, COLUMNS, row, STYLE) for row in table]
    wide, high = sum(column.width for column in COLUMNS), sum(heights)
    for y in accumulate(heights, initial=top):
        for at in range(ceil(wide / pitch)):
            piece(pdf, LEFT + at * pitch, y, wide - at * pitch, 0)
    for x in accumulate((column.width for column in COLUMNS), initial=LEFT):
        for at in range(ceil(high / pitch)):
            piece(pdf, x, top + at * pitch, 0, high - at * pitch)
