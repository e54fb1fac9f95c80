"""Number and name share a cell: "07 - Yarrow Unified", "1042 - Ashford"."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 180, "{state_district_id} - {district}"),
    Column("School", 220, "{state_school_id} - {name}"),
    Column("% Free/Reduced", 60, "{low_income_pct}", "right"),
    Column("Title I Status", 90, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        draw_table(pdf, COLUMNS, rows, top=letterhead(pdf, "Title I Schools 2025-26"))
    write(pdf, path)
