"""Webhooks and their messages, as they are asked for and shown. A secret is shown once, when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from storage.webhooks import DeliveryState, DisabledReason, WebhookEvent

LONGEST_OVERLAP_HOURS = 168
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, description="https at a public host.")]
Events = Annotated[
    list[WebhookEvent], msgspec.Meta(min_length=1, max_length=len(WebhookEvent), description="What to tell.")
]
Description = Annotated[str, msgspec.Meta(max_length=300, description="A word of your own.")]
OwnSecret = Annotated[
    str,
    msgspec.Meta(max_length=200, description="`whsec_` and the base64 of 24 to 64 bytes; left away, one is made."),
]


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address that is to be told of jobs."""

    url: Url
    events: Events
    description: Description = ""
    enabled: bool = True
    secret: OwnSecret | None = None


class ChangedWebhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a webhook is to be another; what is not given stays."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class NewSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a secret is replaced."""

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_OVERLAP_HOURS)] = 24
    """How long the old secret signs, too; 0 ends it now."""
    secret: OwnSecret | None = None


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook, without its secrets."""

    id: UUID
    url: str
    events: list[WebhookEvent]
    description: str
    enabled: bool
    disabled_reason: DisabledReason | None
    failing_since: datetime | None
    """The first try that failed since one succeeded."""
    previous_until: datetime | None
    """Until when the secret before signs, too."""
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


class WebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook with a new secret."""

    secret: str
    """Shown this once."""
    view: WebhookView


class TryView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one try."""

    number: int
    at: datetime
    status: int | None
    milliseconds: int
    error: str | None
    answer: str | None
    """The first 4 KB of what the receiver answered."""


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One message to a webhook."""

    id: int
    message_id: str
    """The header `webhook-id` of all its tries."""
    event: str
    job_id: UUID | None
    seq: int | None
    state: DeliveryState
    tries: int
    """Also those whose worker died before it could tell what came of them."""
    log: list[TryView]
    """The last 30 tries, the oldest first."""
    next_try_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    payload: dict[str, Any]
