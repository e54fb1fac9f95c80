"""A directory in two columns of blocks, read down the left one, then down the right one."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import footer, letterhead, truth
from tests.extraction.schools.papers import paper, write

DEEP = 10
"""Blocks in one column."""


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I School Directory")
        for number, row in enumerate(rows):
            x, y = 50 + 270 * (number // DEEP), top + 14 + 66 * (number % DEEP)
            pdf.set_font(style="B")
            pdf.text(x, y, row["name"])
            pdf.set_font(style="")
            pdf.text(x, y + 11, row["address"])
            pdf.text(x, y + 22, "{city}, {state} {zip}".format_map(row))
            pdf.text(x, y + 33, "Telephone: {phone}".format_map(row))
            pdf.text(x, y + 44, "Grades {grade_span}".format_map(row))
        footer(pdf, middle=f"{page}")
    write(pdf, path)
