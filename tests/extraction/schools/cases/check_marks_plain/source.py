"""A mark under "SWP" or under "TAS", in columns without rulings."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("LEA", 150, "{district}"),
    Column("School", 200, "{name}"),
    Column("City", 100, "{city}"),
    Column("SWP", 40, "{schoolwide}", "centre"),
    Column("TAS", 40, "{targeted}", "centre"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        for row in rows:
            for status in ("schoolwide", "targeted"):
                row[status] = "x" if row["title1_status:value"] == status else ""
        top = letterhead(pdf, "Title I Schools", "SWP: schoolwide program    TAS: targeted assistance school")
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(lines="none", padding=2))
    write(pdf, path)
