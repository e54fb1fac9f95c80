"""Google Sites classic: tables for layout, "Last, First" and line breaks, several people a cell, students below."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu, school_json_ld
from tests.school_web.people import Person

ROBOTS = ("Disallow: /system/",)
_PER_CELL = 3


def staff_path(site: SchoolSite) -> str:
    """A page that somebody named."""
    return site.path(("faculty-and-staff", "home/our-teachers", "staff-contacts")[site.index % 3])


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    return document(
        f"{title} - {school.name}",
        f'<table id="sites-chrome-main-wrapper"><tr><td colspan="2"><h2 id="sites-chrome-header">'
        f"{link(site.path(), school.name)}</h2></td></tr>\n"
        f'<tr><td id="sites-chrome-sidebar-left">{menu(site.menu, "sites-navigation", "sites-navigation-sub")}</td>'
        f'<td><h3 id="sites-page-title-header">{escape(title)}</h3>\n<div id="sites-canvas-main-content">{body}</div>'
        f"</td></tr></table>\n{footer(site, 'sites-adminfooter')}",
        school_json_ld(site) if site.index % 2 else "",
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """One page: a table of two columns for each department, then the students who help."""
    departments: dict[str, list[Person]] = {}
    for person in sorted(site.school.staff, key=lambda person: (person.last, person.first)):
        departments.setdefault(person.department, []).append(person)
    parts = [f"<h4>{escape(name)}</h4>\n{_table(members)}" for name, members in departments.items()]
    grade = site.school.grades[1].lstrip("0")
    students = "<br>\n".join(f"{escape(person.inverted)} (Grade {grade})" for person in site.school.strangers[8:14])
    parts.append(f"<h4>Student Ambassadors</h4>\n<div>{students}</div>\n")
    return [Page(staff_path(site), frame(site, "Faculty and Staff", "".join(parts)))]


def _table(members: list[Person]) -> str:
    cells = [
        f'<td class="sites-layout-tile"><div dir="ltr">{"<br><br>".join(map(_person, members[k : k + _PER_CELL]))}'
        "</div></td>"
        for k in range(0, len(members), _PER_CELL)
    ]
    rows = ["".join(cells[k : k + 2]) for k in range(0, len(cells), 2)]
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    return f'<table class="sites-layout-name-two-column sites-layout-hbox">{body}</table>\n'


def _person(person: Person) -> str:
    lines = [f"<b>{escape(person.inverted)}</b>", escape(person.title)]
    if person.extension:
        lines.append(f"ext. {escape(person.extension)}")
    if person.email:
        lines.append(escape(person.email))
    return "<br>".join(lines)
