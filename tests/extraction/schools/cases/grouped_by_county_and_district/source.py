"""Two levels of headings, county and district with its code, which hold on over the page break."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_head, draw_table, letterhead, runs, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School Building", 240, "{name}"),
    Column("SWP/TAS", 80, "{title1_status}"),
    Column("Enrollment", 60, "{enrollment}", "right"),
)
STYLE = Style(lines="none", padding=1.5)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    county = district = ""
    for rows in truth(__file__).values():
        pdf.add_page()
        top = letterhead(pdf, "Title I Buildings", "by County and District")
        y = draw_head(pdf, COLUMNS, top=top, left=80, style=STYLE)
        for group in runs(rows, "district"):
            first = group[0]
            if first["county"] != county:
                county = first["county"]
                y += 18
                pdf.set_font(style="B", size=11)
                pdf.text(40, y, f"County: {county}")
                pdf.set_font(style="", size=9)
            if first["district"] != district:
                district = first["district"]
                y += 15
                pdf.set_font(style="B")
                pdf.text(60, y, f"District: {first['state_district_id']} {district}")
                pdf.set_font(style="")
                y += 4
            y = draw_table(pdf, COLUMNS, group, top=y, left=80, style=STYLE, head=False)
    write(pdf, path)
