"""Members of staff as pages show them: one row a person, one post a school, every value with its evidence.

recognize (who is it?) → the person's row, but for what was corrected by hand → post → change feed → evidence
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Text, any_, case, cast, func, literal, null, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import as_parameter, insert_many
from storage.changes import WATCHED, Change, ChangeKind, changes_between, worth_telling, write_changes
from storage.corrections import StandingCorrection, standing_corrections
from storage.models import StaffMember, StaffPost
from storage.search import AnyRow
from storage.seen_people import PersonKey, SeenPerson, recognize
from storage.sightings import Origin, Seen, Sighting, store_evidence
from storage.staff_removal import mark_departed
from storage.suppression import Met, Who, entries_for, hold_list, kinds_of, school_texts

KEPT = (
    "first_name",
    "middle_name",
    "honorific",
    "suffix",
    "nickname",
    "title",
    "department",
    "email",
    "phone",
    "phone_e164",
    "extension",
    "profile_url",
)
KEPT_LISTS = ("credentials", "subjects", "grades")
_OF_PERSON = (*KEPT, *KEPT_LISTS, "name", "last_name", "role", "email_state")
_NOTHING: tuple[object, ...] = (None, [], "none", "unknown")
EMPTY = literal([], ARRAY(Text))


async def store_people(
    connection: AsyncConnection, people: Sequence[SeenPerson], *, organization_id: UUID, job_id: UUID, attempt: int
) -> list[tuple[SeenPerson, Met]]:
    """Writes people by identity in the caller's transaction; seen again, they are renewed and never blanked.

    A person without a published address is known by school and name. When another page of the same school shows the
    same name with an address, it is the same person, whichever page came first.

    Whom the organization's suppression list names is not written, however late the entry came: the list is held until
    the transaction ends.

    Returns:
        Those who were left out, each with the entry.
    """
    if not people:
        return []
    await hold_list(connection, organization_id, to_change=False)
    left_out = await _suppressed(connection, people)
    people = [person for place, person in enumerate(people) if place not in left_out]
    if people:
        await _write_people(connection, people, organization_id, job_id, attempt)
    return list(left_out.values())


async def _suppressed(connection: AsyncConnection, people: Sequence[SeenPerson]) -> dict[int, tuple[SeenPerson, Met]]:
    """Those whom the suppression list names, by their places."""
    kinds = await kinds_of(connection)
    if not kinds:
        return {}
    schools = await school_texts(connection, (person.school_id for person in people))
    everybody = [
        Who.seen(
            person.name,
            first=person.first_name,
            last=person.last_name,
            nickname=person.nickname,
            email=person.email,
            url=person.url,
            schools=schools.get(person.school_id, ()),
        )
        for person in people
    ]
    entries = await entries_for(connection, everybody, kinds)
    found = ((place, who, entries.find(who)) for place, who in enumerate(everybody))
    return {place: (people[place], Met(who, key)) for place, who, key in found if key is not None}


async def _write_people(
    connection: AsyncConnection, people: Sequence[SeenPerson], organization_id: UUID, job_id: UUID, attempt: int
) -> None:
    keys = await recognize(connection, organization_id, people)
    known = await _hold_members(connection, {key.identity for key in keys})
    standing = await standing_corrections(connection, (row.id for row in known.values()))
    rows = _rows(organization_id, people, keys, known)
    own = {key.identity for key in keys if not key.alias}
    for identity in own & set(known):
        for correction in standing.get(known[identity].id, ()):
            correction.keep(rows[identity])
    members = await _upsert_members(connection, rows)
    ids = [members[key.identity].id for key in keys]
    told = await _upsert_posts(connection, organization_id, job_id, people, ids, standing)
    for identity in sorted(own & set(known)):
        if rows[identity]["last_seen"] >= known[identity].last_seen:
            old, new = known[identity]._mapping, members[identity]._mapping
            changed = changes_between(old, new, WATCHED, staff_id=known[identity].id)
            told += [_placed(change, people, ids) for change in changed]
    for correction in (one for some in standing.values() for one in some):
        await correction.remember(connection)
    await _tell(connection, organization_id, job_id, told)
    await store_evidence(
        connection,
        (
            Seen(
                "staff",
                member_id,
                Origin(
                    organization_id, job_id, attempt, person.seen_at, person.method, page=person.page, url=person.url
                ),
                _sightings(person),
            )
            for person, member_id in zip(people, ids, strict=True)
        ),
    )


async def _hold_members(connection: AsyncConnection, identities: set[str]) -> dict[str, AnyRow]:
    """Those of the people who are stored, as they are, which they stay until the transaction ends."""
    wanted = cast(sorted(identities), ARRAY(Text))
    query = (
        select(*StaffMember.__table__.c)
        .where(StaffMember.identity == any_(wanted))
        .order_by(StaffMember.identity)
        .with_for_update(key_share=True)
    )
    return {row.identity: row for row in await connection.execute(query)}


def _rows(
    organization_id: UUID, people: Sequence[SeenPerson], keys: Sequence[PersonKey], known: Mapping[str, AnyRow]
) -> dict[str, dict[str, Any]]:
    """A row a person. Those seen under another key come first: what their own key shows is the last word."""
    rows: dict[str, dict[str, Any]] = {}
    for person, key in sorted(zip(people, keys, strict=True), key=lambda pair: not pair[1].alias):
        row = _row(organization_id, key.identity, person)
        if key.alias and (stored := known.get(key.identity)) is not None:
            row |= {name: value for name in _OF_PERSON if (value := getattr(stored, name)) not in _NOTHING}
        if before := rows.get(key.identity):
            row = {name: before[name] if value is None or value == [] else value for name, value in row.items()}
            if "published" in (row["email_state"], before["email_state"]):
                row["email_state"] = "published"
        rows[key.identity] = row
    return rows


def _placed(change: Change, people: Sequence[SeenPerson], ids: Sequence[int]) -> Change:
    """A change with the page that shows it."""
    for person, member_id in zip(people, ids, strict=True):
        if member_id == change.staff_id and getattr(person, str(change.field)) == change.new:
            return replace(change, school_id=person.school_id, url=person.url)
    return change


async def _tell(connection: AsyncConnection, organization_id: UUID, job_id: UUID, told: Sequence[Change]) -> None:
    joined = [change for change in told if change.kind is ChangeKind.JOINED]
    if joined:
        await mark_departed(connection, [change.staff_id for change in joined])
    changed = [change for change in told if change.kind is ChangeKind.CHANGED]
    news = await worth_telling(connection, changed, job_id)
    await write_changes(connection, organization_id, [*joined, *news], job_id=job_id)


def _row(organization_id: UUID, identity: str, person: SeenPerson) -> dict[str, Any]:
    return {
        "organization_id": organization_id,
        "identity": identity,
        "name": person.name,
        "first_name": person.first_name,
        "last_name": person.last_name or person.name,
        "title": person.title,
        "role": person.role,
        "department": person.department,
        "email": person.email,
        "email_state": person.email_state,
        "phone": person.phone,
        "phone_e164": person.phone_e164,
        "extension": person.extension,
        "profile_url": person.profile_url,
        "confidence": person.confidence,
        "middle_name": person.middle_name,
        "honorific": person.honorific,
        "suffix": person.suffix,
        "credentials": list(person.credentials),
        "nickname": person.nickname,
        "subjects": list(person.subjects),
        "grades": list(person.grades),
        "first_seen": person.seen_at,
        "last_seen": person.seen_at,
    }


async def _upsert_members(connection: AsyncConnection, rows: dict[str, dict[str, Any]]) -> dict[str, AnyRow]:
    """Writes people; the rows as they are then, by natural key: `id` and what the change feed watches."""
    stored = [rows[identity] for identity in sorted(rows)]
    new = insert_many(StaffMember, *stored[0])
    old = StaffMember.__table__.c
    other_email = new.excluded.email != old.email
    found = await connection.execute(
        new.on_conflict_do_update(
            index_elements=["organization_id", "identity"],
            set_={
                **{name: func.coalesce(new.excluded[name], old[name]) for name in KEPT},
                **{name: func.coalesce(func.nullif(new.excluded[name], EMPTY), old[name]) for name in KEPT_LISTS},
                "name": new.excluded.name,
                "last_name": new.excluded.last_name,
                "role": func.coalesce(func.nullif(new.excluded.role, "unknown"), old.role),
                "email_state": func.coalesce(func.nullif(new.excluded.email_state, "none"), old.email_state),
                "confidence": func.greatest(new.excluded.confidence, old.confidence),
                # What was found out about an address is not said of another one.
                "email_check": case((other_email, null()), else_=old.email_check),
                "email_flags": case((other_email, EMPTY), else_=old.email_flags),
                "email_check_due": case((other_email, null()), else_=old.email_check_due),
                **_seen_span(new.excluded, old),
            },
        ).returning(StaffMember.identity, StaffMember.id, *(old[name] for name in WATCHED)),
        as_parameter(stored),
    )
    return {row.identity: row for row in found}


async def _upsert_posts(
    connection: AsyncConnection,
    organization_id: UUID,
    job_id: UUID,
    people: Sequence[SeenPerson],
    member_ids: Sequence[int],
    standing: Mapping[int, list[StandingCorrection]],
) -> list[Change]:
    """Writes posts; says who joined, and whose title or role is another one.

    Their people's rows are held, so nobody else writes posts of theirs meanwhile.
    """
    posts = {
        (member_id, person.school_id): {
            "organization_id": organization_id,
            "staff_member_id": member_id,
            "school_id": person.school_id,
            "title": person.title,
            "role": person.role,
            "source_url": person.url,
            "job_id": job_id,
            "first_seen": person.seen_at,
            "last_seen": person.seen_at,
        }
        for person, member_id in zip(people, member_ids, strict=True)
    }
    for (member_id, _), post in posts.items():
        for correction in standing.get(member_id, ()):
            correction.keep_at_school(post)
    stored = [posts[key] for key in sorted(posts)]
    place = tuple_(StaffPost.staff_member_id, StaffPost.school_id)
    found = await connection.execute(select(*StaffPost.__table__.c).where(place.in_(sorted(posts))))
    before = {(row.staff_member_id, row.school_id): row for row in found}
    new, old = insert_many(StaffPost, *stored[0]), StaffPost.__table__.c
    # A page that was kept and is read again does not say that somebody is there now.
    seen_since = new.excluded.last_seen > old.last_seen
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["staff_member_id", "school_id"],
            set_={
                "title": func.coalesce(new.excluded.title, old.title),
                "role": func.coalesce(func.nullif(new.excluded.role, "unknown"), old.role),
                "source_url": new.excluded.source_url,
                "job_id": new.excluded.job_id,
                "missed": case((seen_since, 0), else_=old.missed),
                "left_at": case((seen_since, null()), else_=old.left_at),
                **_seen_span(new.excluded, old),
            },
        ),
        as_parameter(stored),
    )
    return [change for key in sorted(posts) for change in _news_of_post(posts[key], before.get(key))]


def _news_of_post(post: Mapping[str, Any], before: AnyRow | None) -> list[Change]:
    member_id, school_id, url = post["staff_member_id"], post["school_id"], post["source_url"]
    if before is None or (before.left_at is not None and post["last_seen"] > before.last_seen):
        return [Change(member_id, school_id, ChangeKind.JOINED, url)]
    if post["last_seen"] < before.last_seen:
        return []
    fields = ("title",) if post["role"] in ("unknown", before.role) else ("title", "role")
    changed = changes_between(before._mapping, post, fields, staff_id=member_id)
    # A role is read from the title: it changes with it, or because the reader has learnt something.
    if not any(change.field == "title" for change in changed):
        return []
    return [replace(change, school_id=school_id, url=url) for change in changed]


def _seen_span(new: Any, old: Any) -> dict[str, Any]:
    """From when to when somebody was seen: pages may be read long after they were fetched."""
    return {
        "first_seen": func.least(new.first_seen, old.first_seen),
        "last_seen": func.greatest(new.last_seen, old.last_seen),
    }


def _sightings(person: SeenPerson) -> list[Sighting]:
    values = {
        "name": (person.name, person.name),
        "title": (person.title, person.title),
        "department": (person.department, person.department),
        "email": (person.email, person.email),
        "phone": (person.phone, person.phone_e164 or person.phone),
    }
    return [
        Sighting(field, printed, value or printed, person.confidence, snippet=person.snippet)
        for field, (printed, value) in values.items()
        if printed
    ]
