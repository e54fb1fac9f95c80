"""A job whose list the parser does not understand, with a model behind the worker and without one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import func, select

from control_api.work.attempt import Attempt, WorkError
from control_api.work.extract import extract_schools
from control_api.work.settings import WorkerSettings
from storage.blobs import Blobs
from storage.database import Database
from storage.jobs import JobKind, JobState, NewJob, create_job
from storage.leases import Limits, Settlement, claim_job, enlist_worker, settle
from storage.models import LlmAnswer, LlmCall
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.test_documents import upload
from tests.extraction.schools.papers import SCHOOLS, draw_ruled, paper
from tests.extraction.schools.papers import WIDTHS as PLAIN_WIDTHS
from tests.extraction.schools.unheard_of import draw, knows_columns
from tests.fakes.openai_server import KEY, FakeOpenAI, serving

RunJob = Callable[..., Awaitable[tuple[UUID, Settlement]]]


@pytest.fixture
async def model(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[FakeOpenAI]:
    """A model that the worker is told of."""
    async with serving(knows_columns) as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


@pytest.fixture
async def run(
    api: httpx2.AsyncClient, database: Database, storage_settings: StorageSettings, account: KeyedAccount
) -> AsyncGenerator[RunJob]:
    """Reads a PDF as a worker does, in as many attempts as it takes; `stop` ends each after one page."""
    who = account.account
    session = await database.connect()
    worker = await enlist_worker(session)

    async def job_of(pdf: bytes, *, stop: bool = False) -> tuple[UUID, Settlement]:
        document_id = (await upload(api, pdf)).json()["id"]
        async with database.tenant(who.organization_id) as connection:
            new = NewJob(who.organization_id, who.user_id, JobKind.EXTRACT_SCHOOLS, {"document_id": document_id})
            job_id, _ = await create_job(connection, new)
        for _ in range(10):
            lease = await claim_job(database, job_id, worker, Limits())
            assert lease is not None
            blobs = Blobs.configured(storage_settings)
            attempt = Attempt(lease, database, blobs, WorkerSettings(), storage_settings)
            if stop:
                attempt.stop.set()
            settlement = await extract_schools(attempt)
            await settle(database, lease, settlement)
            if settlement.state is not JobState.QUEUED:
                return job_id, settlement
        raise AssertionError("the job goes on at the next page and ends")

    yield job_of
    await session.close()


def unheard_of(folder: Path, pages: int) -> bytes:
    draw(folder / "list.pdf", pages)
    return (folder / "list.pdf").read_bytes()


async def names(api: httpx2.AsyncClient) -> set[str]:
    return {school["name"] for school in (await api.get("/api/v1/schools", params={"limit": 200})).json()["items"]}


async def test_without_a_key_nothing_is_asked(
    run: RunJob, tmp_path: Path, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(WorkError, match="No list of schools was recognized"):
        await run(unheard_of(tmp_path, 1))
    async with database.tenant(account.account.organization_id) as connection:
        assert await connection.scalar(select(func.count()).select_from(LlmCall)) == 0
    pdf = paper()
    draw_ruled(pdf, ("District", "School Name", "City", "ZIP", "Title I Status", "Enrollment"), SCHOOLS, PLAIN_WIDTHS)
    _, settlement = await run(bytes(pdf.output()))
    assert "llm" not in settlement.result


async def test_a_model_explains_a_list_and_the_result_says_what_it_cost(
    run: RunJob, model: FakeOpenAI, tmp_path: Path, api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    job_id, settlement = await run(unheard_of(tmp_path, 3))
    assert settlement.state is JobState.SUCCEEDED
    assert (settlement.result["schools"], settlement.result["rows"]) == (90, 90)
    llm: dict[str, Any] = settlement.result["llm"]
    assert (llm["calls"], llm["failed_calls"], llm["tokens"]) == (1, 0, model.used_tokens)
    assert 0 < llm["dollars"] < 0.01
    assert (llm["pages_by_plan"], llm["dropped_values"]) == (1, 0)
    assert len(await names(api)) == 90
    async with database.tenant(account.account.organization_id) as connection:
        (call,) = (await connection.execute(select(LlmCall.__table__))).all()
        assert (call.job_id, call.purpose, call.state) == (job_id, "column_plan", "answered")
        assert await connection.scalar(select(func.count()).select_from(LlmAnswer)) == 1


async def test_a_job_that_was_stopped_goes_on_with_the_plan_it_has(
    run: RunJob, model: FakeOpenAI, tmp_path: Path
) -> None:
    _, settlement = await run(unheard_of(tmp_path, 4), stop=True)
    assert settlement.result["rows"] == 120
    assert settlement.result["llm"]["pages_asked"] == 1
    assert len(model.requests) == 1


async def test_the_same_list_again_costs_nothing(run: RunJob, model: FakeOpenAI, tmp_path: Path) -> None:
    pdf = unheard_of(tmp_path, 2)
    await run(pdf)
    _, settlement = await run(pdf)
    assert (settlement.result["rows"], settlement.result["llm"]["calls"]) == (60, 0)
    assert len(model.requests) == 1


async def test_a_spent_budget_loses_no_page(
    run: RunJob, model: FakeOpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITLE1_LLM_JOB_DOLLARS", "0.00001")
    pdf = paper()
    draw_ruled(pdf, ("District", "School Name", "City", "ZIP", "Title I Status", "Enrollment"), SCHOOLS, PLAIN_WIDTHS)
    known = bytes(pdf.output())
    (tmp_path / "known.pdf").write_bytes(known)
    draw(tmp_path / "list.pdf", 1)
    _, settlement = await run(joined(tmp_path / "list.pdf", tmp_path / "known.pdf"))
    assert model.requests == []
    assert settlement.state is JobState.SUCCEEDED
    assert (settlement.result["schools"], settlement.result["pages_read"]) == (5, 2)
    (page,) = settlement.result["pages"]
    assert "the job's budget has only $0.0000 of $0.00 left" in page["warnings"][-1]


def joined(*paths: Path) -> bytes:
    import io  # noqa: PLC0415

    from pypdf import PdfWriter  # noqa: PLC0415

    writer = PdfWriter()
    for path in paths:
        writer.append(path)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
