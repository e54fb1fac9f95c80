"""The schools inside a crawl job: chosen once, ended one by one, counted so that the numbers add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    RowMapping,
    Select,
    and_,
    exists,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.bulk import as_parameter, insert_many
from storage.jobs import JobKind, family_of
from storage.models import DocumentSchool, Job, KeptPage, PageVisit, School, Target, Website
from storage.retries import left_schools
from storage.suppression import suppressed_schools


@dataclass(frozen=True, slots=True)
class SchoolSelection:
    """Which schools: those of a document, or these, or those of a state, or a crawl's left ones; else all."""

    document_id: UUID | None = None
    school_ids: Sequence[int] | None = None
    state: str | None = None
    retry_of: UUID | None = None


def selected_schools(selection: SchoolSelection) -> Select[int]:
    """The ids of the schools chosen, as a query."""
    query = select(School.id)
    if selection.document_id is not None:
        query = query.where(
            School.id.in_(select(DocumentSchool.school_id).where(DocumentSchool.document_id == selection.document_id))
        )
    if selection.school_ids is not None:
        query = query.where(School.id.in_(selection.school_ids))
    if selection.state is not None:
        query = query.where(School.state == selection.state)
    if selection.retry_of is not None:
        query = query.where(School.id.in_(left_schools(selection.retry_of)))
    return query


async def plan_discovery(
    connection: AsyncConnection, *, organization_id: UUID, job_id: UUID, selection: SchoolSelection, again: bool
) -> None:
    """Makes the schools the targets of a discovery; those with an accepted site are skipped unless `again`.

    Where a person decided which site is the school's, nobody has to look for it again.
    """
    rows = await connection.execute(
        selected_schools(selection)
        .add_columns(Website.id.is_not(None), Website.decided_at.is_not(None))
        .outerjoin(Website, _is_official())
    )
    await _insert(
        connection,
        organization_id,
        job_id,
        [
            (school_id, "decided" if decided else "has_website" if known and not again else None)
            for school_id, known, decided in rows
        ],
    )


async def plan_harvest(
    connection: AsyncConnection,
    *,
    organization_id: UUID,
    job_id: UUID,
    selection: SchoolSelection,
    fresh_days: int,
) -> None:
    """Makes the schools the targets of a harvest.

    Skipped are schools without an accepted site, and schools whose staff was read in the last `fresh_days` days: their
    servers are not asked again for what is known. What was read before a person chose the site was another site's.
    """
    read = exists().where(
        Target.school_id == School.id,
        # Kept pages that were read again say nothing new of the site.
        Target.job_id == Job.id,
        Job.kind == JobKind.HARVEST_STAFF,
        Target.outcome == "staff",
        Target.state == "done",
        Target.updated_at > func.now() - func.make_interval(0, 0, 0, fresh_days),
        Target.updated_at > func.coalesce(Website.decided_at, literal_column("'-infinity'::timestamptz")),
    )
    rows = await connection.execute(
        selected_schools(selection).add_columns(Website.url, read).outerjoin(Website, _is_official())
    )
    await _insert(
        connection,
        organization_id,
        job_id,
        [
            (school_id, "no_website" if url is None else "recently_read" if fresh else None)
            for school_id, url, fresh in rows
        ],
    )


async def plan_reextraction(
    connection: AsyncConnection, *, organization_id: UUID, job_id: UUID, harvest_id: UUID
) -> None:
    """Makes the schools of which a harvest has kept pages the targets of a job that reads these again.

    Skipped are schools that another harvest has read since: what it stored is newer than those pages.
    """
    later = aliased(Target)
    read_since = exists().where(
        later.school_id == Target.school_id,
        later.job_id == Job.id,
        later.job_id.not_in(family_of(harvest_id)),
        Job.kind == JobKind.HARVEST_STAFF,
        later.state == "done",
        later.outcome == "staff",
        later.updated_at > Target.updated_at,
    )
    kept = exists().where(KeptPage.job_id == Target.job_id, KeptPage.school_id == Target.school_id)
    rows = await connection.execute(select(Target.school_id, read_since).where(of_job(harvest_id), kept))
    await _insert(
        connection, organization_id, job_id, [(school_id, "read_since" if newer else None) for school_id, newer in rows]
    )


