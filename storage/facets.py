"""How many people or schools of a search have which value: of each facet, counted as if it were not filtered by itself.

Counting everybody of an organization of millions takes seconds. Up to `MOST_PEOPLE` or `MOST_SCHOOLS` are counted one
by one. Where there are more, or finding them takes too long, pages of the table are drawn by chance and what they hold
is extrapolated; such counts are rounded and say that they are estimates.

All functions run in the caller's tenant transaction; row-level security does the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from psycopg.errors import QueryCanceled
from sqlalchemy import ColumnElement, case, func, literal_column, select, tablesample, text, tuple_
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageError
from storage.filters import SchoolFilter, StaffFilter, post_conditions, school_conditions
from storage.finding import FEW, any_of, school_ids, staff_conditions, staff_ids
from storage.models import School, StaffMember, StaffPost
from storage.search import best_website_state

MOST_PEOPLE = FEW
"""People that are counted one by one at most."""
MOST_SCHOOLS = 50_000
"""Schools that are; each is one row, where a person has posts as well."""
FINDING_SECONDS = 2.0
"""For finding those; where it takes longer, they are estimated."""
COUNTING_SECONDS = 8.0
"""For each other statement."""
SAMPLE_PAGES = 4_000
"""Of the table, 8 KiB each, that are drawn for an estimate: 32 MiB."""
TELLING = 1_000
"""Rows that an estimate should rest on."""
SAMPLE_STRIDE = 4
"""One of so many rows of a page counts: those of a page are of one school, and many schools tell more than a few."""

CONFIDENCE_BANDS = ((0.95, "0.95-1"), (0.85, "0.85-0.95"), (0.7, "0.7-0.85"), (0.5, "0.5-0.7"), (None, "0-0.5"))
"""From which confidence on; the upper end belongs to the band above."""
FRESHNESS_BANDS = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "365 days"), (None, "older"))
"""Seen last within so many days, and not within fewer."""

Counts = dict[str | None, int]
Wanted = TypeVar("Wanted", StaffFilter, SchoolFilter)


class CountingTooLongError(StorageError):
    """The counts of a search took longer than anybody should wait for them."""

    code = "COUNTING_TOO_LONG"
    status = 503


@dataclass(frozen=True, slots=True)
class Facet:
    """Values of one kind and how many have each."""

    name: str
    counts: Counts
    """None: those without a value."""
    exact: bool


@dataclass(frozen=True, slots=True)
class Facets:
    """The facets of a search."""

    total: int
    exact: bool
    """Whether `total` was counted; else it is an estimate."""
    alike: bool
    """Nothing has the words; names that look like them were counted."""
    facets: list[Facet]


@dataclass(frozen=True, slots=True)
class _Base:
    """Those among whom is counted."""

    ids: Sequence[int]
    scale: float = 1.0
    """How many each of them stands for."""
    alike: bool = False

    @property
    def exact(self) -> bool:
        return self.scale == 1.0

    def counts(self, counted: Counts) -> Counts:
        return {value: self.count(count) for value, count in counted.items()}

    def count(self, counted: int) -> int:
        """Two digits are as many as an estimate has."""
        if self.exact:
            return counted
        estimate = round(counted * self.scale)
        return round(estimate, 2 - len(str(estimate)))


OF_PEOPLE = ("role", "state", "title1_status", "email_state", "confidence", "freshness")
OF_SCHOOLS = ("state", "title1_status", "website_state", "grade_span")


async def people_facets(connection: AsyncConnection, wanted: StaffFilter) -> Facets:
    """Counts people by role, state, Title I status, state of the e-mail address, confidence and freshness.

    Somebody with posts in two states counts in both.

    Raises:
        CountingTooLongError: it took too long.
    """

    async def counted(ids: Sequence[int], base: StaffFilter, names: Sequence[str]) -> dict[str, Counts]:
        counts = await _counted_people(connection, ids)
        return counts if counts.keys() >= {*names} else counts | await _counted_posts(connection, ids, base)

    return await _facets(connection, wanted, OF_PEOPLE, _Ways(_people_without, _people, counted))


async def school_facets(connection: AsyncConnection, wanted: SchoolFilter) -> Facets:
    """Counts schools by state, Title I status, state of the website, and span of grades as it is printed.

    Raises:
        CountingTooLongError: it took too long.
    """

    async def counted(ids: Sequence[int], _: SchoolFilter, __: Sequence[str]) -> dict[str, Counts]:
        return await _counted_schools(connection, ids)

    return await _facets(connection, wanted, OF_SCHOOLS, _Ways(_schools_without, _schools, counted))


@dataclass(frozen=True, slots=True)
class _Ways(Generic[Wanted]):
    """How a search of one kind is counted."""

    without: Callable[[Wanted, str], Wanted]
    """The filter without the part that a facet is about."""
    among: Callable[[AsyncConnection, Wanted], Awaitable[_Base]]
    counted: Callable[[Sequence[int], Wanted, Sequence[str]], Awaitable[dict[str, Counts]]]
    """The counts of at least the facets named."""


async def _facets(connection: AsyncConnection, wanted: Wanted, facets: Sequence[str], ways: _Ways[Wanted]) -> Facets:
    """Counts each facet among those whom the search would find without that facet's own filter."""
    bases: dict[Wanted, list[str]] = {wanted: []}
    for name in facets:
        bases.setdefault(ways.without(wanted, name), []).append(name)
    found: dict[str, Facet] = {}
    total = alike = exact = None
    for base, names in bases.items():
        among = await ways.among(connection, base)
        async with within(connection, COUNTING_SECONDS):
            counted = await ways.counted(among.ids, base, names)
        found |= {name: Facet(name, among.counts(counted[name]), among.exact) for name in names}
        if base is wanted:
            total, exact, alike = among.count(len(among.ids)), among.exact, among.alike
    return Facets(total or 0, bool(exact), bool(alike), [found[name] for name in facets])


