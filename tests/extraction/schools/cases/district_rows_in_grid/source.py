"""A grid in which each district has a shaded row of its own across all columns, its schools below."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_head, draw_table, letterhead, runs, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School #", 60, "{state_school_id}"),
    Column("School Name", 220, "{name}"),
    Column("Grade Span", 70, "{grade_span}", "centre"),
    Column("Title I Program", 120, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    before = ""
    for rows in truth(__file__).values():
        pdf.add_page()
        y = draw_head(pdf, COLUMNS, top=letterhead(pdf, "Title I Schools by District"))
        for group in runs(rows, "district"):
            if group[0]["district"] != before:
                before = group[0]["district"]
                heading = Column("{state_district_id} - {district}".format_map(group[0]), 470, "")
                y = draw_head(pdf, [heading], top=y, style=Style(shade_head=True))
            y = draw_table(pdf, COLUMNS, group, top=y, head=False)
    write(pdf, path)
