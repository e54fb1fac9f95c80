"""What is kept of a push to Salesforce: the people chosen, the uploads, and what came of each person.

All functions run in the caller's tenant transaction, mostly a fenced one. Rows hold no values of people: whoever is
suppressed or deleted meanwhile is gone from here, too. Whoever writes rows holds the suppression list before, so that
it does not meet the deletion of people in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, Text, and_, cast, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import ConflictError, NotFoundError
from storage.filters import StaffFilter, is_official, person_conditions, post_conditions, school_conditions
from storage.jobs import FINAL, JobKind, get_job
from storage.models import PushBatch, PushRow, School, StaffMember, StaffPost, Website
from storage.queries import statement
from storage.suppression import Who, entries_for, kinds_of, school_texts

AnyRow = Row[*tuple[Any, ...]]
OPEN_STATES = ("pending", "sent")
"""Of rows without an answer."""


class BatchState(StrEnum):
    """How far an upload is. Each step is stored before the next one is begun."""

    CREATING = "creating"
    """Salesforce is, or was, asked for a job; its answer is not stored."""
    CREATED = "created"
    """Salesforce has an open job, whose id is stored. Nothing was sent."""
    UPLOADING = "uploading"
    """Which rows it has is stored, and they are, or were, being sent: whether they arrived is not known."""
    UPLOADED = "uploaded"
    """They arrived; Salesforce does nothing with them before the job is closed."""
    CLOSED = "closed"
    """Salesforce works on them."""
    ENDED = "ended"
    """It is done; its answers are, or were, being read."""
    COLLECTED = "collected"
    """Final: every row has its answer."""
    VOID = "void"
    """Final: ended before it was closed, so nothing came of it; its rows go into another upload."""


FINAL_BATCHES = (BatchState.COLLECTED, BatchState.VOID)


@dataclass(frozen=True, slots=True)
class PushPerson:
    """A row of a push with the person's values as they are now; without them where the person is gone."""

    number: int
    key: str
    staff_id: int | None
    school_id: int | None
    name: str | None
    honorific: str | None
    first_name: str | None
    middle_name: str | None
    last_name: str | None
    suffix: str | None
    nickname: str | None
    title: str | None
    role: str | None
    department: str | None
    subjects: list[str] | None
    grades: list[str] | None
    email: str | None
    email_state: str | None
    phone: str | None
    extension: str | None
    school: str | None
    district: str | None
    address: str | None
    city: str | None
    county: str | None
    state: str | None
    zip: str | None
    school_phone: str | None
    nces_id: str | None
    title1_status: str | None
    website: str | None
    source_url: str | None
    last_seen: datetime | None
    confidence: float | None


def key_prefix(organization_id: UUID) -> str:
    """What external ids of an organization begin with, so that two of them may share an org."""
    return f"t1-{organization_id.hex[:8]}-"


async def choose_people(connection: AsyncConnection, organization_id: UUID, job_id: UUID, wanted: StaffFilter) -> None:
    """Makes a row of each person wanted, at the school where they were seen last."""
    posts = (
        select(StaffPost.staff_member_id, StaffPost.school_id)
        .join(School, School.id == StaffPost.school_id)
        .join(StaffMember, StaffMember.id == StaffPost.staff_member_id)
        .where(*school_conditions(wanted.schools), *person_conditions(wanted), *post_conditions(wanted))
        .ext(distinct_on(StaffPost.staff_member_id))
        .order_by(StaffPost.staff_member_id, StaffPost.last_seen.desc(), StaffPost.school_id)
        .subquery()
    )
    key = literal(key_prefix(organization_id)) + cast(posts.c.staff_member_id, Text)
    await _insert_rows(connection, organization_id, job_id, posts.c.staff_member_id, posts.c.school_id, key)


async def choose_retryable(connection: AsyncConnection, organization_id: UUID, job_id: UUID, *, retry_of: UUID) -> None:
    """Makes a row of each person of another push for whom trying again may help."""
    old = select(PushRow.staff_member_id, PushRow.school_id, PushRow.key).where(
        PushRow.job_id == retry_of, PushRow.retryable, PushRow.staff_member_id.is_not(None)
    )
    rows = old.subquery()
    await _insert_rows(connection, organization_id, job_id, rows.c.staff_member_id, rows.c.school_id, rows.c.key)


