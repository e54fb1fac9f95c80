"""Two records of one person made one: by hand, after a look at who may be stored twice.

The record that stays keeps what it says; the other one fills what it does not say, and brings its posts, evidence,
corrections and lines of the change feed. Its natural keys become further keys of the one that stays, so later crawls
see one person with several posts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, delete, exists, func, literal, or_, select, tuple_, union, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.corrections import OF_POSTS, corrections_of
from storage.errors import ConflictError
from storage.models import (
    Evidence,
    PushRow,
    School,
    StaffAlias,
    StaffChange,
    StaffCorrection,
    StaffMember,
    StaffPost,
)
from storage.search import AnyRow, get_staff
from storage.seen_people import add_aliases
from storage.staff_removal import mark_departed
from storage.suppression import hold_list

PairKey = tuple[str, int, int]
"""Where the list of pairs is continued: last name and ids of the last pair seen."""
_FILLED = (
    *("first_name", "middle_name", "honorific", "suffix", "nickname", "title", "department"),
    *("phone", "phone_e164", "extension", "profile_url", "credentials", "subjects", "grades"),
)
_ADDRESS = ("email", "email_state", "email_check", "email_flags", "email_check_due")


async def merge_people(connection: AsyncConnection, organization_id: UUID, staff_id: int, into: int) -> bool:
    """Makes the record `staff_id` a part of `into`; False where that was done before.

    Raises:
        NotFoundError: one of them is none of this organization's people.
        ConflictError: they are one record already, because it is the same id twice.
    """
    if staff_id == into:
        raise ConflictError(f"Member of staff {staff_id} cannot be merged into themselves; name two different ids.")
    await hold_list(connection, organization_id, to_change=True)
    kept = await get_staff(connection, into)
    done = select(StaffAlias.identity).where(StaffAlias.merged_id == staff_id, StaffAlias.staff_member_id == into)
    if await connection.scalar(done.limit(1)):
        return False
    gone = await get_staff(connection, staff_id)
    await _fill(connection, kept, gone)
    await _move_posts(connection, staff_id, into)
    await _move_corrections(connection, staff_id, into)
    of_gone = (Evidence.subject == "staff", Evidence.subject_id == staff_id)
    other = aliased(Evidence)
    same = (other.subject == "staff", other.subject_id == into, other.field == Evidence.field)
    known = exists().where(*same, other.source == Evidence.source).correlate(Evidence)
    await connection.execute(delete(Evidence).where(*of_gone, known))
    await connection.execute(update(Evidence).where(*of_gone).values(subject_id=into))
    for table in (StaffChange, PushRow, StaffAlias):
        await connection.execute(update(table).where(table.staff_member_id == staff_id).values(staff_member_id=into))
    await add_aliases(connection, organization_id, [gone.identity], into, merged_id=staff_id)
    await connection.execute(delete(StaffMember).where(StaffMember.id == staff_id))
    await mark_departed(connection, [into])
    return True


async def find_duplicates(connection: AsyncConnection, *, after: PairKey | None, most: int) -> Sequence[AnyRow]:
    """Pairs of records that may be one person, by last name: id, name, title, e-mail, telephone of each, and reasons.

    They share the last name, and either the address, or the first name with a telephone number, page, school or
    district.
    Columns of the first end in `_a`, of the second in `_b`; the reasons are `same_…`.
    """
    a, b = aliased(StaffMember, name="a"), aliased(StaffMember, name="b")
    first = func.lower(a.first_name) == func.lower(b.first_name)
    reasons = {
        "same_email": func.coalesce(func.lower(a.email) == func.lower(b.email), False),
        "same_name": func.coalesce(first, False),
        "same_phone": func.coalesce(
            and_(a.phone_e164 == b.phone_e164, a.extension.is_not_distinct_from(b.extension)), False
        ),
        "same_profile": func.coalesce(a.profile_url == b.profile_url, False),
        "same_school": _share(a, b, in_district=False),
        "same_district": _share(a, b, in_district=True),
    }
    nearby = or_(*(reasons[name] for name in ("same_phone", "same_profile", "same_school", "same_district")))
    columns = ("id", "name", "title", "email", "phone")
    pairs = _namesakes()
    query = (
        select(
            a.last_name,
            *(getattr(one, name).label(f"{name}_{end}") for one, end in ((a, "a"), (b, "b")) for name in columns),
            *(condition.label(name) for name, condition in reasons.items()),
        )
        .select_from(pairs)
        .join(a, a.id == pairs.c.a)
        .join(b, b.id == pairs.c.b)
        .where(or_(reasons["same_email"], and_(first, nearby)))
        .order_by(a.last_name, a.id, b.id)
        .limit(most)
    )
    if after is not None:
        last_name, *ids = after
        query = query.where(
            a.last_name >= last_name,
            tuple_(a.last_name, a.id, b.id) > tuple_(literal(last_name), *(literal(one) for one in ids)),
        )
    return (await connection.execute(query)).all()


def _namesakes() -> Any:
    """Ids of pairs with the same last name and the same first name or address, each pair once.

    Two joins by equal values: among 40,000 people 0.25 s, once PostgreSQL has statistics of the table.
    """
    a, b = aliased(StaffMember), aliased(StaffMember)
    alike = (func.lower(a.first_name) == func.lower(b.first_name), func.lower(a.email) == func.lower(b.email))
    by_each = (
        select(a.id.label("a"), b.id.label("b")).where(a.last_name == b.last_name, same, a.id < b.id) for same in alike
    )
    return union(*by_each).cte("pairs").prefix_with("MATERIALIZED")


def _share(a: Any, b: Any, *, in_district: bool) -> Any:
    """Whether two people have a school in common, or schools of one district."""
    at_a, at_b = aliased(StaffPost), aliased(StaffPost)
    posts = (at_a.staff_member_id == a.id, at_b.staff_member_id == b.id)
    if not in_district:
        return exists().where(*posts, at_a.school_id == at_b.school_id)
    of_a, of_b = aliased(School), aliased(School)
    schools = (of_a.id == at_a.school_id, of_b.id == at_b.school_id)
    return exists().where(*posts, *schools, of_a.state == of_b.state, of_a.district_key == of_b.district_key)


async def _fill(connection: AsyncConnection, kept: AnyRow, gone: AnyRow) -> None:
    """Gives the one who stays what the other one says besides; nothing where a person said that there is nothing."""
    corrected = {column for row in await corrections_of(connection, kept.id) for column in row.corrected}
    values: dict[str, Any] = {
        name: getattr(gone, name) for name in _FILLED if not getattr(kept, name) and name not in corrected
    }
    if kept.email is None and gone.email is not None and "email" not in corrected:
        values |= {name: getattr(gone, name) for name in _ADDRESS}
    if kept.role == "unknown" and "role" not in corrected:
        values["role"] = gone.role
    values |= {
        "first_seen": min(kept.first_seen, gone.first_seen),
        "last_seen": max(kept.last_seen, gone.last_seen),
        "confidence": max(kept.confidence, gone.confidence),
    }
    await connection.execute(update(StaffMember).where(StaffMember.id == kept.id).values(**values))


async def _move_posts(connection: AsyncConnection, staff_id: int, into: int) -> None:
    mine, theirs = aliased(StaffPost), StaffPost
    both = (mine.staff_member_id == staff_id, mine.school_id == theirs.school_id)
    present = or_(mine.left_at.is_(None), theirs.left_at.is_(None))
    await connection.execute(
        update(theirs)
        .where(theirs.staff_member_id == into, *both)
        .values(
            title=func.coalesce(theirs.title, mine.title),
            first_seen=func.least(theirs.first_seen, mine.first_seen),
            last_seen=func.greatest(theirs.last_seen, mine.last_seen),
            missed=func.least(theirs.missed, mine.missed),
            left_at=case((present, None), else_=func.greatest(theirs.left_at, mine.left_at)),
        )
    )
    known = select(StaffPost.school_id).where(StaffPost.staff_member_id == into)
    await connection.execute(
        update(StaffPost)
        .where(StaffPost.staff_member_id == staff_id, StaffPost.school_id.not_in(known))
        .values(staff_member_id=into)
    )


async def _move_corrections(connection: AsyncConnection, staff_id: int, into: int) -> None:
    """Keeps what people said of either; where both were put right, what was said of the one who stays."""
    kept = {row.field for row in await corrections_of(connection, into)}
    person = await get_staff(connection, into)
    for row in await corrections_of(connection, staff_id):
        if row.field in kept:
            continue
        own = (StaffCorrection.staff_member_id == staff_id, StaffCorrection.field == row.field)
        seen = {column: getattr(person, column) for column in row.corrected}
        await connection.execute(update(StaffCorrection).where(*own).values(staff_member_id=into, seen=seen))
        await connection.execute(update(StaffMember).where(StaffMember.id == into).values(**row.corrected))
    posts = (await connection.execute(select(*StaffPost.__table__.c).where(StaffPost.staff_member_id == into))).all()
    for row in await corrections_of(connection, into):
        if row.field not in OF_POSTS:
            continue
        seen = {str(post.school_id): getattr(post, row.field) for post in posts} | row.seen_at_schools
        own = (StaffCorrection.staff_member_id == into, StaffCorrection.field == row.field)
        await connection.execute(update(StaffCorrection).where(*own).values(seen_at_schools=seen))
        of_person = StaffPost.staff_member_id == into
        await connection.execute(update(StaffPost).where(of_person).values({row.field: row.value}))
