"""Which schools of the official directory the listed schools are: what the linkage said, and what people decided.

A school without a printed NCES id gets the id of its link when that is certain or was accepted by a person; such an id
is the linkage's own and changes with it. A person's decision is never changed by the linkage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.directory import locate_schools
from storage.errors import NotFoundError
from storage.filters import SchoolFilter, school_conditions
from storage.models import DirectorySchool, DocumentSchool, Evidence, School, SchoolLink, User
from storage.reviews import Decider
from storage.search import PageKey
from storage.sightings import Origin, Seen, Sighting, store_evidence

AnyRow = Row[*tuple[Any, ...]]
PRINTED = "nces:"
"""How the identity of a school begins whose document prints its NCES id; that id is not the linkage's."""
_RANK = {"automatic": 2, "review": 1, "none": 0}


@dataclass(frozen=True, slots=True)
class FoundLink:
    """What the linkage says of one school."""

    school_id: int
    state: str
    """`automatic`, `review` or `none`."""
    nces_id: str | None
    score: float
    method: str
    reasons: list[dict[str, Any]]
    choices: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class LinkedBy:
    """The work that made links."""

    organization_id: UUID
    document_id: UUID | None
    job_id: UUID | None = None
    attempt: int | None = None


async def schools_of_document(connection: AsyncConnection, document_id: UUID) -> Sequence[AnyRow]:
    """The schools that a document lists, once each; their `identity` tells a printed id from a linked one."""
    listed = select(DocumentSchool.school_id).where(DocumentSchool.document_id == document_id)
    return (
        await connection.execute(select(*School.__table__.c).where(School.id.in_(listed)).order_by(School.id))
    ).all()


async def store_links(connection: AsyncConnection, links: Iterable[FoundLink], by: LinkedBy) -> dict[str, int]:
    """Writes links, and the ids of the certain ones to their schools; returns how many there are of each state.

    What another document's rows had made certain is not taken back by a list that prints less of the school.
    """
    found = {link.school_id: link for link in links}
    schools = {school.id: school for school in await _hold(connection, found)}
    known = await _known_links(connection, found)
    changed = [
        link for key, link in sorted(found.items()) if key in schools and _is_news(link, known.get(key), by.document_id)
    ]
    if changed:
        await _write(connection, changed, by)
        await _write_ids(connection, schools, changed, by)
    counts = {"automatic": 0, "review": 0, "none": 0}
    for link in found.values():
        counts[link.state] += 1
    return counts


async def find_links(
    connection: AsyncConnection, wanted: SchoolFilter, *, state: str | None, after: PageKey | None, most: int
) -> Sequence[AnyRow]:
    """Links by the schools' names behind `after`, each with its school and the directory's school."""
    query = _link_lines().where(*school_conditions(wanted)).order_by(School.name, School.id).limit(most)
    if state is not None:
        query = query.where(SchoolLink.state == state)
    if after is not None:
        query = query.where(tuple_(School.name, School.id) > tuple_(literal(after[0]), literal(after[1])))
    return (await connection.execute(query)).all()


async def get_link(connection: AsyncConnection, school_id: int) -> AnyRow:
    """One school's link.

    Raises:
        NotFoundError: there is no such school, or it was not linked yet.
    """
    row = (await connection.execute(_link_lines().where(School.id == school_id))).one_or_none()
    if row is None:
        raise NotFoundError(f"School {school_id} was not compared with the official directory yet.")
    return row


async def decide_link(connection: AsyncConnection, decider: Decider, school_id: int, nces_id: str | None) -> None:
    """Says which school of the directory a listed school is, or with None that it is none of them.

    Raises:
        NotFoundError: there is no such school, or the directory has no such id.
    """
    schools = {school.id: school for school in await _hold(connection, [school_id])}
    if not schools:
        raise NotFoundError(f"There is no school {school_id}.")
    if nces_id is not None and not await connection.scalar(
        select(DirectorySchool.nces_id).where(DirectorySchool.nces_id == nces_id)
    ):
        raise NotFoundError(f"The official directory has no school {nces_id}.")
    state = "rejected" if nces_id is None else "accepted"
    known = (await _known_links(connection, [school_id])).get(school_id)
    if known is not None and (known.state, known.nces_id) == (state, nces_id):
        return
    reasons: list[dict[str, Any]] = [{"name": "decided_by_person", "points": 100, "detail": decider.name}]
    decided: dict[str, Any] = {
        "state": state,
        "nces_id": nces_id,
        "method": "person",
        "score": 1.0,
        "reasons": reasons,
        "decided_by": decider.user_id,
        "decided_at": func.clock_timestamp(),
    }
    new = insert(SchoolLink).values(organization_id=decider.organization_id, school_id=school_id, choices=[], **decided)
    await connection.execute(new.on_conflict_do_update(index_elements=["school_id"], set_=decided))
    document_id = await connection.scalar(
        select(DocumentSchool.document_id).where(DocumentSchool.school_id == school_id).limit(1)
    )
    link = FoundLink(school_id, state, nces_id, 1.0, "person", reasons, [])
    await _write_ids(connection, schools, [link], LinkedBy(decider.organization_id, document_id))


