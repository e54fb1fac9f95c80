"""Jobs as people see them: made, looked at, paused, resumed, cancelled.

`storage.leases` is the other side: how a worker claims one and writes to it. The truth about a job is its row and its
events; both are written in one transaction, always.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import Row, ScalarSelect, Select, and_, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased

from storage.errors import ConflictError, NotFoundError, TaskLimitExceededError
from storage.events import JOB_CHANNEL, append_event, notify
from storage.models import Job
from storage.priority import Priority


class JobKind(StrEnum):
    """What can be asked for."""

    EXTRACT_SCHOOLS = "extract_schools"
    """Read the schools out of a document."""
    DISCOVER_WEBSITES = "discover_websites"
    """Find the official websites of schools."""
    HARVEST_STAFF = "harvest_staff"
    """Read the staff on those websites."""
    REEXTRACT_STAFF = "reextract_staff"
    """Read the pages that a harvest has kept again, without asking their sites."""
    EXPORT_LEADS = "export_leads"
    """Write the people found to a file."""
    PUSH_LEADS = "push_leads"
    """Send the people found to Salesforce."""
    PIPELINE = "pipeline"
    """From the list to the file, one kind after the other, as children of this job."""


class JobState(StrEnum):
    """The life of a job. queued → running → succeeded, with the detours below; three states are final."""

    QUEUED = "queued"
    """Accepted and durable; waits for a free slot, or until `run_after` for its next attempt."""
    RUNNING = "running"
    """A worker holds the lease. If it dies the job is queued again at once, if it freezes, when the lease ends."""
    WAITING = "waiting"
    """A pipeline whose present step, or a crawl whose shards are child jobs at work; it holds no slot and no lease."""
    PAUSED = "paused"
    """Stopped at a checkpoint by its user; goes on from there when resumed."""
    SUCCEEDED = "succeeded"
    """Final: everything asked for was done; `result` says what came of it."""
    FAILED = "failed"
    """Final: `reason` and `error_code` say why. What was stored before stays."""
    CANCELLED = "cancelled"
    """Final: ended by its user. What was stored before stays."""


FINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})
UNFINISHED_PER_USER = 5


@dataclass(frozen=True, slots=True)
class NewJob:
    """A request for work by a user."""

    organization_id: UUID
    user_id: UUID
    kind: JobKind
    params: dict[str, Any]
    parent_id: UUID | None = None
    step: int | None = None
    idempotency_key: str | None = None
    priority: Priority = Priority.NORMAL
    """Of a child its parent's counts, as it is then."""
    budget: dict[str, Any] | None = None
    """What it may use, see `Job.budget`; of a child its parent's counts, for the whole."""
    checkpoint: dict[str, Any] = field(default_factory=dict[str, Any])
    """Where its first attempt begins."""
    total: int | None = None
    """How much there is to do, where that is known."""
    schedule_id: UUID | None = None
    """The schedule that asks for it; such jobs do not count against their user's limit."""
    retry_of: UUID | None = None
    """The job that it tries again."""

    @property
    def request_hash(self) -> str:
        """What the request asked for, so that one idempotency key cannot stand for two requests."""
        asked: list[Any] = [self.kind, self.params]
        # Only what is there, so that the requests of earlier versions have the hashes that they had.
        asked += [{"retry_of": self.retry_of}] if self.retry_of else []
        asked += [{"priority": self.priority}] if self.priority is not Priority.NORMAL else []
        asked += [{"budget": self.budget}] if self.budget else []
        return hashlib.sha256(msgspec.json.encode(asked, order="deterministic")).hexdigest()


