"""Exports as they are asked for and shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

PURPOSE_WORDS = "What the file is for; kept in the ledger of exports."
Purpose = Annotated[str, msgspec.Meta(min_length=1, max_length=500, description=PURPOSE_WORDS)]


class ExportedFile(msgspec.Struct, frozen=True):
    """The file of an export, as the `result` of its job names it."""

    blob: str
    filename: str = "leads.csv"
    rows: int | None = None
    format: str = "csv"
    job_id: str | None = None
    """Who wrote it: of a pipeline's result the export that was its last step."""


class ExportView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ledger of exports."""

    id: int
    source: str
    """`download`: sent as it was read; `job`: written by a job; `job_download`: such a file, fetched."""
    job_id: UUID | None
    user_name: str
    api_key: str | None
    """The first letters of the key that asked."""
    subject: str
    format: str
    preset: str
    raw: bool
    columns: list[str]
    filters: dict[str, Any]
    purpose: str | None
    begun_at: datetime
    ended_at: datetime | None
    outcome: str | None
    """`complete` or `broken off`; null while it goes on, or when its process was killed."""
    rows: int | None
    size_bytes: int | None
    sha256: str | None
