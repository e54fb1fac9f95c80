"""County and district stand in merged cells beside their schools; a cell cut by the page break goes on empty."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.printing import (
    Column,
    Record,
    Style,
    draw_head,
    draw_table,
    letterhead,
    rows_height,
    runs,
    truth,
    wrapped,
)
from tests.extraction.schools.papers import paper, write

SPANNING = (Column("County", 80, "{county}"), Column("District", 120, "{district}"))
COLUMNS = (
    Column("School", 200, "{name}"),
    Column("Grades", 60, "{grade_span}", "centre"),
    Column("Title I Program", 90, "{title1_status}"),
)
LEFT = 30.0


def draw(path: Path) -> None:
    pdf = paper(size=9)
    before: Record = {"county": "", "district": ""}
    for page, rows in truth(__file__).items():
        pdf.add_page()
        top = letterhead(pdf, "Title I, Part A", "Participating Schools") if page == 1 else 40
        if page == 1:
            top = draw_head(pdf, [*SPANNING, *COLUMNS], top=top, left=LEFT)
        draw_table(pdf, COLUMNS, rows, top=top, left=LEFT + 200, head=False)
        _draw_spans(pdf, rows, before, top)
        before = rows[-1]
    write(pdf, path)


def _draw_spans(pdf: FPDF, rows: list[Record], before: Record, top: float) -> None:
    x = LEFT
    for column, fields in zip(SPANNING, (("county",), ("county", "district")), strict=True):
        y = top
        for number, group in enumerate(runs(rows, *fields)):
            height = sum(rows_height(pdf, COLUMNS, row, Style()) for row in group)
            pdf.rect(x, y, column.width, height)
            goes_on = number == 0 and all(before[field] == group[0][field] for field in fields)
            lines = [] if goes_on else wrapped(pdf, column.text.format_map(group[0]), column.width - 6)
            for line, text in enumerate(lines):
                pdf.text(x + 3, y + height / 2 + 3 + 11 * (line - (len(lines) - 1) / 2), text)
            y += height
        x += column.width
