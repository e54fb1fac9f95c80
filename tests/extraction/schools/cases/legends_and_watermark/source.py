"""A watermark across the page, a legend, footnotes, page numbers and "continued" lines around the table."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, Style, draw_table, footer, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("Dist #", 40, "{state_district_id}"),
    Column("District", 150, "{district}"),
    Column("Sch #", 40, "{state_school_id}"),
    Column("School", 190, "{name}"),
    Column("Prog", 40, "{title1_status}"),
    Column("% Low Inc", 60, "{low_income_pct}", "right"),
)
NOTES = (
    "SW = Schoolwide Program     TA = Targeted Assistance Program",
    "1  Low-income counts are those of the third Friday in September and include students of all schools.",
    "2  A district with fewer than 1,000 students in all of its schools need not rank them (ESEA section 1113).",
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    pages = truth(__file__)
    for page, rows in pages.items():
        pdf.add_page()
        pdf.set_text_color(210)
        pdf.set_font(style="B", size=120)
        with pdf.rotation(45, pdf.w / 2, pdf.h / 2):
            pdf.text(pdf.w / 2 - 190, pdf.h / 2 + 40, "DRAFT")
        pdf.set_text_color(0)
        pdf.set_font(style="", size=8)
        top = letterhead(pdf, "Wisconsin Title I Schools", "Preliminary - subject to change")
        if page > 1:
            pdf.text(40, top, "(continued from previous page)")
        y = draw_table(pdf, COLUMNS, rows, top=top + 8, left=40, style=Style(lines="none"))
        if page < len(pages):
            pdf.text(420, y + 10, "(continued on next page)")
        for number, note in enumerate(NOTES):
            pdf.text(40, y + 26 + 10 * number, note)
        footer(pdf, "Title I, Part A", f"Page {page} of {len(pages)}", "Printed 11/03/2025 9:14 AM")
    write(pdf, path)
