"""Access: sessions of people, one-time links, waiting times and limits, signing keys, the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Now, Tenant


class UserSession(Tenant, Base):
    """A person who is signed in: by a cookie, or by access tokens that refresh tokens renew."""

    __tablename__ = "user_session"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    cookie_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    address: Mapped[str | None]
    """Where the person signed in from; for a while, strangers cannot make its owner wait there."""
    created_at: Mapped[Now]
    last_seen_at: Mapped[Now]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class RefreshToken(Tenant, Base):
    """One of a session's refresh tokens, as its SHA-256. Each is good once; one that comes again ends the session."""

    __tablename__ = "refresh_token"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("user_session.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Now]
    used_at: Mapped[datetime | None]


class PasswordLink(Tenant, Base):
    """A link by which a user sets a password, once; kept as the SHA-256 of its token."""

    __tablename__ = "password_link"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Now]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInThrottle(Base):
    """Failed sign-ins of one name (kept as a hash) or from one address. Only the system's role sees it."""

    __tablename__ = "sign_in_throttle"

    subject: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[Now]
    blocked_until: Mapped[Now]


class RateBucket(Base):
    """How far an account or address has used its limit up: the time at which its bucket is full again."""

    __tablename__ = "rate_bucket"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012  SQLAlchemy's way

    subject: Mapped[str] = mapped_column(primary_key=True)
    full_at: Mapped[datetime]


class SigningKey(Base):
    """A secret that all processes of a deployment sign with, where the settings name none."""

    __tablename__ = "signing_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Now]


class AuditEntry(Base):
    """A sensitive act: who, when, what, from where, and whether it was done or refused. Never changed or deleted.

    Without foreign keys to users and keys, so that it outlives them; without an organization where a name that signs
    in to none was tried.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'refused')", name="outcome"),
        Index("ix_audit_entry_organization", "organization_id", "id"),
    )

    id: Mapped[BigId]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    act: Mapped[str]
    outcome: Mapped[str]
    user_id: Mapped[UUID | None]
    user_name: Mapped[str | None]
    key_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    object: Mapped[str | None]
    object_id: Mapped[str | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
