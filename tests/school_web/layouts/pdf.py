"""Hand-typed pages whose staff list is a document: the page holds a link to a PDF."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from fpdf import FPDF

from tests.school_web.layouts import handtyped
from tests.school_web.markup import Page, SchoolSite, link

ROBOTS: tuple[str, ...] = ()
_HEADINGS: Final = ("Name", "Position", "Ext.", "E-mail")
_WIDTHS_MM: Final = (48, 52, 12, 83)
_CREATED: Final = datetime(2026, 8, 3, 8, 0, tzinfo=UTC)

frame = handtyped.frame


def staff_path(site: SchoolSite) -> str:
    """A page that says where the document is."""
    return site.path("staff")


def staff_pages(site: SchoolSite) -> list[Page]:
    """The page and the document."""
    body = f"<p>Our {link(_document_path(site), 'Staff Directory 2026-2027 (PDF)')} is revised every August.</p>\n"
    return [
        Page(staff_path(site), frame(site, "Faculty & Staff", body)),
        Page(_document_path(site), "", "application/pdf", _document(site)),
    ]


def _document_path(site: SchoolSite) -> str:
    return site.path("documents/staff-directory-2026-2027.pdf")


def _document(site: SchoolSite) -> bytes:
    """A ruled table, sorted by last name."""
    school = site.school
    document = FPDF(unit="mm", format="letter")
    document.set_creation_date(_CREATED)
    document.set_title(f"{school.name} Staff Directory")
    document.set_margins(10, 12, 10)
    document.add_page()
    document.set_font("helvetica", "B", 13)
    document.cell(0, 8, f"{school.name} Staff Directory 2026-2027")
    document.ln(10)
    document.set_font("helvetica", "", 8)
    with document.table(col_widths=_WIDTHS_MM, line_height=5, text_align="LEFT") as table:
        table.row(_HEADINGS)
        for person in sorted(school.staff, key=lambda person: (person.last, person.first)):
            table.row((person.inverted, person.title, person.extension or "", person.email or ""))
        for title, _ in school.vacancies:
            table.row(("VACANT", title, "", ""))
    return bytes(document.output())