def _link_lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *SchoolLink.__table__.c,
            School.name,
            School.district,
            School.city,
            School.state.label("school_state"),
            DirectorySchool.name.label("official_name"),
            DirectorySchool.district.label("official_district"),
            DirectorySchool.city.label("official_city"),
            User.name.label("decided_by_name"),
        )
        .join(School, School.id == SchoolLink.school_id)
        .outerjoin(DirectorySchool, DirectorySchool.nces_id == SchoolLink.nces_id)
        .outerjoin(User, User.id == SchoolLink.decided_by)
    )


async def _hold(connection: AsyncConnection, school_ids: Iterable[int]) -> Sequence[AnyRow]:
    """Locks schools, in one order for all writers, so that their links are decided one after the other."""
    query = select(School.id, School.name, School.identity).where(School.id.in_(list(school_ids)))
    return (await connection.execute(query.order_by(School.id).with_for_update(key_share=True))).all()


async def _known_links(connection: AsyncConnection, school_ids: Iterable[int]) -> dict[int, AnyRow]:
    rows = await connection.execute(
        select(SchoolLink.school_id, SchoolLink.state, SchoolLink.nces_id, SchoolLink.document_id).where(
            SchoolLink.school_id.in_(list(school_ids))
        )
    )
    return {row.school_id: row for row in rows}


def _is_news(link: FoundLink, known: AnyRow | None, document_id: UUID | None) -> bool:
    if known is None:
        return True
    if known.state not in _RANK:
        return False  # a person decided
    return known.document_id == document_id or _RANK[link.state] >= _RANK[known.state]


async def _write(connection: AsyncConnection, links: list[FoundLink], by: LinkedBy) -> None:
    new = insert(SchoolLink)
    renewed = ("document_id", "nces_id", "state", "method", "score", "reasons", "choices")
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["school_id"],
            set_={**{name: new.excluded[name] for name in renewed}, "linked_at": func.now()},
        ),
        [
            {
                "school_id": link.school_id,
                "organization_id": by.organization_id,
                "document_id": by.document_id,
                "nces_id": link.nces_id,
                "state": link.state,
                "method": link.method,
                "score": link.score,
                "reasons": link.reasons,
                "choices": link.choices,
            }
            for link in links
        ],
    )


async def _write_ids(
    connection: AsyncConnection, schools: dict[int, AnyRow], links: list[FoundLink], by: LinkedBy
) -> None:
    """Gives the schools without a printed id the id of their link, or takes it back, with the evidence for it."""
    own = [link for link in links if not schools[link.school_id].identity.startswith(PRINTED)]
    if not own:
        return
    await connection.execute(
        update(School)
        .where(School.id == bindparam("of_school"))
        .values(nces_id=bindparam("linked_id"), latitude=None, longitude=None),
        [{"of_school": link.school_id, "linked_id": _certain_id(link)} for link in own],
    )
    await locate_schools(connection, [link.school_id for link in own])
    await connection.execute(
        delete(Evidence).where(
            Evidence.subject == "school",
            Evidence.subject_id.in_([link.school_id for link in own]),
            Evidence.field == "nces_id",
            Evidence.page.is_(None),
        )
    )
    if by.document_id is None:
        return
    now = datetime.now(UTC)
    origin = Origin(by.organization_id, by.job_id, by.attempt, now, "linkage", document_id=by.document_id)
    await store_evidence(
        connection,
        (
            Seen("school", link.school_id, replace(origin, method=_method(link)), [_sighting(link, schools)])
            for link in own
            if _certain_id(link)
        ),
    )


def _certain_id(link: FoundLink) -> str | None:
    return link.nces_id if link.state in {"automatic", "accepted"} else None


def _method(link: FoundLink) -> str:
    return "person" if link.state == "accepted" else "linkage"


def _sighting(link: FoundLink, schools: dict[int, AnyRow]) -> Sighting:
    why = "; ".join(f"{reason['name']}: {reason['detail']}" for reason in link.reasons)
    return Sighting("nces_id", schools[link.school_id].name, link.nces_id or "", link.score, snippet=why)
