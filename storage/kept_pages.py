"""Fetched pages, kept for a number of days so that they can be read again without asking their sites.

They stand in the database rather than in the blob store: a page's body is there from the moment at which its visit is,
because both are written by one transaction; row-level security covers it; and it goes with its school or organization
without anybody remembering to delete it. That is also why a body is kept once for each school, and not once for all
that share it: otherwise each deletion would first have to ask whose else it is.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.bulk import as_parameter, as_text, insert_many
from storage.database import Database
from storage.errors import ConflictError
from storage.jobs import FINAL, JobKind, children_of, family_of, get_job
from storage.models import KeptPage, Organization, PageBody, Target

LARGEST_BODY_BYTES = 10 * 2**20
"""What a crawl reads of one answer at most; nothing larger is kept."""
FORGOTTEN_AT_ONCE = 200
"""Bodies removed in one transaction."""


@dataclass(frozen=True, slots=True)
class PackedBody:
    """The bytes of an answer as they are stored."""

    sha256: str
    size_bytes: int
    packed: bytes = field(repr=False)  # no log shows a page


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page of a school's site as it was fetched."""

    school_id: int
    asked: str
    shown: bool
    url: str
    http_status: int
    content_type: str | None
    html: bool
    step: dict[str, Any]
    body: PackedBody
    fetched_at: datetime
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class KnownPage:
    """What an address answered last for a school, and how its server can be asked whether that has changed.

    At least one of `etag` and `last_modified` is there, each as the server printed it.
    """

    url: str
    content_type: str | None
    html: bool
    sha256: str
    etag: str | None
    last_modified: str | None


def pack_body(body: bytes) -> PackedBody:
    """Compresses a body."""
    return PackedBody(hashlib.sha256(body).hexdigest(), len(body), zlib.compress(body))


async def store_pages(
    connection: AsyncConnection, pages: Sequence[FetchedPage], *, organization_id: UUID, job_id: UUID
) -> None:
    """Keeps pages in the caller's transaction; fetched again after a crash, a page is there once."""
    if not pages:
        return
    bodies = {
        (page.school_id, page.body.sha256): {
            "organization_id": organization_id,
            "school_id": page.school_id,
            "sha256": page.body.sha256,
            "size_bytes": page.body.size_bytes,
            "packed": as_text(page.body.packed),
            "fetched_at": page.fetched_at,
        }
        for page in pages
    }
    stored = [bodies[key] for key in sorted(bodies)]
    new_body = insert_many(PageBody, *stored[0])
    known = PageBody.__table__.c
    await connection.execute(
        new_body.on_conflict_do_update(
            index_elements=["school_id", "sha256"],
            set_={"fetched_at": func.greatest(new_body.excluded.fetched_at, known.fetched_at)},
        ),
        as_parameter(stored),
    )
    rows = {
        (page.school_id, page.asked, page.shown): {
            "organization_id": organization_id,
            "job_id": job_id,
            "school_id": page.school_id,
            "asked": page.asked,
            "shown": page.shown,
            "url": page.url,
            "http_status": page.http_status,
            "content_type": page.content_type,
            "html": page.html,
            "step": page.step,
            "sha256": page.body.sha256,
            "fetched_at": page.fetched_at,
            "etag": page.etag,
            "last_modified": page.last_modified,
        }
        for page in pages
    }
    kept = [rows[key] for key in sorted(rows)]
    new = insert_many(KeptPage, *kept[0])
    renewed = ("url", "http_status", "content_type", "html", "step", "sha256", "fetched_at", "etag", "last_modified")
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["job_id", "school_id", "asked", "shown"],
            set_={name: new.excluded[name] for name in renewed},
        ),
        as_parameter(kept),
    )


async def pages_of_school(connection: AsyncConnection, job_id: UUID, school_id: int) -> Sequence[Row[Any]]:
    """The pages that a job, or a shard of it, read for a school, in that order, without their bodies."""
    query = select(KeptPage.__table__).where(KeptPage.job_id.in_(family_of(job_id)), KeptPage.school_id == school_id)
    return (await connection.execute(query.order_by(KeptPage.fetched_at, KeptPage.asked))).all()


