"""The official directory of public schools (NCES Common Core of Data), imported from its file; no tenant owns it."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Now


class DirectorySchool(Base):
    """One row of the CCD school directory (file 029), as `extraction.nces` reads it."""

    __tablename__ = "directory_school"
    __table_args__ = (Index("ix_directory_school_state", "state"),)

    nces_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    district: Mapped[str | None]
    lea_id: Mapped[str | None]
    state_id: Mapped[str | None]
    address: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    zip: Mapped[str | None]
    phone: Mapped[str | None]
    website: Mapped[str | None]
    level: Mapped[str | None]
    low_grade: Mapped[str | None]
    high_grade: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    """Degrees (WGS 84), from the EDGE file; a new directory file keeps them."""
    imported_at: Mapped[Now]
