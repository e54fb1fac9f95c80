"""What a person put right about somebody on the staff. No crawl overwrites it: what is seen is kept beside.

A corrected value stands in the person's row (title and role in their posts, too), so search, files and pushes have it
without knowing. Whoever writes people holds the suppression list together with others; whoever corrects holds it alone:
a crawl that is writing has therefore either been done, or reads the correction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.changes import Change, ChangeKind, write_changes
from storage.errors import NotFoundError
from storage.models import Evidence, StaffCorrection, StaffMember, StaffPost
from storage.search import AnyRow, get_staff, posts_of
from storage.sightings import Origin, Seen, Sighting, store_evidence
from storage.suppression import hold_list

METHOD = "correction"
"""Of the evidence of a corrected value."""
COLUMNS = {
    "name": ("name", "first_name", "middle_name", "last_name", "honorific", "suffix", "nickname"),
    "title": ("title",),
    "role": ("role",),
    "department": ("department",),
    "email": ("email", "email_state"),
    "phone": ("phone", "phone_e164"),
    "extension": ("extension",),
    "profile_url": ("profile_url",),
}
"""The fields that may be corrected, each with the columns that go with it, its own first."""
OF_POSTS = frozenset({"title", "role"})
_NEVER_NULL = {"email_state": "none", "role": "unknown"}


@dataclass(frozen=True, slots=True)
class Corrector:
    """The person who says so."""

    organization_id: UUID
    user_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """A field, and what is to stand in its columns."""

    field: str
    columns: Mapping[str, str | None]


async def correct(
    connection: AsyncConnection, by: Corrector, staff_id: int, corrections: Sequence[NewCorrection], reason: str
) -> list[str]:
    """Puts values in the place of those seen; a field that was corrected before keeps what was seen.

    Returns:
        The fields that have another value now.

    Raises:
        NotFoundError: there is no such person in this organization.
    """
    await hold_list(connection, by.organization_id, to_change=True)
    person = (await get_staff(connection, staff_id))._mapping
    known = {row.field: row for row in await corrections_of(connection, staff_id)}
    posts = await posts_of(connection, [staff_id])
    changes: list[Change] = []
    for new in corrections:
        own = COLUMNS[new.field][0]
        old = known.get(new.field)
        if old is not None and old.corrected == dict(new.columns) and old.reason == reason:
            continue
        await _write(connection, by, staff_id, new, reason, old, person, posts)
        if person[own] != new.columns[own]:
            place = posts[0].school_id if posts else None
            change = {"field": new.field, "old": person[own], "new": new.columns[own]}
            changes.append(Change(staff_id, place, ChangeKind.CHANGED, **change))
    await write_changes(connection, by.organization_id, changes, job_id=None)
    return [str(change.field) for change in changes]


async def take_back(connection: AsyncConnection, by: Corrector, staff_id: int, field: str) -> None:
    """Lets what was seen last stand again.

    Raises:
        NotFoundError: there is no such person, or nobody corrected that field.
    """
    await hold_list(connection, by.organization_id, to_change=True)
    person = (await get_staff(connection, staff_id))._mapping
    own = (StaffCorrection.staff_member_id == staff_id, StaffCorrection.field == field)
    old = (await connection.execute(delete(StaffCorrection).where(*own).returning(*_COLUMNS))).one_or_none()
    if old is None:
        raise NotFoundError(f"Nobody has corrected the {field} of member of staff {staff_id}.")
    await _set_columns(connection, staff_id, old.seen)
    if field in OF_POSTS:
        for school_id, seen in old.seen_at_schools.items():
            at = (StaffPost.staff_member_id == staff_id, StaffPost.school_id == int(school_id))
            await connection.execute(update(StaffPost).where(*at).values({field: seen}))
    source = (Evidence.subject == "staff", Evidence.subject_id == staff_id, Evidence.source == METHOD)
    await connection.execute(delete(Evidence).where(*source, Evidence.field == field))
    if person[field] != old.seen[field]:
        posts = await posts_of(connection, [staff_id])
        change = {"field": field, "old": person[field], "new": old.seen[field]}
        line = Change(staff_id, posts[0].school_id if posts else None, ChangeKind.CHANGED, **change)
        await write_changes(connection, by.organization_id, [line], job_id=None)


async def corrections_of(connection: AsyncConnection, staff_id: int) -> Sequence[AnyRow]:
    """The corrections of one person by field, each with what was seen."""
    query = select(*_COLUMNS).where(StaffCorrection.staff_member_id == staff_id).order_by(StaffCorrection.field)
    return (await connection.execute(query)).all()


async def standing_corrections(
    connection: AsyncConnection, staff_ids: Iterable[int]
) -> dict[int, list[StandingCorrection]]:
    """The corrections of people who are about to be written, whose writer holds the suppression list."""
    wanted = list(staff_ids)
    found: dict[int, list[StandingCorrection]] = defaultdict(list)
    if not wanted:
        return found
    for row in await connection.execute(select(*_COLUMNS).where(StaffCorrection.staff_member_id.in_(wanted))):
        found[row.staff_member_id].append(
            StandingCorrection(row.staff_member_id, row.field, row.corrected, dict(row.seen), dict(row.seen_at_schools))
        )
    return found


@dataclass(slots=True)
class StandingCorrection:
    """A correction that meets what a crawl saw."""

    staff_id: int
    field: str
    corrected: dict[str, Any]
    seen: dict[str, Any]
    seen_at_schools: dict[str, str | None]
    news: bool = False

    def keep(self, row: dict[str, Any]) -> None:
        """Puts the corrected values in the place of those in a person's row, and remembers these."""
        for column, value in self.corrected.items():
            was = row[column]
            if was is not None and was != _NEVER_NULL.get(column) and self.seen.get(column) != was:
                self.seen[column] = was
                self.news = True
            row[column] = value

    def keep_at_school(self, row: dict[str, Any]) -> None:
        """The same for a post's row."""
        if self.field not in OF_POSTS:
            return
        school, was = str(row["school_id"]), row[self.field]
        if (was is not None and was != _NEVER_NULL.get(self.field)) or school not in self.seen_at_schools:
            self.news = self.news or self.seen_at_schools.get(school) != was or school not in self.seen_at_schools
            self.seen_at_schools[school] = was
        row[self.field] = self.corrected[self.field]

    async def remember(self, connection: AsyncConnection) -> None:
        """Stores what was seen, where it is something else than before."""
        if self.news:
            own = (StaffCorrection.staff_member_id == self.staff_id, StaffCorrection.field == self.field)
            values = {"seen": self.seen, "seen_at_schools": self.seen_at_schools}
            await connection.execute(update(StaffCorrection).where(*own).values(**values))


