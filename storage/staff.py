"""Members of staff as pages show them: one row a person, one post a school, every value with its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, any_, cast, delete, exists, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import as_parameter, insert_many
from storage.models import Evidence, StaffMember, StaffPost, Website
from storage.sightings import Origin, Seen, Sighting, key_words, store_evidence
from storage.suppression import Met, Who, entries_for, hold_list, kinds_of, school_texts
from storage.websites import site_host

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
EMPTY = literal([], ARRAY(Text))
_POSTS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class SeenPerson:
    """A person as one page of one school's site shows them."""

    school_id: int
    url: str
    seen_at: datetime
    name: str
    first_name: str | None
    last_name: str | None
    title: str | None
    role: str
    department: str | None
    email: str | None
    email_state: str
    email_method: str | None
    phone: str | None
    phone_e164: str | None
    extension: str | None
    profile_url: str | None
    snippet: str
    confidence: float
    middle_name: str | None = None
    honorific: str | None = None
    suffix: str | None = None
    credentials: tuple[str, ...] = ()
    nickname: str | None = None
    subjects: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    method: str = "page"
    """How the values were read: `page` by the readers alone, `page+llm` with a model's word about the block."""
    page: int | None = None
    """Of a PDF, from 1."""


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
    identities = await _identities(connection, people)
    rows: dict[str, dict[str, Any]] = {}
    for person, identity in zip(people, identities, strict=True):
        row = _row(organization_id, identity, person)
        if known := rows.get(identity):
            row = {name: known[name] if value is None or value == [] else value for name, value in row.items()}
            if "published" in (row["email_state"], known["email_state"]):
                row["email_state"] = "published"
        rows[identity] = row
    ids = await _upsert_members(connection, rows)
    await _upsert_posts(connection, organization_id, job_id, people, [ids[identity] for identity in identities])
    await store_evidence(
        connection,
        (
            Seen(
                "staff",
                ids[identity],
                Origin(
                    organization_id, job_id, attempt, person.seen_at, person.method, page=person.page, url=person.url
                ),
                _sightings(person),
            )
            for person, identity in zip(people, identities, strict=True)
        ),
    )


async def withdraw_people(connection: AsyncConnection, school_id: int, urls: Sequence[str]) -> None:
    """Takes back the posts at a school that were read on sites which are not the school's.

    Whoever has no other post is forgotten, with the evidence. What a crawl read elsewhere (a published spreadsheet), it
    read because the site named it. A host that the school's accepted site shares (a district's) keeps its people: which
    of them came from where, its addresses do not say.
    """
    accepted = await connection.scalars(
        select(Website.url).where(Website.school_id == school_id, Website.state == "accepted")
    )
    right = {site_host(url) for url in accepted}
    wrong = {site_host(url) for url in urls} - right
    rows = await connection.execute(
        select(StaffPost.staff_member_id, StaffPost.source_url, StaffPost.job_id).where(
            StaffPost.school_id == school_id
        )
    )
    posts = [(member_id, site_host(url), job_id) for member_id, url, job_id in rows]
    crawls = {job_id for _, host, job_id in posts if host in wrong and job_id is not None}
    members = [
        member_id for member_id, host, job_id in posts if host in wrong or (job_id in crawls and host not in right)
    ]
    if not members:
        return
    await connection.execute(
        delete(StaffPost).where(StaffPost.school_id == school_id, StaffPost.staff_member_id.in_(members))
    )
    await _forget_without_post(connection, members)


async def forget_posts(connection: AsyncConnection, posts: Sequence[tuple[int, int, str]]) -> None:
    """Deletes posts (person, school, address of the page), with what that page said of the person.

    Whoever has no other post is forgotten, with all evidence.
    """
    for place in range(0, len(posts), _POSTS_AT_ONCE):
        some = posts[place : place + _POSTS_AT_ONCE]
        post = tuple_(StaffPost.staff_member_id, StaffPost.school_id)
        await connection.execute(delete(StaffPost).where(post.in_([(member, school) for member, school, _ in some])))
        said = tuple_(Evidence.subject_id, Evidence.url).in_([(member, url) for member, _, url in some])
        await connection.execute(delete(Evidence).where(Evidence.subject == "staff", said))
        await _forget_without_post(connection, [member for member, _, _ in some])


