"""No lines: each cell is a coloured rectangle of its own, parted from the next by a white gap."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 145, "{district}"),
    Column("School", 180, "{name}"),
    Column("County", 80, "{county}"),
    Column("Title I Status", 90, "{title1_status}"),
    Column("Poverty", 45, "{low_income_pct}"),
)
HEIGHT = 16.0
GAP = 1.5


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        y = letterhead(pdf, "Title I Schools")
        _draw_row(pdf, [column.head for column in COLUMNS], y, (32, 70, 120), 255)
        for number, row in enumerate(rows, start=1):
            shade = (235, 241, 248) if number % 2 else (218, 228, 240)
            _draw_row(pdf, [column.text.format_map(row) for column in COLUMNS], y + number * HEIGHT, shade, 0)
    write(pdf, path)


def _draw_row(pdf: FPDF, texts: list[str], y: float, shade: tuple[int, int, int], ink: int) -> None:
    pdf.set_fill_color(*shade)
    pdf.set_text_color(ink)
    x = 30.0
    for column, text in zip(COLUMNS, texts, strict=True):
        pdf.rect(x, y, column.width - GAP, HEIGHT - GAP, style="F")
        pdf.text(x + 3, y + 10, text)
        x += column.width
    pdf.set_text_color(0)
