"""A line printer's report: fixed pitch, a header in two lines over dashes, page headers and footers."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import truth
from tests.extraction.schools.papers import paper, write

LINE = "{:<5}{:<35}{:<5}{:<42}{:>7}{:>7}{:>8}   {}"
FIELDS = (
    *("state_district_id", "district", "state_school_id", "name"),
    *("grade_span", "enrollment", "low_income_pct", "title1_status"),
)
FIRST = ("DIST", "DISTRICT NAME", "SCH", "SCHOOL NAME", "GRADE", "OCT 1", "PCT", "TITLE")
SECOND = ("CODE", "", "CODE", "", "SPAN", "ENR", "FRL", "I")
DASHES = ("-" * 4, "-" * 34, "-" * 4, "-" * 41, "-" * 6, "-" * 6, "-" * 7, "-" * 5)


def draw(path: Path) -> None:
    pdf = paper(landscape=True, font="courier", size=9)
    pages = truth(__file__)
    for page, rows in pages.items():
        pdf.add_page()
        lines = [
            f"REPORT ID: T1A-0417            STATE DEPARTMENT OF EDUCATION{'PAGE':>44} {page:>4}",
            "RUN DATE: 11/03/2025         TITLE I SCHOOLS FOR SCHOOL YEAR 2025-2026",
            "",
            *(LINE.format(*words) for words in (FIRST, SECOND, DASHES)),
        ]
        lines += [LINE.format(*(row[field] for field in FIELDS)) for row in rows]
        if page == len(pages):
            schools = sum(len(rows) for rows in pages.values())
            lines += ["", f"     TOTAL SCHOOLS: {schools}", "     *** END OF REPORT ***"]
        for number, line in enumerate(lines):
            pdf.text(48, 40 + 11 * number, line)
    write(pdf, path)
