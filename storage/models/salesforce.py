"""Deliveries to Salesforce: connections to orgs, and of each push its uploads and its people."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from storage.models.base import Base, Now, Tenant


class SalesforceConnection(Tenant, Base):
    """An org that an organization sends people to: where, as whom, and what of them becomes which field."""

    __tablename__ = "salesforce_connection"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        CheckConstraint("method IN ('client_credentials', 'jwt_bearer', 'password')", name="method"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    login_url: Mapped[str]
    method: Mapped[str]
    client_id: Mapped[str | None]
    username: Mapped[str | None]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted; the key is not in the database."""
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    """What differs from the default mapping: a field's source, or null for none."""
    key_field: Mapped[str]
    campaign_id: Mapped[str | None]
    campaign_status: Mapped[str | None]
    assignment_rule_id: Mapped[str | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class PushBatch(Tenant, Base):
    """One upload of a push; `storage.pushes.BatchState` says how far it is."""

    __tablename__ = "push_batch"
    __table_args__ = (
        CheckConstraint("object IN ('Lead', 'CampaignMember')", name="object"),
        CheckConstraint(
            "state IN ('creating', 'created', 'uploading', 'uploaded', 'closed', 'ended', 'collected', 'void')",
            name="state",
        ),
        # From its creation on, an upload is known by Salesforce's id: nobody has to guess after a crash.
        CheckConstraint("state IN ('creating', 'void') OR ingest_id IS NOT NULL", name="ingest_id"),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    object: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="creating")
    requested_at: Mapped[datetime | None]
    """When Salesforce was asked for the job whose id is not known yet."""
    ingest_id: Mapped[str | None]
    rows: Mapped[int] = mapped_column(server_default="0")
    size_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    sha256: Mapped[str | None]
    outcome: Mapped[str | None]
    """Salesforce's word for how its job ended."""
    error: Mapped[str | None]
    processed: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    updated_at: Mapped[Now]


class PushRow(Tenant, Base):
    """One person of a push: chosen once, sent at most once an upload, and what Salesforce said.

    It holds no values of the person; those are read when they are sent.
    """

    __tablename__ = "push_row"
    __table_args__ = (
        UniqueConstraint("job_id", "key"),
        CheckConstraint(
            "state IN ('pending', 'ready', 'sent', 'created', 'updated', 'error', 'duplicate', 'suppressed',"
            " 'skipped')",
            name="state",
        ),
        CheckConstraint("member_state IN ('sent', 'member', 'error')", name="member_state"),
        Index("ix_push_row_state", "job_id", "state", "number"),
        Index("ix_push_row_batch", "job_id", "batch"),
        Index("ix_push_row_staff", "staff_member_id", postgresql_where=text("staff_member_id IS NOT NULL")),
        Index("ix_push_row_school", "school_id", postgresql_where=text("school_id IS NOT NULL")),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    """The value of the external id field."""
    staff_member_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id", ondelete="SET NULL"))
    school_id: Mapped[int | None] = mapped_column(ForeignKey("school.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(server_default="pending")
    code: Mapped[str | None]
    message: Mapped[str | None]
    """In Salesforce's words, without the person's values."""
    retryable: Mapped[bool] = mapped_column(server_default="false")
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    batch: Mapped[int | None]
    payload_hash: Mapped[str | None]
    """SHA-256 of the values that were sent."""
    changed: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    """Fields whose values were cut or left out, since Salesforce does not take them."""
    lead_id: Mapped[str | None]
    member_state: Mapped[str | None]
    member_batch: Mapped[int | None]
