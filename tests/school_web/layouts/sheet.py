"""Presence sites whose staff list is a published spreadsheet on another host, shown in a frame."""

from __future__ import annotations

import csv
import io
import zlib
from html import escape

from tests.school_web.layouts import presence
from tests.school_web.markup import Page, SchoolSite, document
from tests.school_web.people import Person
from tests.school_web.world import DOCS_HOST

ROBOTS = presence.ROBOTS
_HEADINGS = ("First Name", "Last Name", "Job Title", "Email", "Extension")

frame = presence.frame


def staff_path(site: SchoolSite) -> str:
    """A page of its own."""
    return site.path("staff")


def staff_pages(site: SchoolSite) -> list[Page]:
    """The page with the frame."""
    address = site.url(DOCS_HOST, f"{_sheet_path(site)}/pubhtml?widget=true&headers=false")
    body = f'<iframe src="{escape(address)}" width="100%" height="900" title="Staff Directory"></iframe>\n'
    return [Page(staff_path(site), frame(site, "Staff Directory", body))]


def sheet_pages(site: SchoolSite) -> list[Page]:
    """The spreadsheet on the other host, as a page and as CSV."""
    rows = [_HEADINGS, *map(_cells, site.school.staff)]
    rows += [("VACANT", "", title, "", "") for title, _ in site.school.vacancies]
    letters = "".join(f'<th class="column-headers-background">{letter}</th>' for letter in "ABCDE")
    lines = "".join(_line(number, row) for number, row in enumerate(rows, 1))
    table = f'<table class="waffle"><thead><tr><th></th>{letters}</tr></thead><tbody>\n{lines}</tbody></table>\n'
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return [
        Page(f"{_sheet_path(site)}/pubhtml", document("Staff Directory - Sheets", table)),
        Page(f"{_sheet_path(site)}/pub?output=csv", text.getvalue(), "text/csv"),
    ]


def _line(number: int, row: tuple[str, ...]) -> str:
    cells = "".join(f'<td class="s0" dir="ltr">{escape(cell)}</td>' for cell in row)
    return f'<tr><th class="row-headers-background">{number}</th>{cells}</tr>\n'


def _sheet_path(site: SchoolSite) -> str:
    number = zlib.crc32(site.school.key.encode())
    return f"/spreadsheets/d/e/2PACX-1v{number:08x}{site.index:04d}"


def _cells(person: Person) -> tuple[str, ...]:
    first = f"{person.first} {person.middle}".strip()
    return (first, person.last, person.title, person.email or "", person.extension or "")
