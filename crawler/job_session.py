"""A spider's tie to the job it works for: the database, and the lease that fences all it writes.

Only spiders that a worker launched have one (`job=` and `attempt=` among their arguments). What a spider run by hand
needs imports none of this, so that it works without a database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import cast, func, update
from sqlalchemy.dialects.postgresql import JSONB

from storage.database import Database
from storage.leases import Lease, current_lease
from storage.models import JobAttempt
from storage.settings import StorageSettings


@dataclass(frozen=True, slots=True)
class JobSession:
    """What a spider that works for a job may use."""

    database: Database
    lease: Lease
    endings: list[Callable[[], Awaitable[None]]] = field(default_factory=list[Callable[[], Awaitable[None]]])
    """What is to be done while there still is a database."""


_sessions: dict[tuple[str, int], JobSession] = {}


async def open_session(job: str, attempt: int) -> JobSession:
    """The session of a job's attempt in this process; the first call connects and looks up the lease.

    Raises:
        LeaseLostError: the attempt is over; the crawl has nothing to do.
        DatabaseUnavailableError: PostgreSQL does not answer.
        LookupError: no worker started this process.
    """
    session = _sessions.get((job, attempt))
    if session is None:
        settings = StorageSettings()
        if settings.database_url is None:
            raise LookupError("a spider that works for a job is started by a worker, which gives it DATABASE_URL")
        database = Database(settings.database_url, pool_size=2)
        session = JobSession(database, await current_lease(database, UUID(job), attempt))
        _sessions[job, attempt] = session
    return session


async def report_end(session: JobSession, reason: str, stats: dict[str, Any]) -> None:
    """Writes why the spider ended to its attempt's row, and adds its statistics to those that are there.

    A late report cannot disturb a newer attempt's.
    """
    known = func.coalesce(JobAttempt.stats, cast({}, JSONB))
    async with session.database.tenant(session.lease.organization_id) as connection:
        await connection.execute(
            update(JobAttempt)
            .where(JobAttempt.job_id == session.lease.job_id, JobAttempt.number == session.lease.attempt)
            .values(finish_reason=reason, stats=known.op("||")(cast(stats, JSONB)))
        )


async def close_session(job: str, attempt: int) -> None:
    """Ends what goes on in the session and closes its connections, if it was opened."""
    session = _sessions.get((job, attempt))
    if session is None:
        return
    for end in session.endings:
        await end()
    del _sessions[job, attempt]
    await session.database.close()
