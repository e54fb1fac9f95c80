"""Schools and the websites found for them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, literal_column, text
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
            "organization_id",
            text("to_tsvector('simple', name || ' ' || coalesce(district, ''))"),
            postgresql_using="gin",
        ),
        Index(
            "ix_school_likeness",
            "organization_id",
            literal_column("lower(name)").label("likeness"),
            postgresql_using="gin",
            postgresql_ops={"likeness": "gin_trgm_ops"},
        ),
        Index("ix_school_district", "organization_id", "district_key"),
        Index("ix_school_county", "organization_id", "county_key"),
    )

    id: Mapped[BigId]
    identity: Mapped[str]
    nces_id: Mapped[str | None]
    name: Mapped[str]
    district: Mapped[str | None]
    district_key: Mapped[str | None] = mapped_column(Computed("lower(district)", persisted=True))
    state_school_id: Mapped[str | None]
    state_district_id: Mapped[str | None]
    address: Mapped[str | None]
    city: Mapped[str | None]
    county: Mapped[str | None]
    county_key: Mapped[str | None] = mapped_column(Computed("lower(county)", persisted=True))
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
    fetched_at: Mapped[datetime | None]
    """None for a site that a person named and nobody has fetched yet."""
    job_id: Mapped[UUID | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    """When a person set the state; no crawl changes it then."""


class WebsiteDecision(Tenant, Base):
    """One decision of a person on a school's website; kept for good, whatever is decided later."""

    __tablename__ = "website_decision"
    __table_args__ = (
        Index("ix_website_decision_school", "school_id", "id"),
        CheckConstraint("decision IN ('accepted', 'rejected')", name="decision"),
    )

    id: Mapped[BigId]
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"))
    url: Mapped[str]
    decision: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    at: Mapped[Now]


class SchoolLink(Tenant, Base):
    """Which school of the official directory a listed school is, how sure that is, and why (`extraction.linkage`)."""

    __tablename__ = "school_link"
    __table_args__ = (
        Index("ix_school_link_state", "organization_id", "state"),
        CheckConstraint("state IN ('automatic', 'review', 'none', 'accepted', 'rejected')", name="state"),
        CheckConstraint("(state IN ('none', 'rejected')) = (nces_id IS NULL)", name="nces_id"),
        CheckConstraint("(state IN ('accepted', 'rejected')) = (decided_at IS NOT NULL)", name="decided"),
    )

    school_id: Mapped[int] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("document.id", ondelete="SET NULL"))
    """The list it was linked with."""
    nces_id: Mapped[str | None]
    state: Mapped[str]
    """`automatic`, `review`, `none`; `accepted` and `rejected` are a person's."""
    method: Mapped[str]
    score: Mapped[float]
    reasons: Mapped[list[Any]] = mapped_column(JSONB)
    choices: Mapped[list[Any]] = mapped_column(JSONB)
    linked_at: Mapped[Now]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
