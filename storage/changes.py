"""The change feed of people: who joined a school, who left one, whose values changed.

A line is written in the transaction that stores what it tells, so neither is there without the other, and a page that
is stored again tells nothing again. A value has changed when the person's row has another one than before, and no page
had said so already: two pages that print two telephone numbers are no change at each crawl.

The feed is in the order of `(xid, id)`, behind the oldest transaction that is still open: a line that commits late
comes behind those that were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import exists, insert, literal_column, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.filters import SchoolFilter, school_conditions
from storage.models import Evidence, School, StaffChange, StaffMember
from storage.search import AnyRow

ChangeKey = tuple[int, int]
"""Where the feed is continued: transaction and id of the last line seen."""
WATCHED = ("name", "department", "email", "phone")
"""Fields of people whose changes are told; title and role are told of posts."""


class ChangeKind(StrEnum):
    """What happened."""

    JOINED = "joined"
    """First seen at a school, or seen there again after having left."""
    LEFT = "left"
    """Not seen in two complete crawls of the school in a row."""
    CHANGED = "changed"
    """A field has another value."""


@dataclass(frozen=True, slots=True)
class Change:
    """A line that is to be written."""

    staff_id: int
    school_id: int | None
    kind: ChangeKind
    url: str | None = None
    field: str | None = None
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which lines; what is None does not matter."""

    since: datetime | None = None
    kind: ChangeKind | None = None
    staff_id: int | None = None
    schools: SchoolFilter | None = None


async def write_changes(
    connection: AsyncConnection, organization_id: UUID, changes: Sequence[Change], *, job_id: UUID | None
) -> None:
    """Writes lines in the caller's transaction, which stores what they tell."""
    rows = [
        {
            "organization_id": organization_id,
            "staff_member_id": change.staff_id,
            "school_id": change.school_id,
            "kind": change.kind,
            "field": change.field,
            "old": change.old,
            "new": change.new,
            "job_id": job_id,
            "url": change.url,
        }
        for change in changes
    ]
    if rows:
        await connection.execute(insert(StaffChange), rows)


async def worth_telling(connection: AsyncConnection, changed: Sequence[Change], job_id: UUID) -> list[Change]:
    """Those changes of values that are news: not of somebody this very job found, nor what a page had printed before.

    The job's evidence of them is not stored yet.
    """
    if not changed:
        return []
    people = {change.staff_id for change in changed}
    found = await connection.scalars(
        select(StaffChange.staff_member_id).where(
            StaffChange.staff_member_id.in_(people), StaffChange.job_id == job_id, StaffChange.kind == ChangeKind.JOINED
        )
    )
    new = set(found)
    rows = await connection.execute(
        select(Evidence.subject_id, Evidence.field, Evidence.printed).where(
            Evidence.subject == "staff",
            tuple_(Evidence.subject_id, Evidence.field).in_({(one.staff_id, str(one.field)) for one in changed}),
        )
    )
    printed = {(staff_id, field, value) for staff_id, field, value in rows}
    return [
        change
        for change in changed
        if change.staff_id not in new and (change.staff_id, change.field, change.new) not in printed
    ]


def changes_between(
    old: Mapping[Any, Any], new: Mapping[Any, Any], fields: Iterable[str], *, staff_id: int
) -> list[Change]:
    """The fields that have another value now, as changes without a place."""
    return [
        Change(staff_id, None, ChangeKind.CHANGED, field=field, old=old[field], new=new[field])
        for field in fields
        if new[field] is not None and new[field] != old[field]
    ]


async def find_changes(
    connection: AsyncConnection, wanted: ChangeFilter, *, after: ChangeKey | None, most: int
) -> Sequence[AnyRow]:
    """Lines of the feed behind `after`, the oldest first, each with the names of person and school."""
    columns = [column for column in StaffChange.__table__.c if column.name not in {"xid", "organization_id"}]
    xid = literal_column("staff_change.xid::text::bigint").label("transaction")
    query = (
        select(*columns, xid, StaffMember.name, School.name.label("school"))
        .join(StaffMember, StaffMember.id == StaffChange.staff_member_id)
        .outerjoin(School, School.id == StaffChange.school_id)
        .where(text("staff_change.xid < pg_snapshot_xmin(pg_current_snapshot())"))
        .order_by(StaffChange.xid, StaffChange.id)
        .limit(most)
    )
    if after is not None:
        query = query.where(
            text("(staff_change.xid, staff_change.id) > (CAST(CAST(:xid AS text) AS xid8), :id)").bindparams(
                xid=str(after[0]), id=after[1]
            )
        )
    if wanted.since is not None:
        query = query.where(StaffChange.at >= wanted.since)
    if wanted.kind is not None:
        query = query.where(StaffChange.kind == wanted.kind)
    if wanted.staff_id is not None:
        query = query.where(StaffChange.staff_member_id == wanted.staff_id)
    if wanted.schools is not None and (conditions := school_conditions(wanted.schools)):
        query = query.where(exists().where(School.id == StaffChange.school_id, *conditions).correlate(StaffChange))
    return (await connection.execute(query)).all()
