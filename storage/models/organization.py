"""Who uses the product: organizations (tenants), their users and the users' API keys. Sessions stand in `access`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, LargeBinary, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Now, Tenant


class Organization(Base):
    """A tenant."""

    __tablename__ = "organization"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    created_at: Mapped[Now]
    suppression_salt: Mapped[bytes] = mapped_column(LargeBinary, server_default=FetchedValue())
    """The key of its suppression list's hashes, made by the database."""


class User(Tenant, Base):
    """A person (or program) of an organization. viewer < operator < admin."""

    __tablename__ = "app_user"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        CheckConstraint("role IN ('viewer', 'operator', 'admin')", name="role"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)
    """What the user signs in with, in lower case; none for a user who has keys only."""
    password: Mapped[str | None]
    """Its argon2id hash; none until the user has set one."""
    must_change: Mapped[bool] = mapped_column(server_default=false())
    """Whether the user can do nothing but set another password."""
    role: Mapped[str]
    created_at: Mapped[Now]
    disabled_at: Mapped[datetime | None]


class ApiKey(Tenant, Base):
    """A key, kept as the SHA-256 of its 256 random bits; `prefix` is what people recognize it by."""

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint("scope IN ('read', 'run', 'admin')", name="scope"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    prefix: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scope: Mapped[str] = mapped_column(server_default="admin")
    """The most that it may do, see `storage.roles.Scope`; never more than its user may."""
    replaced_by: Mapped[UUID | None] = mapped_column(ForeignKey("api_key.id", ondelete="SET NULL"))
    """The key that was made in its place."""
    created_at: Mapped[Now]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
