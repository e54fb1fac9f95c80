"""Entries of the suppression list, as they are asked for and shown. What is shown never has the value."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from control_api.pages import LARGEST_ID
from storage.suppression import SuppressionKind

Reason = Literal["request", "complaint", "bounce", "policy", "other"]
Note = Annotated[
    str, msgspec.Meta(max_length=500, description="Kept and shown as it is: write no name and no address here.")
]
SchoolId = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID, description="The school's id.")]
NcesId = Annotated[str, msgspec.Meta(pattern=r"^\d{12}$", description="The school's NCES id; it may not be known yet.")]
Domain = Annotated[str, msgspec.Meta(max_length=300, description="Such as district.example.org; with all below it.")]
Name = Annotated[str, msgspec.Meta(max_length=200, description="First and last name; an honorific does not matter.")]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    reason: Reason = "request"
    note: Note | None = None


class SuppressEmail(_Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="email"):
    """Whoever has this address."""

    email: Annotated[str, msgspec.Meta(max_length=300)]


class SuppressDomain(_Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="domain"):
    """Whoever has an address of this domain."""

    domain: Domain


class SuppressPerson(_Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="person"):
    """Whoever has this name at one school, or on the pages and with addresses of one domain: one of the three."""

    name: Name
    school_id: SchoolId | None = None
    nces_id: NcesId | None = None
    domain: Domain | None = None


class SuppressSchool(_Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="school"):
    """Everybody at a school, by one of its ids."""

    school_id: SchoolId | None = None
    nces_id: NcesId | None = None


Entry = SuppressEmail | SuppressDomain | SuppressPerson | SuppressSchool


class NewSuppressions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entries that are added together: all of them, or none where one is refused."""

    entries: Annotated[list[Entry], msgspec.Meta(min_length=1, max_length=1_000)]


class SuppressionView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the list."""

    id: int
    kind: SuppressionKind
    reason: str | None
    note: str | None
    created_at: datetime
    by: str | None
    """The user who added it."""


class SuppressedView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of adding entries."""

    entries: list[SuppressionView]
    """In the order in which they were sent."""
    added: int
    """Those of them that were not on the list before."""
    posts_deleted: int
    """People at schools that were deleted, counted once a school."""
