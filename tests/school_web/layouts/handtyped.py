"""Pages typed by hand, in three manners: a table by grade, paragraphs under headings, a list by last name."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu, school_json_ld
from tests.school_web.people import Person
from tests.school_web.world import School

ROBOTS: tuple[str, ...] = ()


def staff_path(site: SchoolSite) -> str:
    """A file somebody named."""
    return site.path(("faculty.html", "staff.htm", "teachers-and-staff.html")[site.index % 3])


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page of old-fashioned HTML."""
    school = site.school
    head = school_json_ld(site) if site.index % 4 == 0 else ""
    return document(
        f"{school.name}: {title}",
        f'<table width="100%" class="layout"><tr><td colspan="2"><h1>{link(site.path(), school.name)}</h1>'
        f"<p>{escape(school.place.street)}, {escape(school.place.line)}<br>"
        f"Telephone {escape(school.phone)}</p></td></tr>\n"
        f'<tr><td valign="top" width="160">{menu(site.menu, "nav", "subnav")}</td>'
        f'<td valign="top"><h2>{escape(title)}</h2>\n{body}</td></tr></table>\n{footer(site, "foot")}',
        head,
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """One page, in the manner of this school; where schools share it, a part for each under its name."""
    manner = (_by_grade, _under_headings, _by_last_name)[site.index % 3]
    parts = [f"<h2>{escape(school.name)}</h2>\n{manner(school)}" for school in site.lodgers]
    return [Page(staff_path(site), frame(site, "Faculty & Staff", "".join(parts) or manner(site.school)))]


def _by_grade(school: School) -> str:
    rows = ["<tr><th>Teacher/Staff Member</th><th>Grade/Position</th><th>Room/EXT</th><th>E-Mail</th></tr>\n"]
    for person in school.staff:
        place = person.room or (f"EXT {person.extension}" if person.extension else "")
        email = f'<a href="mailto:{escape(person.email)}">{escape(person.email)}</a>' if person.email else ""
        rows.append(
            f"<tr><td>{escape(f'{person.honorific} {person.name}')}</td><td>{escape(person.title)}</td>"
            f"<td>{escape(place)}</td><td>{email}</td></tr>\n"
        )
    for title, _ in school.vacancies:
        rows.append(f"<tr><td>Vacant</td><td>{escape(title)}</td><td></td><td></td></tr>\n")
    return f'<table border="1" cellpadding="4">\n{"".join(rows)}</table>\n'


def _under_headings(school: School) -> str:
    departments: dict[str, list[Person]] = {}
    for person in school.staff:
        departments.setdefault(person.department, []).append(person)
    blocks: list[str] = []
    for department, members in departments.items():
        blocks.append(f"<h3>{escape(department)}</h3>\n")
        blocks += [f"<p>{_paragraph(person)}</p>\n" for person in members]
    return "".join(blocks)


def _paragraph(person: Person) -> str:
    lines = [f"<strong>{escape(person.formal)}</strong>", escape(person.title)]
    if person.phone:
        lines.append(escape(f"{person.phone} ext. {person.extension}" if person.extension else person.phone))
    if person.email:
        lines.append(escape(person.email.replace("@", " [at] ")))
    return "<br>\n".join(lines)


def _by_last_name(school: School) -> str:
    items: list[str] = []
    for person in sorted(school.staff, key=lambda person: (person.last, person.first)):
        parts = [escape(person.inverted), escape(person.title)]
        if person.extension:
            parts.append(f"ext. {escape(person.extension)}")
        if person.email:
            parts.append(f'<a href="mailto:{escape(person.email)}">{escape(person.email)}</a>')
        items.append(f"<li>{' – '.join(parts)}</li>\n")
    return f"<ul>\n{''.join(items)}</ul>\n"
