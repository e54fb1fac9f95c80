"""HTML pieces that all simulated sites share: pages, menus, and the place a page is written for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape

from tests.school_web.people import Person
from tests.school_web.world import District, School


@dataclass(frozen=True, slots=True)
class Page:
    """One resource of a host. `path` begins with "/" and may carry a query."""

    path: str
    html: str
    content_type: str = "text/html"
    body: bytes = b""
    """What is sent instead of `html` where the resource is no text."""
    method: str = "GET"
    """The only method that it answers."""


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """An entry of a navigation menu."""

    label: str
    href: str
    children: tuple[MenuEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A person on a staff list, and where the list says they work: one school or several, or the district's office."""

    person: Person
    location: str


@dataclass(frozen=True, slots=True)
class SchoolSite:
    """What the pages of one school are written from; only the port is not in the world."""

    index: int
    """Position of the school in the list; variants of a layout go by it, so they do not depend on the seed."""
    school: School
    district: District
    menu: tuple[MenuEntry, ...]
    port: int
    listed: tuple[Entry, ...] = ()
    """Who is on its staff list where that is more than the school's own staff."""
    lodgers: tuple[School, ...] = ()
    """The schools whose common site it is; then `school` is what the site calls them together."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Who is on its staff list."""
        return self.listed or tuple(Entry(person, self.school.name) for person in self.school.staff)

    def path(self, tail: str = "") -> str:
        """A path inside the school's part of its host."""
        return f"{self.school.prefix}/{tail}"

    def url(self, host: str, path: str = "/") -> str:
        """An absolute address on another host of the simulated web."""
        return f"http://{host}:{self.port}{path}"


def link(href: str, label: str, css: str = "") -> str:
    """An anchor."""
    css = f' class="{escape(css)}"' if css else ""
    return f'<a{css} href="{escape(href)}">{escape(label)}</a>'


def paragraphs(*lines: str) -> str:
    """Lines of plain text, a paragraph each."""
    return "".join(f"<p>{escape(line)}</p>\n" for line in lines)


def menu(entries: tuple[MenuEntry, ...], css: str, sub_css: str) -> str:
    """Nested lists, as every CMS writes its menu."""
    items: list[str] = []
    for entry in entries:
        nested = menu(entry.children, sub_css, sub_css) if entry.children else ""
        items.append(f"<li>{link(entry.href, entry.label)}{nested}</li>")
    return f'<ul class="{escape(css)}">{"".join(items)}</ul>\n'


def document(title: str, body: str, head: str = "") -> str:
    """A whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{head}</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def school_json_ld(site: SchoolSite) -> str:
    """The school as schema.org sees it; "<" is escaped so that no value can end the script."""
    school = site.school
    record = {
        "@context": "https://schema.org",
        "@type": "School",
        "name": school.name,
        "telephone": school.phone,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": school.place.street,
            "addressLocality": school.place.city,
            "addressRegion": school.place.state,
            "postalCode": school.place.zip,
        },
    }
    safe = json.dumps(record).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{safe}</script>\n'


def footer(site: SchoolSite, css: str) -> str:
    """Address and telephone, the district, and the links that robots files forbid to follow."""
    school, place = site.school, site.school.place
    return (
        f'<footer class="{escape(css)}"><p><strong>{escape(school.name)}</strong><br>{escape(place.street)}<br>'
        f"{escape(place.line)}<br>Phone: {escape(school.phone)}</p>\n"
        f"<p>A school of {link(site.url(site.district.host), site.district.name)}. "
        f"{link('/search?q=staff', 'Search this site')} {link('/admin/staff', 'Staff login')} "
        f'<a href="mailto:webmaster@{escape(site.district.mail_domain)}">Website feedback</a></p>\n'
        "<p>It is the policy of the board not to discriminate in its programs or employment.</p></footer>\n"
    )
