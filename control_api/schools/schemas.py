"""Schools as the API shows them: a line of a list, and one with its websites and evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class SchoolItem(msgspec.Struct, frozen=True, kw_only=True):
    """A school in a list."""

    id: int
    name: str
    district: str | None
    address: str | None
    city: str | None
    county: str | None
    county_fips: str | None
    """Five digits, where the printed county is one of the state's."""
    state: str | None
    zip: str | None
    phone: str | None
    nces_id: str | None
    title1_status: str | None
    grade_span: str | None
    enrollment: int | None
    low_income_pct: float | None
    website: str | None
    """The official website, once one was accepted."""
    website_state: str | None
    """State of the best candidate: `accepted`, `review` or `candidate`."""
    website_score: float | None
    confidence: float
    last_seen: datetime


class EvidenceView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value was seen."""

    field: str
    value: str
    printed: str
    """The value as it stands there."""
    document_id: UUID | None
    page: int | None
    box: list[float] | None
    url: str | None
    snippet: str | None
    method: str
    confidence: float
    seen_at: datetime


class WebsiteView(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate for the official website, with what speaks for and against it."""

    id: int
    url: str
    state: str
    score: float
    provider: str
    signals: list[Any]
    http_status: int | None
    fetched_at: datetime | None
    """Null for a site that a person named and no crawl has fetched yet."""
    decided_by: str | None = None
    """Who accepted or rejected it, where a person did; no crawl changes its state then."""
    decided_at: datetime | None = None
    evidence: list[EvidenceView] = []


class ListingView(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a document that names the school."""

    document_id: UUID
    filename: str
    page: int
    row: int


class SchoolDetail(SchoolItem, frozen=True, kw_only=True):
    """A school with all that is known of it."""

    websites: list[WebsiteView]
    evidence: list[EvidenceView]
    listed_in: list[ListingView]