async def body_of(connection: AsyncConnection, school_id: int, sha256: str) -> bytes | None:
    """The bytes of a page; None where they are kept no more."""
    packed = await connection.scalar(
        select(PageBody.packed).where(PageBody.school_id == school_id, PageBody.sha256 == sha256)
    )
    return None if packed is None else zlib.decompress(packed)


async def schools_with_known_pages(connection: AsyncConnection, job_id: UUID) -> set[int]:
    """The schools of a job of which `known_pages` may know some, those that have ended among them.

    After a crash, a journal may still have the last page of a school whose end was stored.
    """
    query = select(Target.school_id).where(
        Target.job_id == job_id,
        exists().where(KeptPage.school_id == Target.school_id, _has_validator(KeptPage)),
    )
    return set(await connection.scalars(query))


async def known_pages(connection: AsyncConnection, school_id: int) -> list[KnownPage]:
    """The pages of a school, of whatever job, whose last plain answer is kept and can be compared by its server."""
    last = aliased(
        KeptPage,
        select(KeptPage)
        .where(KeptPage.school_id == school_id, ~KeptPage.shown, KeptPage.http_status == 200)
        .ext(distinct_on(KeptPage.url))
        .order_by(KeptPage.url, KeptPage.fetched_at.desc())
        .subquery(),
    )
    body = exists().where(PageBody.school_id == last.school_id, PageBody.sha256 == last.sha256)
    columns = (getattr(last, field.name) for field in fields(KnownPage))
    rows = await connection.execute(select(*columns).where(_has_validator(last), body))
    return [KnownPage(*row) for row in rows]


async def check_readable_again(connection: AsyncConnection, job_id: UUID) -> None:
    """Checks that a job is a harvest that has ended and of which pages are kept.

    Raises:
        NotFoundError: no such job in this organization.
        ConflictError: it is none, it has not ended, or nothing of it is kept.
    """
    job = await get_job(connection, job_id)
    if job.kind == JobKind.PIPELINE:
        steps = await children_of(connection, job_id)
        harvests = [str(step.id) for step in steps if step.kind == JobKind.HARVEST_STAFF]
        told = f"Ask for its step that reads the staff: {harvests[0]}." if harvests else "It has read no staff yet."
        raise ConflictError(f"Job {job_id} is a pipeline. {told}")
    if job.kind != JobKind.HARVEST_STAFF:
        raise ConflictError(
            f"Job {job_id} is of the kind {job.kind}; only the pages of a {JobKind.HARVEST_STAFF} can be read again."
        )
    if job.state not in FINAL:
        raise ConflictError(
            f"Job {job_id} is {job.state}: its pages can be read again when it has ended. Wait for it, or cancel it."
        )
    if not await connection.scalar(select(exists().where(_has_body(), KeptPage.job_id.in_(family_of(job_id))))):
        raise ConflictError(
            f"No page of job {job_id} is kept: they are kept for TITLE1_KEEP_PAGES_DAYS days. "
            "Harvest the schools again."
        )


async def forget_old_pages(database: Database, days: int) -> int:
    """Removes the bodies that were fetched more than so many days ago, a few at a time; returns how many.

    What is being written or removed by others at that moment is left for the next time.
    """
    async with database.system() as connection:
        organizations = (await connection.scalars(select(Organization.id))).all()
    forgotten = 0
    for organization_id in organizations:
        while some := await _forget_some(database, organization_id, days):
            forgotten += some
    return forgotten


async def _forget_some(database: Database, organization_id: UUID, days: int) -> int:
    old = (
        select(PageBody.school_id, PageBody.sha256)
        .where(PageBody.fetched_at < func.now() - func.make_interval(0, 0, 0, days))
        .order_by(PageBody.fetched_at)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    async with database.tenant(organization_id) as connection:
        removed = await connection.execute(
            delete(PageBody).where(PageBody.school_id == old.c.school_id, PageBody.sha256 == old.c.sha256)
        )
    return removed.rowcount


def _has_validator(page: type[KeptPage]) -> ColumnElement[bool]:
    return or_(page.etag.is_not(None), page.last_modified.is_not(None))


def _has_body() -> Any:
    return and_(PageBody.school_id == KeptPage.school_id, PageBody.sha256 == KeptPage.sha256)
