"""SOCS-like: sections whose names stand in the path; the staff list is a page for each department, and the board's too.

How the real system marks its rows was not seen; these rows are invented.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu, school_json_ld
from tests.school_web.people import Person

ROBOTS = (
    "Disallow: /vnews/display.v/search", "Disallow: /vnews/display.v/browse", "Disallow: /vcalendar",
    "Disallow: /survey",
)  # fmt: skip


def staff_path(site: SchoolSite) -> str:
    """The section above all departments."""
    return site.path("vnews/display.v/SEC/Staff")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    return document(
        f"{school.name} - {title}",
        f'<div id="masthead">{link(site.path(), school.name)} <em>{escape(school.mascot)}</em></div>\n'
        f'<div id="menu">{menu(site.menu, "menulist", "submenu")}</div>\n'
        f'<div id="storylist"><h2 class="sectionhead">{escape(title)}</h2>\n{body}</div>\n{footer(site, "bottom")}',
        school_json_ld(site) if site.index % 3 == 0 else "",
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """The section with links to its departments, and their pages."""
    departments: dict[str, list[Person]] = {}
    for person in site.school.staff:
        departments.setdefault(person.department, []).append(person)
    pages = [
        Page(_section(site, name), frame(site, name, "".join(map(_row, members))))
        for name, members in departments.items()
    ]
    board = "".join(_row(person) for person in site.school.council)
    pages.append(Page(_section(site, "Advisory Board"), frame(site, "Advisory Board", board)))
    names = [*departments, "Advisory Board"]
    items = "".join(f"<li>{link(_section(site, name), name)}</li>\n" for name in names)
    return [Page(staff_path(site), frame(site, "Staff", f'<ul class="sections">{items}</ul>\n')), *pages]


def _section(site: SchoolSite, name: str) -> str:
    return f"{staff_path(site)}{quote(f'|{name}')}"


def _row(person: Person) -> str:
    shown = [f"<strong>{escape(person.formal)}</strong>, {escape(person.title)}"]
    if person.extension:
        shown.append(f"Ext. {escape(person.extension)}")
    if person.email:
        shown.append(f'<a href="mailto:{escape(person.email)}">E-mail</a>')
    return f'<div class="story"><p>{" | ".join(shown)}</p></div>\n'
