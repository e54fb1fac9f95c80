"""`title1 people` put right, deleted, merged, followed: in this process, against the application itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner
from typing_extensions import override

from control_api.cli import people, schools, searches
from control_api.cli.client import ApiClient
from control_api.cli.errors import CliError
from storage.database import Database
from tests.conftest import KeyedAccount
from tests.control_api.rows import add_person, add_school


class Bridge(httpx2.BaseTransport):
    """From the thread of a command to the application in the test's event loop."""

    def __init__(self, api: httpx2.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self.api, self.loop = api, loop

    @override
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode()
        kind = {name: value for name, value in request.headers.items() if name == "content-type"}
        asked = self.api.request(request.method, path, content=request.read(), headers=kind)
        answer = asyncio.run_coroutine_threadsafe(asked, self.loop).result(60)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)


async def test_people_are_put_right_merged_and_deleted_in_the_shell(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    def client() -> ApiClient:
        made = ApiClient("http://title1.test", account.key)
        made.http = httpx2.Client(transport=Bridge(api, loop), base_url="http://title1.test")
        return made

    monkeypatch.setattr(people, "api_client", client)

    async def shell(*words: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, people.app, list(words))

    async def lines(*words: str) -> list[Any]:
        answer = await shell(*words, "--json")
        assert answer.exit_code == 0, answer.output
        return [json.loads(line) for line in answer.stdout.splitlines()]

    async with database.tenant(account.account.organization_id) as connection:
        schools = [await add_school(connection, account.account, name) for name in ("Oak", "Pine")]
        ann, twin = [
            await add_person(connection, account.account, "Ann Bell", [one], email="a@b.test") for one in schools
        ]
    words = ("title=Principal", "phone=", "--reason", "called the school")
    (corrected,) = await lines("correct", str(ann), *words)
    assert (corrected["title"], len(corrected["corrections"])) == ("Principal", 2)
    assert "called the school" in (await shell("correct", str(ann), *words)).stdout.replace("\n", " ")
    for odd in ("colour=red", "title"):
        refused = await shell("correct", str(ann), odd, "--reason", "x")
        assert isinstance(refused.exception, CliError)
        assert "is no correction: FIELD=VALUE with one of name, title" in refused.exception.message
    assert "seen last" in (await shell("restore", str(ann), "title")).stdout
    told = await lines("changes", "--since", "2026-01-01", "--kind", "changed", "--where", f"school_id={schools[0]}")
    assert [(line["old"], line["new"]) for line in told] == [("Teacher", "Principal"), ("Principal", "Teacher")]
    assert await lines("changes", "--person", str(ann)) == told
    assert "Principal" in (await shell("changes")).stdout
    (pair,) = await lines("duplicates")
    assert {one["id"] for one in pair["people"]} == {ann, twin}
    assert "email" in (await shell("duplicates")).stdout
    assert "2 posts" in (await shell("merge", str(twin), str(ann))).stdout
    assert [one["id"] for one in await lines("search", "bell", "--left")] == [ann]
    assert "does not come back" in (await shell("delete", str(ann), "--note", "by letter & phone")).stdout
    (tombstone,) = await lines("tombstones")
    assert (tombstone["staff_id"], tombstone["note"]) == (ann, "by letter & phone")
    assert "by letter" in (await shell("tombstones")).stdout
    assert await lines("search") == []


async def test_searches_are_saved_and_counted_in_the_shell(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    def client() -> ApiClient:
        made = ApiClient("http://title1.test", account.key)
        made.http = httpx2.Client(transport=Bridge(api, loop), base_url="http://title1.test")
        return made

    for module in (people, searches, schools):
        monkeypatch.setattr(module, "api_client", client)

    async def shell(module: Any, *words: str) -> str:
        answer = await asyncio.to_thread(CliRunner().invoke, module.app, list(words))
        assert answer.exit_code == 0, (answer.output, answer.exception)
        return answer.output

    async with database.tenant(account.account.organization_id) as connection:
        for state in ("TX", "NY"):
            school = await add_school(connection, account.account, f"{state} School", state=state)
            await add_person(connection, account.account, f"Ann {state}", [school])

    saved = json.loads(await shell(searches, "save", "texans", "--where", "state=texas", "--shared", "--json"))
    assert (saved["params"], saved["shared"]) == ({"state": "TX"}, True)
    assert "texans" in await shell(searches, "list")
    found = json.loads(await shell(people, "search", "--saved", "texans", "--json"))
    assert found["name"] == "Ann TX"
    counted = json.loads(await shell(people, "facets", "--saved", "texans", "--json"))
    assert (counted["total"], len(counted["facets"][1]["values"])) == (1, 2)
    assert "teacher" in await shell(people, "facets", "ann", "--where", "state=NY")
    await shell(searches, "save", "new york", "--of", "schools", "--where", "state=NY")
    assert json.loads(await shell(schools, "facets", "--saved", "new york", "--json"))["total"] == 1
    changed = json.loads(
        await shell(searches, "change", "texans", "--name", "all", "--where", "has_email=false", "--json")
    )
    assert (changed["name"], changed["params"]) == ("all", {"has_email": False})
    assert "removed" in await shell(searches, "remove", "all")
    for words, told in (
        (["search", "--saved", "new york"], "of people named 'new york'"),
        (["search", "--saved", "x"], "'x'"),
    ):
        answer = await asyncio.to_thread(CliRunner().invoke, people.app, words)
        assert isinstance(answer.exception, CliError)
        assert told in str(answer.exception)
