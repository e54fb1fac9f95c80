"""The route of results: the file that an export wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from control_api.auth.guards import viewer
from control_api.exports.schemas import ExportedFile
from storage.accounts import Account
from storage.blobs import Blobs
from storage.database import Database
from storage.errors import ConflictError, NotFoundError
from storage.jobs import FINAL, JobKind, JobState, get_job

CHUNK_BYTES = 64 * 1024


class ExportController(Controller):
    """`/api/v1/jobs/{id}/result`."""

    path = "/api/v1/jobs"
    tags = ("Jobs",)
    guards = (viewer,)

    @get("/{job_id:uuid}/result", summary="The file of an export", media_type="text/csv")
    async def result(
        self,
        job_id: FromPath[UUID],
        database: NamedDependency[Database],
        account: NamedDependency[Account],
        blobs: NamedDependency[Blobs],
    ) -> Stream:
        """Downloads the leads that an `export_leads` job, or the last step of a pipeline, has written."""
        async with database.tenant(account.organization_id) as connection:
            exported = exported_file(await get_job(connection, job_id))
        opened = ExitStack()
        path = await asyncio.to_thread(opened.enter_context, blobs.local_file(exported.blob))
        return Stream(_chunks(path, opened), media_type="text/csv; charset=utf-8", headers=_headers(exported.filename))


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


def _headers(filename: str) -> dict[str, str]:
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in " ._-") else "_" for letter in filename
    )
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
    return {"Content-Disposition": disposition, "Cache-Control": "no-store"}


async def _chunks(path: Path, opened: ExitStack) -> AsyncGenerator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk
    finally:
        await asyncio.to_thread(opened.close)
