"""No columns at all: school names as bullets under the names of their districts."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import footer, letterhead, runs, truth
from tests.extraction.schools.papers import paper, write


def draw(path: Path) -> None:
    pdf = paper(font="times", size=11)
    before = ""
    for page, rows in truth(__file__).items():
        pdf.add_page()
        y = letterhead(pdf, "Title I Schools by District", "2025-2026 School Year") if page == 1 else 50
        for group in runs(rows, "district"):
            if group[0]["district"] != before:
                before = group[0]["district"]
                pdf.set_font(style="B")
                pdf.text(54, y + 16, before)
                pdf.set_font(style="")
                y += 18
            for row in group:
                pdf.text(72, y + 12, "\xb7")
                pdf.text(84, y + 12, row["name"])
                y += 13.5
        footer(pdf, middle=f"{page}")
    write(pdf, path)
