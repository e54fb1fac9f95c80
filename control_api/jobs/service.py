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

from control_api.exports.ledger import check_purpose
from control_api.jobs.people import chosen_people
from control_api.jobs.schemas import (
    AttemptView,
    ChosenPeople,
    JobRequest,
    JobView,
    Params,
    Pipeline,
    PushLeads,
    ReextractStaff,
)
from extraction.errors import UnknownPlaceError
from extraction.places import state_code
from storage.accounts import Account
from storage.audit import Act, record
from storage.database import Database
from storage.documents import get_document
from storage.errors import NotFoundError
from storage.jobs import JobKind, JobState, NewJob, cancel_job, create_job, pause_job, resume_job
from storage.kept_pages import check_readable_again
from storage.models import Job, JobAttempt, School, User
from storage.pushes import check_worth_retrying
from storage.salesforce import get_connection

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
        params = with_state_code(request.params)
        if isinstance(params, ChosenPeople):
            chosen_people(params)
        if isinstance(params, ChosenPeople | Pipeline):
            check_purpose(params.purpose, required=self.purpose_required)
        new = NewJob(
            organization_id=self.account.organization_id,
            user_id=self.account.user_id,
            kind=kind_of(request),
            params=msgspec.to_builtins(params),
            idempotency_key=idempotency_key,
        )
        async with self.database.tenant(self.account.organization_id) as connection:
            await _check_exists(connection, params)
            job_id, created = await create_job(connection, new, limit=self.unfinished_per_user)
            if created and isinstance(params, ChosenPeople):
                await record(connection, Act.EXPORT, self.account, about=("job", job_id), detail=new.params)
            job = await job_view(connection, job_id)
        if created:
            await self._ring(job)
        return job, created

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
            await self._ring(job)
        return job

    async def get(self, job_id: UUID) -> JobView:
        """A job with its children and attempts.

        Raises:
            NotFoundError: there is no such job in this organization.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return await job_view(connection, job_id)

    async def newest(
        self, *, state: JobState | None, kind: JobKind | None, after: JobKey | None, most: int
    ) -> list[JobView]:
        """Jobs with their children (which have no place of their own here), the newest first, behind `after`."""
        query = _jobs().where(Job.parent_id.is_(None)).order_by(Job.created_at.desc(), Job.id.desc()).limit(most)
        if state is not None:
            query = query.where(Job.state == state)
        if kind is not None:
            query = query.where(Job.kind == kind)
        if after is not None:
            query = query.where(tuple_(Job.created_at, Job.id) < tuple_(literal(after[0]), literal(after[1])))
        async with self.database.tenant(self.account.organization_id) as connection:
            jobs = (await connection.execute(query)).all()
            children = await _children(connection, [job.id for job in jobs])
        return [_view(job, children) for job in jobs]

    async def _ring(self, job: JobView) -> None:
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


def with_state_code(params: Params) -> Params:
    """The parameters with the state as its two letters.

    Raises:
        UnknownPlaceError: there is no such state.
    """
    if isinstance(params, ReextractStaff) or params.state is None:
        return params
    code = state_code(params.state)
    if code is None:
        raise UnknownPlaceError(f"There is no state {params.state!r}. Give its two letters or its name, such as TX.")
    return msgspec.structs.replace(params, state=code)


def kind_of(request: JobRequest) -> JobKind:
    """The kind of job that a request asks for."""
    return JobKind(str(request.__struct_config__.tag))


async def _check_exists(connection: AsyncConnection, params: Params) -> None:
    if isinstance(params, ReextractStaff):
        await check_readable_again(connection, params.job_id)
        return
    if isinstance(params, PushLeads):
        await get_connection(connection, params.connection_id)
        if params.retry_of is not None:
            await check_worth_retrying(connection, params.retry_of)
    if params.document_id is not None:
        await get_document(connection, params.document_id)
    wanted = getattr(params, "school_ids", None)
    if wanted:
        known = set(await connection.scalars(select(School.id).where(School.id.in_(wanted))))
        if unknown := [str(school_id) for school_id in wanted if school_id not in known]:
            raise NotFoundError(f"There is no school {', '.join(unknown[:10])}.")


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
    fields["children"] = under = children.get(job.id, [])
    if job.state == JobState.WAITING and all(child.kind == job.kind for child in under):
        # A crawl's row is brought up to date when a shard ends; its shards' rows with every school.
        fields["done"] = (job.total or 0) - sum((shard.total or 0) - shard.done for shard in under)
    return msgspec.convert(fields, JobView)
