"""The PDF that the story begins with: a state's list of its Title I schools, as such offices print it.

Section A is a ruled table of schoolwide programs, section B a table of targeted-assistance programs in plain columns.
The bytes depend on the world alone, never on a port or a clock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from tests.school_web.world import SCHOOL_YEAR, STATE_NAME, School, World

_HEADINGS: Final = ("School System", "School Name", "City", "County", "ZIP", "Grades", "Enroll.", "Poverty %", "Status")
_WIDTHS_MM: Final = (46, 58, 30, 26, 15, 16, 15, 18, 32)
_GAP_MM: Final = 2.0
_CREATED: Final = datetime(2026, 8, 14, 9, 30, tzinfo=UTC)


class _StateList(FPDF):
    """A page with the office's heading and its "Page n of m"."""

    def header(self) -> None:
        self.set_font("helvetica", "B", 13)
        self.cell(0, 6, f"{STATE_NAME} Department of Education", align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font("helvetica", "", 10.5)
        title = f"Title I, Part A Schools, School Year {SCHOOL_YEAR}"
        self.cell(0, 6, title, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(2)

    def footer(self) -> None:
        self.set_y(-13)
        self.set_font("helvetica", "", 8)
        self.cell(0, 5, f"Office of Federal Programs    Page {self.page_no()} of {{nb}}", align="C")


def title1_list(world: World) -> bytes:
    """The list of a world's schools as PDF."""
    pdf = _StateList(orientation="landscape", unit="mm", format="letter")
    pdf.set_creation_date(_CREATED)
    pdf.set_title(f"{STATE_NAME} Title I, Part A Schools {SCHOOL_YEAR}")
    pdf.set_author(f"{STATE_NAME} Department of Education")
    pdf.set_margins(11.7, 10, 11.7)
    pdf.set_auto_page_break(auto=True, margin=16)
    ordered = sorted(
        world.schools, key=lambda school: (world.district(school.district).printed_name, school.printed_name)
    )
    pdf.add_page()
    _note(pdf)
    _ruled(pdf, world, [school for school in ordered if school.status == "Schoolwide"])
    pdf.add_page()
    _plain(pdf, world, [school for school in ordered if school.status != "Schoolwide"])
    _legend(pdf, world)
    return bytes(pdf.output())


def _cells(world: World, school: School) -> tuple[str, ...]:
    return (
        world.district(school.district).printed_name,
        school.printed_name,
        school.place.city,
        school.place.county,
        school.place.zip,
        f"{school.grades[0]}-{school.grades[1]}",
        f"{school.enrollment:,}",
        f"{school.poverty_pct:.1f}%",
        school.status,
    )


def _note(pdf: FPDF) -> None:
    pdf.set_font("helvetica", "", 9)
    text = (
        "Schools receive Title I, Part A funds on the basis of the share of children from low-income families. "
        "This list was approved in August and may change after the October count."
    )
    pdf.multi_cell(0, 4.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1)
    _section(pdf, "Section A. Schoolwide Programs")


def _section(pdf: FPDF, title: str) -> None:
    pdf.set_font("helvetica", "B", 10)
    pdf.cell(0, 6, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _ruled(pdf: FPDF, world: World, schools: list[School]) -> None:
    """A grid; the table repeats its headings on each page."""
    pdf.set_font("helvetica", "", 9)
    style = FontFace(emphasis="BOLD", fill_color=(221, 230, 241))
    with pdf.table(
        col_widths=_WIDTHS_MM,
        headings_style=style,
        line_height=4.6,
        padding=0.7,
        text_align="LEFT",
        width=sum(_WIDTHS_MM),
    ) as table:
        table.row(_HEADINGS)
        for school in schools:
            table.row(_cells(world, school))


def _plain(pdf: FPDF, world: World, schools: list[School]) -> None:
    """Columns held together by white space; a long name goes on below itself."""
    _section(pdf, "Section B. Targeted Assistance Programs")
    _plain_headings(pdf)
    for school in schools:
        columns = [_wrapped(pdf, text, width) for text, width in zip(_cells(world, school), _WIDTHS_MM, strict=True)]
        height = 4.2 * max(len(lines) for lines in columns) + 2.2
        if pdf.get_y() + height > pdf.page_break_trigger:
            pdf.add_page()
            _plain_headings(pdf)
        _plain_row(pdf, columns)
        pdf.set_y(pdf.get_y() + height)


def _plain_headings(pdf: FPDF) -> None:
    pdf.set_font("helvetica", "B", 9)
    _plain_row(pdf, [[heading] for heading in _HEADINGS])
    pdf.set_y(pdf.get_y() + 5)
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.l_margin + sum(_WIDTHS_MM), pdf.get_y())
    pdf.set_y(pdf.get_y() + 1.5)
    pdf.set_font("helvetica", "", 9)


def _plain_row(pdf: FPDF, columns: list[list[str]]) -> None:
    left, top = pdf.l_margin, pdf.get_y()
    for lines, width in zip(columns, _WIDTHS_MM, strict=True):
        for number, line in enumerate(lines):
            pdf.set_xy(left, top + 4.2 * number)
            pdf.cell(width - _GAP_MM, 4.2, line)
        left += width
    pdf.set_xy(pdf.l_margin, top)


def _wrapped(pdf: FPDF, text: str, width: float) -> list[str]:
    """The text in lines that fit a column."""
    lines: list[str] = []
    for word in text.split():
        if lines and pdf.get_string_width(f"{lines[-1]} {word}") <= width - _GAP_MM - 2 * pdf.c_margin:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _legend(pdf: FPDF, world: World) -> None:
    pdf.ln(4)
    pdf.set_font("helvetica", "I", 8.5)
    text = (
        f"Total schools: {len(world.schools)}. Schoolwide: at least 40 percent of enrolled children are "
        "from low-income "
        "families, or a waiver was granted. Targeted Assistance: services go to eligible children only. "
        "Poverty % is the share of directly certified children times 1.6, not more than 100."
    )
    pdf.multi_cell(0, 4.2, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
