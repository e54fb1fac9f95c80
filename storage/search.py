"""Looking things up: schools and people, by filters, in an order that pages can continue.

Every list is ordered by (name, id) and continued behind the last pair seen (keyset), which an index serves at any
depth. All functions run in the caller's tenant transaction; row-level security does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    case,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import NotFoundError
from storage.filters import is_official
from storage.models import (
    Document,
    DocumentSchool,
    Evidence,
    School,
    StaffMember,
    StaffPost,
    User,
    Website,
)

AnyRow = Row[*tuple[Any, ...]]
PageKey = tuple[str, int]
"""Where a list is continued: the sorting name and the id of the last row seen."""


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """A school in a list. `website` is the accepted one only; state and score are those of its best candidate."""

    id: int
    name: str
    district: str | None
    address: str | None
    city: str | None
    county: str | None
    county_fips: str | None
    state: str | None
    zip: str | None
    phone: str | None
    nces_id: str | None
    title1_status: str | None
    grade_span: str | None
    enrollment: int | None
    low_income_pct: Decimal | None
    website: str | None
    website_state: str | None
    website_score: float | None
    confidence: float
    last_seen: datetime


async def get_school(connection: AsyncConnection, school_id: int) -> SchoolLine:
    """One school.

    Raises:
        NotFoundError: no such school in this organization.
    """
    row = (await connection.execute(school_lines().where(School.id == school_id))).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no school {school_id}.")
    return SchoolLine(*row)


async def websites_of(connection: AsyncConnection, school_id: int) -> Sequence[AnyRow]:
    """All candidates for a school's website, the accepted one first, then the likeliest."""
    rank = _website_rank(Website.state)
    columns = [column for column in Website.__table__.c if column.name != "decided_by"]
    query = (
        select(*columns, User.name.label("decided_by"))
        .outerjoin(User, User.id == Website.decided_by)
        .where(Website.school_id == school_id)
        .order_by(rank, Website.score.desc())
    )
    return (await connection.execute(query)).all()


async def evidence_of(connection: AsyncConnection, subject: str, subject_id: int) -> Sequence[AnyRow]:
    """Where the values of a school, website or person were seen."""
    query = (
        select(*Evidence.__table__.c)
        .where(Evidence.subject == subject, Evidence.subject_id == subject_id)
        .order_by(Evidence.field, Evidence.seen_at, Evidence.id)
    )
    return (await connection.execute(query)).all()


async def listings_of(connection: AsyncConnection, school_id: int) -> Sequence[AnyRow]:
    """The documents, pages and rows that name a school."""
    query = (
        select(DocumentSchool.document_id, Document.filename, DocumentSchool.page, DocumentSchool.row)
        .join(Document, Document.id == DocumentSchool.document_id)
        .where(DocumentSchool.school_id == school_id)
        .order_by(Document.created_at, DocumentSchool.page, DocumentSchool.row)
    )
    return (await connection.execute(query)).all()


async def get_staff(connection: AsyncConnection, staff_id: int) -> AnyRow:
    """One person.

    Raises:
        NotFoundError: no such person in this organization.
    """
    query = select(*StaffMember.__table__.c).where(StaffMember.id == staff_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no member of staff {staff_id}.")
    return row


async def posts_of(connection: AsyncConnection, staff_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Where people work, the present posts first, of these the one seen last."""
    query = (
        select(
            StaffPost.staff_member_id,
            StaffPost.school_id,
            School.name.label("school"),
            School.state,
            StaffPost.title,
            StaffPost.role,
            StaffPost.source_url,
            StaffPost.first_seen,
            StaffPost.last_seen,
            StaffPost.left_at,
            Website.url.label("website"),
        )
        .join(School, School.id == StaffPost.school_id)
        .outerjoin(Website, is_official())
        .where(StaffPost.staff_member_id.in_(staff_ids))
        .order_by(
            StaffPost.staff_member_id, StaffPost.left_at.is_not(None), StaffPost.last_seen.desc(), StaffPost.school_id
        )
    )
    return (await connection.execute(query)).all()


def school_lines() -> Select[*tuple[Any, ...]]:
    """Schools with the state of their best website, in the order of `SchoolLine`."""
    best = (
        select(Website.url, Website.state, Website.score)
        .where(Website.school_id == School.id, Website.state != "rejected")
        .order_by(_website_rank(Website.state), Website.score.desc())
        .limit(1)
        .lateral("best")
    )
    return select(
        School.id,
        School.name,
        School.district,
        School.address,
        School.city,
        School.county,
        School.county_fips,
        School.state,
        School.zip,
        School.phone,
        School.nces_id,
        School.title1_status,
        School.grade_span,
        School.enrollment,
        School.low_income_pct,
        # A candidate is not the school's website before it was accepted.
        case((best.c.state == "accepted", best.c.url)),
        best.c.state,
        best.c.score,
        School.confidence,
        School.last_seen,
    ).outerjoin(best, true())


def best_website_state() -> ScalarSelect[str]:
    """The state of a school's best website, as in `school_lines`."""
    best = select(Website.state).where(Website.school_id == School.id, Website.state != "rejected")
    return best.order_by(_website_rank(Website.state)).limit(1).correlate(School).scalar_subquery()


def _website_rank(state: Any) -> ColumnElement[int]:
    return case({"accepted": 0, "review": 1, "candidate": 2}, value=state, else_=3)