async def _insert(
    connection: AsyncConnection, organization_id: UUID, job_id: UUID, schools: Sequence[tuple[int, str | None]]
) -> None:
    reasons = {
        "decided": "a person decided which site is the school's",
        "has_website": "an official site is known",
        "no_website": "no official site is known",
        "recently_read": "its staff was read a few days ago",
        "read_since": "another harvest has read it since; ask for that one's pages",
        "suppressed": "the suppression list names it",
    }
    suppressed = await suppressed_schools(connection, (school_id for school_id, _ in schools))
    rows: list[dict[str, Any]] = [
        {
            "organization_id": organization_id,
            "job_id": job_id,
            "school_id": school_id,
            "state": "skipped" if skipped else "pending",
            "outcome": skipped,
            "reason": reasons[skipped] if skipped else None,
        }
        for school_id, skipped in (
            (school_id, "suppressed" if school_id in suppressed else why) for school_id, why in schools
        )
    ]
    if rows:
        await connection.execute(insert(Target).on_conflict_do_nothing(), rows)


async def pending_schools(connection: AsyncConnection, job_id: UUID, *, in_browser: bool = False) -> Sequence[Row[Any]]:
    """The schools of a job that have not ended yet, each with its accepted website, if any, and its rejected ones.

    With `in_browser` those that were left for a browser, each also with what was `noted` of it, the `reason`, and the
    addresses `visited`; without it the others.
    """
    visited = (
        select(func.array_agg(PageVisit.url))
        .where(PageVisit.job_id == job_id, PageVisit.school_id == School.id)
        .scalar_subquery()
    )
    more = (Target.tried.label("noted"), Target.reason, visited.label("visited")) if in_browser else ()
    other = aliased(Website)
    rejected = (
        select(func.array_agg(other.url))
        .where(other.school_id == School.id, other.state == "rejected")
        .scalar_subquery()
    )
    return (
        await connection.execute(
            select(School.__table__, Website.url.label("website"), rejected.label("rejected"), *more)
            .join(Target, Target.school_id == School.id)
            .outerjoin(Website, _is_official())
            .where(Target.job_id == job_id, Target.state == "pending", _is_left() if in_browser else ~_is_left())
            .order_by(School.id)
        )
    ).all()


def _is_official() -> ColumnElement[bool]:
    return and_(Website.school_id == School.id, Website.state == "accepted")


def _is_left() -> ColumnElement[bool]:
    # Only a target that was left has an outcome before its end.
    return and_(Target.state == "pending", Target.outcome.is_not(None))


async def leave_target(
    connection: AsyncConnection, job_id: UUID, school_id: int, *, reason: str, noted: dict[str, Any]
) -> None:
    """Leaves a school's turn for a process with a browser: still pending, with what the first one has `noted`."""
    await connection.execute(
        update(Target)
        .where(Target.job_id == job_id, Target.school_id == school_id, Target.state == "pending")
        .values(outcome="needs_browser", reason=reason, tried=[noted], updated_at=func.clock_timestamp())
    )


async def left_targets(connection: AsyncConnection, job_id: UUID) -> int:
    """How many of a job's pending targets were left for a process with a browser."""
    left = select(func.count()).select_from(Target).where(Target.job_id == job_id, _is_left())
    return await connection.scalar(left) or 0


async def end_target(
    connection: AsyncConnection,
    job_id: UUID,
    school_id: int,
    *,
    state: str,
    outcome: str,
    reason: str,
    tried: Sequence[dict[str, Any]] = (),
    pages_gone: int = 0,
) -> bool:
    """Ends a school's turn, with its pages and people counted from what is stored; False if it had ended before.

    `tried` says which providers of websites were asked, in their order, and what came of each.
    """
    visits = select(func.count(), func.coalesce(func.sum(PageVisit.people), 0)).where(
        PageVisit.job_id == job_id, PageVisit.school_id == school_id
    )
    pages, people = (await connection.execute(visits)).one()
    ended = await connection.execute(
        update(Target)
        .where(Target.job_id == job_id, Target.school_id == school_id, Target.state == "pending")
        .values(
            state=state,
            outcome=outcome,
            reason=reason,
            tried=list(tried) or None,
            pages=pages,
            people=people,
            pages_gone=pages_gone,
            updated_at=func.clock_timestamp(),
        )
    )
    return ended.rowcount == 1


