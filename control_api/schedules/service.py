"""Schedules between HTTP and `storage.schedules`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.jobs.accepting import accept_request, checked_request, kept_request, kind_of
from control_api.jobs.schemas import JobRequest, JobView
from control_api.jobs.service import JobService, job_view
from control_api.problems import invalid_body
from control_api.schedules.cron import CronLineError, CronTimes, TimeZoneError, cron_times
from control_api.schedules.schemas import PREVIEWED, ChangedSchedule, FiringView, NewSchedule, ScheduleView
from storage.audit import Act, record
from storage.errors import ConflictError
from storage.jobs import JobKind, known_request
from storage.schedules import (
    AnyRow,
    FiringCause,
    FiringOutcome,
    add_firing,
    add_schedule,
    change_schedule,
    find_firings,
    find_schedules,
    get_schedule,
    hold_schedule,
    remove_schedule,
    unfinished_job_of,
)


@dataclass(frozen=True, slots=True)
class ScheduleService:
    """What an account may do with its organization's schedules, and with the jobs that they make."""

    jobs: JobService

    async def page(
        self, *, kind: JobKind | None, enabled: bool | None, after: str | None, most: int
    ) -> list[ScheduleView]:
        """Schedules by name behind the name `after`."""
        async with self._tenant() as connection:
            found = await find_schedules(connection, kind=kind, enabled=enabled, after=after, most=most)
        return [_view(row) for row in found]

    async def get(self, schedule_id: UUID) -> ScheduleView:
        """A schedule.

        Raises:
            NotFoundError: there is no such schedule in this organization.
        """
        async with self._tenant() as connection:
            return _view(await get_schedule(connection, schedule_id))

    async def add(self, new: NewSchedule) -> ScheduleView:
        """Stores a schedule whose job could be asked for now.

        Raises:
            ValidationException: the cron line or the time zone is none.
            ConflictError: the name is taken, or there are as many schedules as allowed.
            UnknownPlaceError, PurposeRequiredError, NotFoundError: the job could not be asked for.
        """
        times = _times(new.cron, new.time_zone)
        schedule_id = uuid4()
        async with self._tenant() as connection:
            values = {
                "id": schedule_id,
                "name": new.name,
                "cron": times.line,
                "time_zone": new.time_zone,
                "misfire_grace_seconds": new.misfire_grace_seconds,
                "enabled": new.enabled,
                "user_id": self.jobs.account.user_id,
                "created_by": self.jobs.account.user_id,
                **await self._request_values(connection, new.job),
                **await _next_values(connection, times, enabled=new.enabled),
            }
            await add_schedule(connection, self.jobs.account.organization_id, values)
            detail = {name: values[name] for name in ("name", "kind", "cron", "time_zone", "enabled")}
            await self._record(connection, Act.SCHEDULE_CREATE, schedule_id, detail)
            return _view(await get_schedule(connection, schedule_id))

    async def change(self, schedule_id: UUID, changed: ChangedSchedule) -> ScheduleView:
        """Changes what is given; from then on its jobs run in the name of who changed it.

        Raises:
            NotFoundError: there is no such schedule in this organization, or what the job names is not there.
            ValidationException, ConflictError, UnknownPlaceError, PurposeRequiredError: see `add`.
        """
        given = {name: value for name in changed.__struct_fields__ if (value := getattr(changed, name)) is not UNSET}
        async with self._tenant() as connection:
            schedule = await hold_schedule(connection, schedule_id)
            if given:
                times = _times(given.get("cron", schedule.cron), given.get("time_zone", schedule.time_zone))
                enabled: bool = given.get("enabled", schedule.enabled)
                values = {name: value for name, value in given.items() if name != "job"}
                values |= {"cron": times.line, "user_id": self.jobs.account.user_id}
                if "job" in given or (enabled and not schedule.enabled):  # who disables it need not mend it
                    values |= await self._request_values(connection, given.get("job") or kept_request(schedule.request))
                if (times.line, times.zone.key, enabled) != (schedule.cron, schedule.time_zone, schedule.enabled):
                    values |= await _next_values(connection, times, enabled=enabled)
                await change_schedule(connection, schedule_id, values)
                detail = {name: values[name] for name in (*given, "kind") if name in values}
                await self._record(connection, Act.SCHEDULE_CHANGE, schedule_id, detail)
            return _view(await get_schedule(connection, schedule_id))

    async def remove(self, schedule_id: UUID) -> None:
        """Deletes a schedule; its jobs go on.

        Raises:
            NotFoundError: there is no such schedule in this organization.
        """
        async with self._tenant() as connection:
            name = await remove_schedule(connection, schedule_id)
            await self._record(connection, Act.SCHEDULE_REMOVE, schedule_id, {"name": name})

    async def run(self, schedule_id: UUID, *, idempotency_key: str | None) -> tuple[JobView, bool]:
        """Makes the schedule's job now, in the name of who asks; with a known idempotency key, finds it.

        Raises:
            NotFoundError: there is no such schedule in this organization, or what its job names is not there.
            ConflictError: its job of before has not ended.
            UnknownPlaceError, PurposeRequiredError: the job cannot be asked for any more.
        """
        jobs = self.jobs
        async with self._tenant() as connection:
            schedule = await hold_schedule(connection, schedule_id)
            if await known_request(connection, jobs.account.user_id, idempotency_key) is None:
                await _refuse_overlap(connection, schedule)
            job_id, created = await accept_request(
                connection,
                jobs.account,
                kept_request(schedule.request),
                limit=jobs.unfinished_per_user,
                purpose_required=jobs.purpose_required,
                idempotency_key=idempotency_key,
                schedule_id=schedule_id,
            )
            if created:
                asked = (FiringCause.ASKED, schedule.now, FiringOutcome.STARTED)
                await add_firing(connection, schedule, *asked, job_id=job_id)
                await self._record(connection, Act.SCHEDULE_RUN, schedule_id, {"job_id": str(job_id)})
            job = await job_view(connection, job_id)
        if created:
            await jobs.ring_for(job)
        return job, created

    async def firings(
        self, schedule_id: UUID, *, outcome: FiringOutcome | None, after: int | None, most: int
    ) -> list[FiringView]:
        """What came of the schedule's times, the newest first.

        Raises:
            NotFoundError: there is no such schedule in this organization.
        """
        async with self._tenant() as connection:
            rows = await find_firings(connection, schedule_id, outcome=outcome, after=after, most=most)
        return [msgspec.convert(row, FiringView, from_attributes=True) for row in rows]

    def _tenant(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self.jobs.database.tenant(self.jobs.account.organization_id)

    async def _request_values(self, connection: AsyncConnection, request: JobRequest) -> dict[str, Any]:
        checked = await checked_request(
            connection, self.jobs.account, request, purpose_required=self.jobs.purpose_required
        )
        return {"kind": kind_of(checked), "request": msgspec.to_builtins(checked)}

    async def _record(self, connection: AsyncConnection, act: Act, schedule_id: UUID, detail: dict[str, Any]) -> None:
        await record(connection, act, self.jobs.account, about=("schedule", schedule_id), detail=detail)


def _times(line: str, zone: str) -> CronTimes:
    try:
        return cron_times(line, zone)
    except CronLineError as error:
        raise invalid_body("cron", str(error)) from error
    except TimeZoneError as error:
        raise invalid_body("time_zone", str(error)) from error


async def _next_values(connection: AsyncConnection, times: CronTimes, *, enabled: bool) -> dict[str, Any]:
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return {"next_fire_at": times.after(now)[0] if enabled else None}


async def _refuse_overlap(connection: AsyncConnection, schedule: AnyRow) -> None:
    if (unfinished := await unfinished_job_of(connection, schedule.id)) is not None:
        raise ConflictError(
            f"The schedule's job {unfinished} has not ended. Wait for its end, or cancel it, then try again."
        )


def _view(row: AnyRow) -> ScheduleView:
    # The subquery's names are SQLAlchemy's own kind of text, which msgspec takes for none.
    fields: dict[str, Any] = {str(name): value for name, value in row._mapping.items()}
    last = {name.removeprefix("last_"): value for name, value in fields.items() if name.startswith("last_")}
    coming = cron_times(row.cron, row.time_zone).after(row.now, PREVIEWED) if row.enabled else []
    return msgspec.convert(
        fields
        | {
            "job": row.request,
            "next_fire_times": coming,
            "last": last if row.last_id is not None else None,
        },
        ScheduleView,
    )