async def create_job(
    connection: AsyncConnection, new: NewJob, *, limit: int = UNFINISHED_PER_USER
) -> tuple[UUID, bool]:
    """Writes a job and its first event in the caller's transaction.

    Args:
        connection: a tenant's transaction.
        new: the request. With an idempotency key that was used before, the job of then is returned.
        limit: unfinished jobs a user may have; a pipeline counts as one with its children, a schedule's job not at all.

    Returns:
        The job's id, and whether it was made by this call.

    Raises:
        TaskLimitExceededError: the user has `limit` unfinished jobs.
        ConflictError: the idempotency key was used for another request.
    """
    # One user's requests take turns, so that neither the count nor the key can be overtaken. In a statement of its own:
    # the next one's snapshot then shows what the previous holder committed.
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"title1.user.{new.user_id}"}
    )
    if (known := await _same_request(connection, new)) is not None:
        return known, False
    if new.parent_id is None and new.schedule_id is None:
        unfinished = await connection.scalar(
            select(func.count())
            .select_from(Job)
            .where(
                Job.user_id == new.user_id,
                Job.parent_id.is_(None),
                Job.schedule_id.is_(None),
                Job.state.not_in(FINAL),
            )
        )
        if (unfinished or 0) >= limit:
            raise TaskLimitExceededError(
                f"You have {unfinished} unfinished jobs; at most {limit} are allowed. "
                "Wait for one to end, or cancel one, then try again."
            )
    job_id = uuid4()
    await connection.execute(
        insert(Job).values(
            id=job_id,
            organization_id=new.organization_id,
            user_id=new.user_id,
            parent_id=new.parent_id,
            step=new.step,
            kind=new.kind,
            params=new.params,
            priority=new.priority.rank if new.parent_id is None else _parents(Job.priority, new.parent_id),
            budget=new.budget if new.parent_id is None else _parents(Job.budget, new.parent_id),
            checkpoint=new.checkpoint,
            total=new.total,
            schedule_id=new.schedule_id,
            retry_of=new.retry_of,
            state=JobState.QUEUED,
            idempotency_key=new.idempotency_key,
            request_hash=new.request_hash if new.idempotency_key else None,
        )
    )
    await append_event(connection, job_id, "created", {"kind": new.kind, "params": new.params})
    await notify(connection, JOB_CHANNEL, str(job_id))
    return job_id, True


def _parents(column: InstrumentedAttribute[Any], parent_id: UUID) -> ScalarSelect[Any]:
    return select(column).where(Job.id == parent_id).scalar_subquery()


async def known_request(
    connection: AsyncConnection, user_id: UUID, idempotency_key: str | None
) -> Row[UUID, str | None] | None:
    """`id` and `request_hash` of the job that a user's idempotency key has made, if it has."""
    known = select(Job.id, Job.request_hash).where(Job.user_id == user_id, Job.idempotency_key == idempotency_key)
    return (await connection.execute(known)).one_or_none() if idempotency_key is not None else None


async def _same_request(connection: AsyncConnection, new: NewJob) -> UUID | None:
    row = await known_request(connection, new.user_id, new.idempotency_key)
    if row is None:
        return None
    if row.request_hash != new.request_hash:
        raise ConflictError(
            f"The idempotency key {new.idempotency_key!r} was used for another request (job {row.id}). "
            "Use a new key for a new request."
        )
    return row.id


async def get_job(connection: AsyncConnection, job_id: UUID) -> Row[Any]:
    """One job's row.

    Raises:
        NotFoundError: no such job in this organization.
    """
    row = (await connection.execute(select(*Job.__table__.c).where(Job.id == job_id))).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no job {job_id}.")
    return row


async def children_of(connection: AsyncConnection, job_id: UUID) -> Sequence[Row[Any]]:
    """The jobs right under a job, in the order of its steps."""
    return (await connection.execute(select(*Job.__table__.c).where(Job.parent_id == job_id).order_by(Job.step))).all()


def family_of(job_id: UUID) -> Select[UUID]:
    """The ids of a job and of all that is under it, as a query."""
    top = select(Job.id).where(Job.id == job_id).cte(recursive=True)
    return select(top.union_all(select(Job.id).join(top, Job.parent_id == top.c.id)).c.id)


def whole_of(job_id: UUID) -> Select[UUID]:
    """The ids of the crawl that a job is, or is a shard of, with all its shards, as a query."""
    parent = aliased(Job)
    is_shard = and_(parent.id == Job.parent_id, parent.kind == Job.kind)
    top = select(func.coalesce(parent.id, Job.id)).select_from(Job).outerjoin(parent, is_shard).where(Job.id == job_id)
    whole = top.scalar_subquery()
    return select(Job.id).where(or_(Job.id == whole, Job.parent_id == whole))


async def cancel_job(connection: AsyncConnection, job_id: UUID, *, by: str) -> None:
    """Ends a job and what is under it: at once where no worker has it, else as soon as its worker sees the wish.

    Raises:
        NotFoundError: no such job in this organization.
        ConflictError: it has ended already.
    """
    for job in await _locked_family(connection, job_id):
        if job.state == JobState.RUNNING:
            await _wish(connection, job.id, "cancel", by)
        elif job.state not in FINAL:
            await _move(connection, job.id, JobState.CANCELLED, reason=f"cancelled by {by}")
            await append_event(connection, job.id, "cancelled", {"by": by, "reason": f"cancelled by {by}"})
            await wake_parent(connection, job.parent_id)
        elif job.id == job_id:
            raise ConflictError(f"The job has ended already ({job.state}).")
    await notify(connection, JOB_CHANNEL, str(job_id))


