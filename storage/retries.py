"""Ended jobs that are asked for again: what of them is left to do. All functions run in a tenant's transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import ConflictError, NotFoundError
from storage.jobs import FINAL, JobKind, JobState, family_of, get_job
from storage.models import Job, PushRow, Target

CRAWLS = frozenset({JobKind.DISCOVER_WEBSITES, JobKind.HARVEST_STAFF})


async def hold_ended_job(connection: AsyncConnection, job_id: UUID) -> Row[*tuple[Any, ...]]:
    """A job that has ended, locked, so that two who ask for it again take turns.

    Raises:
        NotFoundError: no such job in this organization.
        ConflictError: it has not ended, or it is a part of a crawl, which is tried again as a whole.
    """
    await connection.execute(select(Job.id).where(Job.id == job_id).with_for_update(key_share=True))
    job = await get_job(connection, job_id)
    if job.state not in FINAL:
        raise ConflictError(f"The job is {job.state}; it can be tried again once it has ended.")
    if job.parent_id is not None and (await get_job(connection, job.parent_id)).kind == job.kind:
        raise ConflictError(f"The job is a shard of the crawl {job.parent_id}; try that one again.")
    return job


async def refuse_second_retry(connection: AsyncConnection, job_id: UUID) -> None:
    """Checks that nobody tries a job again at present.

    Raises:
        ConflictError: a retry of it has not ended.
    """
    at_work = select(Job.id).where(Job.retry_of == job_id, Job.state.not_in(FINAL)).limit(1)
    if (retry_id := await connection.scalar(at_work)) is not None:
        raise ConflictError(f"Job {retry_id} is trying it again already. Wait for its end, or cancel it.")


def left_schools(job_id: UUID) -> Select[int]:
    """The ids of the schools that a crawl with its shards has failed at or not come to, as a query."""
    return select(Target.school_id).where(Target.job_id.in_(family_of(job_id)), Target.state.in_(("failed", "pending")))


async def has_parts(connection: AsyncConnection, job: Row[*tuple[Any, ...]]) -> bool:
    """Whether a job has come as far as to choose its schools (a crawl) or its people (a push)."""
    chosen = (
        select(PushRow.number).where(PushRow.job_id == job.id)
        if job.kind == JobKind.PUSH_LEADS
        else select(Target.school_id).where(Target.job_id.in_(family_of(job.id)))
    )
    return await connection.scalar(chosen.limit(1)) is not None


async def check_schools_left(connection: AsyncConnection, job_id: UUID, kind: JobKind) -> None:
    """Checks that another crawl of the schools that a crawl has left makes sense.

    Raises:
        NotFoundError: there is no such crawl of this kind in this organization.
        ConflictError: it has not ended, or it has left none.
    """
    job = await get_job(connection, job_id)
    if job.kind != kind:
        raise NotFoundError(f"Job {job_id} is no {kind}.")
    if job.state not in FINAL:
        raise ConflictError(f"The crawl is {job.state}; it can be tried again once it has ended.")
    if not await connection.scalar(select(func.count()).select_from(left_schools(job_id).subquery())):
        raise ConflictError("Nothing in this crawl failed: each of its schools was done or skipped.")


def check_did_not_succeed(job: Row[*tuple[Any, ...]]) -> None:
    """Checks that a job without parts is worth another try.

    Raises:
        ConflictError: it has succeeded.
    """
    if job.state == JobState.SUCCEEDED:
        raise ConflictError("Nothing in this job failed: it has succeeded. Ask for another job to have it done anew.")
