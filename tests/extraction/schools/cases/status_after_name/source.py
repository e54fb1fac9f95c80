"""Names below their districts, each with its program in brackets behind it."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import letterhead, runs, truth
from tests.extraction.schools.papers import paper, write


def draw(path: Path) -> None:
    pdf = paper(font="times", size=11)
    before = ""
    for rows in truth(__file__).values():
        pdf.add_page()
        y = letterhead(pdf, "Title I Schools", "SW = schoolwide program, TA = targeted assistance program")
        for group in runs(rows, "district"):
            if group[0]["district"] != before:
                before = group[0]["district"]
                pdf.set_font(style="B")
                pdf.text(54, y + 14, before)
                pdf.set_font(style="")
                y += 16
            for row in group:
                pdf.text(76, y + 12, "{name} ({title1_status})".format_map(row))
                y += 13.5
    write(pdf, path)
