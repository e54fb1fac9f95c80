"""What a finished crawl tells of itself: why schools ended as they did, how full its records are, what came before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.jobs import JobState, family_of
from storage.models import Job, JobAttempt, StaffMember, StaffPost, Target
from storage.targets import of_job

REASONS_AN_OUTCOME = 5
_FIELDS = ("email", "title", "phone", "department")


async def reasons_by_outcome(connection: AsyncConnection, job_id: UUID) -> dict[str, dict[str, int]]:
    """Of each outcome of a job with its shards the commonest reasons, with how many schools gave each.

    Schools whose staff was read tell how many people on how many pages, each its own; they are left out.
    """
    schools = func.count().label("schools")
    rows = await connection.execute(
        select(Target.outcome, Target.reason, schools)
        .where(of_job(job_id), Target.outcome != "staff", Target.reason.is_not(None))
        .group_by(Target.outcome, Target.reason)
        .order_by(Target.outcome, schools.desc(), Target.reason)
    )
    reasons: dict[str, dict[str, int]] = {}
    for outcome, reason, count in rows:
        told = reasons.setdefault(str(outcome), {})
        if len(told) < REASONS_AN_OUTCOME:
            told[str(reason)] = count
    return reasons


async def field_coverage(connection: AsyncConnection, job_id: UUID) -> dict[str, Any]:
    """How many people a job with its shards has seen last, and the share of them (0 to 1) that has each field."""
    known = [func.count(getattr(StaffMember, field)) for field in _FIELDS]
    row = (
        await connection.execute(
            select(func.count(), *known)
            .select_from(StaffPost)
            .join(StaffMember, StaffMember.id == StaffPost.staff_member_id)
            .where(StaffPost.job_id.in_(family_of(job_id)))
        )
    ).one()
    people, *counts = row
    if not people:
        return {"posts": 0}
    return {"posts": people, **{field: round(count / people, 3) for field, count in zip(_FIELDS, counts, strict=True)}}


async def previous_result(connection: AsyncConnection, job_id: UUID) -> dict[str, Any] | None:
    """The id and result of the last job before this one that asked for the same and succeeded; None at the first."""
    this, before, above = aliased(Job), aliased(Job), aliased(Job)
    is_shard = exists().where(above.id == before.parent_id, above.kind == before.kind)
    query = (
        select(before.id, before.result)
        .join(this, (this.kind == before.kind) & (this.params == before.params) & (this.id != before.id))
        .where(this.id == job_id, before.state == JobState.SUCCEEDED, before.created_at < this.created_at, ~is_shard)
        .order_by(before.created_at.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else {"job_id": str(row.id), "result": row.result}


async def attempt_stats(connection: AsyncConnection, job_id: UUID) -> list[dict[str, Any]]:
    """What the spiders of a job with its shards counted, one an attempt; a killed one's counts are lost."""
    query = select(JobAttempt.stats).where(JobAttempt.job_id.in_(family_of(job_id)))
    return [stats for stats in await connection.scalars(query) if stats]
