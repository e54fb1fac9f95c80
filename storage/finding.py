"""Finding people and schools fast in an organization of millions: the few that meet a wish, put in order, or a walk.

A list is in the order of names, and a page of it has fifty. Where many meet the wishes, the index of names is walked
until a page is full. Where few do, that walk would read everybody; then they are looked for by an index of what is
wished, and put in order. Which it is, is asked first, and bounded: nobody counts to more than `FEW`. Many may still be
far away (all the Smiths stand under S), so a walk that does not fill its page within `WALK` people is given up.

A short walk comes before all of it: what every tenth person has is found at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ARRAY, BigInteger, ColumnElement, and_, any_, bindparam, exists, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.filters import SchoolFilter, StaffFilter, as_query, person_conditions, post_conditions, school_conditions
from storage.models import School, StaffMember, StaffPost
from storage.search import AnyRow, PageKey, SchoolLine, school_lines

Row = TypeVar("Row")

FEW = 15_000
"""People that are put in order rather than walked to, without trying the walk first."""

STEPS = 500
"""People among whom it is looked first, before anything is counted: of teachers there are fifty."""

WALK = 10_000
"""People among whom a walk must have filled its page. Where one in a hundred meets the wishes, half of them do."""

_EVERYBODY = 2**31 - 1

_ALIKE = 100
"""People or schools that are shown in place of those whose names have the words."""


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """A page's rows."""

    rows: Sequence[Row]
    alike: bool = False
    """Nothing has the words of the search; these have names that look like it."""


async def find_schools(
    connection: AsyncConnection, wanted: SchoolFilter, *, after: PageKey | None = None, most: int
) -> Found[SchoolLine]:
    """Schools by name behind `after`."""
    words = _words(wanted.q)
    named, alike = await _named(connection, "school", words, FEW) if words else (None, False)
    query = school_lines().where(*school_conditions(wanted, words=named is None))
    if named is not None:
        query = query.where(School.id == any_of(named))
    if after is not None:
        query = query.where(_behind(School.name, School.id, after))
    rows = await connection.execute(query.order_by(School.name, School.id).limit(most))
    return Found([SchoolLine(*row) for row in rows], alike)


async def find_staff(
    connection: AsyncConnection, wanted: StaffFilter, *, after: PageKey | None = None, most: int
) -> Found[AnyRow]:
    """People by last name behind `after`."""
    walked = await _walk(connection, wanted, after, most, STEPS)
    if walked or (walked is not None and not _words(wanted.q)):  # else nobody may have the words at all
        return Found(walked)
    few = await _few(connection, wanted, FEW)
    if few is None:
        walked = await _walk(connection, wanted, after, most, WALK)
        if walked is not None:
            return Found(walked)
        few = await _few(connection, wanted, _EVERYBODY)
    if few is None:
        raise AssertionError("there are no more people than everybody")
    # Materialized: else PostgreSQL, which cannot know how few they are, may walk the index of names all the same.
    people = select(StaffMember.id, StaffMember.last_name).where(*_among(few, wanted))
    found = people.cte("found").prefix_with("MATERIALIZED")
    page = select(found.c.id).order_by(found.c.last_name, found.c.id).limit(most)
    if after is not None:
        page = page.where(_behind(found.c.last_name, found.c.id, after))
    query = select(*StaffMember.__table__.c).where(StaffMember.id.in_(page))
    rows = await connection.execute(query.order_by(StaffMember.last_name, StaffMember.id))
    return Found(rows.all(), few.alike)


@dataclass(frozen=True, slots=True)
class Ids:
    """Who or what meets a wish, if that is no more than was asked for."""

    ids: list[int] | None
    """None: more."""
    alike: bool = False


async def staff_ids(connection: AsyncConnection, wanted: StaffFilter, most: int) -> Ids:
    """Those whom `find_staff` lists, in no order."""
    few = await _few(connection, wanted, most)
    conditions = [*staff_conditions(wanted)] if few is None else _among(few, wanted)
    ids = (await connection.scalars(select(StaffMember.id).where(*conditions).limit(most + 1))).all()
    return Ids([*ids] if len(ids) <= most else None, few is not None and few.alike)


async def school_ids(connection: AsyncConnection, wanted: SchoolFilter, most: int) -> Ids:
    """Those which `find_schools` lists, in no order."""
    words = _words(wanted.q)
    named, alike = await _named(connection, "school", words, most) if words else (None, False)
    conditions = school_conditions(wanted, words=named is None)
    if named is not None:
        conditions.append(School.id == any_of(named))
    ids = (await connection.scalars(select(School.id).where(*conditions).limit(most + 1))).all()
    return Ids([*ids] if len(ids) <= most else None, alike)