async def check_worth_retrying(connection: AsyncConnection, job_id: UUID) -> None:
    """Checks that another push of a push's people makes sense.

    Raises:
        NotFoundError: there is no such push in this organization.
        ConflictError: it has not ended, or nobody in it is worth trying again.
    """
    job = await get_job(connection, job_id)
    if job.kind != JobKind.PUSH_LEADS:
        raise NotFoundError(f"Job {job_id} is no push to Salesforce.")
    if job.state not in FINAL:
        raise ConflictError(f"The push is {job.state}; it can be tried again once it has ended.")
    query = select(PushRow.number).where(PushRow.job_id == job_id, PushRow.retryable).limit(1)
    if await connection.scalar(query) is None:
        raise ConflictError("Nobody in this push has an error that may have passed.")


async def _insert_rows(
    connection: AsyncConnection, organization_id: UUID, job_id: UUID, staff_id: Any, school_id: Any, key: Any
) -> None:
    number = func.row_number().over(order_by=staff_id)
    chosen = select(literal(organization_id), literal(job_id), number, staff_id, school_id, key)
    columns = ["organization_id", "job_id", "number", "staff_member_id", "school_id", "key"]
    await connection.execute(insert(PushRow).from_select(columns, chosen))


async def count_rows(connection: AsyncConnection, job_id: UUID, *states: str) -> int:
    """How many rows a push has, of these states or of all."""
    query = select(func.count()).select_from(PushRow).where(PushRow.job_id == job_id)
    return await connection.scalar(query.where(PushRow.state.in_(states)) if states else query) or 0


async def people_to_send(connection: AsyncConnection, job_id: UUID, most: int) -> list[PushPerson]:
    """The next people who are in no upload."""
    query = _people().where(PushRow.job_id == job_id, PushRow.state == "pending").order_by(PushRow.number).limit(most)
    return [PushPerson(*row) for row in await connection.execute(query)]


async def suppressed_among(connection: AsyncConnection, people: Sequence[PushPerson]) -> dict[int, str]:
    """Those whom the suppression list names, by the numbers of their rows, with the kind of the entry.

    The caller holds the list.
    """
    kinds = await kinds_of(connection)
    known = [person for person in people if person.school_id is not None and person.name]
    if not kinds or not known:
        return {}
    schools = await school_texts(connection, {person.school_id for person in known if person.school_id})
    named = {
        person.number: Who.seen(
            person.name or "",
            first=person.first_name,
            last=person.last_name,
            nickname=person.nickname,
            email=person.email,
            url=person.source_url or "",
            schools=schools.get(person.school_id or 0, ()),
        )
        for person in known
    }
    entries = await entries_for(connection, named.values(), kinds)
    found = ((number, entries.find(who)) for number, who in named.items())
    return {number: str(key.kind) for number, key in found if key is not None}


async def people_of_rows(connection: AsyncConnection, job_id: UUID, numbers: Sequence[int]) -> dict[int, PushPerson]:
    """People of a push by the numbers of their rows."""
    query = _people().where(PushRow.job_id == job_id, PushRow.number.in_(numbers))
    return {row.number: PushPerson(*row) for row in await connection.execute(query)}


def _people() -> Select[*tuple[Any, ...]]:
    post = and_(StaffPost.staff_member_id == PushRow.staff_member_id, StaffPost.school_id == PushRow.school_id)
    return (
        select(
            PushRow.number,
            PushRow.key,
            # Somebody without that post is gone from there, though still at another school.
            StaffPost.staff_member_id,
            StaffPost.school_id,
            StaffMember.name,
            StaffMember.honorific,
            StaffMember.first_name,
            StaffMember.middle_name,
            StaffMember.last_name,
            StaffMember.suffix,
            StaffMember.nickname,
            func.coalesce(StaffPost.title, StaffMember.title),
            StaffPost.role,
            StaffMember.department,
            StaffMember.subjects,
            StaffMember.grades,
            StaffMember.email,
            StaffMember.email_state,
            StaffMember.phone,
            StaffMember.extension,
            School.name,
            School.district,
            School.address,
            School.city,
            School.county,
            School.state,
            School.zip,
            School.phone,
            School.nces_id,
            School.title1_status,
            Website.url,
            StaffPost.source_url,
            StaffPost.last_seen,
            StaffMember.confidence,
        )
        .select_from(PushRow)
        .outerjoin(StaffPost, post)
        .outerjoin(StaffMember, StaffMember.id == StaffPost.staff_member_id)
        .outerjoin(School, School.id == StaffPost.school_id)
        .outerjoin(Website, is_official())
    )


