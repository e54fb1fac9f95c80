"""District names as headings, their schools below, a total after each district; a heading is repeated over the page."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import (
    Column,
    Style,
    draw_head,
    draw_table,
    footer,
    letterhead,
    runs,
    truth,
)
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("Code", 50, "{state_school_id}"),
    Column("School Name", 220, "{name}"),
    Column("Grades", 60, "{grade_span}"),
    Column("Enrollment", 70, "{enrollment}", "right"),
    Column("% Free/Reduced", 90, "{low_income_pct}", "right"),
)
TOTAL = (
    Column("", 50, ""),
    Column("", 280, "District Total"),
    Column("", 70, "{students:,}", "right"),
)
STYLE = Style(lines="none", padding=1.5)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    before = ""
    pages = truth(__file__)
    every = [row for rows in pages.values() for row in rows]
    for page, rows in pages.items():
        pdf.add_page()
        y = draw_head(pdf, COLUMNS, top=letterhead(pdf, "Title I Schools by District"), left=60, style=STYLE)
        for group in runs(rows, "district"):
            district = group[0]["district"]
            pdf.set_font(style="B")
            pdf.text(50, y + 15, f"{district} (continued)" if district == before else district)
            pdf.set_font(style="")
            y = draw_table(pdf, COLUMNS, group, top=y + 19, left=60, style=STYLE, head=False)
            if next(row for row in reversed(every) if row["district"] == district) is group[-1]:
                students = sum(int(row["enrollment"].replace(",", "")) for row in every if row["district"] == district)
                total = [column._replace(text=column.text.format(students=students)) for column in TOTAL]
                y = draw_table(pdf, total, [{}], top=y, left=60, style=STYLE, head=False)
            before = district
        footer(pdf, right=f"Page {page} of {len(pages)}")
    write(pdf, path)
