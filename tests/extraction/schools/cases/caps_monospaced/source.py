"""A report in capitals and fixed pitch, whose codes join county, district and school ("12-34-567")."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import truth
from tests.extraction.schools.papers import paper, write

LINE = "{state_school_id:<12}{name:<41}{district:<37}{city:<20}{title1_status:<5}{enrollment:>7}"
HEADER = LINE.format(
    state_school_id="SCHOOL NO",
    name="SCHOOL NAME",
    district="SYSTEM NAME",
    city="CITY",
    title1_status="TYPE",
    enrollment="ENROLL",
)


def draw(path: Path) -> None:
    pdf = paper(landscape=True, font="courier", size=9)
    for page, rows in truth(__file__).items():
        pdf.add_page()
        title = f"11/03/25{'TITLE I SCHOOL SITES - FISCAL YEAR 2026':^80}{'PAGE':>16}{page:>4}"
        lines = [title, "", HEADER, "", *(LINE.format(**row) for row in rows)]
        for number, line in enumerate(lines):
            pdf.text(48, 36 + 11 * number, line)
    write(pdf, path)
