"""Jobs: the request, its attempts, its targets, the pages visited, its events, and the workers that run it.

What the states mean stands in `storage.jobs.JobState`; the machine as a picture in `docs/jobs.md`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    FetchedValue,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from storage.models.base import Base, Now, Tenant


class TransactionId(UserDefinedType[str]):
    """PostgreSQL's `xid8`: the number of a transaction, never reused."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"


class Job(Tenant, Base):
    """One request for work. This row is the truth; the queue only rings."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key"),
        CheckConstraint(
            "kind IN ('extract_schools', 'discover_websites', 'harvest_staff', 'reextract_staff', 'export_leads',"
            " 'push_leads', 'pipeline')",
            name="kind",
        ),
        CheckConstraint(
            "state IN ('queued', 'running', 'waiting', 'paused', 'succeeded', 'failed', 'cancelled')", name="state"
        ),
        CheckConstraint("desired IN ('run', 'pause', 'cancel')", name="desired"),
        # A running job always has a holder and an end of lease: the reaper compares, and NULL compares to nothing.
        CheckConstraint("(state = 'running') = (worker_id IS NOT NULL AND lease_until IS NOT NULL)", name="lease"),
        # An ended job always says why it ended.
        CheckConstraint("state NOT IN ('failed', 'cancelled') OR reason IS NOT NULL", name="reason"),
        Index("ix_job_queued", "priority", "created_at", postgresql_where=text("state = 'queued'")),
        Index("ix_job_running", "user_id", postgresql_where=text("state = 'running'")),
        Index(
            "ix_job_unfinished",
            "user_id",
            postgresql_where=text("parent_id IS NULL AND state NOT IN ('succeeded', 'failed', 'cancelled')"),
        ),
        Index("ix_job_page", "organization_id", "created_at", "id"),
        Index("ix_job_parent", "parent_id", "step"),
        Index("ix_job_schedule_id", "schedule_id", postgresql_where=text("schedule_id IS NOT NULL")),
        Index("ix_job_retry_of", "retry_of", postgresql_where=text("retry_of IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    step: Mapped[int | None] = mapped_column(SmallInteger)
    """Place among the parent's children, from 1."""
    schedule_id: Mapped[UUID | None] = mapped_column(ForeignKey("schedule.id", ondelete="SET NULL"))
    """The schedule that asked for it."""
    retry_of: Mapped[UUID | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    """The job that it tries again."""
    kind: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """See `storage.jobs.Priority`; the lower, the sooner."""
    budget: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What it may use: `pages`, `bytes` and `seconds` of a crawl (`storage.budgets`), `llm_dollars` (`storage.llm`)."""
    state: Mapped[str]
    desired: Mapped[str] = mapped_column(server_default="run")
    reason: Mapped[str | None]
    error_code: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(server_default="0")
    """The fencing number: rises with each claim."""
    failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Attempts in a row that ended without progress."""
    max_failures: Mapped[int] = mapped_column(SmallInteger, server_default="5")
    run_after: Mapped[Now]
    worker_id: Mapped[int | None]
    lease_until: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int | None]
    checkpoint: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    result: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    last_seq: Mapped[int] = mapped_column(server_default="0")
    idempotency_key: Mapped[str | None]
    request_hash: Mapped[str | None]
    """SHA-256 of the request that used the idempotency key, so that the key cannot stand for two requests."""
    created_at: Mapped[Now]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobAttempt(Tenant, Base):
    """One try at a job: by whom, from when to when, how it ended, and the spider's statistics."""

    __tablename__ = "job_attempt"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    worker_id: Mapped[int]
    started_at: Mapped[Now]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
    finish_reason: Mapped[str | None]
    """What the spider itself gave as its reason to stop; exit codes say nothing."""
    stats: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    used: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What of its job's budget it has used so far."""


class JobEvent(Tenant, Base):
    """One line of a job's story. `seq` runs from 1 without gaps in commit order; `xid`, `id` order the common feed."""

    __tablename__ = "job_event"
    __table_args__ = (Index("ix_job_event_feed", "organization_id", "xid", "id"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    at: Mapped[Now]
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    xid: Mapped[str] = mapped_column(TransactionId(), FetchedValue(), server_default=text("pg_current_xact_id()"))


class Target(Tenant, Base):
    """One school inside a crawl job."""

    __tablename__ = "target"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'done', 'failed', 'skipped')", name="state"),
        Index("ix_target_pending", "job_id", postgresql_where=text("state = 'pending'")),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"), primary_key=True)
    host: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="pending")
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
    pages: Mapped[int] = mapped_column(server_default="0")
    people: Mapped[int] = mapped_column(server_default="0")
    pages_gone: Mapped[int] = mapped_column(server_default="0")
    """Of pages that are read again: those whose bodies are kept no more."""
    tried: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Of a discovery: the providers in the order in which they were asked, each with its outcome.

    Of a harvest that is left for a browser, until it ends: the site and the pages to show.
    """
    updated_at: Mapped[Now]


class PageVisit(Tenant, Base):
    """A page asked for by a crawl job and what came of it."""

    __tablename__ = "page_visit"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"), primary_key=True)
    url: Mapped[str] = mapped_column(primary_key=True)
    http_status: Mapped[int | None]
    outcome: Mapped[str]
    reason: Mapped[str]
    people: Mapped[int]
    fetched_at: Mapped[datetime]


class Worker(Base):
    """A worker process. It lives as long as its session holds the advisory lock with its id."""

    __tablename__ = "worker"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[Now]
    seen_at: Mapped[Now]
