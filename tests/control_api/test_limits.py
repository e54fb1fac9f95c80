"""Limits of requests: exact in every process at once, told in headers, and never for probes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import httpx2
from litestar import Litestar
from sqlalchemy import event

from storage.admission import Credential, Limit, admit
from storage.database import Database
from storage.roles import Role
from storage.tokens import hashed
from tests.conftest import KeyedAccount
from tests.control_api.access import execute
from tests.control_api.conftest import ClientOf, MakeUser

# A process that asks with one key as often and as fast as it can, and says how often it was let in.
ASKER = """
import asyncio, sys
from storage.admission import Credential, Limit, admit
from storage.database import Database
from storage.tokens import hashed

async def main(url, key, times):
    database = Database(url, pool_size=4)
    shown, none = Credential(key_hash=hashed(key)), Limit("stranger", 0)
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    sys.stdin.readline()
    asked = [
        admit(database, shown, known=Limit("read", 100), stranger=none, idle_seconds=60) for _ in range(times)
    ]
    admissions = await asyncio.gather(*asked)
    print(sum(admission.rate.admitted for admission in admissions))
    await database.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def test_a_limit_is_exact_in_four_processes_at_once(database_url: str, account: KeyedAccount) -> None:
    # Of a window of ten hours nothing comes back during the test.
    program = "import storage.admission as admission\nadmission.WINDOW_SECONDS = 36_000\n" + ASKER
    processes = await asyncio.to_thread(
        lambda: [
            subprocess.Popen(
                [sys.executable, "-c", program, database_url, account.key, "75"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
    )
    try:
        for process in processes:
            assert process.stdout
            assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
        ends = await asyncio.gather(*(asyncio.to_thread(process.communicate, "go\n", 60) for process in processes))
    finally:
        for process in processes:
            process.kill()
    admitted = [json.loads(end[0]) for end in ends]
    assert sum(admitted) == 100, admitted


def limit(app: Litestar, **limits: int) -> None:
    app.state["settings"] = app.state["settings"].model_copy(update=limits)


async def test_who_has_used_a_limit_up_is_told_when_to_come_back(
    app: Litestar, api: httpx2.AsyncClient, client_of: ClientOf, colleague: MakeUser, database: Database
) -> None:
    limit(app, reads_per_minute=3, writes_per_minute=1)
    answers = [await api.get("/api/v1/jobs") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit-policy"] for answer in answers] == ['"default";q=3;w=60'] * 4
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    refused = answers[-1]
    assert refused.json()["code"] == "RATE_LIMITED"
    assert 15 <= int(refused.headers["retry-after"]) <= 20  # three a minute is one in twenty seconds
    # Changes have a limit of their own, and so have others; probes and the page have none.
    job = {"kind": "export_leads", "params": {}}
    assert [(await api.post("/api/v1/jobs", json=job)).status_code for _ in range(2)] == [201, 429]
    assert (await client_of(await colleague("vera", Role.VIEWER)).get("/api/v1/jobs")).status_code == 200
    for path in ("/health/live", "/health/ready", "/", "/schema"):
        for _ in range(4):
            assert (await api.get(path)).status_code == 200
    await execute(database, "UPDATE rate_bucket SET full_at = full_at - interval '20 seconds'")
    assert (await api.get("/api/v1/jobs")).status_code == 200
    assert (await api.get("/api/v1/jobs")).status_code == 429
    limit(app, reads_per_minute=0)
    free = await api.get("/api/v1/jobs")
    assert free.status_code == 200
    assert "ratelimit" not in free.headers


async def test_strangers_are_counted_by_address_whatever_they_write_into_headers(
    app: Litestar, stranger: httpx2.AsyncClient, api: httpx2.AsyncClient
) -> None:
    limit(app, strangers_per_minute=3, sign_ins_per_minute=2)
    told: list[int] = []
    for number in range(5):
        headers = {"X-API-Key": f"t1_{number}", "X-Forwarded-For": f"192.0.2.{number}"}
        told.append((await stranger.get("/api/v1/jobs", headers=headers)).status_code)
    assert told == [401, 401, 401, 429, 429]
    body = {"email": "a@b.test", "password": "x"}
    told = [(await stranger.post("/api/v1/auth/login", json=body)).status_code for _ in range(3)]
    assert told == [401, 401, 429]
    assert (await api.get("/api/v1/jobs")).status_code == 200  # a good key from there is nobody's fault


async def test_addresses_of_one_ipv6_network_are_one(app: Litestar, stranger: httpx2.AsyncClient) -> None:
    limit(app, strangers_per_minute=2)
    told: list[int] = []
    for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::3", "2001:db8:1:3::1"):
        transport = httpx2.ASGITransport(app=app, client=(address, 1))  # pyright: ignore[reportArgumentType]  Litestar names its messages by classes of its own
        async with httpx2.AsyncClient(transport=transport, base_url="http://title1.test") as client:
            told.append((await client.get("/api/v1/jobs")).status_code)
    assert told == [401, 401, 429, 401]


async def test_one_statement_answers_who_asks_and_whether_they_may(database: Database, account: KeyedAccount) -> None:
    sent: list[Any] = []
    shown, known = Credential(key_hash=hashed(account.key)), Limit("read", 10)
    ask = admit(database, shown, known=known, stranger=Limit("stranger", 10), idle_seconds=60)
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    admission = await ask
    assert admission.account == account.account
    assert admission.rate
    assert admission.rate.remaining == 9
    assert [text.split()[0] for text in sent] == ["SET", "--"]
