"""Schedules: jobs that are asked for again and again by a cron line, and what came of each of their times."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Now, Tenant


class Schedule(Tenant, Base):
    """A request for a job, and when it is made again."""

    __tablename__ = "schedule"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        CheckConstraint("misfire_grace_seconds >= 0", name="misfire_grace_seconds"),
        # Who looks for what is due needs to look at the time only.
        CheckConstraint("enabled = (next_fire_at IS NOT NULL)", name="next_fire_at"),
        Index("ix_schedule_due", "next_fire_at", postgresql_where=text("next_fire_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    kind: Mapped[str]
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The body of `POST /jobs`; checked when it is stored, and again at each firing."""
    cron: Mapped[str]
    time_zone: Mapped[str]
    misfire_grace_seconds: Mapped[int]
    enabled: Mapped[bool]
    next_fire_at: Mapped[datetime | None]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    """In whose name its jobs run: who made it or changed it last."""
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class ScheduleFiring(Tenant, Base):
    """What came of one time of a schedule: a job, or the reason for none. Written once."""

    __tablename__ = "schedule_firing"
    __table_args__ = (
        CheckConstraint("cause IN ('due', 'asked')", name="cause"),
        CheckConstraint("outcome IN ('started', 'missed', 'overlapped', 'refused')", name="outcome"),
        CheckConstraint("outcome = 'started' OR reason IS NOT NULL", name="reason"),
        Index("ix_schedule_firing_page", "schedule_id", "id"),
        # One due time is answered once, whatever happens to whoever answers it.
        Index(
            "uq_schedule_firing_due",
            "schedule_id",
            "fire_at",
            unique=True,
            postgresql_where=text("cause = 'due'"),
        ),
        Index("ix_schedule_firing_job", "job_id", postgresql_where=text("job_id IS NOT NULL")),
    )

    id: Mapped[BigId]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedule.id", ondelete="CASCADE"))
    cause: Mapped[str]
    """`due` by its cron line, or `asked` for by somebody."""
    fire_at: Mapped[datetime]
    """The time that this answers; when it was asked for, that moment."""
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    outcome: Mapped[str]
    reason: Mapped[str | None]
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
