"""Schedules of jobs: kept, found, held while they are fired, and the record of each firing.

All functions but `due_schedules` run in the caller's tenant transaction. Times are those of the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, insert, literal_column, select, text, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import ConflictError, NotFoundError
from storage.jobs import FINAL
from storage.models import Job, Schedule, ScheduleFiring, User

AnyRow = Row[*tuple[Any, ...]]
MOST_SCHEDULES = 200
"""Of one organization: their jobs do not count as unfinished jobs of a user, so their number has a limit of its own."""


class FiringCause(StrEnum):
    """Why a schedule was to make a job."""

    DUE = "due"
    """Its cron line's time had come."""
    ASKED = "asked"
    """Somebody asked for it now."""


class FiringOutcome(StrEnum):
    """What came of it."""

    STARTED = "started"
    """A job was made."""
    MISSED = "missed"
    """Nobody looked in time: it was due longer ago than the schedule's grace, or a later time took its place."""
    OVERLAPPED = "overlapped"
    """The schedule's job of before had not ended."""
    REFUSED = "refused"
    """The request is not good any more, or its user may not run jobs any more."""


async def due_schedules(connection: AsyncConnection, most: int) -> list[tuple[UUID, UUID]]:
    """Organization and id of schedules whose time has come, the longest due first, in a system transaction."""
    rows = await connection.execute(
        select(Schedule.organization_id, Schedule.id)
        .where(Schedule.next_fire_at <= func.clock_timestamp())
        .order_by(Schedule.next_fire_at)
        .limit(most)
    )
    return [(row.organization_id, row.id) for row in rows]


async def hold_due_schedule(connection: AsyncConnection, schedule_id: UUID) -> AnyRow | None:
    """The schedule, locked, with the database's `now` and its user; None if it is not due, or another holds it."""
    return (
        await connection.execute(
            _held()
            .where(Schedule.id == schedule_id, Schedule.next_fire_at <= func.clock_timestamp())
            .with_for_update(of=Schedule, skip_locked=True, key_share=True)
        )
    ).one_or_none()


async def hold_schedule(connection: AsyncConnection, schedule_id: UUID) -> AnyRow:
    """The schedule, locked, with the database's `now` and its user.

    Raises:
        NotFoundError: no such schedule in this organization.
    """
    row = (
        await connection.execute(_held().where(Schedule.id == schedule_id).with_for_update(of=Schedule, key_share=True))
    ).one_or_none()
    return _found(row, schedule_id)


def _held() -> Select[*tuple[Any, ...]]:
    who = (User.name.label("user"), User.role, User.disabled_at)
    return select(*Schedule.__table__.c, func.clock_timestamp().label("now"), *who).join(
        User, User.id == Schedule.user_id
    )


async def add_schedule(connection: AsyncConnection, organization_id: UUID, values: dict[str, Any]) -> None:
    """Stores a schedule.

    Raises:
        ConflictError: the organization has one of this name, or as many as it may have.
    """
    # Counted in turns, and in a statement of its own, see `storage.jobs.create_job`.
    key = {"key": f"title1.schedules.{organization_id}"}
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    if (await connection.scalar(select(func.count()).select_from(Schedule)) or 0) >= MOST_SCHEDULES:
        raise ConflictError(f"There are {MOST_SCHEDULES} schedules, as many as an organization may have. Remove one.")
    await _named(connection, insert(Schedule).values(organization_id=organization_id, **values), values)


async def change_schedule(connection: AsyncConnection, schedule_id: UUID, values: dict[str, Any]) -> None:
    """Changes a schedule.

    Raises:
        ConflictError: the organization has another one of this name.
    """
    await _named(
        connection, update(Schedule).where(Schedule.id == schedule_id).values(**values, updated_at=func.now()), values
    )


async def advance_schedule(connection: AsyncConnection, schedule_id: UUID, next_fire_at: datetime) -> None:
    """Sets the next time of a schedule that was fired; nobody has changed it by that."""
    await connection.execute(update(Schedule).where(Schedule.id == schedule_id).values(next_fire_at=next_fire_at))


async def _named(connection: AsyncConnection, statement: Any, values: dict[str, Any]) -> None:
    try:
        async with connection.begin_nested():
            await connection.execute(statement)
    except IntegrityError as error:
        if "uq_schedule_organization_id_name" not in str(error.orig):
            raise
        raise ConflictError(
            f"There is a schedule named {values.get('name')!r} already. Take another name, or change that one."
        ) from error


