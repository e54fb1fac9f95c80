"""Columns without rulings; the district is printed beside its first school only."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, runs, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("LEA", 150, "{lea}"),
    Column("School", 200, "{name}"),
    Column("Grades", 60, "{grade_span}"),
    Column("Title I Program", 110, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    before = ""
    for rows in truth(__file__).values():
        pdf.add_page()
        for group in runs(rows, "district"):
            for row in group:
                row["lea"] = ""
            if group[0]["district"] != before:
                before = group[0]["lea"] = group[0]["district"]
        top = letterhead(pdf, "Title I Schools")
        draw_table(pdf, COLUMNS, rows, top=top, left=40, style=Style(lines="none", padding=1.5))
    write(pdf, path)
