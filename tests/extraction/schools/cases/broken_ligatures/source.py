"""Ligatures without a meaning of their own: "tt" becomes U+FFFD, and a gap opens behind "ti", "fl", "fi" and "ff"."""

from __future__ import annotations

import re
from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.encoding import give_unicode
from tests.extraction.schools.cases.printing import Column, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("County", 85, "{county}"),
    Column("District", 150, "{district}"),
    Column("School", 160, "{name}"),
    Column("City", 80, "{city}"),
    Column("Title I Program", 90, "{title1_status}"),
)
LIGATURE = re.compile(r"(ff[il]|tti|f[fil]|t[ti])(?=[a-z])")
GAP = 0.2
"""How far a ligature throws the letters behind it, in em."""
UNKNOWN = "\xa4"
"""The code of a glyph that stands for "tt" in places whose names tell what is missing."""


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for rows in truth(__file__).values():
        pdf.add_page()
        y = letterhead(pdf, "School List", "Federal Programs") + 10
        for texts in [[c.head for c in COLUMNS], *([c.text.format_map(row) for c in COLUMNS] for row in rows)]:
            x = 24.0
            for column, text in zip(COLUMNS, texts, strict=True):
                pdf.rect(x, y, column.width, 16)
                _set(pdf, x + 3, y + 11, text, county=column.head == "County")
                x += column.width
            y += 16
    write(pdf, path)
    give_unicode(path, {"Helvetica": {UNKNOWN: "\ufffd"}})


def _set(pdf: FPDF, x: float, y: float, text: str, *, county: bool) -> None:
    for piece in LIGATURE.sub(r"\1\n", text).split("\n"):
        shown = piece.replace("tt", UNKNOWN) if county else piece
        pdf.text(x, y, shown)
        x += pdf.get_string_width(shown) + GAP * pdf.font_size_pt
