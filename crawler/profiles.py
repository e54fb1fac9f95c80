"""People whose own pages may say what the list of staff leaves out: kept back until these pages were read.

What a profile page says of its person comes first; what it leaves out comes from the list. Whose page cannot be read is
told as the list shows them.
"""

from __future__ import annotations

from collections import defaultdict

import msgspec

from crawler.items import PageItem, now
from crawler.visits import Step, Visit
from extraction.staff.records import Person, StaffPage

_SNIPPET = 300
_KEPT_OF_LISTS = (
    "middle",
    "honorific",
    "suffix",
    "credentials",
    "nickname",
    "title",
    "subjects",
    "grades",
    "department",
    "email",
    "phone",
    "phone_e164",
    "extension",
)


def complete(page: StaffPage, visit: Visit, step: Step) -> list[Person]:
    """Returns the person of a profile page, with what only the list said, or the person as listed."""
    held = next((one for one in visit.held if one.profile == step.url), None)
    if held is None:
        return []
    visit.held.remove(held)
    own = next((one for one in page.people if _same_name(one, held.person)), None)
    return [joined(held.person, own) if own is not None else held.person]


def release(visit: Visit, profile: str | None = None) -> list[PageItem]:
    """Returns the people kept back whose own pages cannot be read any more, as their lists showed them."""
    pages: dict[str, list[Person]] = defaultdict(list)
    for held in [one for one in visit.held if profile in {None, one.profile}]:
        visit.held.remove(held)
        if visit.meets(held.person):
            pages[held.list_url].append(held.person)
    reason = "the people's own pages could not be read"
    return [PageItem(visit.school.key, url, 200, "staff", reason, now(), people) for url, people in pages.items()]


def _same_name(one: Person, other: Person) -> bool:
    if one.name.casefold() == other.name.casefold():
        return True
    # "Alvarez, Maria" in the list, "Mrs. Maria Alvarez" on her page.
    split = [(who.first or "", who.last or "") for who in (one, other)]
    return all(split[0]) and [part.casefold() for part in split[0]] == [part.casefold() for part in split[1]]


def joined(listed: Person, own: Person) -> Person:
    """Returns the person of the profile page; what it leaves out comes from the list, whose text is then kept too."""
    missing = {
        field: value for field in _KEPT_OF_LISTS if not getattr(own, field) and (value := getattr(listed, field))
    }
    if not missing:
        return own
    if "title" in missing:
        missing["role"] = listed.role
    if "email" in missing:
        missing |= {"email_state": listed.email_state, "email_method": listed.email_method}
    half = _SNIPPET // 2 - 2
    return msgspec.structs.replace(own, **missing, snippet=f"{listed.snippet[:half]} … {own.snippet[:half]}")
