"""The schools a crawl is about, whichever way they came: the job's table, a CSV file, or one address."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SchoolTarget:
    """One school inside a crawl. `key` names it in items and in the table (the school's id, or its line in a file)."""

    key: str
    name: str = ""
    district: str | None = None
    nces_id: str | None = None
    address: str | None = None
    city: str | None = None
    county: str | None = None
    state: str | None = None
    zip: str | None = None
    phone: str | None = None
    grade_span: str | None = None
    """First and last grade as "KG-05"."""
    website: str | None = None
    rejected: tuple[str, ...] = ()
    """Sites of which a person said that they are not the school's."""
