"""What a list is asked for: filters of schools and people, and the conditions that they put to a query.

The functions give conditions on `School`, `StaffMember` and `StaffPost`, for queries in the caller's tenant
transaction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, exists, func, literal, literal_column, or_

from storage.jobs import family_of
from storage.models import DocumentSchool, School, StaffMember, StaffPost, Target, Website

# The expressions of the indexes ix_school_words and ix_staff_member_words. Under row-level security PostgreSQL does not
# use them (its text search operator is not leakproof, so a row's tenant is checked before its words); `storage.finding`
# has the way around.
SCHOOL_WORDS = literal_column("to_tsvector('simple', school.name || ' ' || coalesce(school.district, ''))")
STAFF_WORDS = literal_column("to_tsvector('simple', staff_member.name || ' ' || coalesce(staff_member.title, ''))")


EARTH_MILES = 3958.8
"""The mean radius of the earth."""


@dataclass(frozen=True, slots=True)
class Near:
    """Within so many miles of a point (degrees), by the school's coordinates, or where it has none, by its ZIP."""

    latitude: float
    longitude: float
    miles: float
    zips: tuple[str, ...] = ()
    """The ZIPs that lie there."""


@dataclass(frozen=True, slots=True)
class SchoolFilter:
    """Which schools; what is None does not matter."""

    q: str | None = None
    """Words whose beginnings must all occur in name or district."""
    state: str | None = None
    county: str | None = None
    district: str | None = None
    title1_status: str | None = None
    document_id: UUID | None = None
    has_website: bool | None = None
    to_review: bool | None = None
    """Whether a candidate for the website waits for a person, and none was accepted."""
    job_id: UUID | None = None
    """A crawl that looked at the school, or the pipeline that the crawl was a step of."""
    school_ids: tuple[int, ...] | None = None
    near: Near | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """How sure, and how lately seen."""

    least: float | None = None
    """Confidence, from 0 to 1."""
    seen_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class StaffFilter:
    """Which people; what is None does not matter."""

    q: str | None = None
    """Words whose beginnings must all occur in name or title."""
    role: str | None = None
    has_email: bool | None = None
    email_state: str | None = None
    subject: str | None = None
    """A key of `extraction/staff/subjects.toml`."""
    grade: str | None = None
    """`PK`, `K`, `1` to `12`."""
    email_check: str | None = None
    """What syntax and DNS say of the address (`storage.email_checks`)."""
    left: bool | None = None
    """Also those who have left: people without a present post, and posts that are none any more."""
    trust: Trust = field(default_factory=Trust)
    schools: SchoolFilter = field(default_factory=SchoolFilter)


def is_official() -> ColumnElement[bool]:
    """Whether a website is its school's accepted one."""
    return and_(Website.school_id == School.id, Website.state == "accepted")


def school_conditions(wanted: SchoolFilter, *, words: bool = True) -> list[ColumnElement[bool]]:
    """What a query over schools must ask for, but for the `words` where they were looked for already."""
    conditions: list[ColumnElement[bool]] = []
    if words and wanted.q and wanted.q.strip():
        conditions.append(words_begin(SCHOOL_WORDS, wanted.q))
    if wanted.state is not None:
        conditions.append(School.state == wanted.state)
    if wanted.county is not None:
        conditions.append(School.county_key == wanted.county.lower())
    if wanted.district is not None:
        conditions.append(School.district_key == wanted.district.lower())
    if wanted.title1_status is not None:
        conditions.append(School.title1_status == wanted.title1_status)
    if wanted.document_id is not None:
        listed = (DocumentSchool.school_id == School.id, DocumentSchool.document_id == wanted.document_id)
        conditions.append(exists().where(*listed))
    if wanted.has_website is not None:
        official = exists().where(is_official())
        conditions.append(official if wanted.has_website else ~official)
    if wanted.to_review is not None:
        waits = exists().where(Website.school_id == School.id, Website.state == "review")
        to_review = and_(waits, ~exists().where(is_official()))
        conditions.append(to_review if wanted.to_review else ~to_review)
    if wanted.job_id is not None:
        of_job = family_of(wanted.job_id)
        conditions.append(exists().where(Target.school_id == School.id, Target.job_id.in_(of_job)))
    if wanted.school_ids is not None:
        conditions.append(School.id.in_(wanted.school_ids))
    if wanted.near is not None:
        conditions.append(_lies_near(wanted.near))
    return conditions


