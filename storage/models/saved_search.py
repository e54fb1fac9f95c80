"""Searches that are kept under a name."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Now, Tenant


class SavedSearch(Tenant, Base):
    """Filters of people or schools; its owner's, or where it is shared the whole organization's."""

    __tablename__ = "saved_search"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        CheckConstraint("kind IN ('people', 'schools')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    kind: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What was given; checked when it is stored, and again each time it is used."""
    shared: Mapped[bool]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    """Whose it is; None where they were removed."""
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
