"""A directory in three columns of blocks, read column by column."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import letterhead, truth
from tests.extraction.schools.papers import paper, write

DEEP = 10
"""Blocks in one column."""


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Participating Title I Schools")
        for number, row in enumerate(rows):
            x, y = 36 + 188 * (number // DEEP), top + 14 + 64 * (number % DEEP)
            pdf.text(x, y, row["name"])
            pdf.text(x, y + 10, row["address"])
            pdf.text(x, y + 20, "{city}, {state} {zip}".format_map(row))
            pdf.text(x, y + 30, row["phone"])
    write(pdf, path)
