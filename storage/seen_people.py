"""People as pages show them, and the keys by which they are known again.

A natural key is `email:ADDRESS|NAME` of somebody with a published address, `school:ID|NAME` of others, the name in key
words. It has what was seen, so a value that a person corrected changes nothing about it. A person may have further keys
(`StaffAlias`): those of records that were merged into theirs, and those under which they were recognized.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, any_, cast, literal_column, select, tuple_, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import School, StaffAlias, StaffMember, StaffPost
from storage.sightings import key_words

_PHONE_DIGITS = 10
"""Of a number in the United States; what stands before them is the country's."""


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


@dataclass(frozen=True, slots=True)
class PersonKey:
    """Who a seen person is."""

    identity: str
    """The person's own natural key."""
    alias: bool = False
    """Seen under another key: what is known of the person stays, what is not known is added."""


async def recognize(
    connection: AsyncConnection, organization_id: UUID, people: Sequence[SeenPerson]
) -> list[PersonKey]:
    """Says of each person who they are, after those stored without an address have taken the one now seen.

    Somebody new who has name and district in common with exactly one person of another school, and their own page or
    their own telephone number, too, is that person, with another post. A name alone makes nobody the same.
    """
    identities = await _identities(connection, organization_id, people)
    aliases = await _aliases(connection, set(identities))
    stored = await _stored(connection, set(identities) - set(aliases))
    new = [
        (identity, person)
        for identity, person in zip(identities, people, strict=True)
        if identity not in aliases and identity not in stored and (person.profile_url or person.phone_e164)
    ]
    if new:
        aliases |= await _recognized(connection, organization_id, new)
    return [PersonKey(aliases.get(identity, identity), identity in aliases) for identity in identities]


async def add_aliases(
    connection: AsyncConnection,
    organization_id: UUID,
    identities: Iterable[str],
    member_id: int,
    *,
    merged_id: int | None = None,
) -> None:
    """Notes further keys of a person; one that is noted stays as it is."""
    rows = [
        {
            "organization_id": organization_id,
            "identity": identity,
            "staff_member_id": member_id,
            "merged_id": merged_id,
        }
        for identity in sorted(identities)
    ]
    if rows:
        await connection.execute(insert(StaffAlias).on_conflict_do_nothing(), rows)


def name_of_key(identity: str) -> str:
    """The name of a natural key, in key words."""
    return identity.rpartition("|")[2]


def address_of_key(identity: str) -> str | None:
    """The e-mail address of a natural key; None where it has none."""
    return identity.removeprefix("email:").rpartition("|")[0] if identity.startswith("email:") else None


async def _identities(connection: AsyncConnection, organization_id: UUID, people: Sequence[SeenPerson]) -> list[str]:
    with_address: dict[tuple[int, str], set[str]] = defaultdict(set)
    without_address: dict[tuple[int, str], tuple[int, bool]] = {}
    for school_id, member_id, identity, alias in await _keys_at(connection, people):
        if address_of_key(identity):
            with_address[school_id, name_of_key(identity)].add(identity)
        else:
            without_address[school_id, name_of_key(identity)] = (member_id, alias)
    for person in people:
        if person.email:
            with_address[person.school_id, key_words(person.name)].add(_by_address(person))
    taken = await _taken(connection, people) if without_address else set[str]()
    identities: list[str] = []
    for person in people:
        key = (person.school_id, key_words(person.name))
        if person.email:
            identity = _by_address(person)
            if identity not in taken and (known := without_address.pop(key, None)) is not None:
                await _take_address(connection, organization_id, *known, identity)
                taken.add(identity)
        else:
            same_name = with_address[key]
            identity = next(iter(same_name)) if len(same_name) == 1 else f"school:{person.school_id}|{key[1]}"
        identities.append(identity)
    return identities


async def _keys_at(connection: AsyncConnection, people: Sequence[SeenPerson]) -> Sequence[Any]:
    """The keys of everybody at these people's schools: school, person, key, whether it is a further one."""
    schools = {person.school_id for person in people}
    own = (
        select(StaffPost.school_id, StaffMember.id, StaffMember.identity, literal_column("false"))
        .join(StaffMember, StaffMember.id == StaffPost.staff_member_id)
        .where(StaffPost.school_id.in_(schools))
    )
    further = (
        select(StaffPost.school_id, StaffAlias.staff_member_id, StaffAlias.identity, literal_column("true"))
        .join(StaffAlias, StaffAlias.staff_member_id == StaffPost.staff_member_id)
        .where(StaffPost.school_id.in_(schools))
    )
    if all(person.email for person in people):
        # Those with an address are asked for by people without one only.
        own = own.where(StaffMember.identity.not_like("email:%"))
        further = further.where(StaffAlias.identity.not_like("email:%"))
    return (await connection.execute(union_all(own, further))).all()


