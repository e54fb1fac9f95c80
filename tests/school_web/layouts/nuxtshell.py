"""A shell that a script fills: the page names nobody; a browser asks for the list, page by page, and shows it."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from tests.school_web.layouts import apptegy
from tests.school_web.markup import Page, SchoolSite
from tests.school_web.people import Person

ROBOTS: tuple[str, ...] = ()
_PER_PAGE = 12
_SCRIPT = """const list = document.getElementById("directory");
async function fill(address) {
  const told = await (await fetch(address)).json();
  for (const person of told.directories) {
    const card = list.appendChild(document.createElement("div"));
    card.className = "contact-card";
    card.appendChild(document.createElement("h3")).textContent = person.full_name;
    card.appendChild(document.createElement("p")).textContent = person.title;
    if (person.email !== "hidden") {
      const link = card.appendChild(document.createElement("a"));
      link.href = "mailto:" + person.email;
      link.textContent = person.email;
    }
  }
  if (told.meta.links.next) await fill(told.meta.links.next);
}
fill(list.dataset.source);
"""

frame = apptegy.frame


def staff_path(site: SchoolSite) -> str:
    """The same on every site of the system."""
    return site.path("staff")


def staff_pages(site: SchoolSite) -> list[Page]:
    """The empty page, its script, and the data the script asks for."""
    body = (
        f'<div id="directory" data-source="{escape(data_path(site))}"></div>\n'
        "<noscript>This page needs JavaScript.</noscript>\n"
        f'<script src="{escape(_script_path(site))}" defer></script>\n'
    )
    return [
        Page(staff_path(site), frame(site, "Staff", body)),
        Page(_script_path(site), _SCRIPT, "text/javascript"),
        *_data_pages(site),
    ]


def data_path(site: SchoolSite) -> str:
    """Where the first records are."""
    return site.path(f"api/v4/o/{7000 + site.index}/cms/directories?locale=en")


def _data_pages(site: SchoolSite) -> list[Page]:
    people = site.school.staff
    pages: list[Page] = []
    for number, begin in enumerate(range(0, len(people), _PER_PAGE), 1):
        path = data_path(site) if number == 1 else f"{data_path(site)}&page_no={number}"
        more = begin + _PER_PAGE < len(people)
        told = {
            "directories": [_record(person) for person in people[begin : begin + _PER_PAGE]],
            "meta": {"links": {"next": f"{data_path(site)}&page_no={number + 1}" if more else None}},
        }
        pages.append(Page(path, json.dumps(told, ensure_ascii=False), "application/json"))
    return pages


def _record(person: Person) -> dict[str, Any]:
    return {"full_name": person.name, "title": person.title, "email": person.email or "hidden"}


def _script_path(site: SchoolSite) -> str:
    return site.path("_nuxt/directory.js")
