"""Routes of jobs: ask for one, look at them, cancel, pause, resume."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from control_api.auth.guards import operator, viewer
from control_api.jobs.schemas import JobRequest, JobView
from control_api.jobs.service import JobKey, JobService, Ring
from control_api.pages import Limit, Page, PageCursor, decode_cursor, page_of
from control_api.problems import Problem, refuse_other_than_json
from control_api.settings import ApiSettings
from storage.accounts import Account
from storage.database import Database
from storage.jobs import JobKind, JobState

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Any word of your own: the same request sent again with it makes no second job.",
    ),
]

# `state` itself is a word of the framework's.
StateFilter = Annotated[JobState | None, QueryParameter(name="state", description="Only jobs in this state.")]


def provide_jobs(
    database: NamedDependency[Database],
    account: NamedDependency[Account],
    ring: NamedDependency[Ring],
    settings: NamedDependency[ApiSettings],
) -> JobService:
    """The jobs of the account that asks."""
    return JobService(database, account, ring, settings.unfinished_jobs_per_user, settings.export_purpose_required)


class JobController(Controller):
    """`/api/v1/jobs`."""

    path = "/api/v1/jobs"
    tags = ("Jobs",)
    guards = (viewer,)
    dependencies = {"jobs": Provide(provide_jobs, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @post(
        "/",
        guards=[operator],
        before_request=refuse_other_than_json,
        summary="Ask for work",
        responses={
            200: ResponseSpec(JobView, description="The job that this Idempotency-Key made before."),
            429: ResponseSpec(Problem, description="Too many of the user's jobs are unfinished."),
        },
    )
    async def create(
        self,
        data: JSONBody[JobRequest],
        jobs: NamedDependency[JobService],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[JobView]:
        """Makes a job. It is durable when this answers; a worker takes it as soon as a slot is free."""
        job, created = await jobs.create(data, idempotency_key=idempotency_key)
        location = {"Location": f"/api/v1/jobs/{job.id}"}
        return Response(job, status_code=201 if created else 200, headers=location)

    @get("/", summary="Jobs, the newest first")
    async def newest(
        self,
        jobs: NamedDependency[JobService],
        in_state: StateFilter = None,
        kind: FromQuery[JobKind | None] = None,
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[JobView]:
        """Lists jobs with their children; a pipeline's steps stand under it only."""
        after = decode_cursor(cursor, JobKey)
        found = await jobs.newest(state=in_state, kind=kind, after=after, most=limit + 1)
        return page_of(found, limit, item=lambda job: job, key=lambda job: (job.created_at, job.id))

    @get("/{job_id:uuid}", summary="One job")
    async def one(self, job_id: FromPath[UUID], jobs: NamedDependency[JobService]) -> JobView:
        """A job with its children, attempts, progress and reason."""
        return await jobs.get(job_id)

    @post("/{job_id:uuid}/cancel", guards=[operator], status_code=202, summary="Cancel a job")
    async def cancel(self, job_id: FromPath[UUID], jobs: NamedDependency[JobService]) -> JobView:
        """Ends a job for good; what it has stored stays."""
        return await jobs.act(job_id, "cancel")

    @post("/{job_id:uuid}/pause", guards=[operator], status_code=202, summary="Pause a job")
    async def pause(self, job_id: FromPath[UUID], jobs: NamedDependency[JobService]) -> JobView:
        """Stops a job at its next checkpoint."""
        return await jobs.act(job_id, "pause")

    @post("/{job_id:uuid}/resume", guards=[operator], status_code=202, summary="Resume a job")
    async def resume(self, job_id: FromPath[UUID], jobs: NamedDependency[JobService]) -> JobView:
        """Lets a paused job go on from its checkpoint."""
        return await jobs.act(job_id, "resume")
