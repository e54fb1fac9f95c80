"""Corrections, tombstones, changes and duplicates as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from control_api.pages import LARGEST_ID
from storage.changes import ChangeKind

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Corrections(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values that are to stand in the place of those seen; null says that there is none."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, description="Why; shown as evidence.")]
    name: Line | UnsetType = UNSET
    title: Line | UnsetType | None = UNSET
    role: Annotated[str, msgspec.Meta(max_length=60)] | UnsetType = UNSET
    """A key of `extraction/staff/roles.toml`, or `unknown`."""
    department: Line | UnsetType | None = UNSET
    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254)] | UnsetType | None = UNSET
    phone: Annotated[str, msgspec.Meta(min_length=3, max_length=64)] | UnsetType | None = UNSET
    extension: Annotated[str, msgspec.Meta(pattern=r"^\d{1,16}$")] | UnsetType | None = UNSET
    profile_url: Annotated[str, msgspec.Meta(max_length=2000)] | UnsetType | None = UNSET


class TombstoneView(msgspec.Struct, frozen=True, kw_only=True):
    """A person who was deleted. Whom it names nobody can tell: only salted hashes are kept."""

    id: int
    """Of the entry of the suppression list."""
    staff_id: int
    """The id that the person had."""
    reason: str | None
    note: str | None
    created_at: datetime
    by: str | None


class Merge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which person a record is another one."""

    into: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID, description="The id of the person who stays.")]


class LookalikeView(msgspec.Struct, frozen=True, kw_only=True):
    """One of two records that may be the same person."""

    id: int
    name: str
    title: str | None
    email: str | None
    phone: str | None


class DuplicateView(msgspec.Struct, frozen=True, kw_only=True):
    """Two records that may be the same person. Nobody is merged by itself because of it."""

    people: list[LookalikeView]
    reasons: list[str]
    """Of `same_email`, `same_name`, `same_phone`, `same_profile`, `same_school`, `same_district`."""


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the change feed."""

    id: int
    staff_id: int
    name: str
    """As it is now."""
    school_id: int | None
    school: str | None
    kind: ChangeKind
    field: str | None
    old: str | None
    new: str | None
    at: datetime
    job_id: UUID | None
    """The crawl; null where a person said so."""
    url: str | None
    """The page that shows it; null where no page does any more, or a person said so."""
