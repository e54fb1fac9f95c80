"""What a job may use: kept by its spider over all processes, told when it is spent, refused where nobody keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import insert, select

from control_api.work.launcher import Launcher
from extraction.llm.settings import LlmSettings
from storage.budgets import crawl_limits, spent_figure, together, used_by_job
from storage.database import Database
from storage.job_llm import configured_budgets, exact
from storage.jobs import JobKind, JobState, NewJob, create_job
from storage.models import Job, JobAttempt
from storage.settings import StorageSettings
from storage.targets import SchoolSelection, selected_schools, target_counts
from tests.conftest import KeyedAccount
from tests.control_api.harvests import open_web, working
from tests.control_api.rows import add_school, add_website
from tests.crawler.conftest import home_page, staff_table

HOSTS = [f"school{number}.test" for number in range(6)]


async def test_a_budget_is_for_the_kinds_that_keep_it(api: httpx2.AsyncClient) -> None:
    budget = {"pages": 500, "llm_dollars": 0.5}
    harvest = {"kind": "harvest_staff", "params": {}, "budget": budget}
    made = (await api.post("/api/v1/jobs", json=harvest, headers={"Idempotency-Key": "a"})).json()
    assert made["budget"] == budget
    other = await api.post("/api/v1/jobs", json=harvest | {"budget": {"pages": 501}}, headers={"Idempotency-Key": "a"})
    assert other.status_code == 409
    none = (await api.post("/api/v1/jobs", json=harvest | {"budget": {}})).json()
    assert none["budget"] is None
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"kind": "harvest_staff", "params": {}, "budget": {"pages": 0}}, "/budget/pages"),
        ({"kind": "harvest_staff", "params": {}, "budget": {"page": 5}}, "/budget/page"),
        ({"kind": "discover_websites", "params": {}, "budget": {"llm_dollars": 1}}, "/budget/llm_dollars"),
        ({"kind": "export_leads", "params": {}, "budget": {"pages": 5}}, "/budget"),
    ]
    for body, pointer in wrong:
        answer = await api.post("/api/v1/jobs", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), body


def test_a_jobs_dollars_are_never_more_than_the_settings_allow() -> None:
    settings = LlmSettings(job_dollars=1.0)
    allowed = [configured_budgets(settings, dollars).job.dollars for dollars in (None, 0.25, 7.0, 0.0)]
    assert allowed == [exact(dollars) for dollars in (1.0, 0.25, 1.0, 0.0)]


def test_the_first_figure_that_has_reached_its_limit() -> None:
    limits = crawl_limits({"pages": 3, "seconds": 10, "llm_dollars": 1.0})
    assert limits == {"pages": 3, "seconds": 10}
    assert spent_figure(limits, together({"pages": 1}, {"pages": 1, "seconds": 9.9})) is None
    assert spent_figure(limits, together({"pages": 1}, {"pages": 2})) == "pages"
    assert spent_figure(limits, {"seconds": 10.0, "bytes": 10.0**9}) == "seconds"
    assert spent_figure(crawl_limits(None), {"pages": 10.0**9}) is None


async def test_shards_have_the_budget_of_the_whole_and_use_it_together(
    database: Database, account: KeyedAccount
) -> None:
    who = account.account
    ids: list[UUID] = []
    async with database.tenant(who.organization_id) as connection:
        for parent in (None, 0, 0):
            parent_id = None if parent is None else ids[parent]
            budget = {"pages": 9} if parent is None else None
            new = NewJob(who.organization_id, who.user_id, JobKind.HARVEST_STAFF, {}, parent_id, budget=budget)
            ids.append((await create_job(connection, new))[0])
        rows = await connection.scalars(select(Job.budget).where(Job.id.in_(ids)))
        assert list(rows) == [{"pages": 9}] * 3
        for job_id, number, used in ((ids[1], 1, {"pages": 2}), (ids[1], 2, {"pages": 3.0}), (ids[2], 1, None)):
            row = {"organization_id": who.organization_id, "job_id": job_id, "number": number, "worker_id": 1}
            await connection.execute(insert(JobAttempt).values(used=used, **row))
        assert [(await used_by_job(connection, job_id))["pages"] for job_id in ids] == [5, 5, 5]


async def test_a_harvest_ends_when_its_pages_are_spent_and_a_retry_has_what_is_left(
    database: Database,
    storage_settings: StorageSettings,
    account: KeyedAccount,
    launcher: Launcher,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    who = account.account
    monkeypatch.setenv("TITLE1_BROWSER_PAGES_PER_SCHOOL", "0")
    with open_web(monkeypatch, tmp_path, *HOSTS) as served:
        async with database.tenant(who.organization_id) as connection:
            for host in HOSTS:
                served.page(host, "/", home_page("Oak Elementary", {"Staff Directory": "/staff"}))
                served.page(host, "/staff", staff_table(("Odile Brannock", "Teacher", f"ob@{host}")))
                school = await add_school(connection, who, f"Oak {host}", state="NJ")
                await add_website(connection, who, school, served.url(host))
        async with working(database, storage_settings, who, launcher) as work:
            job_id, end = await work(JobKind.HARVEST_STAFF, budget={"pages": 9})
    assert (end.state, end.error_code) == (JobState.FAILED, "BUDGET_SPENT")
    assert "The budget of 9 requests is spent" in (end.reason or "")
    assert end.result["budget"]["limits"] == {"pages": 9}
    assert end.result["budget"]["used"]["pages"] >= 9
    async with database.tenant(who.organization_id) as connection:
        counts = await target_counts(connection, job_id)
        assert counts["pending"] > 0
        assert sum(counts.values()) == len(HOSTS)
        left = list(await connection.scalars(selected_schools(SchoolSelection(retry_of=job_id))))
        assert len(left) == counts["pending"] + counts.get("failed", 0)
        used = await connection.scalar(select(JobAttempt.used).where(JobAttempt.job_id == job_id))
        assert used == end.result["budget"]["used"]
    # Those under way may pass it, one a host at most.
    assert len(served.hits) <= 9 + len(HOSTS)
