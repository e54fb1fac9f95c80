"""What a search asks for, and searches as they are saved, changed and shown.

The parameters are those of the lists, of jobs that send people out, and of saved searches alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from control_api.pages import LARGEST_ID
from storage.email_checks import EmailCheck

SearchKind = Literal["people", "schools"]
SchoolId = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
SchoolIds = Annotated[list[SchoolId], msgspec.Meta(min_length=1, max_length=10_000, description="Schools by id.")]
State = Annotated[str, msgspec.Meta(min_length=2, max_length=40, description="A state, by its letters or its name.")]
Filter = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Place = Annotated[str, msgspec.Meta(max_length=60)]
Miles = Annotated[float, msgspec.Meta(gt=0, le=500)]
EmailState = Literal["published", "form_only", "none", "corrected"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]


class PeopleSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which people; with nothing given, all."""

    document_id: UUID | None = None
    school_ids: SchoolIds | None = None
    state: State | None = None
    county: Filter | None = None
    district: Filter | None = None
    title1_status: Filter | None = None
    near: Place | None = None
    """A ZIP, or latitude,longitude in degrees: people at schools around it."""
    radius: Miles | None = None
    """Of `near`, in miles; default: 25."""
    q: Filter | None = None
    """Beginnings of words that must all occur in name or title."""
    role: Filter | None = None
    subject: Filter | None = None
    grade: Filter | None = None
    has_email: bool | None = None
    email_state: EmailState | None = None
    email_check: EmailCheck | None = None
    min_confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seen_since: Annotated[datetime, msgspec.Meta(extra_json_schema={"format": "date-time"})] | None = None
    left: bool | None = None
    """Also those who have left their schools."""


class SchoolSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which schools; with nothing given, all."""

    document_id: UUID | None = None
    job_id: UUID | None = None
    state: State | None = None
    county: Filter | None = None
    district: Filter | None = None
    title1_status: Filter | None = None
    near: Place | None = None
    """A ZIP, or latitude,longitude in degrees: schools around it."""
    radius: Miles | None = None
    """Of `near`, in miles; default: 25."""
    q: Filter | None = None
    """Beginnings of words that must all occur in name or district."""
    has_website: bool | None = None


AnySearch = PeopleSearch | SchoolSearch
SEARCH_OF_KIND: dict[str, type[AnySearch]] = {"people": PeopleSearch, "schools": SchoolSearch}


class _NewSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    name: Name
    shared: bool = False
    """Whether the whole organization sees it, not only its owner and admins."""


class NewPeopleSearch(_NewSearch, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="people"):
    """A search of people to be kept."""

    params: PeopleSearch


class NewSchoolSearch(_NewSearch, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="schools"):
    """A search of schools to be kept."""

    params: SchoolSearch


NewSearch = NewPeopleSearch | NewSchoolSearch


class ChangedSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a saved search is to be another; what is not given stays."""

    name: Name | UnsetType = UNSET
    shared: bool | UnsetType = UNSET
    params: dict[str, Any] | UnsetType = UNSET
    """All of them; of the search's kind."""


class SearchView(msgspec.Struct, frozen=True, kw_only=True):
    """A saved search."""

    id: UUID
    name: str
    kind: SearchKind
    params: dict[str, Any]
    shared: bool
    owner: str | None
    """Null where the user was removed."""
    problem: str | None
    """Why it cannot be used any more; null as long as it can."""
    created_at: datetime
    updated_at: datetime
