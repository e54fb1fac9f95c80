"""SharpSchool: a component that asks for the list by POST and shows it; pages have numbers in their query."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from tests.school_web.markup import Page, SchoolSite, document, footer, link, menu
from tests.school_web.people import Person

ROBOTS: tuple[str, ...] = ()
_SCRIPT = """const part = document.querySelector(".staffDirectoryComponent");
const wanted = { portletInstanceId: part.dataset.portletInstanceId, firstRecord: 0, lastRecord: 199, groupIds: [],
  searchTerm: "" };
fetch(part.dataset.service + "/Search", {
  method: "POST", headers: { "Content-Type": "application/json; charset=utf-8" }, body: JSON.stringify(wanted),
}).then((answer) => answer.json()).then((told) => {
  for (const person of told.d.results) {
    const row = part.appendChild(document.createElement("div"));
    row.className = "staffMember";
    const shown = [person.firstName + " " + person.lastName, person.jobTitle, person.email, person.phone];
    for (const text of shown.filter((text) => text && text !== "private"))
      row.appendChild(document.createElement("span")).textContent = text;
  }
});
"""


def staff_path(site: SchoolSite) -> str:
    """A numbered page of a numbered portal."""
    return site.path(f"cms/One.aspx?portalId={800 + site.index}&pageId={9000 + site.index}")


def frame(site: SchoolSite, title: str, body: str) -> str:
    """A page in the theme of the system."""
    school = site.school
    return document(
        f"{school.name} - {title}",
        f'<form method="post" action="./" id="aspnetForm"><div id="siteHeader">{link(site.path(), school.name)}'
        f"<span>{escape(school.phone)}</span></div>\n"
        f'<div class="navigation">{menu(site.menu, "rmRootGroup", "rmGroup")}</div>\n'
        f'<div id="contentWrapper"><h1 class="pageTitle">{escape(title)}</h1>\n{body}</div>\n'
        f"{footer(site, 'siteFooter')}</form>",
        '<link rel="stylesheet" href="/Common/resources/styles/portal.css">\n',
    )


def staff_pages(site: SchoolSite) -> list[Page]:
    """The empty component, its script, and the service it asks."""
    body = (
        f'<div class="staffDirectoryComponent" data-portlet-instance-id="{31000 + site.index}" '
        f'data-service="{escape(_service(site))}"></div>\n<script src="{escape(_script_path(site))}" defer></script>\n'
    )
    told = {"d": {"results": [_record(number, person) for number, person in enumerate(site.school.staff, 1)]}}
    answer = json.dumps(told, ensure_ascii=False)
    return [
        Page(staff_path(site), frame(site, "Staff Directory", body)),
        Page(_script_path(site), _SCRIPT, "text/javascript"),
        Page(f"{_service(site)}/Search", answer, "application/json", method="POST"),
    ]


def _service(site: SchoolSite) -> str:
    return site.path("Common/controls/StaffDirectory/ws/StaffDirectoryWS.asmx")


def _script_path(site: SchoolSite) -> str:
    return site.path("Common/controls/StaffDirectory/staff.js")


def _record(number: int, person: Person) -> dict[str, Any]:
    return {
        "userID": number,
        "firstName": f"{person.first} {person.middle}".strip(),
        "lastName": person.last,
        "jobTitle": person.title,
        "email": person.email or "private",
        "phone": person.phone or "",
    }
