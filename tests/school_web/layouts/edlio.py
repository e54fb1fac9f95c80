"""Edlio: categories of people with links to their own pages; a form instead of an address."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu, paragraphs, school_json_ld
from tests.school_web.people import Person

ROBOTS = ("Disallow: /apps/search/",)


def staff_path(site: SchoolSite) -> str:
    """The same on every site of the system."""
    return site.path("apps/staff/")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    head = '<meta name="generator" content="Edlio CMS">\n<link rel="stylesheet" href="/apps/webapps/global/site.css">\n'
    if site.index % 2:
        head += school_json_ld(site)
    return document(
        f"{title} – {school.name}",
        f'<header id="header_main"><div class="school-name">{link(site.path(), school.name)}</div>'
        '<div class="school-info">'
        f"{escape(school.place.street)}, {escape(school.place.line)} | {escape(school.phone)}</div>"
        f'</header>\n<nav id="topnav">{menu(site.menu, "nav-menu", "sub-nav")}</nav>\n'
        f'<main id="content_main"><h1 class="pageTitle">{escape(title)}</h1>\n{body}</main>'
        f"\n{footer(site, 'site-footer')}",
        head,
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """The list, and for each person a page of their own and a contact form."""
    categories: dict[str, list[tuple[int, Person]]] = {}
    for number, person in enumerate(site.school.staff):
        categories.setdefault(person.department, []).append((100 * (site.index + 10) + number, person))
    blocks: list[str] = []
    for name, members in categories.items():
        items = "".join(_item(site, record, person) for record, person in members)
        blocks.append(
            f'<div class="staff-category"><div class="staff-header"><h2>{escape(name)}</h2></div>\n'
            f'<ul class="staff-categoryStaffMembers">\n{items}</ul></div>\n'
        )
    listing = Page(staff_path(site), frame(site, "Staff Directory", f'<div id="staff">{"".join(blocks)}</div>\n'))
    pages = [listing]
    for members in categories.values():
        for record, person in members:
            pages += _own_pages(site, record, person)
    return pages


def _item(site: SchoolSite, record: int, person: Person) -> str:
    phone = f"<dd class='user-phone'>Ext. {escape(person.extension)}</dd>" if person.extension else ""
    return (
        '<li class="staff-categoryStaffMember">'
        f'<a href="{escape(site.path(f"apps/pages/index.jsp?uREC_ID={record}&type=u"))}">'
        f"<dl><dt>{escape(person.name)}</dt><dd>{escape(person.title)}</dd>{phone}</dl></a>"
        f"{link(site.path(f'apps/email/index.jsp?uREC_ID={record}'), f'Send email to {person.name}', 'email')}</li>\n"
    )


def _own_pages(site: SchoolSite, record: int, person: Person) -> list[Page]:
    form = f"apps/email/index.jsp?uREC_ID={record}"
    about = (
        f'<div class="staff-profile"><h2 class="user-name">{escape(person.name)}</h2>'
        f'<p class="user-position">{escape(person.title)}</p>{link(site.path(form), "Contact")}</div>\n'
    )
    fields = '<form method="post"><label>Your message<textarea name="message"></textarea></label></form>\n'
    return [
        Page(site.path(f"apps/pages/index.jsp?uREC_ID={record}&type=u"), frame(site, person.name, about)),
        Page(
            site.path(form),
            frame(site, "Contact", paragraphs(f"Write to {person.name}, {person.title}.") + fields),
        ),
    ]