_COLUMNS = tuple(column for column in StaffCorrection.__table__.c if column.name != "organization_id")


async def _write(
    connection: AsyncConnection,
    by: Corrector,
    staff_id: int,
    new: NewCorrection,
    reason: str,
    old: AnyRow | None,
    person: Mapping[Any, Any],
    posts: Sequence[AnyRow],
) -> None:
    at_schools = {str(post.school_id): getattr(post, new.field) for post in posts} if new.field in OF_POSTS else {}
    value = new.columns[COLUMNS[new.field][0]]
    said = {
        "value": value,
        "corrected": dict(new.columns),
        "reason": reason,
        "user_id": by.user_id,
        "user_name": by.name,
        "corrected_at": func.clock_timestamp(),
    }
    row = {
        "organization_id": by.organization_id,
        "staff_member_id": staff_id,
        "field": new.field,
        "seen": {column: person[column] for column in COLUMNS[new.field]} if old is None else old.seen,
        "seen_at_schools": at_schools if old is None else old.seen_at_schools,
    }
    corrected_at: datetime = (
        await connection.execute(
            insert(StaffCorrection)
            .values(**row, **said)
            .on_conflict_do_update(index_elements=["staff_member_id", "field"], set_=said)
            .returning(StaffCorrection.corrected_at)
        )
    ).scalar_one()
    await _set_columns(connection, staff_id, new.columns)
    if new.field in OF_POSTS:
        of_person = StaffPost.staff_member_id == staff_id
        await connection.execute(update(StaffPost).where(of_person).values({new.field: value}))
    if value is None:
        source = (Evidence.subject == "staff", Evidence.subject_id == staff_id, Evidence.source == METHOD)
        await connection.execute(delete(Evidence).where(*source, Evidence.field == new.field))
        return
    words = f"corrected by {by.name} on {corrected_at.date().isoformat()}: {reason}"
    sighting = Sighting(new.field, value, value, 1.0, snippet=words)
    origin = Origin(by.organization_id, None, None, corrected_at, METHOD)
    await store_evidence(connection, [Seen("staff", staff_id, origin, [sighting])])


async def _set_columns(connection: AsyncConnection, staff_id: int, columns: Mapping[str, Any]) -> None:
    values: dict[str, Any] = dict(columns)
    if "email" in values:
        values |= {"email_check": None, "email_flags": [], "email_check_due": None}
    await connection.execute(update(StaffMember).where(StaffMember.id == staff_id).values(**values))
