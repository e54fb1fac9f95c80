"""What has left the house: one row a file."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Now, Tenant

Count = Annotated[int | None, mapped_column(BigInteger)]


class ExportRecord(Tenant, Base):
    """A file of people or schools: who had it made, when, of what and what for. The application deletes none.

    A download has its row before its first byte, and its end when it has ended; without an end it is going on, or its
    process was killed. The file of a job has its row in the transaction that ends the job.
    """

    __tablename__ = "export_record"
    __table_args__ = (
        # However often a job is tried, its file is told once.
        Index("uq_export_record_job_file", "job_id", unique=True, postgresql_where=text("source = 'job'")),
        Index("ix_export_record_page", "organization_id", "id"),
        CheckConstraint("source IN ('download', 'job', 'job_download')", name="source"),
        CheckConstraint("(source = 'download') = (job_id IS NULL)", name="job_id"),
        CheckConstraint("subject IN ('people', 'schools')", name="subject"),
        CheckConstraint("outcome IN ('complete', 'broken off')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("outcome <> 'complete' OR (rows IS NOT NULL AND sha256 IS NOT NULL)", name="complete"),
    )

    id: Mapped[BigId]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    user_name: Mapped[str]
    """As it was then."""
    api_key: Mapped[str | None]
    """The first letters of the key that asked; of a job, which is not asked for in that moment, none."""
    source: Mapped[str]
    """`download`: sent as it was read; `job`: written by a job; `job_download`: such a file, fetched."""
    job_id: Mapped[UUID | None]
    subject: Mapped[str]
    format: Mapped[str]
    preset: Mapped[str]
    raw: Mapped[bool]
    """Without defence against formulas."""
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    purpose: Mapped[str | None]
    suppression_id: Mapped[Count]
    """Of a job's file: the newest entry of the suppression list that it heeds."""
    begun_at: Mapped[Now]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    rows: Mapped[Count]
    size_bytes: Mapped[Count]
    sha256: Mapped[str | None]
