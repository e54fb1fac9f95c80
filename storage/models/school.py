"""Schools and the websites found for them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Now, Tenant


class School(Tenant, Base):
    """A school, known by its NCES id or by normalized name + district + state (`identity`, see `storage.schools`)."""

    __tablename__ = "school"
    __table_args__ = (
        UniqueConstraint("organization_id", "identity"),
        Index("ix_school_place", "organization_id", "latitude", "longitude"),
        Index("ix_school_page", "organization_id", "name", "id"),
        Index("ix_school_state", "organization_id", "state", "county"),
        Index(
            "ix_school_words",
            text("to_tsvector('simple', name || ' ' || coalesce(district, ''))"),
            postgresql_using="gin",
        ),
    )

    id: Mapped[BigId]
    identity: Mapped[str]
    nces_id: Mapped[str | None]
    name: Mapped[str]
    district: Mapped[str | None]
    state_school_id: Mapped[str | None]
    state_district_id: Mapped[str | None]
    address: Mapped[str | None]
    city: Mapped[str | None]
    county: Mapped[str | None]
    county_fips: Mapped[str | None] = mapped_column(CHAR(5))
    state: Mapped[str | None]
    zip: Mapped[str | None]
    phone: Mapped[str | None]
    title1_status: Mapped[str | None]
    grade_span: Mapped[str | None]
    enrollment: Mapped[int | None]
    low_income_pct: Mapped[Decimal | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    confidence: Mapped[float]
    first_seen: Mapped[Now]
    last_seen: Mapped[Now]


class Website(Tenant, Base):
    """A candidate for a school's official site: (origin, path prefix) with its score and the signals behind it."""

    __tablename__ = "website"
    __table_args__ = (
        UniqueConstraint("school_id", "url"),
        # A school has at most one official site at a time; whoever accepts another must first set this one aside.
        Index("uq_website_accepted", "school_id", unique=True, postgresql_where=text("state = 'accepted'")),
        CheckConstraint("state IN ('candidate', 'review', 'accepted', 'rejected')", name="state"),
    )

    id: Mapped[BigId]
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"))
    url: Mapped[str]
    provider: Mapped[str]
    score: Mapped[float]
    signals: Mapped[list[Any]] = mapped_column(JSONB)
    state: Mapped[str]
    http_status: Mapped[int | None]
    fetched_at: Mapped[datetime]
    job_id: Mapped[UUID | None]
