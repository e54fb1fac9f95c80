"""Entries of the audit log, as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what, when, from where, and whether it was done or refused."""

    id: int
    at: datetime
    act: str
    outcome: str
    user_id: UUID | None
    user_name: str | None
    """The user's name as it was then."""
    key_id: UUID | None
    session_id: UUID | None
    object: str | None
    """The kind of what it was done to, such as user, key or job; `object_id` says which."""
    object_id: str | None
    address: str | None
    request_id: str | None
    """The request, as its answer's `X-Request-ID` and the log name it."""
    detail: dict[str, Any]
