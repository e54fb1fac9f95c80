"""A ruled grid of one line a row, whose long names run on over the line into the next, empty cell."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("NCES ID", 65, "{nces_id}"),
    Column("LEA", 140, "{district}"),
    Column("Campus Name", 165, "{name}"),
    Column("Charter\nStatus", 60, "{charter}", "centre"),
    Column("Waiver", 70, "{waiver}"),
    Column("Campus City", 90, "{city}"),
    Column("Title I Status", 60, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(landscape=True, size=7)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        for row in rows:
            short = len(row["name"]) < 40
            row["charter"] = "Y" if short and int(row["n"]) % 5 == 0 else ""
            row["waiver"] = "40% waiver" if short and int(row["n"]) % 7 == 0 else ""
        top = letterhead(pdf, "ESEA Title I, Part A Campuses", "Run date 11/03/2025") if page == 1 else 36
        draw_table(pdf, COLUMNS, rows, top=top, style=Style(wrap=False))
    write(pdf, path)