async def mark_rows(connection: AsyncConnection, job_id: UUID, marks: Iterable[dict[str, Any]]) -> None:
    """Stores what becomes of rows that were in no upload: `number`, `state` and the columns that belong to it."""
    rows = msgspec.json.encode(list(marks)).decode()
    await connection.execute(statement("mark_push_rows"), {"job_id": job_id, "rows": rows})


async def store_results(
    connection: AsyncConnection, batch: AnyRow, said: Iterable[dict[str, Any]], *, members: bool
) -> None:
    """Stores what Salesforce said of people of an upload, by `key`; what is stored already stays."""
    name = "store_member_results" if members else "store_push_results"
    rows = msgspec.json.encode(list(said)).decode()
    await connection.execute(statement(name), {"job_id": batch.job_id, "batch": batch.number, "rows": rows})


async def without_answer(connection: AsyncConnection, batch: AnyRow, *, members: bool) -> Sequence[str]:
    """The keys of an upload's people of whom Salesforce has said nothing."""
    in_batch = (
        (PushRow.member_batch == batch.number, PushRow.member_state == "sent")
        if members
        else (PushRow.batch == batch.number, PushRow.state == "sent")
    )
    return (await connection.scalars(select(PushRow.key).where(PushRow.job_id == batch.job_id, *in_batch))).all()


async def try_again(connection: AsyncConnection, job_id: UUID, codes: Iterable[str], most_tries: int) -> int:
    """Puts rows that failed for these reasons back among those to send, while they have tries left; how many."""
    failed = (PushRow.job_id == job_id, PushRow.state == "error", PushRow.code.in_(list(codes)))
    again = update(PushRow).where(*failed, PushRow.retryable, PushRow.tries < most_tries)
    return (await connection.execute(again.values(state="pending", batch=None))).rowcount


async def take_members(connection: AsyncConnection, batch: AnyRow, most: int) -> list[tuple[str, str]]:
    """Puts leads that are to become campaign members into an upload; key and id of each."""
    waiting = select(PushRow.number).where(_is_to_join(batch.job_id)).order_by(PushRow.number).limit(most)
    taken = (
        update(PushRow)
        .where(PushRow.job_id == batch.job_id, PushRow.number.in_(waiting))
        .values(member_state="sent", member_batch=batch.number)
        .returning(PushRow.key, PushRow.lead_id)
    )
    return sorted((row.key, row.lead_id or "") for row in await connection.execute(taken))


async def has_members_to_send(connection: AsyncConnection, job_id: UUID) -> bool:
    """Whether leads wait to become campaign members."""
    return await connection.scalar(select(PushRow.number).where(_is_to_join(job_id)).limit(1)) is not None


def _is_to_join(job_id: UUID) -> Any:
    delivered = PushRow.state.in_(("created", "updated"))
    return and_(PushRow.job_id == job_id, delivered, PushRow.member_state.is_(None))


async def open_batch(connection: AsyncConnection, job_id: UUID) -> AnyRow | None:
    """The upload of a push that is not done."""
    query = select(*PushBatch.__table__.c).where(PushBatch.job_id == job_id, PushBatch.state.not_in(FINAL_BATCHES))
    return (await connection.execute(query.order_by(PushBatch.number).limit(1))).one_or_none()