async def pause_job(connection: AsyncConnection, job_id: UUID, *, by: str) -> None:
    """Stops a job at its next checkpoint, and what is under it. Pausing a paused job changes nothing.

    Raises:
        NotFoundError: no such job in this organization.
        ConflictError: it has ended already.
    """
    for job in await _locked_family(connection, job_id):
        if job.state == JobState.RUNNING:
            await _wish(connection, job.id, "pause", by)
        elif job.state in {JobState.QUEUED, JobState.WAITING}:
            await _move(connection, job.id, JobState.PAUSED)
            await append_event(connection, job.id, "paused", {"by": by})
        elif job.id == job_id and job.state in FINAL:
            raise ConflictError(f"The job has ended already ({job.state}).")
    await notify(connection, JOB_CHANNEL, str(job_id))


async def resume_job(connection: AsyncConnection, job_id: UUID, *, by: str) -> None:
    """Lets a paused job go on from its checkpoint. Resuming a job that is not paused changes nothing.

    Raises:
        NotFoundError: no such job in this organization.
        ConflictError: it has ended already.
    """
    family = await _locked_family(connection, job_id)
    for job in family:
        if job.state == JobState.PAUSED:
            child_at_work = any(other.parent_id == job.id and other.state not in FINAL for other in family)
            await _move(connection, job.id, JobState.WAITING if child_at_work else JobState.QUEUED)
            await append_event(connection, job.id, "resumed", {"by": by})
        elif job.state == JobState.RUNNING and job.desired == "pause":
            await _wish(connection, job.id, "run", by)
        elif job.id == job_id and job.state in FINAL:
            raise ConflictError(f"The job has ended already ({job.state}).")
    await notify(connection, JOB_CHANNEL, str(job_id))


async def change_priority(connection: AsyncConnection, job_id: UUID, priority: Priority, *, by: str) -> None:
    """Gives a job, and what is under it, another place among those that wait; one that runs, when it waits again.

    Raises:
        NotFoundError: no such job in this organization.
        ConflictError: it has ended already.
    """
    for job in await _locked_family(connection, job_id):
        if job.state not in FINAL and job.priority != priority.rank:
            await connection.execute(update(Job).where(Job.id == job.id).values(priority=priority.rank))
            await append_event(connection, job.id, "changed", {"priority": priority, "by": by})
        elif job.id == job_id and job.state in FINAL:
            raise ConflictError(f"The job has ended already ({job.state}).")
    await notify(connection, JOB_CHANNEL, str(job_id))


async def wake_parent(connection: AsyncConnection, parent_id: UUID | None) -> None:
    """Queues a job again whose child has ended, so that it takes its next step."""
    if parent_id is not None:
        await connection.execute(
            update(Job)
            .where(Job.id == parent_id, Job.state == JobState.WAITING)
            .values(state=JobState.QUEUED, run_after=func.clock_timestamp())
        )
        await notify(connection, JOB_CHANNEL, str(parent_id))


async def _locked_family(connection: AsyncConnection, job_id: UUID) -> Sequence[Row[Any]]:
    """The job, then all that is under it, level by level and by step, all locked.

    So that nobody waits in a ring, locks are taken in one order everywhere: parents before children, each by id. And
    they are FOR NO KEY UPDATE: a second UPDATE of a row in one transaction makes PostgreSQL check its foreign keys,
    which takes a KEY SHARE lock on the parent from whoever holds only the child.
    """
    parent_id = (await get_job(connection, job_id)).parent_id
    if parent_id is not None:
        await connection.execute(select(Job.id).where(Job.id == parent_id).with_for_update(key_share=True))
    family: list[Row[Any]] = []
    which = Job.id == job_id
    # A statement for each level: it sees the children that whoever held their parent has just made.
    while level := (
        await connection.execute(select(*Job.__table__.c).where(which).order_by(Job.id).with_for_update(key_share=True))
    ).all():
        family += sorted(level, key=lambda job: job.step or 0)
        which = Job.parent_id.in_([job.id for job in level])
    return family


async def _wish(connection: AsyncConnection, job_id: UUID, desired: str, by: str) -> None:
    await connection.execute(update(Job).where(Job.id == job_id).values(desired=desired))
    await append_event(connection, job_id, "requested", {"desired": desired, "by": by})


async def _move(connection: AsyncConnection, job_id: UUID, state: JobState, reason: str | None = None) -> None:
    values: dict[str, Any] = {"state": state, "desired": "run", "reason": reason, "run_after": func.clock_timestamp()}
    if state in FINAL:
        values["finished_at"] = func.clock_timestamp()
    await connection.execute(update(Job).where(Job.id == job_id).values(**values))
