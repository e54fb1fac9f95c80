"""What goes into the linkage and what comes out: rows of a list, links to the official directory, and their reasons."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ListedSchool(msgspec.Struct, frozen=True, kw_only=True):
    """A school as a list prints it; what the list does not print is None."""

    key: str
    """What the caller knows it by."""
    name: str
    district: str | None = None
    state: str | None = None
    """Letters or name."""
    nces_id: str | None = None
    state_school_id: str | None = None
    state_district_id: str | None = None
    address: str | None = None
    city: str | None = None
    zip: str | None = None
    phone: str | None = None
    grade_span: str | None = None


class Band(StrEnum):
    """How sure a link is."""

    AUTOMATIC = "automatic"
    """Certain enough to be used."""
    REVIEW = "review"
    """Likely; a person should look at it."""
    NONE = "none"
    """No school of the directory is likely."""


class Reason(msgspec.Struct, frozen=True):
    """One thing that speaks for a link (`points` above 0) or against it."""

    name: str
    points: float
    detail: str


class Choice(msgspec.Struct, frozen=True):
    """A school of the directory that a row may be, with its points and what they were added up from."""

    nces_id: str
    name: str
    points: float
    reasons: tuple[Reason, ...]


class Link(msgspec.Struct, frozen=True):
    """What came of one row."""

    key: str
    band: Band
    nces_id: str | None
    """The school of the directory; None in the band `none`."""
    score: float
    """From 0 to 1: the points, or how much better this is than the next possibility, whichever says less."""
    method: str
    """What decided: `nces_id`, `state_id`, `name`, or empty where nothing was found."""
    reasons: tuple[Reason, ...]
    choices: tuple[Choice, ...] = ()
    """The likeliest schools, best first."""
