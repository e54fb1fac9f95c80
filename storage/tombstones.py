"""People deleted for good: what is kept of them is that they must not come back.

A tombstone is an entry of the suppression list with the id that the person had: one mechanism deletes, and keeps every
crawl, reading of kept pages, file and push away. Suppressed are the person's own addresses (no office's, and none that
others have, too), and their names at the schools of their posts, all under one entry, with which they are taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import NotFoundError
from storage.models import StaffAlias, StaffCorrection, StaffMember, StaffPost, Suppression, User
from storage.search import AnyRow
from storage.seen_people import address_of_key, name_of_key
from storage.staff_removal import forget_posts
from storage.suppression import (
    SuppressionKey,
    Who,
    email_key,
    hold_list,
    person_at_school_key,
    school_texts,
)
from storage.suppression_list import NewEntry, add_entries, add_names


@dataclass(frozen=True, slots=True)
class Burial:
    """Who is to be deleted, and why."""

    staff_id: int
    reason: str
    note: str | None
    is_office: Callable[[str], bool]
    """Whether an address is an office's rather than somebody's own."""


async def bury(connection: AsyncConnection, organization_id: UUID, user_id: UUID, wanted: Burial) -> bool:
    """Deletes a person with all that is kept of them, and leaves a tombstone; False where that was done before.

    Raises:
        NotFoundError: there is no such person in this organization, and there was none.
    """
    await hold_list(connection, organization_id, to_change=True)
    query = select(*StaffMember.__table__.c).where(StaffMember.id == wanted.staff_id)
    person = (await connection.execute(query)).one_or_none()
    if person is None:
        if await connection.scalar(select(Suppression.id).where(Suppression.staff_member_id == wanted.staff_id)):
            return False
        raise NotFoundError(f"There is no member of staff {wanted.staff_id}.")
    keys = await _keys(connection, person, wanted.is_office)
    posts = await _posts(connection, person.id)
    if keys:
        entry = NewEntry(keys[0], wanted.reason, wanted.note)
        added = await add_entries(connection, organization_id, user_id, [entry])
        (entry_id,) = added.ids
        await connection.execute(
            update(Suppression).where(Suppression.id == entry_id).values(staff_member_id=person.id)
        )
        await add_names(connection, organization_id, dict.fromkeys(keys[1:], entry_id))
    await forget_posts(connection, posts)
    # One without any post has nothing to be known by.
    await connection.execute(delete(StaffMember).where(StaffMember.id == person.id))
    return True


async def find_tombstones(connection: AsyncConnection, *, after: int | None, most: int) -> Sequence[AnyRow]:
    """Tombstones, the newest first, behind the id `after`: id, staff_id, reason, note, created_at, by."""
    query = (
        select(
            Suppression.id,
            Suppression.staff_member_id.label("staff_id"),
            Suppression.reason,
            Suppression.note,
            Suppression.created_at,
            User.name.label("by"),
        )
        .outerjoin(User, User.id == Suppression.created_by)
        .where(Suppression.staff_member_id.is_not(None))
        .order_by(Suppression.id.desc())
        .limit(most)
    )
    if after is not None:
        query = query.where(Suppression.id < after)
    return (await connection.execute(query)).all()


async def _posts(connection: AsyncConnection, staff_id: int) -> list[tuple[int, int, str]]:
    query = select(StaffPost.staff_member_id, StaffPost.school_id, StaffPost.source_url)
    rows = await connection.execute(query.where(StaffPost.staff_member_id == staff_id))
    return [(member, school, url) for member, school, url in rows]


async def _keys(connection: AsyncConnection, person: Any, is_office: Callable[[str], bool]) -> list[SuppressionKey]:
    """All by which the person would be known again: as seen, as put right, and under the keys of merged records."""
    aliases = await connection.scalars(select(StaffAlias.identity).where(StaffAlias.staff_member_id == person.id))
    identities = [person.identity, *aliases]
    seen = await connection.scalars(select(StaffCorrection.seen).where(StaffCorrection.staff_member_id == person.id))
    versions: list[dict[str, Any]] = [dict(person._mapping), *({**person._mapping, **values} for values in seen)]
    addresses = {address_of_key(identity) for identity in identities} | {version["email"] for version in versions}
    names = {name_of_key(identity) for identity in identities if "|" in identity}
    for version in versions:
        names |= Who.seen(
            version["name"],
            first=version["first_name"],
            last=version["last_name"],
            nickname=version["nickname"],
            email=None,
            url="",
            schools=(),
        ).names
    own = await _own_addresses(connection, person.id, {one for one in addresses if one and not is_office(one)})
    schools = await school_texts(connection, {school for _, school, _ in await _posts(connection, person.id)})
    at_schools = [
        person_at_school_key(name, texts[0]) for _, texts in sorted(schools.items()) for name in sorted(names)
    ]
    return [*(email_key(address) for address in sorted(own)), *at_schools]


async def _own_addresses(connection: AsyncConnection, staff_id: int, addresses: set[str]) -> set[str]:
    """Those of the addresses that nobody else has."""
    if not addresses:
        return set()
    others = select(func.lower(StaffMember.email)).where(
        StaffMember.id != staff_id, func.lower(StaffMember.email).in_({address.lower() for address in addresses})
    )
    shared = set(await connection.scalars(others))
    return {address for address in addresses if address.lower() not in shared}
