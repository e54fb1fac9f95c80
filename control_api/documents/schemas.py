"""Documents as the API shows them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from control_api.work.page_report import PageReport


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """A PDF, known by its content."""

    id: UUID
    filename: str
    sha256: str
    size_bytes: int
    pages: int
    title: str | None
    state: str | None
    """The state that the document's own words speak of."""
    created_at: datetime


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """How one page was read."""

    page: int
    method: str
    confidence: float
    rows_found: int
    rows_expected: int | None
    warnings: list[str]
    read_at: datetime


class DocumentDetail(DocumentView, frozen=True, kw_only=True):
    """A PDF with what was read in it so far."""

    schools: int
    """How many schools its rows name."""
    reading: PageReport
    """What came of its pages, as a job's result tells it."""
    pages_url: str
    """Where the pages are told one by one."""
