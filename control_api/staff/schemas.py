"""People as the API shows them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from control_api.schools.schemas import EvidenceView


class PostView(msgspec.Struct, frozen=True, kw_only=True):
    """A person at one school, with the page that says so."""

    school_id: int
    school: str
    website: str | None
    title: str | None
    role: str
    source_url: str
    first_seen: datetime
    last_seen: datetime
    left_at: datetime | None
    """When the second crawl in a row had not seen the person there; null while they have the post."""
    notices: list[str]
    """Codes of the notices on using contacts of the school's state; `/api/v1/notices` has their words."""


class StaffItem(msgspec.Struct, frozen=True, kw_only=True):
    """A person in a list. School, website and source are those of the post seen last; `posts` has all."""

    id: int
    name: str
    first_name: str | None
    middle_name: str | None
    last_name: str
    honorific: str | None
    suffix: str | None
    credentials: list[str]
    nickname: str | None
    title: str | None
    role: str
    subjects: list[str]
    grades: list[str]
    department: str | None
    email: str | None
    email_state: str
    email_check: str | None
    """What syntax and DNS say of the address; null before it was looked at."""
    email_flags: list[str]
    """`role`: an office's address; `disposable`: of a service for addresses that are thrown away."""
    phone: str | None
    extension: str | None
    profile_url: str | None
    school: str | None
    school_id: int | None
    website: str | None
    source_url: str | None
    confidence: float
    first_seen: datetime
    last_seen: datetime
    left_at: datetime | None
    """Since when there is no post; null while there is one."""
    posts: list[PostView]


class CorrectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was put right by hand."""

    field: str
    value: str | None
    seen: str | None
    """What was seen last, and would stand there without the correction."""
    reason: str
    by: str
    corrected_at: datetime


class StaffDetail(StaffItem, frozen=True, kw_only=True):
    """A person with where each value was seen, and what was put right."""

    corrections: list[CorrectionView]

    evidence: list[EvidenceView]
