"""Routes of what came of a push: each person, as pages and as a file, and another push of those worth trying again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.auth.guards import operator, viewer
from control_api.exports.downloads import Batch, Desk
from control_api.exports.drafts import FileKind
from control_api.exports.files import provide_desk
from control_api.exports.formats.known import Format
from control_api.exports.layout import Column, Kind, Preset, layout_of
from control_api.jobs.controller import made, provide_jobs
from control_api.jobs.schemas import JobView
from control_api.jobs.service import JobService
from control_api.pages import LARGEST_PAGE, Limit, Page, PageCursor, decode_cursor, page_of
from control_api.salesforce.mapping import full_mapping
from control_api.salesforce.schemas import LeadView
from control_api.salesforce.sources import sent_value
from control_api.salesforce.verdicts import explained
from storage.accounts import Account
from storage.database import Database
from storage.errors import NotFoundError
from storage.exports import NewExport
from storage.jobs import JobKind, get_job
from storage.pushes import find_rows, people_of_rows

LeadState = Literal[
    "pending", "ready", "sent", "created", "updated", "error", "duplicate", "suppressed", "skipped", "member"
]
# `state` itself is a word of the framework's.
InLeadState = Annotated[LeadState | None, QueryParameter(name="state", description="Only people in this state.")]
COLUMNS = (
    *(Column(key) for key in ("key", "name", "school", "state", "code", "message", "explanation")),
    Column("retryable", Kind.YES_NO),
    *(Column(key) for key in ("lead_id", "member")),
)


class PushController(Controller):
    """`/api/v1/jobs/{id}/leads`."""

    path = "/api/v1/jobs"
    tags = ("Salesforce",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "jobs": Provide(provide_jobs, sync_to_thread=False),
        "desk": Provide(provide_desk, sync_to_thread=False),
    }

    @get("/{job_id:uuid}/leads", summary="What came of each person of a push")
    async def page(
        self,
        job_id: FromPath[UUID],
        database: NamedDependency[Database],
        account: NamedDependency[Account],
        in_state: InLeadState = None,
        retryable: FromQuery[bool | None] = None,
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[LeadView]:
        """Lists people in the order in which they were chosen; of a dry run with what would be sent of each."""
        after = decode_cursor(cursor, int) or 0
        async with database.tenant(account.organization_id) as connection:
            found = await _leads(connection, job_id, in_state, retryable, after, limit + 1)
        return page_of(found, limit, item=lambda lead: lead, key=lambda last: last.number)

    @get("/{job_id:uuid}/leads.csv", summary="The same as a file", media_type="text/csv")
    async def file(
        self,
        job_id: FromPath[UUID],
        desk: NamedDependency[Desk],
        in_state: InLeadState = None,
        retryable: FromQuery[bool | None] = None,
    ) -> Stream:
        """Downloads all of them; the ledger of exports keeps that."""

        async def read(after: int | None) -> Batch:
            async with desk.database.tenant(desk.account.organization_id) as connection:
                found = await _leads(connection, job_id, in_state, retryable, after or 0, LARGEST_PAGE)
            return found, found[-1].number if len(found) == LARGEST_PAGE else None

        layout = layout_of("Leads", COLUMNS, nested=False)
        asked = {"push": str(job_id), "state": in_state, "retryable": retryable}
        new = NewExport(
            subject="people",
            format=Format.CSV,
            preset=Preset.PLAIN,
            raw=False,
            columns=list(layout.headers),
            filters={name: value for name, value in asked.items() if value is not None},
            purpose="what came of a push to Salesforce",
            job_id=job_id,
        )
        return await desk.give("salesforce", FileKind(layout, Format.CSV), read, new)

    @post("/{job_id:uuid}/leads/retry", guards=[operator], summary="Push again who may be taken now")
    async def retry(self, job_id: FromPath[UUID], jobs: NamedDependency[JobService]) -> Response[JobView]:
        """Makes a push of those people of an ended one whose errors may have passed; others are never sent again."""
        if (await jobs.get(job_id)).kind != JobKind.PUSH_LEADS:
            raise NotFoundError(f"Job {job_id} is no push to Salesforce.")
        return made(*await jobs.retry(job_id, idempotency_key=None))


async def _leads(
    connection: AsyncConnection, job_id: UUID, state: str | None, retryable: bool | None, after: int, most: int
) -> list[LeadView]:
    job = await get_job(connection, job_id)
    if job.kind != JobKind.PUSH_LEADS:
        raise NotFoundError(f"Job {job_id} is no push to Salesforce.")
    states = (state,) if state else ()
    rows = await find_rows(connection, job_id, states=states, retryable=retryable, after=after, most=most)
    shown = await _previews(connection, job, rows) if job.params.get("dry_run") else {}
    return [
        LeadView(
            staff_id=row.staff_member_id,
            explanation=explained(row.code),
            member=row.member_state,
            fields=shown.get(row.number),
            **{name: getattr(row, name) for name in _AS_STORED},
        )
        for row in rows
    ]


_AS_STORED = (
    "number",
    "key",
    "name",
    "school",
    "state",
    "code",
    "message",
    "retryable",
    "tries",
    "changed",
    "lead_id",
    "ingest_id",
)


async def _previews(connection: AsyncConnection, job: Any, rows: Sequence[Any]) -> dict[int, dict[str, str]]:
    """What would be sent of the people who are ready; nothing of whoever is suppressed."""
    mapping = full_mapping(job.checkpoint.get("plan", {}).get("mapping", {}))
    ready = [row.number for row in rows if row.state == "ready"]
    people = await people_of_rows(connection, job.id, ready)
    return {
        number: {name: text for name, source in mapping.items() if (text := sent_value(source, person))}
        for number, person in people.items()
    }