def _people_without(wanted: StaffFilter, name: str) -> StaffFilter:
    match name:
        case "role":
            return replace(wanted, role=None)
        case "email_state":
            return replace(wanted, email_state=None)
        case "confidence":
            return replace(wanted, trust=replace(wanted.trust, least=None))
        case "freshness":
            return replace(wanted, trust=replace(wanted.trust, seen_since=None))
        case _:
            return replace(wanted, schools=_schools_without(wanted.schools, name))


def _schools_without(wanted: SchoolFilter, name: str) -> SchoolFilter:
    match name:
        case "state":
            return replace(wanted, state=None)
        case "title1_status":
            return replace(wanted, title1_status=None)
        case "website_state":
            return replace(wanted, has_website=None)
        case _:
            return wanted


async def _people(connection: AsyncConnection, wanted: StaffFilter) -> _Base:
    try:
        async with within(connection, FINDING_SECONDS):
            found = await staff_ids(connection, wanted, MOST_PEOPLE)
    except CountingTooLongError:
        found = None
    if found is not None and found.ids is not None:
        return _Base(found.ids, alike=found.alike)
    return await _sample(connection, StaffMember, staff_conditions(wanted))


async def _schools(connection: AsyncConnection, wanted: SchoolFilter) -> _Base:
    try:
        async with within(connection, FINDING_SECONDS):
            found = await school_ids(connection, wanted, MOST_SCHOOLS)
    except CountingTooLongError:
        found = None
    if found is not None and found.ids is not None:
        return _Base(found.ids, alike=found.alike)
    return await _sample(connection, School, school_conditions(wanted))


async def _sample(
    connection: AsyncConnection, table: type[StaffMember | School], conditions: Sequence[ColumnElement[bool]]
) -> _Base:
    """Who meets the conditions among rows drawn by chance: eight times as many where the first say too little."""
    size = select(func.pg_relation_size(table.__tablename__))
    pages = ((await connection.execute(size)).scalar_one() + 8191) // 8192
    base = await _drawn(connection, table, conditions, 100 * SAMPLE_PAGES / max(pages, 1))
    if not base.exact and len(base.ids) < TELLING:
        try:
            base = await _drawn(connection, table, conditions, 800 * SAMPLE_PAGES / pages)
        except CountingTooLongError:
            return base
    return base


