"""Jobs as workers see them: claimed under a lease, written to behind a fence, settled once.

Claim: a transaction takes the claim lock in its own statement, then one UPDATE that counts the running jobs. Lease: by
database time, prolonged by the worker; the worker's session holds an advisory lock, so its death is seen at once and
its freezing when the lease ends. Fence: every write names its attempt and is refused when a newer one exists.
"""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.errors import LeaseLostError
from storage.events import JOB_CHANNEL, append_event, notify
from storage.jobs import FINAL, JobState, wake_parent
from storage.models import Job, JobAttempt
from storage.queries import statement

CLAIM_LOCK = 0x7171E1
WORKER_LOCK_CLASS = 0x7171
LONGEST_BACKOFF_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one attempt to work on a job."""

    job_id: UUID
    attempt: int
    organization_id: UUID
    user_id: UUID
    parent_id: UUID | None
    kind: str
    params: dict[str, Any]
    checkpoint: dict[str, Any]
    done: int = 0
    total: int | None = None
    budget: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an attempt ends: the job's next state and what to tell of it."""

    state: JobState
    reason: str | None = None
    error_code: str | None = None
    result: dict[str, Any] = field(default_factory=dict[str, Any])
    failure: bool = False
    """Counts as an attempt that failed; with state QUEUED the job is tried again after a back-off, up to its limit."""
    wait_seconds: float = 0.0
    """With state QUEUED: not before so many seconds, for the `reason`; no failure, however often."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much runs at once, and how long a silent worker is believed."""

    in_total: int = 7
    per_user: int = 5
    lease_seconds: float = 15.0
    aging_seconds: float = 600.0
    """The waiting that a class of priority is worth."""


async def enlist_worker(connection: psycopg.AsyncConnection[Any]) -> int:
    """Registers this process as a worker; it counts as alive as long as this connection does."""
    cursor = await connection.execute(
        "INSERT INTO worker (host, pid) VALUES (%s, %s) RETURNING id", (socket.gethostname(), os.getpid())
    )
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("INSERT … RETURNING gave no row")
    worker_id = int(row[0])
    await connection.execute("SELECT pg_advisory_lock(%s, %s)", (WORKER_LOCK_CLASS, worker_id))
    return worker_id


async def claim_job(database: Database, job_id: UUID, worker_id: int, limits: Limits) -> Lease | None:
    """Takes a queued job for a worker; None when it is not its turn (taken, not yet due, limits, others before it)."""
    async with database.system() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CLAIM_LOCK})
        if all(job_id != next_id for next_id, _ in await _turns(connection, limits)):
            return None
        row = (
            await connection.execute(
                statement("claim_job"),
                {
                    "job_id": job_id,
                    "worker_id": worker_id,
                    "limit_in_total": limits.in_total,
                    "limit_per_user": limits.per_user,
                    "lease_seconds": limits.lease_seconds,
                },
            )
        ).one_or_none()
        if row is None:
            return None
        await connection.execute(
            insert(JobAttempt).values(
                job_id=row.id, number=row.attempt, organization_id=row.organization_id, worker_id=worker_id
            )
        )
        await append_event(connection, row.id, "started", {"attempt": row.attempt})
        return _lease(row)


async def waiting_rings(database: Database, limits: Limits) -> list[tuple[UUID, int]]:
    """Job and next attempt of the queued jobs whose turn it is: by priority and waiting, as far as there is room."""
    async with database.system() as connection:
        return await _turns(connection, limits)


async def _turns(connection: AsyncConnection, limits: Limits) -> list[tuple[UUID, int]]:
    rows = await connection.execute(
        statement("waiting_rings"),
        {
            "limit_in_total": limits.in_total,
            "limit_per_user": limits.per_user,
            "aging_seconds": limits.aging_seconds,
        },
    )
    return [(row.id, row.attempt) for row in rows]


async def current_lease(database: Database, job_id: UUID, attempt: int) -> Lease:
    """The lease of a running attempt, for a process that its worker started.

    Raises:
        LeaseLostError: the attempt is over.
    """
    async with database.system() as connection:
        row = (
            await connection.execute(
                select(*Job.__table__.c).where(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING)
            )
        ).one_or_none()
    if row is None:
        raise LeaseLostError(f"Attempt {attempt} of job {job_id} is over.")
    return _lease(row)


async def renew_leases(database: Database, worker_id: int, limits: Limits) -> dict[tuple[UUID, int], str]:
    """Prolongs all leases of a worker; the answer names those it still has, and what is desired of each."""
    async with database.system() as connection:
        rows = await connection.execute(
            statement("renew_leases"), {"worker_id": worker_id, "lease_seconds": limits.lease_seconds}
        )
        return {(row.id, row.attempt): row.desired for row in rows}


async def release_orphans(database: Database) -> list[UUID]:
    """Queues again (or, after too many failures, fails) every running job whose worker died or froze."""
    async with database.system() as connection:
        orphans = (await connection.execute(statement("orphaned_jobs"), {"lock_class": WORKER_LOCK_CLASS})).all()
    released: list[UUID] = []
    for orphan in orphans:
        reason = (
            "the worker died" if orphan.cause == "died" else "the worker gave no sign of life until its lease ended"
        )
        lease = Lease(orphan.id, orphan.attempt, orphan.organization_id, UUID(int=0), orphan.parent_id, "", {}, {})
        try:
            await settle(
                database, lease, Settlement(JobState.QUEUED, reason=reason, error_code="WORKER_LOST", failure=True)
            )
        except LeaseLostError:
            continue  # somebody else was quicker
        released.append(orphan.id)
    return released


