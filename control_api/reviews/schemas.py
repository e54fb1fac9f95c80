"""Reviews as the API shows them, and decisions as it takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from control_api.schools.schemas import SchoolItem, WebsiteView

Url = Annotated[str, msgspec.Meta(min_length=4, max_length=2000, description="A web address.")]
NcesId = Annotated[str, msgspec.Meta(pattern=r"^\d{12}$", description="Twelve digits.")]
Decision = Literal["accepted", "rejected"]


class SiteChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The site that is the school's."""

    url: Url


class SiteRejection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The candidate that is not the school's site; null means none of those there are."""

    url: Url | None


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided."""

    url: str
    decision: Decision
    by: str | None
    at: datetime


class TriedView(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider of candidates said."""

    provider: str
    outcome: str
    """`found`, `nothing`, `try_later`, or `off` where it is not set up."""
    found: int = 0
    """Candidates that it named."""
    detail: str = ""


class LookView(msgspec.Struct, frozen=True, kw_only=True):
    """How the last discovery that looked for the school's website ended."""

    job_id: UUID
    outcome: str | None
    reason: str | None
    tried: list[TriedView]
    """The providers in the order in which they were asked, each with what came of it."""
    at: datetime


class ReviewItem(msgspec.Struct, frozen=True, kw_only=True):
    """A school whose website waits for a person, with its likeliest candidates, the best first."""

    school: SchoolItem
    candidates: list[WebsiteView]


class WhyView(msgspec.Struct, frozen=True, kw_only=True):
    """Why a school has the website that it has, or none."""

    school: SchoolItem
    website: WebsiteView | None
    """The official one."""
    candidates: list[WebsiteView]
    """All that were ever looked at, with what speaks for and against them; the official one first."""
    decisions: list[DecisionView]
    """What people decided, the newest first."""
    last_look: LookView | None


class LinkChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The official directory's id of the school; null means that it is none of the directory's schools."""

    nces_id: NcesId | None


LinkState = Literal["automatic", "review", "none", "accepted", "rejected"]


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """Which school of the official directory a listed school is."""

    school_id: int
    name: str
    district: str | None
    city: str | None
    school_state: str | None
    nces_id: str | None
    official_name: str | None
    official_district: str | None
    official_city: str | None
    state: LinkState
    """`automatic` is used at once, `review` waits for a person, `accepted` and `rejected` are a person's."""
    score: float
    method: str
    """What decided: `nces_id`, `state_id`, `name`, `person`."""
    reasons: list[Any]
    choices: list[Any]
    """The likeliest schools of the directory, best first, each with its points and reasons."""
    document_id: UUID | None
    linked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
