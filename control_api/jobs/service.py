"""Jobs between HTTP and `storage.jobs`: requests are checked, written, committed, and only then rung for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.jobs.accepting import accept_request
from control_api.jobs.retrying import retry_request
from control_api.jobs.schemas import AttemptView, ChangedJob, JobFilter, JobRequest, JobView
from storage.accounts import Account
from storage.audit import Act, record
from storage.database import Database
from storage.errors import NotFoundError
from storage.jobs import JobState, cancel_job, change_priority, get_job, known_request, pause_job, resume_job
from storage.models import Job, JobAttempt, User
from storage.priority import Priority
from storage.retries import hold_ended_job, refuse_second_retry

logger = logging.getLogger(__name__)

JobKey = tuple[datetime, UUID]
AnyRow = Row[*tuple[Any, ...]]
RING_SECONDS = 2.0
ACTIONS = {"cancel": cancel_job, "pause": pause_job, "resume": resume_job}


@runtime_checkable
class Ring(Protocol):
    """Tells the workers to look at a job. A ring may be lost: the workers look at the table by themselves, too."""

    async def __call__(self, job_id: UUID, attempt: int, /) -> None:
        """Rings for an attempt at a job."""
        ...


@dataclass(frozen=True, slots=True)
class JobService:
    """What an account may do with its organization's jobs.

    Args:
        database: where they are.
        account: who asks.
        ring: how workers are told.
        unfinished_per_user: jobs of one user that may be unfinished at once.
        purpose_required: whether exports must say what they are for.
    """

    database: Database
    account: Account
    ring: Ring
    unfinished_per_user: int
    purpose_required: bool = False

    async def create(self, request: JobRequest, *, idempotency_key: str | None) -> tuple[JobView, bool]:
        """Makes the job asked for; with a known idempotency key, finds it. True if it was made.

        Raises:
            UnknownPlaceError: there is no such state, ZIP or point.
            PurposeRequiredError: an export does not say what it is for, and must.
            NotFoundError: there is no such document, school or job in this organization.
            TaskLimitExceededError: the user has too many unfinished jobs.
            ConflictError: the idempotency key stands for another request, or the job named has no pages to read again.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            job_id, created = await accept_request(
                connection,
                self.account,
                request,
                limit=self.unfinished_per_user,
                purpose_required=self.purpose_required,
                idempotency_key=idempotency_key,
            )
            job = await job_view(connection, job_id)
        if created:
            await self.ring_for(job)
        return job, created

    async def retry(self, job_id: UUID, *, idempotency_key: str | None) -> tuple[JobView, bool]:
        """Makes a job of what failed in an ended one; with a known idempotency key, finds it. True if it was made.

        Raises:
            NotFoundError: there is no such job in this organization, or what it names is gone.
            ConflictError: it has not ended, nothing of it failed, or a retry of it has not ended.
            UnknownPlaceError, PurposeRequiredError, TaskLimitExceededError: as for a new job.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            old = await hold_ended_job(connection, job_id)
            if await known_request(connection, self.account.user_id, idempotency_key) is None:
                await refuse_second_retry(connection, job_id)
            made_id, created = await accept_request(
                connection,
                self.account,
                await retry_request(connection, old),
                limit=self.unfinished_per_user,
                purpose_required=self.purpose_required,
                idempotency_key=idempotency_key,
                retry_of=job_id,
            )
            if created:
                detail = {"retry": str(made_id)}
                await record(connection, Act.JOB_RETRY, self.account, about=("job", job_id), detail=detail)
            job = await job_view(connection, made_id)
        if created:
            await self.ring_for(job)
        return job, created

    async def change(self, job_id: UUID, changed: ChangedJob) -> JobView:
        """Gives a job that has not ended, and what is under it, another priority.

        Raises:
            NotFoundError: there is no such job in this organization.
            ConflictError: it has ended already.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            await change_priority(connection, job_id, changed.priority, by=self.account.user_name)
            return await job_view(connection, job_id)

    async def act(self, job_id: UUID, action: str) -> JobView:
        """Cancels, pauses or resumes a job and what is under it, and returns it as it then is.

        Raises:
            NotFoundError: there is no such job in this organization.
            ConflictError: it has ended already.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            await ACTIONS[action](connection, job_id, by=self.account.user_name)
            if action == "cancel":
                await record(connection, Act.JOB_CANCEL, self.account, about=("job", job_id))
            job = await job_view(connection, job_id)
        if job.state is JobState.QUEUED:
            await self.ring_for(job)
        return job

    async def get(self, job_id: UUID) -> JobView:
        """A job with its children and attempts.

        Raises:
            NotFoundError: there is no such job in this organization.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return await job_view(connection, job_id)

    async def attempts(self, job_id: UUID, *, after: int | None, most: int) -> list[AttemptView]:
        """The attempts at a job, the newest first, behind the number `after`.

        Raises:
            NotFoundError: there is no such job in this organization.
        """
        query = select(*JobAttempt.__table__.c).where(JobAttempt.job_id == job_id)
        if after is not None:
            query = query.where(JobAttempt.number < after)
        async with self.database.tenant(self.account.organization_id) as connection:
            await get_job(connection, job_id)
            rows = await connection.execute(query.order_by(JobAttempt.number.desc()).limit(most))
            return [msgspec.convert(row, AttemptView, from_attributes=True) for row in rows]

    async def newest(self, wanted: JobFilter, *, after: JobKey | None, most: int) -> list[JobView]:
        """Jobs with their children (which have no place of their own here), the newest first, behind `after`."""
        query = _jobs().where(Job.parent_id.is_(None)).order_by(Job.created_at.desc(), Job.id.desc()).limit(most)
        if wanted.state is not None:
            query = query.where(Job.state == wanted.state)
        if wanted.kind is not None:
            query = query.where(Job.kind == wanted.kind)
        if wanted.priority is not None:
            query = query.where(Job.priority == wanted.priority.rank)
        if wanted.schedule_id is not None:
            query = query.where(Job.schedule_id == wanted.schedule_id)
        if after is not None:
            query = query.where(tuple_(Job.created_at, Job.id) < tuple_(literal(after[0]), literal(after[1])))
        async with self.database.tenant(self.account.organization_id) as connection:
            jobs = (await connection.execute(query)).all()
            children = await _children(connection, [job.id for job in jobs])
        return [_view(job, children) for job in jobs]

    async def ring_for(self, job: JobView) -> None:
        """Tells the workers of a job that is committed."""
        try:
            async with asyncio.timeout(RING_SECONDS):
                await self.ring(job.id, job.attempt + 1)
        except Exception:
            logger.warning("job %s: the ring was lost; a worker will find the job by itself", job.id, exc_info=True)


