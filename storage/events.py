"""The story of a job, line by line, and how readers learn that there is more of it.

A line's `seq` is taken from the job's row inside the writer's transaction: the row's lock makes commit order the order
of `seq`, without gaps. NOTIFY only wakes readers; they read the lines from the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, ScalarSelect, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.models import JobEvent
from storage.queries import statement

EVENT_CHANNEL = "title1_event"
"""Carries the id of a job that has new events."""
TOLD_KINDS = frozenset({"created", "paused", "resumed", "succeeded", "failed", "cancelled"})
"""Lines that webhooks may ask for, as `job.created` and so on; all are written in a tenant's transaction."""
LAST_SEQ = 2**31 - 1
"""Behind the last line of every story."""
JOB_CHANNEL = "title1_job"
"""Carries the id of a job that waits for a worker or whose desired state changed."""


async def append_event(connection: AsyncConnection, job_id: UUID, kind: str, payload: dict[str, Any]) -> int:
    """Writes the next line of a job's story in the caller's transaction and returns its `seq`.

    With it the messages to the webhooks that ask for it are written: a line and its messages are there both or neither.
    """
    seq = await connection.scalar(
        statement("append_event"),
        {"job_id": job_id, "kind": kind, "payload": msgspec.json.encode(payload).decode()},
    )
    await notify(connection, EVENT_CHANNEL, str(job_id))
    if seq is None:
        raise LookupError(f"no job {job_id}")
    if kind in TOLD_KINDS:
        told = {"job_id": job_id, "seq": seq, "event": f"job.{kind}"}
        await connection.execute(statement("tell_webhooks"), told)
    return seq


async def notify(connection: AsyncConnection, channel: str, word: str) -> None:
    """Wakes the listeners of a channel when the caller's transaction commits."""
    await connection.execute(text("SELECT pg_notify(:channel, :word)"), {"channel": channel, "word": word})


async def job_events(
    connection: AsyncConnection, job_id: UUID, *, attempt: int | None = None, after: int = 0, most: int = 500
) -> Sequence[Row[int, datetime, str, dict[str, Any]]]:
    """The lines of one job's story after `after`, in order; with `attempt` from its start to before the next one's."""
    query = select(JobEvent.seq, JobEvent.at, JobEvent.kind, JobEvent.payload)
    query = query.where(JobEvent.job_id == job_id, JobEvent.seq > after)
    if attempt is not None:
        query = query.where(
            JobEvent.seq >= _start_of(job_id, attempt),
            # The newest attempt has no next one.
            JobEvent.seq < func.coalesce(_start_of(job_id, attempt + 1), LAST_SEQ),
        )
    return (await connection.execute(query.order_by(JobEvent.seq).limit(most))).all()


def _start_of(job_id: UUID, attempt: int) -> ScalarSelect[int]:
    started = aliased(JobEvent)
    return (
        select(started.seq)
        .where(started.job_id == job_id, started.kind == "started", started.payload["attempt"].as_integer() == attempt)
        .scalar_subquery()
    )
