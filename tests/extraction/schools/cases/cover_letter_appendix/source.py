"""A cover page and a letter before the list, and after it a table of money by district, without schools."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, runs, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("School System", 150, "{district}"),
    Column("School", 180, "{name}"),
    Column("City", 80, "{city}"),
    Column("Title I Status", 90, "{title1_status}"),
    Column("% Poverty", 50, "{low_income_pct}", "right"),
)
MONEY = (
    Column("School System", 200, "{district}"),
    Column("Schools", 60, "{schools}", "right"),
    Column("FY 2026 Allocation", 100, "{allocation}", "right"),
)
LETTER = (
    "November 3, 2025",
    "",
    "Dear Superintendents and Federal Programs Coordinators:",
    "",
    "Title I, Part A of the Elementary and Secondary Education Act gives financial assistance to school systems",
    "with high numbers or high percentages of children from low-income families. The list that follows names every",
    "school that takes part in the 2025-2026 school year, with its program type and its poverty percentage.",
    "",
    "Schools whose percentage is at least 40 may run a schoolwide program. Questions about the list may be sent to",
    "the Federal Programs Section. An appendix gives the preliminary allocation of each school system.",
    "",
    "Sincerely,",
    "",
    "Federal Programs Section",
    "50 North Ripley Street",
    "Montgomery, Alabama 36104",
    "Telephone: (334) 555-0199",
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    _draw_front(pdf)
    pages = truth(__file__)
    for rows in pages.values():
        pdf.add_page()
        draw_table(pdf, COLUMNS, rows, top=letterhead(pdf, "Title I Schools"))
    districts = [
        {**group[0], "schools": str(len(group))} for group in runs(chain.from_iterable(pages.values()), "district")
    ]
    pdf.add_page()
    draw_table(pdf, MONEY, districts, top=letterhead(pdf, "Appendix A", "Allocations by School System"))
    write(pdf, path)


def _draw_front(pdf: FPDF) -> None:
    pdf.add_page()
    letterhead(pdf, "Title I, Part A", "School Listing", "2025-2026", "Alabama State Department of Education", top=280)
    pdf.add_page()
    pdf.set_font("times", size=11)
    for number, line in enumerate(LETTER):
        pdf.text(72, 90 + 15 * number, line)
    pdf.set_font("helvetica", size=8)
