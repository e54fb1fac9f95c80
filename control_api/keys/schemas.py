"""API keys, as they are asked for and shown. The key itself is shown once, when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from storage.roles import Scope

LONGEST_DAYS = 366
LONGEST_OVERLAP_HOURS = 168


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, description="What it is for.")]
    scope: Scope
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DAYS)] = 90
    user_id: UUID | None = None
    """Whose key; an admin may make keys for others."""


class Rotation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a key is replaced."""

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_OVERLAP_HOURS)] = 24
    """How long the old key stays good; 0 ends it now."""


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key, without what opens anything."""

    id: UUID
    name: str
    prefix: str
    """Its first letters."""
    scope: Scope
    user_id: UUID
    user: str
    created_at: datetime
    expires_at: datetime | None
    """Null for a key that was made on the server without an end."""
    revoked_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""
    replaced_by: UUID | None


class KeyCreated(msgspec.Struct, frozen=True, kw_only=True):
    """A new key."""

    key: str
    """Shown this once."""
    view: KeyView
