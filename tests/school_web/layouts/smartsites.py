"""ParentSquare Smart Sites: stacked cards whose message button carries the address in base64."""

from __future__ import annotations

import base64
from html import escape

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu, school_json_ld
from tests.school_web.people import Person

ROBOTS = ("Disallow: /includes/",)


def staff_path(site: SchoolSite) -> str:
    """Pages have numbers; some sites add the name."""
    return site.path(f"{435400 + site.index}_2" if site.index % 2 else "staff")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    head = '<link rel="stylesheet" href="/includes/themes/smartsites.css">\n'
    head += f'<meta property="og:site_name" content="{escape(school.name)}">\n'
    if site.index % 2:
        head += school_json_ld(site)
    return document(
        f"{school.name} | {title}",
        f'<div class="ss-header"><img src="/Pictures/logo.png" alt="{escape(school.name)} logo">'
        f'<span class="ss-phone">{escape(school.phone)}</span></div>\n'
        f'<nav class="navbar ss-nav">{menu(site.menu, "nav navbar-nav", "dropdown-menu")}</nav>\n'
        f'<div class="container" id="page-content"><h2 class="page-heading">{escape(title)}</h2>\n{body}</div>\n'
        f"{footer(site, 'ss-footer')}<p>Powered by {link('/includes/about', 'Smart Sites')}</p>",
        head,
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """One page of cards."""
    cards = [_card(site, person) for person in site.school.staff]
    for title, _ in site.school.vacancies:
        cards.append(_item(site, "TBA", title, ""))
    body = f'<div class="staff-list stack-directory">\n{"".join(cards)}</div>\n'
    return [Page(staff_path(site), frame(site, "Our Staff", body))]


def _card(site: SchoolSite, person: Person) -> str:
    phone = f'<div class="capt">{escape(person.phone)}</div>' if person.phone else ""
    button = ""
    if person.email:
        hidden = base64.b64encode(person.email.encode()).decode()
        button = (
            f'<button class="btn btn-default react-staff-msg" aria-label="Send Message to {escape(person.name)}" '
            f'data-staff-name="{escape(person.name)}" data-recipient-id="" data-staff-email="{hidden}">'
            '<i class="fa-solid fa-paper-plane" aria-hidden="true"></i> Send Message</button>'
        )
    return _item(site, person.name, person.title, phone + button)


def _item(site: SchoolSite, name: str, title: str, contact: str) -> str:
    return (
        '<div class="staff-item"><div class="staff-image">'
        '<img src="/Pictures/Circle.png" alt="" class="directory-staff-round-image"></div>\n'
        f'<div class="stack-directory-name">\n{escape(name)}\n</div>\n'
        f'<div class="capt stack-directory-title">{escape(title)}</div>\n'
        f'<div class="capt stack-directory-title">{escape(site.school.name)}</div>\n{contact}</div>\n'
    )
