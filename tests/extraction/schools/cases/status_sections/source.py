"""Two sections: schools with a schoolwide program, then those with targeted assistance; only the headings say which."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, runs, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("School", 200, "{name}"),
    Column("Grades", 60, "{grade_span}"),
    Column("Enrollment", 60, "{enrollment}", "right"),
)
HEADINGS = {"schoolwide": "Schoolwide Programs", "targeted": "Targeted Assistance Programs"}


def draw(path: Path) -> None:
    pdf = paper(size=8)
    before = ""
    for page, rows in truth(__file__).items():
        pdf.add_page()
        y = letterhead(pdf, "Title I Schools by Program Type") if page == 1 else 40
        for section in runs(rows, "title1_status:value"):
            status = section[0]["title1_status:value"]
            if status != before:
                pdf.set_font(style="B", size=11)
                pdf.text(40, y + 12, HEADINGS[status])
                pdf.set_font(style="", size=8)
                y += 18
            y = draw_table(pdf, COLUMNS, section, top=y, left=40) + 8
            before = status
    write(pdf, path)
