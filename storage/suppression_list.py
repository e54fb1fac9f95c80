"""The entries of a suppression list: added, which deletes whom they name; listed; removed.

Each function works in the caller's tenant transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Text, any_, cast, delete, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import NotFoundError
from storage.models import PageBody, School, StaffCorrection, StaffMember, StaffPost, Suppression, User
from storage.seen_people import address_of_key, name_of_key
from storage.staff_removal import forget_posts
from storage.suppression import Met, SuppressionKey, SuppressionKind, Who, hold_list, nces_text, own_salt

AnyRow = Row[*tuple[Any, ...]]
_ROWS_AT_ONCE = 2_000
_ENTRIES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be suppressed, and why."""

    key: SuppressionKey
    reason: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding entries."""

    ids: list[int]
    """Of the entries in the order in which they were given."""
    new: set[int]
    """Those that were not on the list."""
    posts: int
    """Posts at schools that were deleted, each with its person where it was the last."""


async def add_entries(
    connection: AsyncConnection, organization_id: UUID, user_id: UUID, entries: Sequence[NewEntry]
) -> Added:
    """Puts entries on the list and deletes whom they name; entries that are there already change nothing."""
    await hold_list(connection, organization_id, to_change=True)
    salt = await own_salt(connection)
    marks = [(str(entry.key.kind), entry.key.hashed(salt)) for entry in entries]
    rows = {
        mark: {"kind": mark[0], "hash": mark[1], "reason": entry.reason, "note": entry.note, "created_by": user_id}
        for mark, entry in zip(marks, entries, strict=True)
    }
    ids, new = await _insert(connection, organization_id, rows)
    keys = {entry.key for entry in entries}
    met = await _delete_named(connection, keys)
    followed = await follow_names(connection, organization_id, met)
    return Added([ids[mark] for mark in marks], new, len(met) + followed)


async def follow_names(connection: AsyncConnection, organization_id: UUID, met: Iterable[Met]) -> int:
    """Notes the names, at their schools, of people who were met with a suppressed address, and deletes who has them.

    Other pages of a school print a name without its address: by those the person would come back. Returns how many
    posts were deleted.
    """
    parents = {name: one.key for one in met for name in one.names_to_follow()}
    if not parents:
        return 0
    await hold_list(connection, organization_id, to_change=False)
    salt = await own_salt(connection)
    marks = {parent: (str(parent.kind), parent.hashed(salt)) for parent in parents.values()}
    ids = await _ids(connection, [hashed for _, hashed in marks.values()])
    # Who took the address off the list meanwhile has its names taken off, too.
    names = {name: ids[marks[parent]] for name, parent in parents.items() if marks[parent] in ids}
    return await add_names(connection, organization_id, names)


async def add_names(connection: AsyncConnection, organization_id: UUID, names: Mapping[SuppressionKey, int]) -> int:
    """Puts entries on the list that go with others (each has its id), and deletes whom they name; counts the posts."""
    salt = await own_salt(connection)
    rows = sorted((str(name.kind), name.hashed(salt), parent_id) for name, parent_id in names.items())
    values = [
        {"organization_id": organization_id, "kind": kind, "hash": hashed, "parent_id": parent_id}
        for kind, hashed, parent_id in rows
    ]
    for place in range(0, len(values), _ENTRIES_AT_ONCE):
        some = values[place : place + _ENTRIES_AT_ONCE]
        await connection.execute(insert(Suppression).values(some).on_conflict_do_nothing())
    return len(await _delete_named(connection, set(names)))


async def find_entries(
    connection: AsyncConnection, *, kind: str | None = None, after: int | None = None, most: int
) -> Sequence[AnyRow]:
    """Entries that people made, the newest first, behind the id `after`: id, kind, reason, note, created_at, by."""
    query = _entries().order_by(Suppression.id.desc()).limit(most)
    if kind is not None:
        query = query.where(Suppression.kind == kind)
    if after is not None:
        query = query.where(Suppression.id < after)
    return (await connection.execute(query)).all()


async def get_entries(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, AnyRow]:
    """Entries by their ids, each as `find_entries` tells it."""
    rows = await connection.execute(_entries().where(Suppression.id.in_(set(ids))))
    return {row.id: row for row in rows}


async def remove_entry(connection: AsyncConnection, organization_id: UUID, entry_id: int) -> None:
    """Takes an entry off the list, with the names that were met with its address. A later crawl may store them again.

    Raises:
        NotFoundError: there is no such entry.
    """
    await hold_list(connection, organization_id, to_change=True)
    removed = await connection.execute(
        delete(Suppression).where(Suppression.id == entry_id, Suppression.parent_id.is_(None))
    )
    if not removed.rowcount:
        raise NotFoundError(f"There is no suppression {entry_id}.")


def _entries() -> Select[*tuple[Any, ...]]:
    columns = (Suppression.id, Suppression.kind, Suppression.reason, Suppression.note, Suppression.created_at)
    query = select(*columns, User.name.label("by")).outerjoin(User, User.id == Suppression.created_by)
    return query.where(Suppression.parent_id.is_(None))


async def _insert(
    connection: AsyncConnection, organization_id: UUID, rows: dict[tuple[str, bytes], dict[str, Any]]
) -> tuple[dict[tuple[str, bytes], int], set[int]]:
    """Writes the entries that are not there; the ids of all of them, and those of the new ones."""
    values = [{"organization_id": organization_id, "parent_id": None, **rows[mark]} for mark in sorted(rows)]
    ids: dict[tuple[str, bytes], int] = {}
    new: set[int] = set()
    for place in range(0, len(values), _ENTRIES_AT_ONCE):
        some = values[place : place + _ENTRIES_AT_ONCE]
        adding = insert(Suppression).values(some)
        renewed = ("reason", "note", "created_by", "parent_id")
        written = await connection.scalars(
            adding.on_conflict_do_update(
                index_elements=["organization_id", "kind", "hash"],
                set_={**{name: adding.excluded[name] for name in renewed}, "created_at": func.now()},
                # A name that came with an address is from now on an entry of its own.
                where=Suppression.parent_id.is_not(None),
            ).returning(Suppression.id)
        )
        new |= set(written)
        ids |= await _ids(connection, [hashed for _, hashed in sorted(rows)[place : place + _ENTRIES_AT_ONCE]])
    return ids, new


async def _ids(connection: AsyncConnection, hashes: Sequence[bytes]) -> dict[tuple[str, bytes], int]:
    known = select(Suppression.kind, Suppression.hash, Suppression.id).where(Suppression.hash.in_(hashes))
    return {(kind, bytes(hashed)): entry_id for kind, hashed, entry_id in await connection.execute(known)}


async def _delete_named(connection: AsyncConnection, keys: set[SuppressionKey]) -> list[Met]:
    """Deletes the posts of those whom the keys name, and the page bodies of suppressed schools; says who was met.

    The people are told apart here by what ingest tells them by, so that both mean the same.
    """
    if not keys:
        return []
    schools = {key.text for key in keys if key.kind is SuppressionKind.SCHOOL}
    if schools:
        own = select(School.id).where(_is_one_of(schools))
        await connection.execute(delete(PageBody).where(PageBody.school_id.in_(own)))
    met: list[Met] = []
    posts: list[tuple[int, int, str]] = []
    rows = await connection.stream(_candidates(keys), execution_options={"yield_per": _ROWS_AT_ONCE})
    async for row in rows:
        texts = (row.identity, nces_text(row.nces_id)) if row.nces_id else (row.identity,)
        who = Who.seen(
            row.name,
            first=row.first_name,
            last=row.last_name,
            nickname=row.nickname,
            email=row.email,
            url=row.source_url,
            schools=texts,
        )
        # What was put right by hand hides nobody: their key still has what was seen.
        seen = replace(who, names=frozenset({name_of_key(row.key)}), email=address_of_key(row.key))
        for one in (who, seen):
            if (key := next((key for key in one.marks() if key in keys), None)) is not None:
                met.append(Met(who, key))
                posts.append((row.staff_member_id, row.school_id, row.source_url))
                break
    await forget_posts(connection, posts)
    return met


def _candidates(keys: set[SuppressionKey]) -> Select[*tuple[Any, ...]]:
    """Posts with whatever tells their people apart: those that may be meant, as far as SQL can say that.

    A name at a domain may be anybody's: measured with 200,000 people, that takes 7 s, the other kinds less than one.
    """
    by_kind = {kind: {key.text for key in keys if key.kind is kind} for kind in SuppressionKind}
    conditions: list[ColumnElement[bool]] = []
    corrected = (StaffCorrection.staff_member_id == StaffMember.id, StaffCorrection.field == "email")
    if by_kind[SuppressionKind.EMAIL] or by_kind[SuppressionKind.DOMAIN]:
        conditions.append(exists().where(*corrected))
    if addresses := by_kind[SuppressionKind.EMAIL]:
        local = func.lower(func.split_part(StaffMember.email, "@", 1))
        conditions.append(local.in_({address.partition("@")[0] for address in addresses}))
    if domains := by_kind[SuppressionKind.DOMAIN]:
        # A host that is printed in letters of its own is told apart here, where it is brought to ASCII.
        foreign = StaffMember.email.regexp_match("[^ -~]")
        endings = [f"%{domain.replace('_', chr(92) + '_')}" for domain in sorted(domains)]
        conditions.append(or_(func.lower(StaffMember.email).like(any_(cast(endings, ARRAY(Text)))), foreign))
    places = {name.partition("|")[2] for name in by_kind[SuppressionKind.PERSON]}
    if any(place.startswith("domain:") for place in places):
        conditions.append(true())
    at = {place.removeprefix("school:") for place in places if place.startswith("school:")}
    if schools := by_kind[SuppressionKind.SCHOOL] | at:
        conditions.append(_is_one_of(schools))
    return (
        select(
            StaffPost.staff_member_id,
            StaffPost.school_id,
            StaffPost.source_url,
            School.identity,
            School.nces_id,
            StaffMember.identity.label("key"),
            StaffMember.name,
            StaffMember.first_name,
            StaffMember.last_name,
            StaffMember.nickname,
            StaffMember.email,
        )
        .join(StaffMember, StaffMember.id == StaffPost.staff_member_id)
        .join(School, School.id == StaffPost.school_id)
        .where(or_(*conditions))
    )


def _is_one_of(texts: set[str]) -> ColumnElement[bool]:
    """Whether a school is named by one of these texts."""
    prefix = nces_text("")
    ids = {one.removeprefix(prefix) for one in texts if one.startswith(prefix)}
    return or_(School.identity.in_(texts), School.nces_id.in_(ids)) if ids else School.identity.in_(texts)
