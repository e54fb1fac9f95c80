"""A harvest for a job with a model behind its spider: what the ledger, the result and the evidence say of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from control_api.work.launcher import Launcher
from storage.database import Database
from storage.jobs import JobKind, JobState
from storage.leases import Settlement
from storage.models import Evidence, KeptPage, LlmAnswer, LlmCall, PageVisit, StaffMember, Target
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.harvests import RunJob, open_web, working
from tests.control_api.rows import add_school, add_website
from tests.crawler.conftest import Web, home_page
from tests.extraction.staff.asking.pages import UNREAD, answer, person
from tests.fakes.openai_server import KEY, SERVER_ERROR, Asked, FakeOpenAI, serving

RunHarvest = Callable[[], Awaitable[tuple[UUID, Settlement]]]
HOST = "quillfern.test"


def knows_quillfern(asked: Asked) -> object:
    """A model that knows who is who, and tells an address that is printed nowhere."""
    known = {
        "Odalys Brightwater": person("Odalys Brightwater", email="obrightwater@quillfern.test"),
        "Brook Rivers": person("Brook Rivers", title="Art II and pottery", email="brook.rivers@quillfern.test"),
    }
    return answer(
        {
            number: [told for name, told in known.items() if name in " | ".join(pieces)]
            for number, pieces in asked.rows.items()
        }
    )


@pytest.fixture
async def model(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[FakeOpenAI]:
    """A model that the worker, and so its spider, is told of."""
    async with serving(knows_quillfern) as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("TITLE1_LLM_RETRIES", "0")
        yield server


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Web]:
    """The school's site on loopback, open to the spider of a worker."""
    with open_web(monkeypatch, tmp_path, HOST) as served:
        served.page(HOST, "/", home_page("Quillfern Elementary", {"Staff Directory": "/staff"}))
        served.page(HOST, "/staff", UNREAD)
        yield served


@pytest.fixture
async def work(
    database: Database, storage_settings: StorageSettings, account: KeyedAccount, site: Web, launcher: Launcher
) -> AsyncGenerator[RunJob]:
    """Works on a job as a worker does; there is one school with a site."""
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        school_id = await add_school(connection, who, "Quillfern Elementary", state="NJ")
        await add_website(connection, who, school_id, site.url(HOST))
    async with working(database, storage_settings, who, launcher) as work:
        yield work


@pytest.fixture
def run(work: RunJob) -> RunHarvest:
    """Harvests the school's site."""
    return partial(work, JobKind.HARVEST_STAFF, again=True)


async def test_a_model_finds_whom_nobody_read_and_the_result_says_what_it_cost(
    run: RunHarvest, model: FakeOpenAI, database: Database, account: KeyedAccount
) -> None:
    job_id, settlement = await run()
    assert settlement.state is JobState.SUCCEEDED
    assert settlement.result["people"] == 2
    assert settlement.result["outcomes"] == {"staff": 1}
    llm: dict[str, Any] = settlement.result["llm"]
    assert (llm["calls"], llm["failed_calls"], llm["tokens"]) == (1, 0, model.used_tokens)
    assert 0 < llm["dollars"] < 0.01
    assert (llm["pages_asked"], llm["blocks_asked"], llm["people_added"], llm["dropped_values"]) == (1, 2, 2, 1)
    assert "trouble" not in llm
    async with database.tenant(account.account.organization_id) as connection:
        (call,) = (await connection.execute(select(LlmCall.__table__))).all()
        assert (call.job_id, call.attempt, call.purpose, call.state) == (job_id, 1, "staff_blocks", "answered")
        people = (await connection.execute(select(StaffMember.name, StaffMember.email, StaffMember.confidence))).all()
        assert {(name, email) for name, email, _ in people} == {
            ("Odalys Brightwater", "obrightwater@quillfern.test"),
            ("Brook Rivers", None),
        }
        assert max(confidence for _, _, confidence in people) <= 0.7
        evidence = (await connection.execute(select(Evidence.method, Evidence.snippet, Evidence.printed))).all()
        assert {method for method, _, _ in evidence} == {"page+llm"}
        (target,) = (await connection.execute(select(Target.__table__))).all()
        assert (target.state, target.outcome, target.people) == ("done", "staff", 2)
        visits = await connection.execute(select(PageVisit.people).where(PageVisit.outcome == "staff"))
        assert visits.scalars().all() == [2]


async def test_the_same_site_again_costs_nothing(
    run: RunHarvest, model: FakeOpenAI, database: Database, account: KeyedAccount
) -> None:
    await run()
    _, settlement = await run()
    assert (settlement.result["people"], settlement.result["llm"]["calls"]) == (2, 0)
    assert (settlement.result["llm"]["pages_asked"], len(model.requests)) == (1, 1)
    async with database.tenant(account.account.organization_id) as connection:
        assert await connection.scalar(select(func.count()).select_from(LlmAnswer)) == 1


async def test_kept_pages_are_read_again_with_the_answers_of_then_and_nobody_is_asked(
    run: RunHarvest, work: RunJob, model: FakeOpenAI, site: Web
) -> None:
    job_id, _ = await run()
    asked = len(site.hits)
    _, settlement = await work(JobKind.REEXTRACT_STAFF, job_id=str(job_id))
    assert (settlement.result["people_before"], settlement.result["people"]) == (2, 2)
    assert (len(model.requests), len(site.hits)) == (1, asked)


async def test_a_failing_model_is_a_line_of_the_result(run: RunHarvest, model: FakeOpenAI) -> None:
    model.misbehave(*[SERVER_ERROR] * 4)
    _, settlement = await run()
    assert (settlement.state, settlement.result["outcomes"]) == (JobState.SUCCEEDED, {"no_staff": 1})
    llm = settlement.result["llm"]
    assert (llm["calls"], llm["failed_calls"], llm["pages_unanswered"]) == (1, 1, 1)
    assert (llm["dollars"], "answered 500" in llm["trouble"]) == (0, True)


async def test_a_spent_budget_stops_before_the_question(
    run: RunHarvest, model: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITLE1_LLM_JOB_DOLLARS", "0.00001")
    _, settlement = await run()
    assert (settlement.state, model.requests) == (JobState.SUCCEEDED, [])
    assert "the job's budget has only $0.0000" in settlement.result["llm"]["trouble"]


async def test_without_a_model_the_result_says_nothing_of_one_and_nothing_is_kept_that_shall_not_be(
    run: RunHarvest, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITLE1_KEEP_PAGES_DAYS", "0")
    _, settlement = await run()
    async with database.tenant(account.account.organization_id) as connection:
        assert await connection.scalar(select(func.count()).select_from(PageVisit)) != 0
        assert await connection.scalar(select(func.count()).select_from(KeptPage)) == 0
    assert settlement.state is JobState.SUCCEEDED
    assert "llm" not in settlement.result
