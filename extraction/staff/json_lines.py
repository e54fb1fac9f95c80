"""Pages and links as objects for JSON Lines, as the command line prints them and the scoring scripts read them."""

from __future__ import annotations

import msgspec

from extraction.staff.records import RankedLink, StaffPage


def staff_line(file: str, page: StaffPage) -> dict[str, object]:
    """What a page says, as one object."""
    return {
        "file": file,
        "outcome": page.outcome,
        "reason": page.reason,
        "method": page.method,
        "people": [{"title": None, "email": None, **msgspec.to_builtins(person)} for person in page.people],
        "next_pages": list(page.next_pages),
        "profiles": list(page.profiles),
    }


def links_line(file: str, links: list[RankedLink]) -> dict[str, object]:
    """The ranked links of a page, as one object, best first."""
    return {"file": file, "links": [msgspec.to_builtins(link) for link in links]}
