"""Members of staff, the schools they work at, and those who asked not to be listed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, literal_column, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Now, Tenant

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
        CheckConstraint("email_state IN ('published', 'form_only', 'none')", name="email_state"),
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


class Suppression(Tenant, Base):
    """Somebody or something that must not be stored or delivered; only a salted hash of the value is kept.

    `storage.suppression` says what is hashed.
    """

    __tablename__ = "suppression"
    __table_args__ = (
        UniqueConstraint("organization_id", "kind", "hash"),
        CheckConstraint("kind IN ('email', 'domain', 'person', 'school')", name="kind"),
    )

    id: Mapped[BigId]
    kind: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str | None]
    note: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("suppression.id", ondelete="CASCADE"), index=True)
    """Of a name that was met with a suppressed address: the address's entry, with which it goes."""
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    created_at: Mapped[Now]
