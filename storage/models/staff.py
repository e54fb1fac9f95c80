"""Members of staff, the schools they work at, what became of them, and those who asked not to be listed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    FetchedValue,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Now, Tenant
from storage.models.job import TransactionId

Texts = Annotated[list[str], mapped_column(ARRAY(Text), server_default="{}")]


class StaffMember(Tenant, Base):
    """A person, known by published e-mail address and name, or by school and name where no address is published."""

    __tablename__ = "staff_member"
    __table_args__ = (
        UniqueConstraint("organization_id", "identity"),
        Index("ix_staff_member_page", "organization_id", "last_name", "id"),
        Index(
            "ix_staff_member_words",
            "organization_id",
            text("to_tsvector('simple', name || ' ' || coalesce(title, ''))"),
            postgresql_using="gin",
        ),
        Index(
            "ix_staff_member_likeness",
            "organization_id",
            literal_column("lower(name)").label("likeness"),
            postgresql_using="gin",
            postgresql_ops={"likeness": "gin_trgm_ops"},
        ),
        CheckConstraint("email_state IN ('published', 'form_only', 'none', 'corrected')", name="email_state"),
        CheckConstraint(
            "email_check IN ('deliverable', 'no_mx', 'null_mx', 'no_domain', 'invalid', 'unknown')", name="email_check"
        ),
        Index(
            "ix_staff_member_unchecked",
            "organization_id",
            text("coalesce(email_check_due, '-infinity')"),
            postgresql_where=text("email IS NOT NULL"),
        ),
    )

    id: Mapped[BigId]
    identity: Mapped[str]
    name: Mapped[str]
    first_name: Mapped[str | None]
    middle_name: Mapped[str | None]
    last_name: Mapped[str]
    """For sorting; the printed name where it could not be taken apart."""
    honorific: Mapped[str | None]
    suffix: Mapped[str | None]
    credentials: Mapped[Texts]
    nickname: Mapped[str | None]
    title: Mapped[str | None]
    role: Mapped[str]
    subjects: Mapped[Texts]
    """Keys of `extraction/staff/subjects.toml`."""
    grades: Mapped[Texts]
    """Of `PK`, `K`, `1` to `12`."""
    department: Mapped[str | None]
    email: Mapped[str | None]
    email_state: Mapped[str]
    phone: Mapped[str | None]
    phone_e164: Mapped[str | None]
    extension: Mapped[str | None]
    profile_url: Mapped[str | None]
    confidence: Mapped[float]
    first_seen: Mapped[Now]
    last_seen: Mapped[Now]
    left_at: Mapped[datetime | None]
    """Since when none of their posts is a present one; None while one is."""
    email_check: Mapped[str | None]
    """What syntax and DNS say of the address; None before it was looked at."""
    email_flags: Mapped[Texts]
    """Of `role` (an office's address) and `disposable`."""
    email_check_due: Mapped[datetime | None]
    """When the address is looked at again; None: as soon as can be."""


class StaffPost(Tenant, Base):
    """A member of staff at one school, with the page that said so last."""

    __tablename__ = "staff_post"
    __table_args__ = (
        Index("ix_staff_post_school", "school_id", "role", "staff_member_id"),
        Index("ix_staff_post_role", "organization_id", "role", "staff_member_id"),
    )

    staff_member_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"), primary_key=True)
    title: Mapped[str | None]
    role: Mapped[str]
    source_url: Mapped[str]
    first_seen: Mapped[Now]
    last_seen: Mapped[Now]
    job_id: Mapped[UUID | None]
    missed: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Complete crawls in a row that did not see the person there."""
    left_at: Mapped[datetime | None]


class StaffCorrection(Tenant, Base):
    """A value that a person put in the place of one that was seen; no crawl overwrites it."""

    __tablename__ = "staff_correction"

    staff_member_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str | None]
    """None says that there is no such value."""
    corrected: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What stands in the person's row, by column: a name has its parts, a telephone number its normal form."""
    seen: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What was seen last, by column; it stands there again when the correction is taken back."""
    seen_at_schools: Mapped[dict[str, str | None]] = mapped_column(JSONB)
    """The same of their posts, by the school's id, where posts have the field, too."""
    reason: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    user_name: Mapped[str]
    corrected_at: Mapped[Now]


class StaffAlias(Tenant, Base):
    """Another natural key under which a person is seen: what was merged into them stays merged."""

    __tablename__ = "staff_alias"
    __table_args__ = (
        Index("ix_staff_alias_person", "staff_member_id"),
        Index("ix_staff_alias_merged", "merged_id", postgresql_where=text("merged_id IS NOT NULL")),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    identity: Mapped[str] = mapped_column(primary_key=True)
    staff_member_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"))
    merged_id: Mapped[int | None] = mapped_column(BigInteger)
    """The id of the record that was merged; None where the person was recognized when they were stored."""
    created_at: Mapped[Now]


class StaffChange(Tenant, Base):
    """One line of the change feed: somebody joined a school, left it, or has another value than before."""

    __tablename__ = "staff_change"
    __table_args__ = (
        CheckConstraint("kind IN ('joined', 'left', 'changed')", name="kind"),
        CheckConstraint("(kind = 'changed') = (field IS NOT NULL)", name="field"),
        Index("ix_staff_change_feed", "organization_id", "xid", "id"),
        Index("ix_staff_change_person", "staff_member_id", "xid", "id"),
        Index("ix_staff_change_school_id", "school_id"),
    )

    id: Mapped[BigId]
    staff_member_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"))
    school_id: Mapped[int | None] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"))
    kind: Mapped[str]
    field: Mapped[str | None]
    old: Mapped[str | None]
    new: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    job_id: Mapped[UUID | None]
    """None where a person said so."""
    url: Mapped[str | None]
    """The page that shows it; None of somebody who is on none any more."""
    xid: Mapped[str] = mapped_column(TransactionId(), FetchedValue(), server_default=text("pg_current_xact_id()"))


class Suppression(Tenant, Base):
    """Somebody or something that must not be stored or delivered; only a salted hash of the value is kept.

    `storage.suppression` says what is hashed.
    """

    __tablename__ = "suppression"
    __table_args__ = (
        UniqueConstraint("organization_id", "kind", "hash"),
        CheckConstraint("kind IN ('email', 'domain', 'person', 'school')", name="kind"),
        Index(
            "ix_suppression_tombstone",
            "organization_id",
            "staff_member_id",
            postgresql_where=text("staff_member_id IS NOT NULL"),
        ),
    )

    id: Mapped[BigId]
    kind: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str | None]
    note: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("suppression.id", ondelete="CASCADE"), index=True)
    """Of a name that was met with a suppressed address: the address's entry, with which it goes."""
    staff_member_id: Mapped[int | None] = mapped_column(BigInteger)
    """The tombstone of a person who was deleted: the id they had."""
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    created_at: Mapped[Now]


class MailDomain(Base):
    """What DNS said of the mail of a domain, until when it is believed. Only the system's role sees it."""

    __tablename__ = "mail_domain"
    __table_args__ = (
        CheckConstraint("state IN ('deliverable', 'no_mx', 'null_mx', 'no_domain', 'unknown')", name="state"),
    )

    domain: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    checked_at: Mapped[Now]
    good_until: Mapped[datetime]