async def _forget_without_post(connection: AsyncConnection, members: Sequence[int]) -> None:
    forgotten = await connection.scalars(
        delete(StaffMember)
        .where(StaffMember.id.in_(members), ~exists().where(StaffPost.staff_member_id == StaffMember.id))
        .returning(StaffMember.id)
    )
    await connection.execute(
        delete(Evidence).where(Evidence.subject == "staff", Evidence.subject_id.in_(forgotten.all()))
    )


async def _identities(connection: AsyncConnection, people: Sequence[SeenPerson]) -> list[str]:
    """The natural key of each person, after those already stored without an address have taken the one now seen."""
    schools = {person.school_id for person in people}
    known = (
        select(StaffPost.school_id, StaffMember.id, StaffMember.identity, StaffMember.name, StaffMember.email)
        .join(StaffMember, StaffMember.id == StaffPost.staff_member_id)
        .where(StaffPost.school_id.in_(schools))
    )
    if all(person.email for person in people):
        # Those with an address are asked for by people without one only.
        known = known.where(StaffMember.email.is_(None))
    stored = await connection.execute(known)
    with_address: dict[tuple[int, str], set[str]] = defaultdict(set)
    without_address: dict[tuple[int, str], int] = {}
    for school_id, member_id, identity, name, email in stored:
        if email:
            with_address[school_id, key_words(name)].add(identity)
        else:
            without_address[school_id, key_words(name)] = member_id
    for person in people:
        if person.email:
            with_address[person.school_id, key_words(person.name)].add(_by_address(person))
    taken = await _taken(connection, people) if without_address else set[str]()
    identities: list[str] = []
    for person in people:
        key = (person.school_id, key_words(person.name))
        if person.email:
            identity = _by_address(person)
            if identity not in taken and (member_id := without_address.pop(key, None)) is not None:
                await connection.execute(
                    update(StaffMember).where(StaffMember.id == member_id).values(identity=identity)
                )
                taken.add(identity)
        else:
            same_name = with_address[key]
            identity = next(iter(same_name)) if len(same_name) == 1 else f"school:{person.school_id}|{key[1]}"
        identities.append(identity)
    return identities


async def _taken(connection: AsyncConnection, people: Sequence[SeenPerson]) -> set[str]:
    """Those natural keys of people with an address that are somebody's already."""
    wanted = cast(sorted({_by_address(person) for person in people if person.email}), ARRAY(Text))
    found = await connection.scalars(select(StaffMember.identity).where(StaffMember.identity == any_(wanted)))
    return set(found.all())


def _by_address(person: SeenPerson) -> str:
    return f"email:{person.email}|{key_words(person.name)}"


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


async def _upsert_members(connection: AsyncConnection, rows: dict[str, dict[str, Any]]) -> dict[str, int]:
    stored = [rows[identity] for identity in sorted(rows)]
    new = insert_many(StaffMember, *stored[0])
    old = StaffMember.__table__.c
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
                **_seen_span(new.excluded, old),
            },
        ).returning(StaffMember.identity, StaffMember.id),
        as_parameter(stored),
    )
    return dict(found.all())


async def _upsert_posts(
    connection: AsyncConnection,
    organization_id: UUID,
    job_id: UUID,
    people: Sequence[SeenPerson],
    member_ids: Sequence[int],
) -> None:
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
    stored = [posts[key] for key in sorted(posts)]
    new = insert_many(StaffPost, *stored[0])
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["staff_member_id", "school_id"],
            set_={
                "title": func.coalesce(new.excluded.title, StaffPost.__table__.c.title),
                "role": func.coalesce(func.nullif(new.excluded.role, "unknown"), StaffPost.__table__.c.role),
                "source_url": new.excluded.source_url,
                "job_id": new.excluded.job_id,
                **_seen_span(new.excluded, StaffPost.__table__.c),
            },
        ),
        as_parameter(stored),
    )


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
