"""What of a person can become a field of a Lead: each source by name, as the text that is sent."""

from __future__ import annotations

import re
from collections.abc import Callable

from extraction.places import states
from storage.pushes import PushPerson

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
COUNTRY = "United States"


def _email(person: PushPerson) -> str | None:
    """A published address only; nothing that was inferred would ever be sent."""
    return person.email if person.email_state in {"published", "corrected"} else None


def _phone(person: PushPerson) -> str | None:
    return f"{person.phone} x{person.extension}" if person.phone and person.extension else person.phone


def _seen(person: PushPerson) -> str | None:
    return f"{person.last_seen:%Y-%m-%d}" if person.last_seen else None


def _state_name(person: PushPerson) -> str | None:
    state = states().get(person.state or "")
    return state.name if state else None


def _description(person: PushPerson) -> str | None:
    """Where it was published, and when it was seen there."""
    return f"Published at {person.source_url}, seen {_seen(person)}." if person.source_url else None


SOURCES: dict[str, Callable[[PushPerson], object]] = {
    "name": lambda person: person.name,
    "honorific": lambda person: person.honorific,
    "first_name": lambda person: person.first_name,
    "middle_name": lambda person: person.middle_name,
    "last_name": lambda person: person.last_name,
    "suffix": lambda person: person.suffix,
    "nickname": lambda person: person.nickname,
    "title": lambda person: person.title,
    "role": lambda person: person.role,
    "department": lambda person: person.department,
    "subjects": lambda person: "; ".join(person.subjects or ()),
    "grades": lambda person: "; ".join(person.grades or ()),
    "email": _email,
    "phone": _phone,
    "school": lambda person: person.school,
    "district": lambda person: person.district,
    "street": lambda person: person.address,
    "city": lambda person: person.city,
    "county": lambda person: person.county,
    "state": lambda person: person.state,
    "state_name": _state_name,
    "zip": lambda person: person.zip,
    "country": lambda _: COUNTRY,
    "school_phone": lambda person: person.school_phone,
    "nces_id": lambda person: person.nces_id,
    "title1_status": lambda person: person.title1_status,
    "website": lambda person: person.website,
    "source_url": lambda person: person.source_url,
    "last_seen": _seen,
    "confidence": lambda person: None if person.confidence is None else f"{person.confidence:.3f}",
    "description": _description,
}
DATES = frozenset({"last_seen"})
NUMBERS = frozenset({"confidence"})

DEFAULT_MAPPING = {
    "FirstName": "first_name",
    "LastName": "last_name",
    "Title": "title",
    "Company": "school",
    "Email": "email",
    "Phone": "phone",
    "Street": "street",
    "City": "city",
    "State": "state",
    "PostalCode": "zip",
    "Country": "country",
    "Website": "website",
    "LeadSource": "=Title1",
    "Description": "description",
}
"""Field of a Lead and its source; a text behind `=` is sent as it is."""


def sent_value(source: str, person: PushPerson) -> str:
    """The text that a source gives for a person; empty where there is none."""
    value = source[1:] if source.startswith("=") else SOURCES[source](person)
    text = _CONTROL.sub("", str(value or "")).strip()
    # To Salesforce this word means: take the value away.
    return "" if text == "#N/A" else text
