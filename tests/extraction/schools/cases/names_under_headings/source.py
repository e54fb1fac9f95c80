"""No columns, no bullets: indented school names under their districts, whose headings give the number of schools."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import footer, letterhead, runs, truth
from tests.extraction.schools.papers import paper, write


def draw(path: Path) -> None:
    pdf = paper(font="times", size=11)
    pages = truth(__file__)
    every = [row["district"] for rows in pages.values() for row in rows]
    before = ""
    for page, rows in pages.items():
        pdf.add_page()
        y = letterhead(pdf, "Schools Receiving Title I Funds") if page == 1 else 50
        for group in runs(rows, "district"):
            district = group[0]["district"]
            if district != before:
                before = district
                pdf.set_font(style="B")
                pdf.text(54, y + 16, f"{district} ({every.count(district)})")
                pdf.set_font(style="")
                y += 18
            for row in group:
                pdf.text(76, y + 12, row["name"])
                y += 13.5
        footer(pdf, right=f"Page {page} of {len(pages)}")
    write(pdf, path)
