"""Pages whose box does not begin at zero, and whose visible part is smaller than the sheet."""

from __future__ import annotations

from pathlib import Path

import pypdf
from pypdf.generic import RectangleObject

from tests.extraction.schools.cases.printing import Column, Style, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("School", 190, "{name}"),
    Column("City", 100, "{city}"),
    Column("Title I Status", 100, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        style = Style(lines="grid" if page == 1 else "none")
        draw_table(pdf, COLUMNS, rows, top=letterhead(pdf, "Title I Schools"), style=style)
    write(pdf, path)
    writer = pypdf.PdfWriter(clone_from=path)
    first, second = writer.pages
    first.mediabox = RectangleObject((-40, -60, 640, 820))
    first.cropbox = RectangleObject((20, 40, 600, 780))
    second.mediabox = RectangleObject((0, 0, 1224, 1584))
    second.cropbox = RectangleObject((0, 0, 612, 792))
    writer.write(path)
