"""Headers whose words are broken by hyphens to fit their narrow columns."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School Corpo-\nration", 150, "{district}"),
    Column("School", 200, "{name}"),
    Column("Enroll-\nment", 42, "{enrollment}", "right"),
    Column("Per-\ncent\nPov-\nerty", 36, "{low_income_pct}", "right"),
    Column("Title I Pro-\ngram", 90, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        draw_table(pdf, COLUMNS, rows, top=letterhead(pdf, "Title I Schools"))
    write(pdf, path)
