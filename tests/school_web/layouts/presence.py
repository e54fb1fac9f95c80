"""Presence: a pasted spreadsheet, name in three columns, addresses hidden by Cloudflare."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu, school_json_ld
from tests.school_web.people import Person

ROBOTS = ("Disallow: /cdn-cgi/",)


def staff_path(site: SchoolSite) -> str:
    """A page of its own."""
    return site.path("staff" if site.index % 2 else "directory/faculty-staff")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    head = '<meta name="generator" content="Presence">\n'
    if site.index % 2 == 0:
        head += school_json_ld(site)
    return document(
        f"{title} | {school.name}",
        f'<div class="presence-site"><header class="site-header">{link(site.path(), school.name, "brand")}'
        "<address>"
        f"{escape(school.place.street)} • {escape(school.place.line)} • {escape(school.phone)}</address></header>\n"
        f'<nav class="main-nav">{menu(site.menu, "menu", "submenu")}</nav>\n'
        f'<div class="content-block"><h1>{escape(title)}</h1>\n{body}</div>\n{footer(site, "site-footer")}</div>\n'
        '<script data-cfasync="false" src="/cdn-cgi/scripts/5c5dd728/cloudflare-static/email-decode.min.js"></script>',
        head,
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """The sheet as a table without header cells: the first row is bold text."""
    heading = ("", "First Name", "Last Name", "Position", "E-mail", "Ext.")
    rows = [_row([f"<b>{escape(word)}</b>" for word in heading])]
    rows += [_person(index, person) for index, person in enumerate(site.school.staff)]
    rows += [_row(["", "Vacant", "", escape(title), "", ""]) for title, _ in site.school.vacancies]
    body = (
        '<table border="0" cellpadding="0" cellspacing="0" width="690" style="border-collapse: collapse">\n'
        f'<colgroup><col width="42"><col width="96"></colgroup><tbody>\n{"".join(rows)}</tbody></table>\n'
    )
    return [Page(staff_path(site), frame(site, "Faculty and Staff", body))]


def _person(index: int, person: Person) -> str:
    email = ""
    if person.email:
        hidden = cloudflare(person.email, key=(37 * index + 91) % 256)
        email = (
            f'<a href="/cdn-cgi/l/email-protection#{hidden}"><span class="__cf_email__" data-cfemail="{hidden}">'
            "[email&#160;protected]</span></a>"
        )
    first = f"{person.first} {person.middle}".strip()
    cells = (person.honorific, first, person.last, person.title)
    return _row([*map(escape, cells), email, person.extension or ""])


def cloudflare(email: str, key: int) -> str:
    """The address as Cloudflare's e-mail protection writes it: each byte is XORed with the first one."""
    return bytes([key, *(byte ^ key for byte in email.encode())]).hex()


def _row(cells: list[str]) -> str:
    return "<tr>" + "".join(f'<td class="xl66">{cell}</td>' for cell in cells) + "</tr>\n"
