"""A directory: each school a block of lines with its name, address, place and telephone."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import footer, letterhead, truth
from tests.extraction.schools.papers import paper, write


def draw(path: Path) -> None:
    pdf = paper(size=10)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        y = letterhead(pdf, "Directory of Title I Schools", "2025-2026")
        for row in rows:
            pdf.set_font(style="B")
            pdf.text(60, y + 12, row["name"])
            pdf.set_font(style="")
            pdf.text(60, y + 24, row["address"])
            pdf.text(60, y + 36, "{city}, {state} {zip}".format_map(row))
            pdf.text(60, y + 48, "Phone: {phone}   Grades: {grade_span}".format_map(row))
            y += 66
        footer(pdf, middle=str(page))
    write(pdf, path)