async def last_discovery(connection: AsyncConnection, school_id: int) -> RowMapping | None:
    """How the last discovery of a school's website ended: job_id, outcome, reason, tried, updated_at; None before one.

    `tried` answers "why this site?" and "why none?": the providers in their order, each with what came of it.
    """
    columns = (Target.job_id, Target.outcome, Target.reason, Target.tried, Target.updated_at)
    ended = (
        select(*columns)
        .join(Job, Job.id == Target.job_id)
        .where(Target.school_id == school_id, Job.kind == "discover_websites", Target.state.in_(("done", "failed")))
        .order_by(Target.updated_at.desc())
        .limit(1)
    )
    return (await connection.execute(ended)).mappings().one_or_none()


async def school_name(connection: AsyncConnection, school_id: int) -> str | None:
    """A school's name, for the story of a job."""
    return await connection.scalar(select(School.name).where(School.id == school_id))


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that was asked for, and what came of it."""

    school_id: int
    url: str
    http_status: int | None
    outcome: str
    reason: str
    people: int
    fetched_at: datetime


async def store_visits(
    connection: AsyncConnection, visits: Sequence[Visit], *, organization_id: UUID, job_id: UUID
) -> int:
    """Writes page visits by job, school and address; asked for again after a crash, a page counts once.

    Returns:
        How many of the pages the job had not visited before.
    """
    rows = {
        (visit.school_id, visit.url): {
            "organization_id": organization_id,
            "job_id": job_id,
            "school_id": visit.school_id,
            "url": visit.url,
            "http_status": visit.http_status,
            "outcome": visit.outcome,
            "reason": visit.reason,
            "people": visit.people,
            "fetched_at": visit.fetched_at,
        }
        for visit in visits
    }
    if not rows:
        return 0
    page = tuple_(PageVisit.school_id, PageVisit.url)
    known = await connection.scalar(select(func.count()).where(PageVisit.job_id == job_id, page.in_(list(rows))))
    stored = [rows[key] for key in sorted(rows)]
    new = insert_many(PageVisit, *stored[0])
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["job_id", "school_id", "url"],
            set_={
                **{name: new.excluded[name] for name in ("http_status", "outcome", "reason", "fetched_at")},
                # A list's people may come in two parts, those behind profile links later, under the list's address.
                "people": func.greatest(new.excluded.people, PageVisit.__table__.c.people),
            },
        ),
        as_parameter(stored),
    )
    return len(rows) - (known or 0)


def of_job(job_id: UUID) -> ColumnElement[bool]:
    """Whether a target is one of a job or of its shards."""
    return Target.job_id.in_(family_of(job_id))


async def target_counts(connection: AsyncConnection, job_id: UUID) -> dict[str, int]:
    """How many targets a job with its shards has in each state; the states add up to the total."""
    rows = await connection.execute(select(Target.state, func.count()).where(of_job(job_id)).group_by(Target.state))
    return dict(rows.all())


async def target_outcomes(connection: AsyncConnection, job_id: UUID) -> dict[str, Any]:
    """The summary of a job with its shards: targets by outcome, pages and people."""
    outcomes = await connection.execute(
        select(Target.outcome, func.count()).where(of_job(job_id)).group_by(Target.outcome)
    )
    sums = await connection.execute(
        select(func.coalesce(func.sum(Target.pages), 0), func.coalesce(func.sum(Target.people), 0)).where(
            of_job(job_id)
        )
    )
    pages, people = sums.one()
    return {
        "outcomes": {outcome or "pending": count for outcome, count in outcomes},
        "pages": int(pages),
        "people": int(people),
    }


async def reextraction_figures(connection: AsyncConnection, job_id: UUID, harvest_id: UUID) -> dict[str, int]:
    """What target_outcomes does not say of pages read again: those gone, and the people that the harvest had found.

    The people are those of the schools that were read again, so that both numbers speak of the same pages.
    """
    before = aliased(Target)
    sums = await connection.execute(
        select(
            func.coalesce(func.sum(Target.pages_gone), 0),
            func.coalesce(func.sum(before.people).filter(Target.state != "skipped"), 0),
        )
        .join(before, and_(before.job_id.in_(family_of(harvest_id)), before.school_id == Target.school_id))
        .where(of_job(job_id))
    )
    gone, people = sums.one()
    return {"pages_gone": int(gone), "people_before": int(people)}
