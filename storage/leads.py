"""Leads: people at schools as the lines of a file, read school by school in batches of a bounded size.

Each batch is read in a transaction of its own, so it has nobody who was suppressed before it was begun, and no
transaction lasts as long as the file takes to be written. Row-level security does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.filters import StaffFilter, is_official, person_conditions, post_conditions, school_conditions
from storage.models import Evidence, School, StaffMember, StaffPost, Website
from storage.search import PageKey

LEAD_SCHOOLS = 200
"""Schools whose people are read at once at most."""
LEAD_ROWS = 4_000
"""Posts that are read at once at most, whatever the size of the export; a school with more is read alone."""


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads."""

    people: StaffFilter
    each_once: bool = False
    """Each person at one school only, of those asked for the one where they were seen last."""
    reachable: bool = False
    """Only people with an e-mail address or a school with a whole postal address."""


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A person at a school, as a line of a lead list. Every value was seen somewhere; `evidence` says where."""

    staff_id: int
    school_id: int
    school: str
    district: str | None
    address: str | None
    city: str | None
    county: str | None
    state: str | None
    zip: str | None
    nces_id: str | None
    title1_status: str | None
    website: str | None
    name: str
    honorific: str | None
    first_name: str | None
    middle_name: str | None
    last_name: str
    suffix: str | None
    credentials: list[str]
    nickname: str | None
    title: str | None
    role: str
    subjects: list[str]
    grades: list[str]
    department: str | None
    email: str | None
    email_state: str
    email_check: str | None
    phone: str | None
    extension: str | None
    source_url: str
    last_seen: datetime
    left_at: datetime | None
    confidence: float
    evidence: list[dict[str, Any]] | None = None
    """Where the person's values were seen; None where nobody asked for it."""


async def count_leads(connection: AsyncConnection, wanted: LeadFilter) -> int:
    """How many lines a file of these leads has now."""
    query = select(func.count()).select_from(StaffPost).join(School, School.id == StaffPost.school_id)
    query = query.join(StaffMember, StaffMember.id == StaffPost.staff_member_id)
    conditions = (*_conditions(wanted), *school_conditions(wanted.people.schools))
    return (await connection.execute(query.where(*conditions))).scalar_one()


async def lead_batch(
    connection: AsyncConnection, wanted: LeadFilter, *, after: PageKey | None = None, evidence: bool = False
) -> tuple[list[LeadRow], PageKey | None]:
    """The leads of the next schools behind `after`, and where to go on; None when there are no more schools."""
    page = select(School.id, School.name, _posts()).where(*school_conditions(wanted.people.schools))
    if after is not None:
        page = page.where(tuple_(School.name, School.id) > tuple_(literal(after[0]), literal(after[1])))
    found = (await connection.execute(page.order_by(School.name, School.id).limit(LEAD_SCHOOLS))).all()
    if not found:
        return [], None
    taken = _fitting([school.posts for school in found])
    last = found[taken - 1]
    more = (last.name, last.id) if taken < len(found) or len(found) == LEAD_SCHOOLS else None
    rows = (await connection.execute(_leads_of([school.id for school in found[:taken]], wanted))).all()
    if not evidence:
        return [LeadRow(*row) for row in rows], more
    seen = await _evidence_of_people(connection, {row[0] for row in rows})
    return [LeadRow(*row, evidence=seen.get(row[0], [])) for row in rows], more


def _posts() -> ColumnElement[int]:
    posts = select(func.count()).where(StaffPost.school_id == School.id)
    return posts.scalar_subquery().label("posts")


def _fitting(posts: list[int]) -> int:
    """How many schools of a page are read at once: the first, and those after it as long as there is room."""
    rows = 0
    for place, count in enumerate(posts):
        rows += count
        if rows > LEAD_ROWS:
            return max(1, place)
    return len(posts)


def _leads_of(school_ids: list[int], wanted: LeadFilter) -> Select[*tuple[Any, ...]]:
    return (
        select(
            StaffMember.id,
            School.id,
            School.name,
            School.district,
            School.address,
            School.city,
            School.county,
            School.state,
            School.zip,
            School.nces_id,
            School.title1_status,
            Website.url,
            StaffMember.name,
            StaffMember.honorific,
            StaffMember.first_name,
            StaffMember.middle_name,
            StaffMember.last_name,
            StaffMember.suffix,
            StaffMember.credentials,
            StaffMember.nickname,
            func.coalesce(StaffPost.title, StaffMember.title),
            StaffPost.role,
            StaffMember.subjects,
            StaffMember.grades,
            StaffMember.department,
            # Whatever else may once be stored there: what no page prints and nobody put right leaves in no file.
            case((_has_email(), StaffMember.email)),
            StaffMember.email_state,
            StaffMember.email_check,
            StaffMember.phone,
            StaffMember.extension,
            StaffPost.source_url,
            StaffPost.last_seen,
            StaffPost.left_at,
            StaffMember.confidence,
        )
        .select_from(StaffPost)
        .join(School, School.id == StaffPost.school_id)
        .join(StaffMember, StaffMember.id == StaffPost.staff_member_id)
        .outerjoin(Website, and_(is_official(), Website.school_id.in_(school_ids)))
        # Said of each table: otherwise all schools and sites are read, to be merged with the few that are wanted.
        .where(StaffPost.school_id.in_(school_ids), School.id.in_(school_ids), *_conditions(wanted))
        .order_by(School.name, School.id, StaffMember.last_name, StaffMember.id)
    )


def _conditions(wanted: LeadFilter) -> list[ColumnElement[bool]]:
    """What is asked of a post and its person, their schools apart."""
    conditions = [*person_conditions(wanted.people), *post_conditions(wanted.people)]
    if wanted.reachable:
        lines = (School.address, School.city, School.state, School.zip)
        conditions.append(or_(_has_email(), and_(*(line.is_not(None) for line in lines))))
    if wanted.each_once:
        conditions.append(~_has_later_post(wanted.people))
    return conditions


def _has_email() -> ColumnElement[bool]:
    return and_(StaffMember.email.is_not(None), StaffMember.email_state.in_(("published", "corrected")))


def _has_later_post(wanted: StaffFilter) -> ColumnElement[bool]:
    """Whether the person has another post among those asked for that was seen later."""
    other = aliased(StaffPost)
    later = tuple_(other.last_seen, other.school_id) > tuple_(StaffPost.last_seen, StaffPost.school_id)
    conditions = [other.staff_member_id == StaffPost.staff_member_id, later]
    if wanted.role is not None:
        conditions.append(other.role == wanted.role)
    if not wanted.left:
        conditions.append(other.left_at.is_(None))
    if at := school_conditions(wanted.schools):
        # The other post's school, in a query of its own: the names in `at` are those of the table.
        conditions.append(other.school_id.in_(select(School.id).where(*at).correlate(None)))
    return exists().where(*conditions).correlate(StaffPost)


async def _evidence_of_people(connection: AsyncConnection, staff_ids: set[int]) -> dict[int, list[dict[str, Any]]]:
    fields = ("field", "value", "printed", "url", "page", "snippet", "method", "confidence", "seen_at")
    query = (
        select(Evidence.subject_id, *(getattr(Evidence, field) for field in fields))
        .where(Evidence.subject == "staff", Evidence.subject_id.in_(staff_ids))
        .order_by(Evidence.subject_id, Evidence.field, Evidence.seen_at, Evidence.id)
    )
    seen: dict[int, list[dict[str, Any]]] = {}
    for subject_id, *values in await connection.execute(query):
        seen.setdefault(subject_id, []).append(dict(zip(fields, values, strict=True)))
    return seen