async def _take_address(
    connection: AsyncConnection, organization_id: UUID, member_id: int, alias: bool, identity: str
) -> None:
    if alias:
        await add_aliases(connection, organization_id, [identity], member_id)
    else:
        await connection.execute(update(StaffMember).where(StaffMember.id == member_id).values(identity=identity))


async def _taken(connection: AsyncConnection, people: Sequence[SeenPerson]) -> set[str]:
    """Those natural keys of people with an address that are somebody's already."""
    wanted = {_by_address(person) for person in people if person.email}
    return await _stored(connection, wanted) | set(await _aliases(connection, wanted))


async def _stored(connection: AsyncConnection, identities: set[str]) -> set[str]:
    wanted = cast(sorted(identities), ARRAY(Text))
    return set(await connection.scalars(select(StaffMember.identity).where(StaffMember.identity == any_(wanted))))


async def _aliases(connection: AsyncConnection, identities: set[str]) -> dict[str, str]:
    """The own keys of those who have these as further ones."""
    wanted = cast(sorted(identities), ARRAY(Text))
    found = await connection.execute(
        select(StaffAlias.identity, StaffMember.identity)
        .join(StaffMember, StaffMember.id == StaffAlias.staff_member_id)
        .where(StaffAlias.identity == any_(wanted))
    )
    return dict(found.all())


async def _recognized(
    connection: AsyncConnection, organization_id: UUID, new: Sequence[tuple[str, SeenPerson]]
) -> dict[str, str]:
    """The own keys of those who are somebody of another school in the same district, by the keys now seen."""
    districts = await _districts(connection, {person.school_id for _, person in new})
    wanted = {place for place, _ in districts.values() if place is not None}
    if not wanted:
        return {}
    query = (
        select(
            StaffMember.id,
            StaffMember.identity,
            StaffMember.name,
            StaffMember.email,
            StaffMember.phone_e164,
            StaffMember.extension,
            StaffMember.profile_url,
            StaffPost.school_id,
            School.state,
            School.district_key,
        )
        .join(StaffPost, StaffPost.staff_member_id == StaffMember.id)
        .join(School, School.id == StaffPost.school_id)
        .where(
            StaffMember.last_name.in_({person.last_name or person.name for _, person in new}),
            tuple_(School.state, School.district_key).in_(sorted(wanted)),
        )
    )
    candidates = (await connection.execute(query)).all()
    found: dict[str, str] = {}
    for identity, person in new:
        place, school_phone = districts[person.school_id]
        same = {
            row.id: row.identity
            for row in candidates
            if (row.state, row.district_key) == place
            and row.school_id != person.school_id
            and key_words(person.name) in {name_of_key(row.identity), key_words(row.name)}
            and not (row.email and person.email and row.email != person.email)
            and _has_own_mark(person, row, school_phone)
        }
        if len(same) != 1 or identity in found:
            continue
        ((member_id, own),) = same.items()
        by_page = any(row.id == member_id and row.profile_url == person.profile_url for row in candidates)
        if (person.profile_url and by_page) or not await _is_shared(connection, person, new):
            await add_aliases(connection, organization_id, [identity], member_id)
            found[identity] = own
    return found


async def _districts(
    connection: AsyncConnection, school_ids: set[int]
) -> dict[int, tuple[tuple[str, str] | None, str | None]]:
    """State and district of each school, None where one is not known; and its own telephone number."""
    query = select(School.id, School.state, School.district_key, School.phone).where(School.id.in_(school_ids))
    return {
        school_id: ((state, district) if state and district else None, phone)
        for school_id, state, district, phone in await connection.execute(query)
    }


def _has_own_mark(person: SeenPerson, row: Any, school_phone: str | None) -> bool:
    """Whether page or telephone number are the same; the school's number is everybody's."""
    if person.profile_url and person.profile_url == row.profile_url:
        return True
    same = person.phone_e164 and (person.phone_e164, person.extension) == (row.phone_e164, row.extension)
    return bool(same) and _digits(person.phone_e164) != _digits(school_phone)


def _digits(phone: str | None) -> str:
    return "".join(filter(str.isdigit, phone or ""))[-_PHONE_DIGITS:]


async def _is_shared(connection: AsyncConnection, person: SeenPerson, new: Sequence[tuple[str, SeenPerson]]) -> bool:
    """Whether somebody of another name has the number, at any school of the district or on the pages just read."""
    name = key_words(person.name)
    if any(other.phone_e164 == person.phone_e164 and key_words(other.name) != name for _, other in new):
        return True
    here = select(School.state, School.district_key).where(School.id == person.school_id)
    query = (
        select(StaffMember.name)
        .join(StaffPost, StaffPost.staff_member_id == StaffMember.id)
        .join(School, School.id == StaffPost.school_id)
        .where(tuple_(School.state, School.district_key).in_(here), StaffMember.phone_e164 == person.phone_e164)
        .distinct()
    )
    return any(key_words(other) != name for other in await connection.scalars(query))


def _by_address(person: SeenPerson) -> str:
    return f"email:{person.email}|{key_words(person.name)}"
