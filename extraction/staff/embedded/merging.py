"""One list of the people of a page's text and those of its data: each once, and the text has the last word."""

from __future__ import annotations

from collections import Counter
from typing import Any

from msgspec.structs import replace

from extraction.staff.drafts import LONGEST_SNIPPET
from extraction.staff.records import Person

Key = tuple[str, str]


def merge_people(shown: list[Person], data: list[Person]) -> list[Person]:
    """Join the people of the text with those of the data.

    Who is in both keeps what the text says; an address or a number that the text lacks comes from the data, where only
    one person of each side has the name. Who is in the data only follows behind.
    """
    if not shown or not data:
        return shown or data
    namesakes = Counter(map(person_key, shown)), Counter(map(person_key, data))
    by_name = {person_key(person): person for person in data}
    merged = [
        _filled(person, by_name[key])
        if (key := person_key(person)) in by_name and namesakes[0][key] == namesakes[1][key] == 1
        else person
        for person in shown
    ]
    return [*merged, *(person for person in data if person_key(person) not in namesakes[0])]


def person_key(person: Person) -> Key:
    """What makes two people of one page the same."""
    return (person.first or "").casefold(), (person.last or person.name).casefold()


def _filled(shown: Person, data: Person) -> Person:
    """The person of the text with the address and the number of the data, and then with the evidence of both."""
    missing: dict[str, Any] = {}
    if shown.email is None and data.email is not None:
        missing |= {"email": data.email, "email_state": data.email_state, "email_method": data.email_method}
    if shown.phone is None and shown.extension is None and (data.phone or data.extension):
        missing |= {"phone": data.phone, "phone_e164": data.phone_e164, "extension": data.extension}
    if not missing:
        return shown
    seen = " ".join(filter(None, (data.name, missing.get("email"), missing.get("phone"))))
    return replace(
        shown,
        **missing,
        snippet=f"{shown.snippet[: LONGEST_SNIPPET - len(seen) - 3]} … {seen}",
        path=f"{shown.path} + {data.path}",
    )
