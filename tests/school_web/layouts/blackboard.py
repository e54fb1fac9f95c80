"""Blackboard (Schoolwires): staff rows with job and telephone, addresses in ROT13 inside a script."""

from __future__ import annotations

import codecs
from html import escape

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu, school_json_ld
from tests.school_web.people import Person

ROBOTS = ("Disallow: /site/UserControls/", "Disallow: /site/Default.aspx?PageType=6")


def staff_path(site: SchoolSite) -> str:
    """Pages have numbers, not names."""
    return site.path(f"Page/{310 + site.index}")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    head = (
        '<meta name="description" content="">\n<link rel="stylesheet" href="/Static/GlobalAssets/Styles/system.css">\n'
        '<script src="/Static/GlobalAssets/Scripts/sri-failover.min.js"></script>\n'
    )
    if site.index % 3 == 0:
        head += school_json_ld(site)
    return document(
        f"{school.name} / {title}",
        f'<div id="gb-page"><div id="sw-mystart-outer"><a href="#sw-maincontent">Skip to main content</a></div>\n'
        f'<header id="gb-header"><h1>{link(site.path(), school.name)}</h1><p>'
        f"{escape(site.district.name)}</p></header>\n"
        '<div id="gb-channel-list" role="navigation">'
        f"{menu(site.menu, 'sw-channel-list', 'sw-channel-dropdown')}</div>\n"
        f'<div id="sw-content-layout-wrapper" class="ui-widget app"><a id="sw-maincontent"></a>'
        f'<div class="ui-widget-header"><h2>{escape(title)}</h2></div>\n{body}</div>'
        f"\n{footer(site, 'gb-footer')}</div>",
        head,
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """One page with everybody, sorted by last name or grouped by department."""
    people = sorted(site.school.staff, key=lambda person: (person.last, person.first))
    rows = [_row(person, inverted=site.index % 2 == 0) for person in people]
    rows += [_staff("Vacant Position", title, "", "") for title, _ in site.school.vacancies]
    body = (
        f'<div class="ui-widget app staffdirectory" data-pmi="{5100 + site.index}"><div class="ui-widget-detail">\n'
        f"<p>Call the front office at {escape(site.school.phone)} to reach a classroom.</p>\n"
        f'<div class="staffList">\n{"".join(rows)}</div></div></div>\n'
    )
    return [Page(staff_path(site), frame(site, "Faculty & Staff", body))]


def _row(person: Person, *, inverted: bool) -> str:
    phone = f"{person.phone or ''}{f' x{person.extension}' if person.extension else ''}".strip()
    email = ""
    if person.email:
        hidden = codecs.encode(person.email, "rot13")
        email = f"<script type=\"text/javascript\">document.write(swrot13('{hidden}'));</script>"
    return _staff(person.inverted if inverted else person.name, person.title, phone, email)


def _staff(name: str, job: str, phone: str, email: str) -> str:
    return (
        f'<div class="staff"><div class="staffname">{escape(name)}</div>'
        f'<div class="staffjob" data-value="{escape(job)}">{escape(job)}</div>'
        f'<div class="staffphone">{escape(phone)}</div><div class="staffemail">{email}</div></div>\n'
    )
