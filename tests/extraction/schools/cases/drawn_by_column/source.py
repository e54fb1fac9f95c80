"""The file holds the text column by column, and letter by letter: its order says nothing."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School District", 150, "{district}"),
    Column("School", 190, "{name}"),
    Column("Town", 90, "{city}"),
    Column("Grades", 50, "{grade_span}"),
    Column("Program", 90, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Title I Schools")
        right = 30 + sum(column.width for column in COLUMNS)
        for column in reversed(COLUMNS):
            right -= column.width
            for line, text in enumerate([column.head, *(column.text.format_map(row) for row in rows)]):
                x = right
                for letter in text:
                    pdf.text(x, top + 14 * line, letter)
                    x += pdf.get_string_width(letter)
    write(pdf, path)
