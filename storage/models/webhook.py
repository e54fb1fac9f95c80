"""Webhooks: addresses that are told of the ends of jobs, and every message to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from storage.models.base import Base, BigId, Now, Tenant


class Webhook(Tenant, Base):
    """An address, the events that it asks for, and the secrets that sign what is sent there."""

    __tablename__ = "webhook"
    __table_args__ = (
        CheckConstraint("cardinality(events) > 0", name="events"),
        # The old secret signs beside the new one for a time, never without an end.
        CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name="previous"),
        CheckConstraint("enabled OR disabled_reason IS NOT NULL", name="disabled_reason"),
        Index("ix_webhook_organization_id", "organization_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    url: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    description: Mapped[str] = mapped_column(server_default="")
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    disabled_reason: Mapped[str | None]
    """`asked` by a person, `gone` by the receiver's 410, or `failing` for too long."""
    failing_since: Mapped[datetime | None]
    """The first try that failed since one succeeded."""
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted; the key is not in the database."""
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class WebhookDelivery(Tenant, Base):
    """One message to one webhook: written with the event that it tells of, sent until it is taken or given up."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'failed', 'given_up')", name="state"),
        # Who looks for what is due needs to look at the time only, and what has ended says when.
        CheckConstraint("(state = 'waiting') = (next_try_at IS NOT NULL)", name="next_try_at"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended_at"),
        CheckConstraint("(job_id IS NULL OR seq IS NOT NULL)", name="seq"),
        UniqueConstraint("message_id"),
        # An event is told to a webhook by one message.
        UniqueConstraint("webhook_id", "job_id", "seq"),
        Index("ix_webhook_delivery_page", "webhook_id", "id"),
        Index("ix_webhook_delivery_due", "next_try_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_webhook_delivery_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        Index("ix_webhook_delivery_job", "job_id", postgresql_where=text("job_id IS NOT NULL")),
    )

    id: Mapped[BigId]
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    message_id: Mapped[str]
    """`msg_…`, the header `webhook-id` of every try."""
    event: Mapped[str]
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    seq: Mapped[int | None]
    """The job's event; null for a test."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default="0")
    """The fencing number: rises with each try, also with one whose worker died."""
    failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Tries that failed since it was asked for."""
    log: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    """What came of each try: `number`, `at`, `status`, `milliseconds`, `error`, `answer`."""
    next_try_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    """While a try is under way: until when its worker is believed."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    ended_at: Mapped[datetime | None]
