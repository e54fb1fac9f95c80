"""A worker killed while a model is thinking: the end is that of an undisturbed run, and every call is paid once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.rows import dict_row

from storage.conninfo import conninfo
from storage.jobs import FINAL, JobState
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf
from tests.control_api.test_documents import upload
from tests.extraction.schools.unheard_of import draw, no_columns
from tests.fakes.openai_server import KEY, WELL, Behaviour, serving
from tests.workers import StartWorker, real_workers

pytestmark = [pytest.mark.timeout(400), pytest.mark.untraced]

SLOW = Behaviour(seconds=600)
WAIT_SECONDS = 90.0
PAGES = 2
QUESTIONS = 3
"""One about the columns, which brings nothing, and one about the rows of each page."""

# What a run has left, but for numbers and times that are its own.
LEFT = {
    "pages": "SELECT page, method, confidence, rows_found, rows_expected, warnings FROM document_page p",
    "rows": "SELECT page, row, identity, p.confidence FROM document_school p JOIN school ON school.id = school_id",
    "schools": "SELECT identity, name, district, city, title1_status, enrollment, confidence FROM school p",
    "evidence": "SELECT field, page, split_part(source, ':', 4), method, value, printed, box::text FROM evidence p",
    "answers": "SELECT key, answer FROM llm_answer p",
}


@pytest.fixture
def start_worker(database_url: str, tmp_path: Path) -> Generator[StartWorker]:
    """Starts real workers, one after the other."""
    with real_workers(tmp_path, DATABASE_URL=database_url, TITLE1_DATA_DIR=str(tmp_path), OPENAI_API_KEY=KEY) as start:
        yield start


async def test_a_worker_killed_at_every_question_stores_nothing_twice_and_pays_for_what_it_asked(
    api: httpx2.AsyncClient,
    client_of: ClientOf,
    account: KeyedAccount,
    outsider: KeyedAccount,
    database_url: str,
    start_worker: StartWorker,
    tmp_path: Path,
) -> None:
    pdf = drawn(tmp_path / "list.pdf")
    async with serving(no_columns) as model:
        model.misbehave(SLOW, WELL, SLOW, WELL, SLOW)
        job_id = await ask_for_reading(api, pdf)
        killed: dict[int, Decimal] = {}
        worker = start_worker(OPENAI_BASE_URL=model.url)
        for question in range(QUESTIONS):
            await until(lambda taken=2 * question + 1: model.taken == taken)
            worker.kill()
            worker.wait()
            [lost] = [call for call in calls(database_url, account) if call["state"] == "reserved"]
            killed[lost["id"]] = lost["dollars"]
            worker = start_worker(OPENAI_BASE_URL=model.url)
        job = await ended(api, job_id)
        other = client_of(outsider)
        whole = await ended(other, await ask_for_reading(other, pdf))

    assert (job["state"], whole["state"]) == (JobState.SUCCEEDED, JobState.SUCCEEDED), (job, whole)
    assert job["attempt"] == QUESTIONS + 1
    assert model.taken == 2 * QUESTIONS + QUESTIONS, "what was answered is not asked again"
    for name in LEFT:
        assert left(database_url, account, name) == left(database_url, outsider, name) != [], name

    paid, undisturbed = calls(database_url, account), calls(database_url, outsider)
    assert [call["state"] for call in undisturbed] == ["answered"] * QUESTIONS
    assert {call["id"]: call["dollars"] for call in paid if call["state"] == "failed"} == killed
    answered = [call for call in paid if call["state"] == "answered"]
    assert [cost(call) for call in answered] == [cost(call) for call in undisturbed]
    assert len(paid) == len(killed) + len(answered)

    total = float(round(sum(call["dollars"] for call in paid), 6))
    told, told_undisturbed = job["result"]["llm"], whole["result"]["llm"]
    assert (told["calls"], told["failed_calls"], told["dollars"]) == (2 * QUESTIONS, QUESTIONS, total)
    of_calls = {"calls", "failed_calls", "dollars", "tokens"}
    assert {name: told[name] for name in told.keys() - of_calls} == {
        name: told_undisturbed[name] for name in told_undisturbed.keys() - of_calls
    }
    budget = (await api.get("/api/v1/llm/budget")).json()
    assert (budget["calls"], budget["spent"]["dollars"]) == (2 * QUESTIONS, total)
    assert budget["reserved"] == {"dollars": 0, "tokens": 0}


async def ask_for_reading(client: httpx2.AsyncClient, pdf: bytes) -> str:
    document_id = (await upload(client, pdf)).json()["id"]
    body = {"kind": "extract_schools", "params": {"document_id": document_id}}
    return (await client.post("/api/v1/jobs", json=body)).json()["id"]


def drawn(path: Path) -> bytes:
    draw(path, PAGES)
    return path.read_bytes()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not reached():  # noqa: ASYNC110  another process is waited for
            await asyncio.sleep(0.05)


async def ended(client: httpx2.AsyncClient, job_id: str) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_SECONDS):
        while (job := (await client.get(f"/api/v1/jobs/{job_id}")).json())["state"] not in FINAL:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return job


def cost(call: dict[str, Any]) -> tuple[Any, ...]:
    return call["purpose"], call["input_tokens"], call["output_tokens"], call["dollars"]


def calls(database_url: str, of: KeyedAccount) -> list[dict[str, Any]]:
    query = "SELECT * FROM llm_call WHERE organization_id = %s ORDER BY id"
    with psycopg.connect(conninfo(database_url)) as connection:
        return connection.cursor(row_factory=dict_row).execute(query, [of.account.organization_id]).fetchall()


def left(database_url: str, of: KeyedAccount, name: str) -> list[str]:
    query = f"{LEFT[name]} WHERE p.organization_id = %s"
    with psycopg.connect(conninfo(database_url)) as connection:
        rows = connection.execute(query.encode(), [of.account.organization_id]).fetchall()
    return sorted(str(row) for row in rows)