async def _drawn(
    connection: AsyncConnection,
    table: type[StaffMember | School],
    conditions: Sequence[ColumnElement[bool]],
    percent: float,
) -> _Base:
    """Of the whole table every row counts. Of a part the same pages each time, so that counts do not flicker."""
    percent, stride = (percent, SAMPLE_STRIDE) if percent < 100 else (100.0, 1)
    drawn = tablesample(table.__table__, func.system(percent), name="drawn", seed=literal_column("1"))
    rows = select(drawn.c.id).where(drawn.c.id % stride == 0)
    async with within(connection, COUNTING_SECONDS):
        ids = (await connection.scalars(select(table.id).where(table.id.in_(rows), *conditions))).all()
    return _Base(ids, scale=stride * 100 / percent)


async def _counted_people(connection: AsyncConnection, ids: Sequence[int]) -> dict[str, Counts]:
    confidence = _band(CONFIDENCE_BANDS, lambda least: StaffMember.confidence >= least)
    freshness = _band(
        FRESHNESS_BANDS, lambda days: StaffMember.last_seen >= func.now() - text(f"interval '{days} days'")
    )
    columns = {"email_state": StaffMember.email_state, "confidence": confidence, "freshness": freshness}
    return await _combined(connection, columns, StaffMember.id == any_of(ids))


async def _counted_schools(connection: AsyncConnection, ids: Sequence[int]) -> dict[str, Counts]:
    columns = {
        "state": School.state,
        "title1_status": School.title1_status,
        "website_state": best_website_state(),
        "grade_span": School.grade_span,
    }
    return await _combined(connection, columns, School.id == any_of(ids))


async def _combined(
    connection: AsyncConnection, columns: dict[str, Any], condition: ColumnElement[bool]
) -> dict[str, Counts]:
    """Counts rows by each column; one statement counts the combinations, of which there are few."""
    inner = select(*(column.label(name) for name, column in columns.items())).where(condition).subquery()
    query = select(*inner.c, func.count()).group_by(*inner.c)
    counted: dict[str, Counter[str | None]] = {name: Counter() for name in columns}
    for row in await connection.execute(query):
        *values, count = [*row]
        for name, value in zip(columns, values, strict=True):
            counted[name][value] += count
    return {name: dict(counts) for name, counts in counted.items()}


async def _counted_posts(connection: AsyncConnection, ids: Sequence[int], wanted: StaffFilter) -> dict[str, Counts]:
    """Counts people, each once a value however many posts they have with it."""
    columns = {"role": StaffPost.role, "state": School.state, "title1_status": School.title1_status}
    which = func.grouping(*columns.values())
    query = (
        select(which, *columns.values(), func.count(StaffPost.staff_member_id.distinct()))
        .join(School, School.id == StaffPost.school_id)
        .where(StaffPost.staff_member_id == any_of(ids), *post_conditions(wanted), *school_conditions(wanted.schools))
        .group_by(func.grouping_sets(*(tuple_(column) for column in columns.values())))
    )
    counted: dict[str, Counts] = {name: {} for name in columns}
    for row in await connection.execute(query):
        left_out, *values, count = [*row]
        at = {0b011: 0, 0b101: 1, 0b110: 2}[left_out]  # a bit is set for what the row is not about
        counted[[*columns][at]][values[at]] = count
    return counted


def _band(bands: Iterable[tuple[float | None, str]], reaches: Any) -> ColumnElement[str]:
    """The first band that a row reaches."""
    whens = [(reaches(least), label) for least, label in bands if least is not None]
    last = next(label for least, label in bands if least is None)
    return case(*whens, else_=last)


@asynccontextmanager
async def within(connection: AsyncConnection, seconds: float) -> AsyncGenerator[None]:
    """Statements that are broken off after so long; the transaction goes on.

    Raises:
        CountingTooLongError: one was.
    """
    try:
        async with connection.begin_nested():
            await connection.execute(text(f"SET LOCAL statement_timeout = {round(1000 * seconds)}"))
            yield
            await connection.execute(text("SET LOCAL statement_timeout TO DEFAULT"))
    except OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        raise CountingTooLongError("Counting took too long. Ask with more filters, or again later.") from error
