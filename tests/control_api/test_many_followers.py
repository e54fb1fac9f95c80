"""The followers of the benchmark of streams count what they were told twice or never; how late, no test asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest
from litestar import Litestar

from benchmarks.followers import Followed, follow
from storage.database import Database
from storage.events import append_event
from storage.jobs import JobKind, NewJob, create_job
from tests.conftest import KeyedAccount
from tests.control_api.streams import serving

CLIENTS = 8


async def test_followers_of_the_api_are_told_each_event_once(
    app: Litestar, database: Database, account: KeyedAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        new = NewJob(who.organization_id, who.user_id, JobKind.HARVEST_STAFF, {})
        job_id, _ = await create_job(connection, new)
    async with serving(app) as served:
        address = f"{served.url.removeprefix('http://')}/api/v1/jobs/{job_id}/events"
        following = asyncio.create_task(follow(address, account.key, CLIENTS, events=21, longest=60))
        for number in range(20):
            async with database.tenant(who.organization_id) as connection:
                await append_event(connection, job_id, "progress", {"done": number})
            await asyncio.sleep(0.01)
        followed = await following
    assert (followed.lost, followed.repeated) == (0, 0)
    assert {seq: len(times) for seq, times in followed.seen.items()} == dict.fromkeys(range(1, 22), CLIENTS)
    assert "all listen" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "lost", "repeated"), [((1, 2, 3), 0, 0), ((1, 3), CLIENTS, 0), ((1, 2, 2, 3), 0, CLIENTS)]
)
async def test_what_is_told_twice_or_never_is_counted(told: Sequence[int], lost: int, repeated: int) -> None:
    async with telling(told) as address:
        followed = await follow(address, "a key", CLIENTS, events=3, longest=30)
    assert (followed.lost, followed.repeated) == (lost, repeated)


async def test_a_client_that_is_cut_off_asks_again_behind_what_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.followers._RETRY_SECONDS", 0.05)
    async with telling((1, 2), (3,)) as address:
        followed: Followed = await follow(address, "a key", 1, events=3, longest=30)
    assert (followed.lost, followed.repeated, followed.reconnects) == (0, 0, 1)


@asynccontextmanager
async def telling(*stories: Sequence[int]) -> AsyncGenerator[str]:
    """A server that tells each client these events; one that asks again, behind the last of the first, the next."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        again = f"Last-Event-ID: {stories[0][-1]}\r\n" in asked
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nretry: 3000\n\n")
        for seq in stories[1 if again else 0]:
            writer.write(f'id: {seq}\nevent: progress\ndata: {{"seq":{seq}}}\n\n'.encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"{host}:{port}/story"
