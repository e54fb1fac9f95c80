"""Headers set with space between their letters: by the font's spacing on one page, with blanks on the next."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("DISTRICT", 150, "{district}"),
    Column("SCHOOL", 190, "{name}"),
    Column("CITY", 90, "{city}"),
    Column("GRADES", 60, "{grade_span}"),
    Column("ENROLLED", 80, "{enrollment}", "right"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        y = letterhead(pdf, "T I T L E   I   S C H O O L S") + 12
        x = 30.0
        pdf.set_char_spacing(2.5 if page == 1 else 0)
        for column in COLUMNS:
            pdf.text(x + 3, y, column.head if page == 1 else " ".join(column.head))
            x += column.width
        pdf.set_char_spacing(0)
        draw_table(pdf, COLUMNS, rows, top=y + 4, head=False, style=Style(lines="none", padding=2))
    write(pdf, path)
