"""A grid whose lines are filled rectangles half a point thick, as spreadsheets export them."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, Record, Style, draw_table, letterhead, rows_height, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("County", 70, "{county}"),
    Column("District", 130, "{district}"),
    Column("School", 150, "{name}"),
    Column("City", 90, "{city}"),
    Column("Title I Program", 90, "{title1_status}"),
)
THICK = 0.5
STYLE = Style(lines="none", across="bottom")
HEAD = {column.text.strip("{}"): column.head for column in COLUMNS}


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools") if page == 1 else 36
        table = [HEAD, *rows] if page == 1 else rows
        draw_table(pdf, COLUMNS, table, top=top, style=STYLE, head=False)
        _draw_lines(pdf, table, top)
    write(pdf, path)


def _draw_lines(pdf: FPDF, table: list[Record], top: float) -> None:
    heights = [rows_height(pdf, COLUMNS, row, STYLE) for row in table]
    wide, high = sum(column.width for column in COLUMNS), sum(heights)
    pdf.set_fill_color(0)
    for number in range(len(heights) + 1):
        pdf.rect(30, top + sum(heights[:number]), wide, THICK, style="F")
    for number in range(len(COLUMNS) + 1):
        pdf.rect(30 + sum(column.width for column in COLUMNS[:number]), top, THICK, high, style="F")