def staff_conditions(wanted: StaffFilter) -> list[ColumnElement[bool]]:
    """All that is asked of people, their posts included."""
    posts = _post_conditions(wanted)
    return [*person_conditions(wanted), *([_has_post(posts)] if posts else [])]


async def _walk(
    connection: AsyncConnection, wanted: StaffFilter, after: PageKey | None, most: int, steps: int
) -> Sequence[AnyRow] | None:
    """A page by the index of names; None where so many steps do not fill it, and nothing says that none is needed."""
    key = StaffMember.last_name, StaffMember.id
    walk = select(*StaffMember.__table__.c).order_by(*key)
    if after is not None:
        walk = walk.where(_behind(*key, after))
    end: PageKey | None = None
    posts = _post_conditions(wanted)
    if posts or _words(wanted.q):
        last = (await connection.execute(walk.with_only_columns(*key).offset(steps).limit(1))).one_or_none()
        end = (last.last_name, last.id) if last else None
    if end is not None:
        walk = walk.where(~_behind(*key, end))
    if posts:
        walk = walk.where(_has_post(posts))
    rows = (await connection.execute(walk.where(*person_conditions(wanted)).limit(most))).all()
    return rows if end is None or len(rows) == most else None


@dataclass(frozen=True, slots=True)
class _Few:
    ids: Sequence[int]
    named: bool
    """Found by words; else by posts."""
    alike: bool = False


def _among(few: _Few, wanted: StaffFilter) -> list[ColumnElement[bool]]:
    """What is left to ask of a few."""
    conditions = person_conditions(wanted, words=not few.named)
    if few.named and (posts := _post_conditions(wanted)):
        # Named here, too: else PostgreSQL reads the posts of all schools that are wished for.
        conditions.append(_has_post([StaffPost.staff_member_id == any_of(few.ids), *posts]))
    return [*conditions, StaffMember.id == any_of(few.ids)]


async def _few(connection: AsyncConnection, wanted: StaffFilter, most: int) -> _Few | None:
    """Those who have the words, else those who have the posts that are wished for; None for more than `most`."""
    if words := _words(wanted.q):
        named, alike = await _named(connection, "staff_member", words, most)
        if named is not None:
            return _Few(named, named=True, alike=alike)
    posted = await _posted(connection, wanted, most)
    return None if posted is None else _Few(posted, named=False)


async def _named(connection: AsyncConnection, table: str, words: str, most: int) -> tuple[list[int] | None, bool]:
    """Ids of those who have the words of a search, and whether they only look like it; None for more than `most`."""
    by_words = getattr(func, f"{table}_ids_by_words")
    ids: list[int] = await connection.scalar(select(by_words(as_query(words), min(most + 1, _EVERYBODY)))) or []
    if ids:
        return (ids if len(ids) <= most else None), False
    by_likeness = getattr(func, f"{table}_ids_by_likeness")
    alike: list[int] = await connection.scalar(select(by_likeness(words, _ALIKE))) or []
    return alike, bool(alike)


async def _posted(connection: AsyncConnection, wanted: StaffFilter, most: int) -> list[int] | None:
    """Ids of people with such a post; None for more than `most`, or where no post is wished for."""
    if not _post_conditions(wanted):
        return None
    query = select(StaffPost.staff_member_id).where(*post_conditions(wanted)).limit(min(most + 1, _EVERYBODY))
    if schools := school_conditions(wanted.schools):
        query = query.join(School, School.id == StaffPost.school_id).where(*schools)
    ids = (await connection.scalars(query)).all()
    return [*dict.fromkeys(ids)] if len(ids) <= most else None


def _post_conditions(wanted: StaffFilter) -> list[ColumnElement[bool]]:
    """What one of their posts must be; nothing where any will do: who has left all of them is told by the person."""
    schools = school_conditions(wanted.schools)
    return [*post_conditions(wanted), *schools] if schools or wanted.role is not None else []


def _has_post(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    here = and_(StaffPost.staff_member_id == StaffMember.id, StaffPost.school_id == School.id)
    return exists().where(here, *conditions)


def _words(q: str | None) -> str | None:
    """What a search names; None where it is blank."""
    return q if q and q.strip() else None


def _behind(name: Any, number: Any, key: PageKey) -> ColumnElement[bool]:
    """Whether a row comes after the one with this key."""
    return tuple_(name, number) > tuple_(literal(key[0]), literal(key[1]))


def any_of(ids: Sequence[int]) -> Any:
    """One of these ids, as one parameter."""
    return any_(bindparam(None, ids, ARRAY(BigInteger), unique=True))
