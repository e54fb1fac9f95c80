"""What a crawl may use, and what it has used: requests, bytes and seconds. What models cost stands in `storage.llm`.

Each attempt's spider tells what it has used on the attempt's row; the sum over all attempts of a crawl and its shards
is what the job has used. A killed spider loses what it used since it told it last, a second's worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Numeric, cast, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.jobs import whole_of
from storage.leases import Lease
from storage.models import JobAttempt

BUDGET_SPENT = "budget_spent"
"""What a spider gives as its reason to stop when its job has used what it may."""
FIGURES = {"pages": "requests", "bytes": "bytes", "seconds": "seconds"}
"""What of a budget a crawl keeps, and what each figure counts."""

Used = dict[str, float]


def crawl_limits(budget: Mapping[str, Any] | None) -> Used:
    """The limits of a budget that a crawl keeps; empty where it has none."""
    return {name: float(budget[name]) for name in FIGURES if budget and budget.get(name) is not None}


def spent_figure(limits: Used, used: Used) -> str | None:
    """The first figure that has reached its limit."""
    return next((name for name, limit in limits.items() if used.get(name, 0) >= limit), None)


def together(*parts: Used) -> Used:
    """The sums of what several have used."""
    return {name: sum(part.get(name, 0) for part in parts) for name in FIGURES}


async def tell_used(connection: AsyncConnection, lease: Lease, used: Used) -> None:
    """Writes what an attempt has used so far to its row."""
    await connection.execute(
        update(JobAttempt)
        .where(JobAttempt.job_id == lease.job_id, JobAttempt.number == lease.attempt)
        .values(used={name: round(figure, 1) for name, figure in used.items()})
    )


async def used_by_attempt(connection: AsyncConnection, lease: Lease) -> Used:
    """What an attempt's earlier process has used; a crawl may have a second one, with a browser."""
    told = select(JobAttempt.used).where(JobAttempt.job_id == lease.job_id, JobAttempt.number == lease.attempt)
    return await connection.scalar(told) or {}


async def used_by_job(connection: AsyncConnection, job_id: UUID) -> Used:
    """What the crawl that a job is, or is a shard of, has used with all its shards and attempts."""
    sums = [func.coalesce(func.sum(cast(JobAttempt.used[name].astext, Numeric)), 0) for name in FIGURES]
    row = (await connection.execute(select(*sums).where(JobAttempt.job_id.in_(whole_of(job_id))))).one()
    return {name: float(figure) for name, figure in zip(FIGURES, row, strict=True)}
