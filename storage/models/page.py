"""Pages as a harvest read them: what was asked for, and the bytes of the answer for as long as they are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant


class KeptPage(Tenant, Base):
    """A page that a harvest read for a school, with all that its reading depended on but the bytes.

    The row stays when its body is gone, so that it can be told how much is missing.
    """

    __tablename__ = "kept_page"
    __table_args__ = (Index("ix_kept_page_school", "school_id"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"), primary_key=True)
    asked: Mapped[str] = mapped_column(primary_key=True)
    """The address that was asked for."""
    shown: Mapped[bool] = mapped_column(primary_key=True)
    """Whether it is the page as a browser showed it."""
    url: Mapped[str]
    """The address that answered in the end."""
    http_status: Mapped[int]
    content_type: Mapped[str | None]
    html: Mapped[bool]
    """Whether the crawl took the answer for a web page."""
    step: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The visit's step to it: what it was hoped to be, and who named it."""
    sha256: Mapped[str]
    """Of its body, whose row may be gone."""
    fetched_at: Mapped[datetime]
    etag: Mapped[str | None]
    """The answer's ETag as printed, where the page may be asked for with it."""
    last_modified: Mapped[str | None]
    """Its Last-Modified, likewise."""


class PageBody(Tenant, Base):
    """The bytes of an answer, compressed, known by their content: once a school, however often they were fetched."""

    __tablename__ = "page_body"
    __table_args__ = (Index("ix_page_body_age", "organization_id", "fetched_at"),)

    school_id: Mapped[int] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int]
    """Before compression."""
    packed: Mapped[bytes] = mapped_column(LargeBinary)
    """By zlib."""
    fetched_at: Mapped[datetime]
    """When it was fetched last; its time runs from then."""
