"""Every hyphen reaches the reader as a soft hyphen, alone or with U+2010 behind it."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.encoding import give_unicode
from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("LEA Name", 150, "{district}"),
    Column("School Name", 190, "{name}"),
    Column("Grade Band", 60, "{grade_span}"),
    Column("SWP or TAS", 100, "{title1_status}"),
    Column("FRL %", 50, "{low_income_pct}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.set_font("helvetica" if page == 1 else "times")
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools, School Year 2025-2026")
        draw_table(pdf, COLUMNS, rows, top=top)
    write(pdf, path)
    give_unicode(path, {"Helvetica": {"-": "\u00ad\u2010"}, "Times": {"-": "\u00ad"}})
