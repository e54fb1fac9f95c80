"""Due schedules become jobs: found by whichever worker looks first, each time answered once.

The job, its first event, the firing's record and the next time are one transaction under the schedule's row lock. A
worker that is killed before its end has answered nothing, and another one answers; after its end there is nothing due.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.jobs.accepting import accept_request, kept_request
from control_api.problems import ApiError
from control_api.schedules.cron import CronTimes, cron_times
from extraction.errors import ExtractionError
from storage.accounts import Account
from storage.database import Database
from storage.errors import DatabaseUnavailableError, StorageError
from storage.jobs import UNFINISHED_PER_USER
from storage.roles import Role
from storage.schedules import (
    AnyRow,
    FiringCause,
    FiringOutcome,
    add_firing,
    advance_schedule,
    change_schedule,
    due_schedules,
    hold_due_schedule,
    is_answered,
    unfinished_job_of,
)

log = logging.getLogger("title1.schedules")

AT_ONCE = 50
"""Schedules of one look; those that are left are due a second later."""


async def fire_due(database: Database, *, purpose_required: bool) -> list[UUID]:
    """Answers every time that has come, over all organizations, and returns the jobs that were made.

    Raises:
        DatabaseUnavailableError: PostgreSQL does not answer; what is due stays due.
    """
    async with database.system() as connection:
        due = await due_schedules(connection, AT_ONCE)
    made: list[UUID] = []
    for organization_id, schedule_id in due:
        try:
            async with database.tenant(organization_id) as connection:
                job_id = await fire(connection, schedule_id, purpose_required=purpose_required)
        except DatabaseUnavailableError:
            raise
        except Exception:  # a defect that one schedule meets must not keep the others from their times
            log.exception("schedule %s could not be fired; it stays due", schedule_id)
            continue
        if job_id is not None:
            made.append(job_id)
    return made


async def fire(connection: AsyncConnection, schedule_id: UUID, *, purpose_required: bool) -> UUID | None:
    """Answers a due time in the caller's tenant transaction, and sets the next one; the job, if one was made."""
    schedule = await hold_due_schedule(connection, schedule_id)
    if schedule is None:
        return None
    try:
        times = cron_times(schedule.cron, schedule.time_zone)
    except ValueError as error:  # the zone is none any more, in the tables of this machine
        await _tell(connection, schedule, schedule.next_fire_at, FiringOutcome.REFUSED, f"{error} It is disabled now.")
        await change_schedule(connection, schedule_id, {"enabled": False, "next_fire_at": None})
        return None
    job_id = None
    turn = await _turn(connection, schedule, times)
    if turn is not None and not await is_answered(connection, schedule_id, turn):
        job_id = await _start(connection, schedule, turn, purpose_required=purpose_required)
    (next_time,) = times.after(schedule.now)
    await advance_schedule(connection, schedule_id, next_time)
    return job_id


async def _turn(connection: AsyncConnection, schedule: AnyRow, times: CronTimes) -> datetime | None:
    """The time that counts now: the last one that has come, if that is not too long ago. Others are told as missed."""
    first: datetime = schedule.next_fire_at
    latest = times.latest(schedule.now, since=first)
    late = schedule.now - latest
    if late > timedelta(seconds=schedule.misfire_grace_seconds):
        reason = (
            f"No worker looked until {late.total_seconds():,.0f} s after {_words(latest, times)}, "
            f"which is more than the grace of {schedule.misfire_grace_seconds:,} s."
        )
        await _tell(connection, schedule, first, FiringOutcome.MISSED, reason)
        return None
    if latest > first:
        reason = f"No worker looked until {_words(latest, times)} had come, too; of several times the last one counts."
        await _tell(connection, schedule, first, FiringOutcome.MISSED, reason)
    return latest


async def _start(
    connection: AsyncConnection, schedule: AnyRow, turn: datetime, *, purpose_required: bool
) -> UUID | None:
    if (unfinished := await unfinished_job_of(connection, schedule.id)) is not None:
        reason = f"Its job {unfinished} had not ended."
        await _tell(connection, schedule, turn, FiringOutcome.OVERLAPPED, reason)
        return None
    if schedule.disabled_at is not None or not Role(schedule.role).includes(Role.OPERATOR):
        reason = (
            f"Its user {schedule.user} may not run jobs any more. "
            "Whoever changes the schedule next has its jobs run in their name."
        )
        await _tell(connection, schedule, turn, FiringOutcome.REFUSED, reason)
        return None
    account = Account(schedule.organization_id, schedule.user_id, schedule.user, Role(schedule.role))
    try:
        job_id, _ = await accept_request(
            connection,
            account,
            kept_request(schedule.request),
            limit=UNFINISHED_PER_USER,
            purpose_required=purpose_required,
            idempotency_key=f"schedule {schedule.id} {turn.isoformat()}",
            schedule_id=schedule.id,
        )
    except DatabaseUnavailableError:
        raise
    except (ExtractionError, StorageError, ApiError) as error:
        await _tell(connection, schedule, turn, FiringOutcome.REFUSED, f"{error.message} [{error.code}]")
        return None
    await add_firing(connection, schedule, FiringCause.DUE, turn, FiringOutcome.STARTED, job_id=job_id)
    return job_id


async def _tell(
    connection: AsyncConnection, schedule: AnyRow, fire_at: datetime, outcome: FiringOutcome, reason: str
) -> None:
    if not await is_answered(connection, schedule.id, fire_at):
        await add_firing(connection, schedule, FiringCause.DUE, fire_at, outcome, reason=reason)
    log.warning("schedule %s (%s): %s: %s", schedule.id, schedule.name, outcome, reason)


def _words(time: datetime, times: CronTimes) -> str:
    return time.astimezone(times.zone).isoformat(sep=" ", timespec="minutes")
