"""Sideways pages: two that the viewer turns upright, one to either side, and one that is left lying."""

from __future__ import annotations

from pathlib import Path

import pypdf
from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, Record, Style, draw_table, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District/Charter", 160, "{district}"),
    Column("School Name", 200, "{name}"),
    Column("City", 90, "{city}"),
    Column("Zip", 50, "{zip}"),
    Column("Title I Status", 110, "{title1_status}"),
    Column("Low Income", 60, "{low_income_pct}", "right"),
)
TURNS = {1: 90, 2: 270, 3: 0}
"""How far the viewer turns each page, in degrees clockwise."""


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        # Text that runs upwards is upright after a turn to the right; text that runs downwards, after one to the left.
        angle, pivot = (-90, pdf.w / 2) if TURNS[page] == 270 else (90, pdf.h / 2)
        with pdf.rotation(angle, pivot, pivot):
            _draw_lying(pdf, rows, ruled=page != 2)
    write(pdf, path)
    writer = pypdf.PdfWriter(clone_from=path)
    for number, sheet in enumerate(writer.pages, start=1):
        sheet.rotate(TURNS[number])
    writer.write(path)


def _draw_lying(pdf: FPDF, rows: list[Record], *, ruled: bool) -> None:
    pdf.text(320, 50, "Delaware Department of Education")
    pdf.text(335, 62, "Title I Schools 2025-2026")
    draw_table(pdf, COLUMNS, rows, top=80, left=60, style=Style(lines="grid" if ruled else "none"))
