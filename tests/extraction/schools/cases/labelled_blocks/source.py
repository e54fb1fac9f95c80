"""A profile of each school: every value stands behind its label."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import letterhead, truth
from tests.extraction.schools.papers import paper, write

LINES = (
    (("School:", "{name}"), ("Grades:", "{grade_span}")),
    (("District:", "{district}"), ("County:", "{county}")),
    (("Address:", "{address}"), ("Enrollment:", "{enrollment}")),
    (("City, State, Zip:", "{city}, {state} {zip}"), ("Title I Status:", "{title1_status}")),
    (("Phone:", "{phone}"),),
)


def draw(path: Path) -> None:
    pdf = paper(size=9)
    for rows in truth(__file__).values():
        pdf.add_page()
        y = letterhead(pdf, "Title I School Profiles") + 10
        for row in rows:
            for line, pairs in enumerate(LINES):
                for (label, value), x in zip(pairs, (50, 360), strict=False):
                    pdf.set_font(style="B")
                    pdf.text(x, y + 12 * line, label)
                    pdf.set_font(style="")
                    pdf.text(x + 80, y + 12 * line, value.format_map(row))
            y += 76
            pdf.line(50, y - 16, 560, y - 16)
    write(pdf, path)
