"""Finalsite: cards of constituents, ten a page, addresses put in by a script with both halves reversed."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Entry, Page, SchoolSite, document, footer, link, menu, school_json_ld

# The list's own data endpoint lies under /fs/; only the numbered pages there may be read.
ROBOTS = ("Allow: /fs/pages/", "Disallow: /fs/", "Disallow: /page.cfm")
_PER_PAGE = 10


def staff_path(site: SchoolSite) -> str:
    """A named page, or on some hosts only a numbered one."""
    if site.school.route == "two_hops" and not site.school.prefix:
        return f"/fs/pages/{1200 + site.index}"
    return site.path("about-us/staff-directory")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    head = '<meta name="generator" content="Finalsite">\n<link rel="stylesheet" href="/uploaded/themes/main.css">\n'
    if site.index % 2 == 0:
        head += school_json_ld(site)
    return document(
        f"{title} - {school.name}",
        f'<div id="fsPageWrapper"><header id="fsHeader"><div class="fsElement fsLogo">{link(site.path(), school.name)}'
        '</div><nav class="fsElement fsNavigation fsList" aria-label="Main">'
        f"{menu(site.menu, 'fsNavLevel1', 'fsNavLevel2')}"
        f'</nav></header>\n<main id="fsPageContent"><h1 class="fsPageTitle">{escape(title)}</h1>\n{body}</main>\n'
        f"{footer(site, 'fsFooter')}</div>",
        head,
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """The directory, paged by `const_page`."""
    cards = [_card(site, number, entry) for number, entry in enumerate(site.entries)]
    for title, _ in site.school.vacancies:
        titles = f"<strong>Titles:</strong> {escape(title)}"
        cards.append(_item(site, len(cards), "Vacant", titles, "", site.school.name))
    path = staff_path(site)
    last = (len(cards) + _PER_PAGE - 1) // _PER_PAGE
    pages: list[Page] = []
    for number in range(1, last + 1):
        shown = cards[(number - 1) * _PER_PAGE : number * _PER_PAGE]
        body = (
            f'<div class="fsElement fsConstituent fsDirectory" id="fsEl_{4000 + site.index}" '
            f'data-loadurl="/fs/elements/{4000 + site.index}?const_page={number}">\n'
            '<form class="fsElementSearch" action="#">'
            '<input name="const_search_keyword" placeholder="Keyword"></form>\n'
            f'<div class="fsElementContent">{"".join(shown)}</div>'
            f"\n{_pagination(path, number, last, len(cards))}</div>\n"
        )
        query = "" if number == 1 else f"?const_page={number}"
        pages.append(Page(f"{path}{query}", frame(site, "Staff Directory", body)))
    return pages


def _card(site: SchoolSite, number: int, entry: Entry) -> str:
    person = entry.person
    titles = f"<strong>Titles:</strong> {escape(person.title)}"
    contact = f'<div class="fsDepartments"><strong>Departments:</strong> {escape(person.department)}</div>\n'
    if person.email:
        contact += _email(f"fsEmail-{4000 + site.index}-{7000 + number}-directory", person.email)
    if person.phone:
        shown = f"{person.phone} ext. {person.extension}" if person.extension else person.phone
        contact += f'<div class="fsPhones"><a href="tel:{escape(person.phone)}">{escape(shown)}</a></div>\n'
    return _item(site, number, person.name, titles, contact, entry.location)


def _item(site: SchoolSite, number: int, name: str, titles: str, contact: str, location: str) -> str:
    return (
        f'<div class="fsConstituentItem fsHasPhoto" data-constituent-id="{7000 + number}">\n'
        f'<h3 class="fsFullName"><a class="fsConstituentProfileLink" data-constituent-id="{7000 + number}" '
        f'href="#" id="fsProfile-{site.index}-{number}">{escape(name)}</a></h3>\n'
        f'<div class="fsTitles">{titles}</div>\n{contact}'
        f'<div class="fsLocations"><strong>Locations:</strong> {escape(location)}</div></div>\n'
    )


def _email(element: str, email: str) -> str:
    user, domain = email.split("@")
    return (
        f'<div class="fsEmail"><strong>Email: </strong><div id="{element}"><script type="text/javascript">'
        f'setTimeout(function(){{ FS.util.insertEmail("{element}", "{domain[::-1]}", "{user[::-1]}", true); }}, 20);'
        "</script></div></div>\n"
    )


def _pagination(path: str, number: int, last: int, total: int) -> str:
    if last == 1:
        return ""
    first_shown = (number - 1) * _PER_PAGE + 1
    links = [
        f'<a class="fsPageLink{" fsCurrentPage" if page == number else ""}" data-page="{page}" '
        f'href="{escape(path)}?const_page={page}">{page}</a>'
        for page in range(1, last + 1)
    ]
    if number < last:
        links.append(
            f'<a class="fsNextPageLink" data-page="{number + 1}" href="{escape(path)}?const_page={number + 1}" '
            'aria-label="Next page">&gt;</a>'
        )
    return (
        f'<div class="fsPagination" role="navigation"><span class="fsPaginationLabel">showing {first_shown} - '
        f"{min(number * _PER_PAGE, total)} of {total} constituents</span>{''.join(links)}</div>\n"
    )
