"""Where each stored value was seen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Now, Tenant


class Evidence(Tenant, Base):
    """One sighting of one value: in a document (page, box) or on the web (URL, snippet), by a method, this sure.

    A PDF of the web has its page, too.

    `source` is the sighting's natural key: `document:<id>:<page>:<row>` or the page's address. Seeing the value there
    again renews the row. What a person put right (`storage.corrections`) has neither, and the source `correction`.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("subject", "subject_id", "field", "source"),
        Index("ix_evidence_document", "document_id", "page", postgresql_where=text("document_id IS NOT NULL")),
        CheckConstraint("subject IN ('school', 'website', 'staff')", name="subject"),
        CheckConstraint("(document_id IS NULL) <> (url IS NULL) OR method = 'correction'", name="document_or_url"),
    )

    id: Mapped[BigId]
    subject: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    field: Mapped[str]
    source: Mapped[str]
    printed: Mapped[str]
    value: Mapped[str]
    document_id: Mapped[UUID | None]
    page: Mapped[int | None]
    box: Mapped[list[Any] | None] = mapped_column(JSONB)
    url: Mapped[str | None]
    snippet: Mapped[str | None]
    method: Mapped[str]
    confidence: Mapped[float]
    seen_at: Mapped[Now]
    job_id: Mapped[UUID | None]
    attempt: Mapped[int | None]
