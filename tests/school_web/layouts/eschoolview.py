"""eSchoolView: "Last, First" in spans, a form instead of an address, and below, the officers of the parents."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu, paragraphs
from tests.school_web.people import Person

ROBOTS: tuple[str, ...] = ()
_OFFICES = ("President", "Vice President", "Secretary", "Treasurer", "Historian")


def staff_path(site: SchoolSite) -> str:
    """A search that finds everybody."""
    return site.path(f"school_staff.aspx?action=search&location={40 + site.index}&department=0")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system; its menu opens into columns."""
    school = site.school
    return document(
        f"{title} : {school.name}",
        f'<div id="sv-wrap"><div class="svHeader"><h1>{link(site.path(), school.name)}</h1></div>\n'
        f'<div class="svMegaMenu">{menu(site.menu, "mega", "megaColumn")}</div>\n'
        f'<div class="svContent"><h2>{escape(title)}</h2>\n{body}</div>\n{footer(site, "svFooter")}</div>',
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """The list, and a form for each person."""
    people = sorted(site.school.staff, key=lambda person: (person.last, person.first))
    rows = [_row(site, number, person) for number, person in enumerate(people, 1)]
    rows += [
        f'<div class="scRow"><span class="scName">OPEN POSITION</span><span class="scTitle">{escape(title)}</span>'
        "</div>\n"
        for title, _ in site.school.vacancies
    ]
    officers = "".join(
        f'<div class="scRow"><span class="scName">{escape(person.inverted)}</span>'
        f'<span class="scTitle">{office}</span></div>\n'
        for person, office in zip(site.school.council, _OFFICES, strict=True)
    )
    body = f'<div class="scList">{"".join(rows)}</div>\n<h3>PTO Officers</h3>\n<div class="scList">{officers}</div>\n'
    forms = [
        Page(_form(site, number), frame(site, "Contact", paragraphs(f"Write to {person.name}") + _FIELDS))
        for number, person in enumerate(people, 1)
    ]
    return [Page(staff_path(site), frame(site, "Staff Directory", body)), *forms]


_FIELDS = '<form method="post"><textarea name="message"></textarea><input type="submit" value="Send"></form>\n'


def _form(site: SchoolSite, number: int) -> str:
    return site.path(f"email_form.aspx?staff={100 * site.index + number}")


def _row(site: SchoolSite, number: int, person: Person) -> str:
    extension = f'<span class="scPhone">x{escape(person.extension)}</span>' if person.extension else ""
    return (
        f'<div class="scRow"><span class="scName">{escape(person.inverted)}</span>'
        f'<span class="scTitle">{escape(person.title)}</span>{extension}'
        f"{link(_form(site, number), 'E-mail', 'scEmail')}</div>\n"
    )
