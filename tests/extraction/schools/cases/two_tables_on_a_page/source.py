"""Two tables with different columns, one below the other."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

PUBLIC = (
    Column("District", 150, "{district}"),
    Column("School", 180, "{name}"),
    Column("City", 80, "{city}"),
    Column("Enrollment", 60, "{enrollment}", "right"),
    Column("Low Income %", 60, "{low_income_pct}", "right"),
)
CHARTER = (
    Column("Charter School", 200, "{name}"),
    Column("City", 100, "{city}"),
    Column("Authorizing District", 150, "{district}"),
    Column("Title I Status", 100, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        y = draw_table(pdf, PUBLIC, [row for row in rows if row["enrollment"]], top=letterhead(pdf, "District Schools"))
        top = letterhead(pdf, "Charter Schools", top=y + 24)
        draw_table(pdf, CHARTER, [row for row in rows if row["title1_status"]], top=top)
    write(pdf, path)
