"""A job that is stopped behind every page: its rows are those of a reading that never stopped, and no page is read
twice, because the thread of the reading is stored with the page."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select, update

from control_api.work.attempt import Attempt
from control_api.work.extract import extract_schools
from control_api.work.settings import WorkerSettings
from extraction.schools.reader import read_document
from storage.blobs import Blobs
from storage.database import Database
from storage.jobs import JobKind, JobState, NewJob, create_job
from storage.leases import Limits, claim_job, enlist_worker, settle
from storage.models import DocumentSchool, Job, School
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.test_documents import upload
from tests.extraction.schools.test_cases import drawn

LAYOUT = "names_under_headings"
"""A group of schools goes on over the end of each page."""
Between = Callable[[str], str | None]
ReadInPieces = Callable[[Between], Awaitable[list[tuple[int, str, str | None]]]]


@pytest.fixture
async def in_pieces(
    api: httpx2.AsyncClient,
    database: Database,
    storage_settings: StorageSettings,
    account: KeyedAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[ReadInPieces]:
    """Reads a list page by page, an attempt each; what is done to the thread between them is given."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    who = account.account
    session = await database.connect()
    worker = await enlist_worker(session)

    async def read(between: Between) -> list[tuple[int, str, str | None]]:
        document_id = UUID((await upload(api, drawn(LAYOUT))).json()["id"])
        async with database.tenant(who.organization_id) as connection:
            new = NewJob(who.organization_id, who.user_id, JobKind.EXTRACT_SCHOOLS, {"document_id": str(document_id)})
            job_id, _ = await create_job(connection, new)
        state = JobState.QUEUED
        while state is JobState.QUEUED:
            lease = await claim_job(database, job_id, worker, Limits())
            assert lease is not None
            blobs = Blobs.configured(storage_settings)
            attempt = Attempt(lease, database, blobs, WorkerSettings(), storage_settings)
            attempt.stop.set()
            settlement = await extract_schools(attempt)
            state = await settle(database, lease, settlement)
            async with database.tenant(who.organization_id) as connection:
                job = Job.id == job_id
                checkpoint = await connection.scalar(select(Job.checkpoint).where(job))
                assert checkpoint is not None
                kept = {**checkpoint, "thread": between(checkpoint["thread"])}
                await connection.execute(update(Job).where(job).values(checkpoint=kept))
        assert state is JobState.SUCCEEDED
        async with database.tenant(who.organization_id) as connection:
            stored = select(DocumentSchool.page, School.name, School.district).join(School)
            found = await connection.execute(stored.order_by(DocumentSchool.page, DocumentSchool.row))
            return [(page, name, district) for page, name, district in found]

    yield read
    await session.close()


def undisturbed() -> list[tuple[int, str, str | None]]:
    return [
        (row.page, row.fields["name"].text, row.text("district"))
        for reading in read_document(drawn(LAYOUT))
        for row in reading.rows
    ]


async def test_a_job_stopped_behind_every_page_stores_the_same_rows(in_pieces: ReadInPieces) -> None:
    assert await in_pieces(lambda thread: thread) == undisturbed()


@pytest.mark.parametrize("lost", [lambda _: None, lambda thread: thread.replace('"program":"', '"program":"x')])
async def test_without_a_thread_of_this_program_the_pages_are_read_again(
    in_pieces: ReadInPieces, lost: Between
) -> None:
    assert await in_pieces(lost) == undisturbed()


async def test_what_the_stored_thread_says_is_believed(in_pieces: ReadInPieces) -> None:
    """Read anew, the pages would give the heading that they print."""
    printed = next(district for page, _, district in reversed(undisturbed()) if page == 1)
    assert printed is not None
    rows = await in_pieces(lambda thread: thread.replace(printed, "Another District"))
    assert {district for page, _, district in rows if page == 1} == {d for p, _, d in undisturbed() if p == 1}
    assert any(page == 2 and district == "Another District" for page, _, district in rows)
