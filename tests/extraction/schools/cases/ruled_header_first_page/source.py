"""A ruled grid that goes on over the pages without its header."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("County", 70, "{county}"),
    Column("Dist #", 40, "{state_district_id}"),
    Column("District Name", 120, "{district}"),
    Column("School #", 40, "{state_school_id}"),
    Column("Building Name", 150, "{name}"),
    Column("City", 80, "{city}"),
    Column("SWP/TAS", 50, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=7)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Missouri Title I.A School Buildings", "School Year 2025-26") if page == 1 else 36
        draw_table(pdf, COLUMNS, rows, top=top, head=page == 1)
    write(pdf, path)
