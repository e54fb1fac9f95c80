"""Hosts of the web that crawls share: whose turn it is, and what the host asked of whoever comes next."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Now


class HostLease(Base):
    """One host, asked by one crawl at a time; no tenant owns it. All times are the database's."""

    __tablename__ = "host_lease"
    __table_args__ = (
        # A host that is taken always has a holder and an end: NULL compares to nothing.
        CheckConstraint("(until IS NULL) = (job_id IS NULL) AND (until IS NULL) = (attempt IS NULL)", name="held"),
    )

    host: Mapped[str] = mapped_column(primary_key=True)
    """What shares one pace (`crawler.domains.pace_domain`): a domain, or a vendor by its first one."""
    job_id: Mapped[UUID | None]
    """The crawl that holds it. A later attempt of the same job takes it at once."""
    attempt: Mapped[int | None]
    until: Mapped[datetime | None]
    """When a holder that gave no sign of life loses it; NULL while nobody holds it."""
    not_before: Mapped[datetime | None]
    """The earliest time of the next request: the last one and the host's pause, or its Retry-After."""
    crawl_delay: Mapped[float | None]
    """Seconds between two requests that its robots.txt asked for."""
    parked_until: Mapped[datetime | None]
    parked_reason: Mapped[str | None]
    wanted_by: Mapped[UUID | None]
    """The job that waits for it and is next."""
    wanted_until: Mapped[datetime | None]
    """When that job's wish lapses, unless it is said again."""
    touched_at: Mapped[Now]
