"""Jobs and schedules in the shell, against the API of the test's own process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from control_api.cli.client import ApiClient, _raise_for
from control_api.cli.errors import CliError
from control_api.cli.main import app
from storage.database import Database
from storage.models import Job
from tests.conftest import KeyedAccount

Shell = Callable[..., Awaitable[str]]
JOB = json.dumps({"kind": "export_leads", "params": {"state": "TX"}, "priority": "low"})


@pytest.fixture
async def shell(api: httpx2.AsyncClient, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Runs a command in a thread; its requests are answered in the test's event loop."""
    loop = asyncio.get_running_loop()

    def call(_: ApiClient, method: str, path: str, **arguments: Any) -> httpx2.Response:
        answer = asyncio.run_coroutine_threadsafe(api.request(method, path, **arguments), loop).result(60)
        _raise_for(answer)
        return answer

    monkeypatch.setattr(ApiClient, "_call", call)
    where = {"TITLE1_URL": "http://title1.test", "TITLE1_API_KEY": account.key, "COLUMNS": "200"}

    async def run(*words: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, app, words, env=where)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


async def test_a_schedule_from_its_beginning_to_its_end(
    shell: Shell, database: Database, account: KeyedAccount
) -> None:
    added = await shell("schedule", "add", "weekly", "--cron", "0 5 * * 1", "--zone", "America/Chicago", "--job", JOB)
    assert added.startswith("weekly (export_leads): 0 5 * * 1 in America/Chicago\nNext: ")
    assert added.count(" 05:00") == 5
    assert (await shell("schedule", "disable", "weekly")).endswith("It is disabled.\n")
    assert "disabled" in await shell("schedule", "list", "--disabled")
    assert "Next: " in await shell("schedule", "enable", "weekly")
    job = json.loads(await shell("schedule", "run", "weekly", "--json"))
    shown = json.loads(await shell("schedule", "show", "weekly", "--json"))
    assert [(one["cause"], one["outcome"], one["job_id"]) for one in shown["firings"]] == [
        ("asked", "started", job["id"])
    ]
    assert job["id"] in await shell("schedule", "show", shown["id"])
    with pytest.raises(CliError, match="has not ended"):
        await shell("schedule", "run", "weekly")
    for words, expected in (
        (("add", "weekly", "--cron", "0 5 * * 8", "--job", JOB), "/cron: .*bad day-of-week"),
        (("add", "x", "--cron", "0 5 * * 1", "--job", "[]"), "--job is no JSON object"),
        (("show", "monthly"), "There is no schedule named 'monthly'"),
    ):
        with pytest.raises(CliError, match=expected):
            await shell("schedule", *words)

    assert job["id"] in await shell("jobs", "list", "--priority", "low")
    assert "its priority high" in await shell("jobs", "change", job["id"], "--priority", "high")
    assert json.loads(await shell("jobs", "list", "--priority", "high", "--json"))["schedule_id"] == shown["id"]
    async with database.tenant(account.account.organization_id) as connection:
        await connection.execute(update(Job).where(Job.id == UUID(job["id"])).values(state="failed", reason="so"))
    again = json.loads(await shell("jobs", "retry", job["id"], "--json"))
    assert (again["retry_of"], again["priority"]) == (job["id"], "high")
    assert await shell("jobs", "attempts", job["id"], "--json") == ""
    assert "outcome" in await shell("jobs", "attempts", job["id"])
    assert await shell("schedule", "remove", "weekly") == "weekly is removed.\n"
    assert await shell("schedule", "list", "--json") == ""
