"""Uploaded PDFs, what was read on each page, and which schools they list."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Now, Tenant


class Document(Tenant, Base):
    """A PDF, known by its content: the same file uploaded twice is one document. Its bytes are a blob."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("organization_id", "sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    sha256: Mapped[str]
    filename: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    pages: Mapped[int]
    title: Mapped[str | None]
    state: Mapped[str | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    created_at: Mapped[Now]


class DocumentPage(Tenant, Base):
    """How one page was read, how sure that is, and what was odd about it."""

    __tablename__ = "document_page"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    method: Mapped[str]
    confidence: Mapped[float]
    rows_found: Mapped[int]
    rows_expected: Mapped[int | None]
    warnings: Mapped[list[Any]] = mapped_column(JSONB)
    read_at: Mapped[Now]


class DocumentSchool(Tenant, Base):
    """Says that a row of a page names a school."""

    __tablename__ = "document_school"
    __table_args__ = (Index("ix_document_school_school_id", "school_id"),)

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"))
    confidence: Mapped[float]