async def add_batch(connection: AsyncConnection, organization_id: UUID, job_id: UUID, of: str) -> AnyRow:
    """A new upload of an object's records."""
    last = select(func.coalesce(func.max(PushBatch.number), 0)).where(PushBatch.job_id == job_id)
    number = (await connection.scalar(last) or 0) + 1
    values = {"organization_id": organization_id, "job_id": job_id, "number": number, "object": of}
    made = await connection.execute(insert(PushBatch).values(**values).returning(*PushBatch.__table__.c))
    return made.one()


async def move_batch(connection: AsyncConnection, batch: AnyRow, state: BatchState, **values: Any) -> AnyRow:
    """Takes an upload to its next state, and returns it as it then is."""
    moved = await connection.execute(
        update(PushBatch)
        .where(PushBatch.job_id == batch.job_id, PushBatch.number == batch.number)
        .values(state=state, updated_at=func.clock_timestamp(), **values)
        .returning(*PushBatch.__table__.c)
    )
    return moved.one()


async def void_batch(connection: AsyncConnection, batch: AnyRow) -> None:
    """Gives up an upload of which nothing came; its people wait for another one."""
    of_job = update(PushRow).where(PushRow.job_id == batch.job_id)
    sent = of_job.where(PushRow.batch == batch.number, PushRow.state == "sent")
    await connection.execute(sent.values(state="pending", batch=None, tries=PushRow.tries - 1))
    joining = of_job.where(PushRow.member_batch == batch.number, PushRow.member_state == "sent")
    await connection.execute(joining.values(member_state=None, member_batch=None))
    await move_batch(connection, batch, BatchState.VOID)


async def known_ingests(connection: AsyncConnection, ids: Iterable[str]) -> set[str]:
    """Those of Salesforce's jobs that the organization's pushes have stored as theirs."""
    known = await connection.scalars(select(PushBatch.ingest_id).where(PushBatch.ingest_id.in_(list(ids))))
    return {ingest_id for ingest_id in known if ingest_id}


async def batches_of(connection: AsyncConnection, job_id: UUID) -> Sequence[AnyRow]:
    """All uploads of a push."""
    query = select(*PushBatch.__table__.c).where(PushBatch.job_id == job_id).order_by(PushBatch.number)
    return (await connection.execute(query)).all()


async def counts_of(connection: AsyncConnection, job_id: UUID) -> list[tuple[str, str | None, str | None, bool, int]]:
    """How many rows there are of each state, member state and code, and whether trying them again may help."""
    columns = (PushRow.state, PushRow.member_state, PushRow.code, PushRow.retryable)
    query = select(*columns, func.count()).where(PushRow.job_id == job_id).group_by(*columns)
    return [tuple(row) for row in await connection.execute(query)]  # pyright: ignore[reportReturnType]


async def changed_fields(connection: AsyncConnection, job_id: UUID) -> dict[str, int]:
    """Of each field how many people's values were cut or left out."""
    fields = select(func.unnest(PushRow.changed).label("field")).where(PushRow.job_id == job_id).subquery()
    rows = await connection.execute(select(fields.c.field, func.count()).group_by(fields.c.field))
    return {row[0]: row[1] for row in sorted(rows)}


async def find_rows(
    connection: AsyncConnection, job_id: UUID, *, states: Sequence[str], retryable: bool | None, after: int, most: int
) -> Sequence[AnyRow]:
    """Rows of a push by number behind `after`, each with the person's name and school as long as they are stored."""
    query = (
        select(*PushRow.__table__.c, StaffMember.name, School.name.label("school"), PushBatch.ingest_id)
        .outerjoin(StaffMember, StaffMember.id == PushRow.staff_member_id)
        .outerjoin(School, School.id == PushRow.school_id)
        .outerjoin(PushBatch, and_(PushBatch.job_id == PushRow.job_id, PushBatch.number == PushRow.batch))
        .where(PushRow.job_id == job_id, PushRow.number > after)
        .order_by(PushRow.number)
        .limit(most)
    )
    if states:
        query = query.where(or_(PushRow.state.in_(states), PushRow.member_state.in_(states)))
    if retryable is not None:
        query = query.where(PushRow.retryable == retryable)
    return (await connection.execute(query)).all()
