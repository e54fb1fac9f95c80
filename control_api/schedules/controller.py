"""Routes of schedules: see them and their firings, add, change, remove, run one now."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from control_api.auth.guards import operator, viewer
from control_api.bodies import check_json_body
from control_api.jobs.controller import IdempotencyKey, made, provide_jobs
from control_api.jobs.schemas import JobView
from control_api.jobs.service import JobService
from control_api.pages import Limit, Page, PageCursor, decode_cursor, page_of
from control_api.schedules.schemas import ChangedSchedule, FiringView, NewSchedule, ScheduleView
from control_api.schedules.service import ScheduleService
from storage.jobs import JobKind
from storage.schedules import FiringOutcome

Enabled = Annotated[bool | None, QueryParameter(description="Only those that are enabled, or disabled.")]
WithOutcome = Annotated[FiringOutcome | None, QueryParameter(description="Only firings that ended so.")]


def provide_schedules(jobs: NamedDependency[JobService]) -> ScheduleService:
    """The schedules of the account that asks."""
    return ScheduleService(jobs)


class ScheduleController(Controller):
    """`/api/v1/schedules`."""

    path = "/api/v1/schedules"
    tags = ("Schedules",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "jobs": Provide(provide_jobs, sync_to_thread=False),
        "schedules": Provide(provide_schedules, sync_to_thread=False),
    }

    @get("/", summary="Schedules, by name")
    async def page(
        self,
        schedules: NamedDependency[ScheduleService],
        kind: FromQuery[JobKind | None] = None,
        enabled: Enabled = None,
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[ScheduleView]:
        """Lists schedules with their next times and what came of the last one."""
        after = decode_cursor(cursor, str)
        found = await schedules.page(kind=kind, enabled=enabled, after=after, most=limit + 1)
        return page_of(found, limit, item=lambda schedule: schedule, key=lambda last: last.name)

    @post("/", guards=[operator], before_request=check_json_body, summary="Have a job made again and again")
    async def add(
        self, data: JSONBody[NewSchedule], schedules: NamedDependency[ScheduleService]
    ) -> Response[ScheduleView]:
        """Stores a schedule; `job` is the body of `POST /jobs`, checked now and again at each firing."""
        schedule = await schedules.add(data)
        return Response(schedule, status_code=201, headers={"Location": f"/api/v1/schedules/{schedule.id}"})

    @get("/{schedule_id:uuid}", summary="One schedule")
    async def one(self, schedule_id: FromPath[UUID], schedules: NamedDependency[ScheduleService]) -> ScheduleView:
        """A schedule with its next times and what came of the last one."""
        return await schedules.get(schedule_id)

    @patch("/{schedule_id:uuid}", guards=[operator], before_request=check_json_body, summary="Change a schedule")
    async def change(
        self,
        schedule_id: FromPath[UUID],
        data: JSONBody[ChangedSchedule],
        schedules: NamedDependency[ScheduleService],
    ) -> ScheduleView:
        """Changes what is given; `enabled` lets it rest and go on. Its jobs run in the name of who changed it last."""
        return await schedules.change(schedule_id, data)

    @delete("/{schedule_id:uuid}", guards=[operator], summary="Remove a schedule")
    async def remove(self, schedule_id: FromPath[UUID], schedules: NamedDependency[ScheduleService]) -> None:
        """Deletes it with its firings; a job that it has made goes on."""
        await schedules.remove(schedule_id)

    @post(
        "/{schedule_id:uuid}/run",
        guards=[operator],
        summary="Run a schedule's job now",
        responses={200: ResponseSpec(JobView, description="The job that this Idempotency-Key made before.")},
    )
    async def run(
        self,
        schedule_id: FromPath[UUID],
        schedules: NamedDependency[ScheduleService],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[JobView]:
        """Makes its job out of turn, also while it is disabled; 409 while its job of before has not ended."""
        return made(*await schedules.run(schedule_id, idempotency_key=idempotency_key))

    @get("/{schedule_id:uuid}/firings", summary="What came of a schedule's times")
    async def firings(
        self,
        schedule_id: FromPath[UUID],
        schedules: NamedDependency[ScheduleService],
        outcome: WithOutcome = None,
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[FiringView]:
        """Lists firings, the newest first: the job that was made, or why none was."""
        after = decode_cursor(cursor, int)
        found = await schedules.firings(schedule_id, outcome=outcome, after=after, most=limit + 1)
        return page_of(found, limit, item=lambda firing: firing, key=lambda last: last.id)