async def job_view(connection: AsyncConnection, job_id: UUID) -> JobView:
    """A job with its children and attempts.

    Raises:
        NotFoundError: there is no such job in this organization.
    """
    job = (await connection.execute(_jobs().where(Job.id == job_id))).one_or_none()
    if job is None:
        raise NotFoundError(f"There is no job {job_id}.")
    attempts = await connection.execute(
        select(*JobAttempt.__table__.c).where(JobAttempt.job_id == job_id).order_by(JobAttempt.number)
    )
    shown = [msgspec.convert(row, AttemptView, from_attributes=True) for row in attempts]
    return msgspec.structs.replace(_view(job, await _children(connection, [job_id])), attempts=shown)


def _jobs() -> Select[*tuple[Any, ...]]:
    return select(*Job.__table__.c, User.name.label("user")).join(User, User.id == Job.user_id)


async def _children(connection: AsyncConnection, parent_ids: Iterable[UUID]) -> dict[UUID, list[JobView]]:
    query = _jobs().where(Job.parent_id.in_(list(parent_ids))).order_by(Job.parent_id, Job.step)
    rows = (await connection.execute(query)).all()
    below = await _children(connection, [row.id for row in rows]) if rows else {}
    children: dict[UUID, list[JobView]] = {}
    for child in rows:
        children.setdefault(child.parent_id, []).append(_view(child, below))
    return children


def _view(job: AnyRow, children: dict[UUID, list[JobView]]) -> JobView:
    fields: dict[str, Any] = dict(job._mapping)
    fields["priority"] = Priority.of(job.priority)
    fields["children"] = under = children.get(job.id, [])
    if job.state == JobState.WAITING and all(child.kind == job.kind for child in under):
        # A crawl's row is brought up to date when a shard ends; its shards' rows with every school.
        fields["done"] = (job.total or 0) - sum((shard.total or 0) - shard.done for shard in under)
    return msgspec.convert(fields, JobView)
