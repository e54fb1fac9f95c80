"""Apptegy: the page is a shell, but its data lie in it: a flat list of values that refer to each other by position."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu
from tests.school_web.people import Person

ROBOTS: tuple[str, ...] = ()
# Takes the values out of the list and shows them, as the system's own program does.
_SCRIPT = """const values = JSON.parse(document.getElementById("__NUXT_DATA__").textContent);
function value(position) {
  const kept = values[position];
  if (Array.isArray(kept)) return kept.map(value);
  if (kept === null || typeof kept !== "object") return kept;
  return Object.fromEntries(Object.entries(kept).map(([name, at]) => [name, value(at)]));
}
for (const person of value(0).data.directories) {
  const card = document.createElement("div");
  card.className = "contact-card";
  for (const part of [person.full_name, person.title, person.department, person.email, person.phone_number]) {
    if (!part || part === "hidden") continue;
    card.appendChild(document.createElement("div")).textContent = part;
  }
  document.getElementById("directory").appendChild(card);
}
"""


def staff_path(site: SchoolSite) -> str:
    """The same on every site of the system."""
    return site.path("staff")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    return document(
        f"{title} | {school.name}",
        f'<div id="__nuxt"><div class="cms-header"><div class="cms-header-title">{link(site.path(), school.name)}'
        f'</div><nav class="cms-nav">{menu(site.menu, "nav-list", "nav-dropdown")}</nav></div>\n'
        f'<main class="cms-page"><h1>{escape(title)}</h1>\n{body}</main>\n{footer(site, "cms-footer")}</div>',
        '<meta name="generator" content="Apptegy">\n<link rel="stylesheet" href="/_nuxt/entry.css">\n',
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """The shell with its data, and the program that shows them."""
    teller = site.school.strangers[1]
    told = {
        "data": {
            "directories": [_record(number, person) for number, person in enumerate(site.school.staff, 1)]
            + [{"id": 900 + n, "full_name": "Vacant", "title": t} for n, (t, _) in enumerate(site.school.vacancies)],
            "articles": [{"id": 1, "title": "A word from a parent", "author": teller.name, "email": "hidden"}],
        },
        "serverRendered": True,
    }
    safe = json.dumps(_flat(told), ensure_ascii=False).replace("<", "\\u003c")
    body = (
        '<div id="directory" class="staff-directory"></div>\n'
        f'<script type="application/json" id="__NUXT_DATA__" data-ssr="true">{safe}</script>\n'
        f'<script src="{escape(_script_path(site))}" defer></script>\n'
    )
    return [
        Page(staff_path(site), frame(site, "Staff", body)),
        Page(_script_path(site), _SCRIPT, "text/javascript"),
    ]


def _script_path(site: SchoolSite) -> str:
    return site.path("_nuxt/entry.js")


def _record(number: int, person: Person) -> dict[str, Any]:
    phone = f"{person.phone or ''}{f' ext. {person.extension}' if person.extension else ''}".strip()
    return {
        "id": number,
        "full_name": person.name,
        "title": person.title,
        "department": person.department,
        "email": person.email or "hidden",
        "phone_number": phone or None,
        "avatar": None,
    }


def _flat(told: Any) -> list[Any]:
    """All values in one list; inside a value, the others are named by their position."""
    values: list[Any] = []

    def put(value: Any) -> int:
        position = len(values)
        values.append(None)
        if isinstance(value, dict):
            values[position] = {name: put(inner) for name, inner in value.items()}
        elif isinstance(value, list):
            values[position] = [put(inner) for inner in value]
        else:
            values[position] = value
        return position

    put(told)
    return values
