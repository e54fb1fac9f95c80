"""Routes of jobs: ask for one, look at them, cancel, pause, resume, retry."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from control_api.auth.guards import operator, viewer
from control_api.bodies import check_json_body
from control_api.jobs.schemas import AttemptView, ChangedJob, JobFilter, JobRequest, JobView
from control_api.jobs.service import JobKey, JobService, Ring
from control_api.pages import Limit, Page, PageCursor, decode_cursor, page_of
from control_api.problems import Problem
from control_api.settings import ApiSettings
from storage.accounts import Account
from storage.database import Database
from storage.jobs import JobKind, JobState
from storage.priority import Priority

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


def provide_job_filter(
    in_state: StateFilter = None,
    kind: FromQuery[JobKind | None] = None,
    priority: FromQuery[Priority | None] = None,
    schedule_id: FromQuery[UUID | None] = None,
) -> JobFilter:
    """The jobs that a request's query asks for."""
    return JobFilter(in_state, kind, priority, schedule_id)


class JobController(Controller):
    """`/api/v1/jobs`."""

    path = "/api/v1/jobs"
    tags = ("Jobs",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "jobs": Provide(provide_jobs, sync_to_thread=False),
        "wanted": Provide(provide_job_filter, sync_to_thread=False),
    }

    @post(
        "/",
        guards=[operator],
        before_request=check_json_body,
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
        return made(*await jobs.create(data, idempotency_key=idempotency_key))

    @get("/", summary="Jobs, the newest first")
    async def newest(
        self,
        jobs: NamedDependency[JobService],
        wanted: NamedDependency[JobFilter],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[JobView]:
        """Lists jobs with their children; a pipeline's steps stand under it only."""
        after = decode_cursor(cursor, JobKey)
        found = await jobs.newest(wanted, after=after, most=limit + 1)
        return page_of(found, limit, item=lambda job: job, key=lambda job: (job.created_at, job.id))

    @get("/{job_id:uuid}", summary="One job")
    async def one(self, job_id: FromPath[UUID], jobs: NamedDependency[JobService]) -> JobView:
        """A job with its children, attempts, progress and reason."""
        return await jobs.get(job_id)

    @patch("/{job_id:uuid}", guards=[operator], before_request=check_json_body, summary="Change a job")
    async def change(
        self, job_id: FromPath[UUID], data: JSONBody[ChangedJob], jobs: NamedDependency[JobService]
    ) -> JobView:
        """Gives a job that has not ended, and its children, another priority; one that runs, when it waits again."""
        return await jobs.change(job_id, data)

    @get("/{job_id:uuid}/attempts", summary="The attempts at a job")
    async def attempts(
        self,
        job_id: FromPath[UUID],
        jobs: NamedDependency[JobService],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[AttemptView]:
        """Lists attempts, the newest first: which worker, from when to when, how each ended and why."""
        found = await jobs.attempts(job_id, after=decode_cursor(cursor, int), most=limit + 1)
        return page_of(found, limit, item=lambda attempt: attempt, key=lambda last: last.number)

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

    @post(
        "/{job_id:uuid}/retry",
        guards=[operator],
        summary="Try what failed again",
        responses={200: ResponseSpec(JobView, description="The job that this Idempotency-Key made before.")},
    )
    async def retry(
        self,
        job_id: FromPath[UUID],
        jobs: NamedDependency[JobService],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[JobView]:
        """Makes another job of what an ended one has left; 409 where nothing failed, or a retry is at work.

        Of a crawl these are the schools that failed or were not come to, of a push the people whose errors may have
        passed; any other job that did not succeed is asked for as it was.
        """
        return made(*await jobs.retry(job_id, idempotency_key=idempotency_key))


def made(job: JobView, created: bool) -> Response[JobView]:
    """The answer with a job that was made, or that its Idempotency-Key had made before."""
    location = {"Location": f"/api/v1/jobs/{job.id}"}
    return Response(job, status_code=201 if created else 200, headers=location)