@dataclass(slots=True)
class FencedStep:
    """One transaction of an attempt that still holds its job; the job's row is locked until it ends."""

    connection: AsyncConnection
    lease: Lease

    async def event(self, kind: str, /, **payload: Any) -> int:
        """Writes the next line of the job's story."""
        return await append_event(self.connection, self.lease.job_id, kind, payload)

    async def advance(
        self, *, done: int | None = None, total: int | None = None, checkpoint: dict[str, Any] | None = None
    ) -> None:
        """Moves the job's progress. A step forward clears the count of failures: a long job survives many crashes."""
        values: dict[str, Any] = {"failures": 0}
        if done is not None:
            values["done"] = done
        if total is not None:
            values["total"] = total
        if checkpoint is not None:
            values["checkpoint"] = checkpoint
        await self.connection.execute(update(Job).where(Job.id == self.lease.job_id).values(**values))


@asynccontextmanager
async def fenced(database: Database, lease: Lease) -> AsyncGenerator[FencedStep]:
    """A transaction of the lease's tenant that commits only if this attempt is the job's current one.

    Raises:
        LeaseLostError: a newer attempt exists or the job was ended; nothing is written.
    """
    async with database.tenant(lease.organization_id) as connection:
        await _hold(connection, lease)
        yield FencedStep(connection, lease)


async def settle(database: Database, lease: Lease, settlement: Settlement) -> JobState:
    """Ends an attempt: moves the job to its next state, tells the story, wakes the parent. Returns the state taken.

    What the user wishes meanwhile wins over going on: a job that would be queued again is cancelled or paused instead.

    Raises:
        LeaseLostError: a newer attempt exists or the job was ended; nothing is written.
    """
    async with database.tenant(lease.organization_id) as connection:
        return await settle_in(connection, lease, settlement)


async def settle_in(connection: AsyncConnection, lease: Lease, settlement: Settlement) -> JobState:
    """`settle` inside the caller's tenant transaction, for an end that commits together with other rows."""
    if lease.parent_id is not None:  # parents are locked before children everywhere
        await connection.execute(select(Job.id).where(Job.id == lease.parent_id).with_for_update(key_share=True))
    job = await _hold(connection, lease)
    state, reason, backoff = _next_state(settlement, job.desired, job.failures, job.max_failures)
    values: dict[str, Any] = {
        "state": state,
        "worker_id": None,
        "lease_until": None,
        "reason": reason,
        "error_code": settlement.error_code,
        "run_after": func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, backoff),
        "desired": "run",
    }
    if settlement.failure:
        values["failures"] = job.failures + 1
    if settlement.result:
        values["result"] = settlement.result
    if state in FINAL:
        values["finished_at"] = func.clock_timestamp()
    await connection.execute(update(Job).where(Job.id == lease.job_id).values(**values))
    await connection.execute(
        update(JobAttempt)
        .where(JobAttempt.job_id == lease.job_id, JobAttempt.number == lease.attempt)
        .values(ended_at=func.clock_timestamp(), outcome=state, reason=settlement.reason)
    )
    payload: dict[str, Any] = {"attempt": lease.attempt}
    if reason:
        payload["reason"] = reason
    if settlement.error_code:
        payload["code"] = settlement.error_code
    if settlement.result:
        payload["result"] = settlement.result
    if state == JobState.QUEUED and (settlement.failure or settlement.wait_seconds):
        payload["retry_in_seconds"] = backoff
    await append_event(connection, lease.job_id, _EVENT_OF_STATE[state], payload)
    if state in FINAL:
        await wake_parent(connection, lease.parent_id)
    await notify(connection, JOB_CHANNEL, str(lease.job_id))
    return state


_EVENT_OF_STATE = {
    JobState.QUEUED: "requeued",
    JobState.WAITING: "waiting",
    JobState.PAUSED: "paused",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}


def _next_state(
    settlement: Settlement, desired: str, failures: int, max_failures: int
) -> tuple[JobState, str | None, float]:
    """The state, the reason and the seconds to wait; see `docs/jobs.md`."""
    if settlement.state not in {JobState.QUEUED, JobState.WAITING}:
        return settlement.state, settlement.reason, 0.0
    if desired == "cancel":
        return JobState.CANCELLED, "cancelled by its user", 0.0
    if desired == "pause":
        return JobState.PAUSED, None, 0.0
    if not settlement.failure:
        return settlement.state, settlement.reason if settlement.wait_seconds else None, settlement.wait_seconds
    if failures + 1 >= max_failures:
        return JobState.FAILED, f"{settlement.reason}; given up after {failures + 1} failures in a row", 0.0
    # The first retry is at once: most failures are a worker that was restarted.
    return JobState.QUEUED, settlement.reason, min(2.0**failures - 1, LONGEST_BACKOFF_SECONDS)


def _lease(row: Row[Any]) -> Lease:
    return Lease(
        row.id,
        row.attempt,
        row.organization_id,
        row.user_id,
        row.parent_id,
        row.kind,
        row.params,
        row.checkpoint,
        row.done,
        row.total,
        row.budget,
    )


async def _hold(connection: AsyncConnection, lease: Lease) -> Any:
    """Locks the job's row and checks that the lease is its current one."""
    job = (
        await connection.execute(
            select(Job.attempt, Job.state, Job.desired, Job.failures, Job.max_failures)
            .where(Job.id == lease.job_id)
            .with_for_update(key_share=True)
        )
    ).one_or_none()
    if job is None or job.attempt != lease.attempt or job.state != JobState.RUNNING:
        raise LeaseLostError(
            f"Attempt {lease.attempt} of job {lease.job_id} is over"
            + ("." if job is None else f": the job is {job.state} at attempt {job.attempt}.")
        )
    return job
