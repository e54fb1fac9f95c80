"""Lists of schools on paper: PDFs as agencies make them, from rows that a test gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF

Row = Sequence[str]

HEADER = ("District", "School Name", "City", "ZIP", "Title I Status", "Enrollment")
WIDTHS = (120, 160, 80, 50, 90, 60)
SCHOOLS: tuple[Row, ...] = (
    ("Cedar Falls Public Schools", "Quillfeather Elementary", "Trenton", "08608", "Schoolwide", "1,024"),
    ("Cedar Falls Public Schools", "Brackenridge Middle School", "Trenton", "08609", "Targeted Assistance", "388"),
    ("Cedar Falls Public Schools", "Dunmarrow High School", "Camden", "08102", "Not Served", "912"),
    ("Harrowgate School District", "P.S. 12", "Newark", "07102", "SW", "45"),
    ("Harrowgate School District", "St. Osric-Vale Academy", "Newark", "07103", "TA", "210"),
)


def paper(*, landscape: bool = False, font: str = "helvetica", size: float = 8) -> FPDF:
    """An empty document in points, whose pages are added by the layouts below."""
    pdf = FPDF("landscape" if landscape else "portrait", "pt", "letter")
    pdf.set_auto_page_break(False)
    pdf.set_font(font, size=size)
    return pdf


def draw_ruled(
    pdf: FPDF,
    header: Row | None,
    rows: Sequence[Row],
    widths: Sequence[float],
    *,
    top: float = 60,
    double: bool = False,
) -> None:
    """A table with a border around each cell; long values wrap inside their cell."""
    pdf.add_page()
    y = top
    for row in [*([header] if header else []), *rows]:
        wrapped = [_wrapped(pdf, text, width - 6) for text, width in zip(row, widths, strict=True)]
        height = 6 + 10 * max(len(lines) for lines in wrapped)
        x = 30.0
        for lines, width in zip(wrapped, widths, strict=True):
            pdf.rect(x, y, width, height)
            if double:
                pdf.rect(x + 1.5, y + 1.5, width - 3, height - 3)
            for number, line in enumerate(lines):
                pdf.text(x + 4, y + 11 + 10 * number, line)
            x += width
        y += height


def draw_plain(
    pdf: FPDF,
    header: Row | None,
    rows: Sequence[Row],
    widths: Sequence[float],
    *,
    top: float = 60,
    right: Sequence[int] = (),
    padding: float = 4,
) -> None:
    """Columns parted by white space; the columns in `right` are flush right; long values wrap."""
    pdf.add_page()
    y = top
    for row in [*([header] if header else []), *rows]:
        wrapped = [_wrapped(pdf, text, width - 12) for text, width in zip(row, widths, strict=True)]
        x = 30.0
        for column, (lines, width) in enumerate(zip(wrapped, widths, strict=True)):
            for number, line in enumerate(lines):
                at = x + width - 12 - pdf.get_string_width(line) if column in right else x
                pdf.text(at, y + 10 * number, line)
            x += width
        y += padding + 10 * max(len(lines) for lines in wrapped)


def write(pdf: FPDF, path: Path) -> Path:
    path.write_bytes(bytes(pdf.output()))
    return path


def _wrapped(pdf: FPDF, text: str, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and pdf.get_string_width(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