async def remove_schedule(connection: AsyncConnection, schedule_id: UUID) -> str:
    """Deletes a schedule with its firings and returns its name; its jobs stay, and go on.

    Raises:
        NotFoundError: no such schedule in this organization.
    """
    name = await connection.scalar(delete(Schedule).where(Schedule.id == schedule_id).returning(Schedule.name))
    return _found(name, schedule_id)


async def get_schedule(connection: AsyncConnection, schedule_id: UUID) -> AnyRow:
    """A schedule with its user's name and its last firing (columns `last_…`, null before the first).

    Raises:
        NotFoundError: no such schedule in this organization.
    """
    return _found((await connection.execute(_shown().where(Schedule.id == schedule_id))).one_or_none(), schedule_id)


async def find_schedules(
    connection: AsyncConnection, *, kind: str | None, enabled: bool | None, after: str | None, most: int
) -> Sequence[AnyRow]:
    """Schedules by name behind the name `after`, as `get_schedule` gives them."""
    query = _shown().order_by(Schedule.name).limit(most)
    if kind is not None:
        query = query.where(Schedule.kind == kind)
    if enabled is not None:
        query = query.where(Schedule.enabled == enabled)
    if after is not None:
        query = query.where(Schedule.name > after)
    return (await connection.execute(query)).all()


_FIRING = ("id", "cause", "fire_at", "at", "outcome", "reason", "job_id")


def _shown() -> Select[*tuple[Any, ...]]:
    last = (
        select(*(ScheduleFiring.__table__.c[name].label(f"last_{name}") for name in _FIRING))
        .where(ScheduleFiring.schedule_id == Schedule.id)
        .order_by(ScheduleFiring.id.desc())
        .limit(1)
        .lateral()
    )
    return (
        select(*Schedule.__table__.c, User.name.label("user"), *last.c, func.clock_timestamp().label("now"))
        .join(User, User.id == Schedule.user_id)
        .outerjoin(last, true())
    )


async def unfinished_job_of(connection: AsyncConnection, schedule_id: UUID) -> UUID | None:
    """A job of the schedule that has not ended."""
    return await connection.scalar(
        select(Job.id).where(Job.schedule_id == schedule_id, Job.state.not_in(FINAL)).limit(1)
    )


async def is_answered(connection: AsyncConnection, schedule_id: UUID, fire_at: datetime) -> bool:
    """Whether this due time has had its firing."""
    answered = select(literal_column("1")).where(
        ScheduleFiring.schedule_id == schedule_id, ScheduleFiring.fire_at == fire_at, ScheduleFiring.cause == "due"
    )
    return await connection.scalar(answered) is not None


async def add_firing(
    connection: AsyncConnection,
    schedule: AnyRow,
    cause: FiringCause,
    fire_at: datetime,
    outcome: FiringOutcome,
    *,
    reason: str | None = None,
    job_id: UUID | None = None,
) -> None:
    """Writes down what came of one time of a schedule that the caller holds."""
    await connection.execute(
        insert(ScheduleFiring).values(
            organization_id=schedule.organization_id,
            schedule_id=schedule.id,
            cause=cause,
            fire_at=fire_at,
            outcome=outcome,
            reason=reason,
            job_id=job_id,
        )
    )


async def find_firings(
    connection: AsyncConnection, schedule_id: UUID, *, outcome: FiringOutcome | None, after: int | None, most: int
) -> Sequence[AnyRow]:
    """Firings of a schedule, the newest first, behind the id `after`.

    Raises:
        NotFoundError: no such schedule in this organization.
    """
    _found(await connection.scalar(select(Schedule.id).where(Schedule.id == schedule_id)), schedule_id)
    query = (
        select(*(ScheduleFiring.__table__.c[name] for name in _FIRING))
        .where(ScheduleFiring.schedule_id == schedule_id)
        .order_by(ScheduleFiring.id.desc())
        .limit(most)
    )
    if outcome is not None:
        query = query.where(ScheduleFiring.outcome == outcome)
    if after is not None:
        query = query.where(ScheduleFiring.id < after)
    return (await connection.execute(query)).all()


def _found(row: Any, schedule_id: UUID) -> Any:
    if row is None:
        raise NotFoundError(f"There is no schedule {schedule_id}.")
    return row
