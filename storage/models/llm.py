"""What was asked of language models: each call with its cost, answers worth keeping, and each organization's budget."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Now, Tenant


class LlmBudget(Tenant, Base):
    """What an organization may spend. Reservations of one organization queue at this row.

    NULL: as the settings say, until the organization has set its budget (`set_at`); then: no limit.
    """

    __tablename__ = "llm_budget"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    dollars: Mapped[Decimal | None] = mapped_column(Numeric(12, 4))
    tokens: Mapped[int | None] = mapped_column(BigInteger)
    set_at: Mapped[datetime | None]


class LlmCall(Tenant, Base):
    """One question to a model. Until it is settled its tokens and dollars are what it may cost at its worst."""

    __tablename__ = "llm_call"
    __table_args__ = (
        CheckConstraint("state IN ('reserved', 'answered', 'failed')", name="state"),
        # An open call always has an end: its worker may be dead.
        CheckConstraint("(state = 'reserved') = (expires_at IS NOT NULL)", name="expires"),
        Index("ix_llm_call_organization", "organization_id", "at"),
        Index("ix_llm_call_job", "job_id"),
    )

    id: Mapped[BigId]
    job_id: Mapped[UUID | None]
    attempt: Mapped[int | None]
    purpose: Mapped[str]
    model: Mapped[str]
    state: Mapped[str]
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    dollars: Mapped[Decimal] = mapped_column(Numeric(14, 8))
    at: Mapped[Now]
    expires_at: Mapped[datetime | None]


class LlmAnswer(Tenant, Base):
    """A model's answer, known by the hash of all that it depends on."""

    __tablename__ = "llm_answer"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str]
    answer: Mapped[str]
    at: Mapped[Now]