def _lies_near(near: Near) -> ColumnElement[bool]:
    """By the haversine of the distance; the box around it is what an index knows."""
    angle = near.miles / EARTH_MILES
    reach = math.degrees(angle)
    box = [School.latitude.between(near.latitude - reach, near.latitude + reach)]
    furthest = abs(near.latitude) + reach
    aside = reach / math.cos(math.radians(furthest)) if furthest < 89 else 360.0
    if abs(near.longitude) + aside <= 180:  # else the box reaches over the date line, where numbers start anew
        box.append(School.longitude.between(near.longitude - aside, near.longitude + aside))
    here, there = math.radians(near.latitude), func.radians(School.latitude)
    northward = func.power(func.sin((there - here) / 2), 2)
    eastward = func.power(func.sin(func.radians(School.longitude - near.longitude) / 2), 2)
    haversine = northward + math.cos(here) * func.cos(there) * eastward
    close = haversine <= math.sin(min(math.pi, angle) / 2) ** 2
    by_zip = and_(School.latitude.is_(None), func.left(School.zip, 5).in_(near.zips))
    return or_(and_(*box, close), by_zip)


def person_conditions(wanted: StaffFilter, *, words: bool = True) -> list[ColumnElement[bool]]:
    """What a query over people must ask for, but for their posts, and the `words` where they were looked for."""
    conditions: list[ColumnElement[bool]] = []
    if words and wanted.q and wanted.q.strip():
        conditions.append(words_begin(STAFF_WORDS, wanted.q))
    if wanted.has_email is not None:
        conditions.append(StaffMember.email.is_not(None) if wanted.has_email else StaffMember.email.is_(None))
    if wanted.email_state is not None:
        conditions.append(StaffMember.email_state == wanted.email_state)
    if wanted.subject is not None:
        conditions.append(literal(wanted.subject) == any_(StaffMember.subjects))
    if wanted.grade is not None:
        conditions.append(literal(wanted.grade) == any_(StaffMember.grades))
    if wanted.email_check is not None:
        conditions.append(StaffMember.email_check == wanted.email_check)
    if not wanted.left:
        conditions.append(StaffMember.left_at.is_(None))
    if wanted.trust.least is not None:
        conditions.append(StaffMember.confidence >= wanted.trust.least)
    if wanted.trust.seen_since is not None:
        conditions.append(StaffMember.last_seen >= wanted.trust.seen_since)
    return conditions


def is_present() -> ColumnElement[bool]:
    """Whether somebody still has a post, as far as the last crawls know."""
    return StaffPost.left_at.is_(None)


def post_conditions(wanted: StaffFilter) -> list[ColumnElement[bool]]:
    """What their posts must be."""
    conditions = [] if wanted.role is None else [StaffPost.role == wanted.role]
    return conditions if wanted.left else [*conditions, is_present()]


def words_begin(words: ColumnElement[Any], q: str) -> ColumnElement[bool]:
    """Whether every piece of `q` begins one of the words."""
    return words.bool_op("@@")(as_query(q))


def as_query(q: str) -> ColumnElement[Any]:
    """What must occur. PostgreSQL cuts both sides into words, so "O'Brien" and "P.S. 12" are found."""
    escaped = (piece.replace("\\", "\\\\").replace("'", "''") for piece in q.split())
    return func.to_tsquery("simple", " & ".join(f"'{piece}':*" for piece in escaped))
