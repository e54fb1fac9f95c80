"""Foxbright: entries with building and position, a search form above, and those who retired below."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Entry, Page, SchoolSite, document, footer, link, menu, school_json_ld

ROBOTS = ("Disallow: /Admin/", "Disallow: /Core/", "Allow: /downloads/")


def staff_path(site: SchoolSite) -> str:
    """A named page."""
    return site.path("our-school/staff-directory/")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    return document(
        f"{title} - {school.name}",
        f'<div class="fbcms_wrapper"><div class="fbcms_header">{link(site.path(), school.name, "logo")}</div>\n'
        f'<nav class="fbcms_nav">{menu(site.menu, "mainnav", "subnav")}</nav>\n'
        f'<div class="fbcms_content"><h1>{escape(title)}</h1>\n{body}</div>\n{footer(site, "fbcms_footer")}</div>',
        school_json_ld(site) if site.index % 2 == 0 else "",
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """One page."""
    entries = "".join(map(_entry, site.entries))
    vacant = "".join(_item("To Be Determined", site.school.name, title, "") for title, _ in site.school.vacancies)
    retired = "".join(f"<li>{escape(person.name)}, retired 2019</li>\n" for person in site.school.strangers[20:24])
    body = (
        '<form method="post"><input type="hidden" name="FromStaffSearchPage" value="true">'
        '<select name="BuildingId"><option>All buildings</option></select></form>\n'
        f'<div class="fbcms_stafflist">{entries}{vacant}</div>\n<h2>Retirees</h2>\n<ul>{retired}</ul>\n'
    )
    return [Page(staff_path(site), frame(site, "Staff Directory", body))]


def _entry(entry: Entry) -> str:
    person = entry.person
    contact = f'<div class="row4 phone">{escape(person.phone)}</div>' if person.phone else ""
    if person.email:
        contact += f'<div class="row5 email"><a href="mailto:{escape(person.email)}">{escape(person.email)}</a></div>'
    return _item(person.name, entry.location, person.title, contact)


def _item(name: str, building: str, position: str, contact: str) -> str:
    return (
        f'<div class="fbcms_staffentry"><div class="fbcms_staffinfo"><div class="name">{escape(name)}</div>'
        f'<div class="row2 building">{escape(building)}</div><div class="row3 position">{escape(position)}</div>'
        f"{contact}</div></div>\n"
    )
