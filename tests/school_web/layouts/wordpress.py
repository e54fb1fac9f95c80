"""WordPress with TablePress: one table, a row for each initial letter, titles in italics, plain mailto links."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Entry, Page, SchoolSite, document, footer, link, menu, school_json_ld

ROBOTS = ("Disallow: /wp-admin/", "Allow: /wp-admin/admin-ajax.php")


def staff_path(site: SchoolSite) -> str:
    """A page by its slug."""
    return site.path(("staff-directory/", "our-faculty-staff/", "about/meet-our-team/")[site.index % 3])


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    head = '<meta name="generator" content="WordPress 6.9">\n<link rel="stylesheet" href="/wp-content/style.css">\n'
    if site.index % 2:
        head += school_json_ld(site)
    return document(
        f"{title} – {school.name}",
        f'<div id="page" class="site"><header id="masthead"><p class="site-title">{link(site.path(), school.name)}</p>'
        f'<p class="site-description">Home of the {escape(school.mascot)}</p></header>\n'
        f'<nav id="site-navigation" class="main-navigation">{menu(site.menu, "menu nav-menu", "sub-menu")}</nav>\n'
        f'<main id="primary"><article><h1 class="entry-title">{escape(title)}</h1>'
        f'\n<div class="entry-content">\n{body}</div>'
        f"</article></main>\n{footer(site, 'site-footer')}</div>",
        head,
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """The table, sorted by last name."""
    rows: list[str] = []
    letter = ""
    # Where several schools share the list, a column says who works where.
    blank = ("", "") if site.listed else ("",)
    fifth = '<th class="column-5">School</th>' if site.listed else ""
    for entry in sorted(site.entries, key=lambda entry: (entry.person.last, entry.person.first)):
        if entry.person.last[0] != letter:
            letter = entry.person.last[0]
            rows.append(_row((f"<strong>{escape(letter)}</strong>", "", "", *blank)))
        rows.append(_person(site, entry))
    for title, _ in site.school.vacancies:
        rows.append(_row(("To Be Announced", f"<i>{escape(title)}</i>", "", *blank)))
    table = 60 + site.index
    body = (
        f'<table id="tablepress-{table}" class="tablepress tablepress-id-{table}">\n<thead>\n<tr class="row-1">'
        '<th class="column-1">Name</th><th class="column-2">Position</th><th class="column-3">Phone</th>'
        f'<th class="column-4">Email</th>{fifth}</tr>\n</thead>\n<tbody class="row-striping">'
        f"\n{''.join(rows)}</tbody></table>\n"
    )
    return [Page(staff_path(site), frame(site, "Staff Directory", body))]


def _person(site: SchoolSite, entry: Entry) -> str:
    person = entry.person
    phone = person.phone or ""
    if person.extension:
        phone = f"{phone or site.school.phone}, ext. {person.extension}"
    email = ""
    if person.email:
        shown = person.email if site.index % 2 else "Send e-mail"
        email = f'<a href="mailto:{escape(person.email)}">{escape(shown)}</a>'
    location = (escape(entry.location),) if site.listed else ()
    return _row((escape(person.formal), f"<i>{escape(person.title)}</i>", escape(phone), email, *location))


def _row(cells: tuple[str, ...]) -> str:
    columns = "".join(f'<td class="column-{number}">{cell}</td>' for number, cell in enumerate(cells, 1))
    return f"<tr>{columns}</tr>\n"
