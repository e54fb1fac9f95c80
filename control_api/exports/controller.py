"""Routes of exports: the file that a job wrote, the ledger of all files, the notices that go with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from control_api.auth.guards import admin, viewer
from control_api.exports.downloads import Desk, Download, file_headers, untold
from control_api.exports.drafts import CHUNK_BYTES
from control_api.exports.formats.known import Format
from control_api.exports.notices import NOTICES_PATH, Notice, all_notices
from control_api.exports.schemas import ExportedFile, ExportView
from control_api.pages import Limit, Page, PageCursor, decode_cursor, page_of
from control_api.problems import ApiError, Problem
from storage.accounts import Account
from storage.blobs import Blobs
from storage.database import Database
from storage.errors import ConflictError, NotFoundError
from storage.exports import FileFacts, NewExport, find_exports, job_file
from storage.jobs import FINAL, JobKind, JobState, get_job
from storage.suppression import entries_since


class ExportOutdatedError(ApiError):
    """The file may have somebody who was put on the suppression list since it was written."""

    code = "EXPORT_OUTDATED"
    status = 410


@dataclass(frozen=True, slots=True)
class Ledger:
    """What an admin may see of the organization's exports."""

    database: Database
    account: Account

    async def page(self, *, after: int | None, most: int) -> list[ExportView]:
        """Exports, the newest first, behind the id `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            found = await find_exports(connection, after=after, most=most)
        return [msgspec.convert(row, ExportView, from_attributes=True) for row in found]


def provide_ledger(database: NamedDependency[Database], account: NamedDependency[Account]) -> Ledger:
    """The ledger of the organization that asks."""
    return Ledger(database, account)


class ExportController(Controller):
    """`/api/v1/jobs/{id}/result`."""

    path = "/api/v1/jobs"
    tags = ("Jobs",)
    guards = (viewer,)

    @get(
        "/{job_id:uuid}/result",
        summary="The file of an export",
        media_type="application/octet-stream",
        responses={410: ResponseSpec(Problem, description="The suppression list has grown since it was written.")},
    )
    async def result(
        self,
        job_id: FromPath[UUID],
        database: NamedDependency[Database],
        account: NamedDependency[Account],
        blobs: NamedDependency[Blobs],
    ) -> Stream:
        """Downloads the leads that an `export_leads` job, or the last step of a pipeline, has written.

        A file that is older than an entry of the suppression list is not given out any more; export again.
        """
        async with database.tenant(account.organization_id) as connection:
            job = await get_job(connection, job_id)
            exported = exported_file(job)
            written_by = UUID(exported.job_id) if exported.job_id else job_id
            line = await job_file(connection, written_by)
            if line is not None and await entries_since(connection, line.suppression_id):
                raise ExportOutdatedError(
                    "People were put on the suppression list after this file was written. Export again."
                )
        opened = ExitStack()
        path = await asyncio.to_thread(opened.enter_context, blobs.local_file(exported.blob))
        media_type, headers = Format(exported.format).media_type, file_headers(exported.filename)
        if line is None:  # older than the ledger
            return Download(_chunks(path, opened), untold, media_type=media_type, headers=headers)
        desk = Desk(database, account)
        record = await desk.begin(_again(line))
        facts = FileFacts(line.rows, line.size_bytes, line.sha256)

        async def end(complete: bool) -> None:
            await desk.end(record, facts, complete=complete)

        headers |= {"X-Export-Id": str(record), "Link": f'<{NOTICES_PATH}>; rel="terms-of-service"'}
        return Download(_chunks(path, opened), end, media_type=media_type, headers=headers)


class LedgerController(Controller):
    """`/api/v1/exports/ledger` and `/api/v1/notices`."""

    path = "/api/v1"
    tags = ("Exports",)
    guards = (viewer,)
    dependencies = {"ledger": Provide(provide_ledger, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @get("/exports/ledger", guards=[admin], summary="What has left: the ledger of exports, the newest first")
    async def page(
        self, ledger: NamedDependency[Ledger], cursor: PageCursor = None, limit: Limit = 50
    ) -> Page[ExportView]:
        """Lists each file of people or schools: who, when, with which filters and columns, what for, how it ended."""
        found = await ledger.page(after=decode_cursor(cursor, int), most=limit + 1)
        return page_of(found, limit, item=lambda line: line, key=lambda last: last.id)

    @get("/notices", summary="What users of published contacts should know")
    async def notices(self) -> list[Notice]:
        """Lists the notices that go with every file; records name those of their state by their codes."""
        return list(all_notices())


def exported_file(job: Any) -> ExportedFile:
    """The file that a job has written.

    Raises:
        ConflictError: the job has not ended yet, or not well.
        NotFoundError: this kind of job writes no file.
    """
    result = job.result
    if job.kind == JobKind.PIPELINE:
        result = result.get(JobKind.EXPORT_LEADS, {})
    elif job.kind != JobKind.EXPORT_LEADS:
        raise NotFoundError(f"A job of kind {job.kind} writes no file; ask an export_leads job for its result.")
    if job.state != JobState.SUCCEEDED:
        words = f"has {job.state} and" if job.state in FINAL else f"is {job.state} and still"
        raise ConflictError(f"The job {words} has no result.")
    if "blob" not in result:
        raise NotFoundError(f"Job {job.id} has no file.")
    return msgspec.convert(result, ExportedFile)


def _again(line: Any) -> NewExport:
    """A line of the ledger for another download of a job's file."""
    names = ("subject", "format", "preset", "raw", "columns", "filters", "purpose", "job_id")
    return NewExport(**{name: getattr(line, name) for name in names})


async def _chunks(path: Path, opened: ExitStack) -> AsyncGenerator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk
    finally:
        await asyncio.to_thread(opened.close)
