"""Who uses the product: organizations (tenants), their users and the users' API keys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, LargeBinary, UniqueConstraint
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
    role: Mapped[str]
    created_at: Mapped[Now]
    disabled_at: Mapped[datetime | None]


class ApiKey(Tenant, Base):
    """A key, kept as the SHA-256 of its 256 random bits; `prefix` is what people recognize it by."""

    __tablename__ = "api_key"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    prefix: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Now]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
