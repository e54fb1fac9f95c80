"""Event streams: each event once and in order, whatever happens to connections, notifications or the database."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from litestar import Litestar
from sqlalchemy import update

from control_api.events import hub as hub_module
from control_api.events import tails
from control_api.events.frames import feed_cursor, job_seq
from control_api.events.hub import EventHub
from control_api.events.stream import StreamTimes, stream_events
from control_api.events.tails import JobStory
from control_api.pages import InvalidCursorError
from control_api.settings import ApiSettings
from storage.accounts import Account
from storage.database import Database
from storage.errors import DatabaseUnavailableError
from storage.events import append_event
from storage.feed import BEGINNING, feed_after, feed_now
from storage.jobs import JobKind, NewJob, cancel_job, create_job
from storage.models import Job
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.conftest import MakeUser
from tests.control_api.streams import Follower, Served, serving, until

FEED = "/api/v1/events"


@pytest.fixture
async def served(app: Litestar) -> AsyncGenerator[Served]:
    async with serving(app) as served:
        yield served


async def make_job(database: Database, account: Account) -> UUID:
    async with database.tenant(account.organization_id) as connection:
        new = NewJob(account.organization_id, account.user_id, JobKind.EXPORT_LEADS, {})
        return (await create_job(connection, new, limit=1000))[0]


async def tell(database: Database, account: Account, job_id: UUID, kind: str = "progress", **payload: Any) -> None:
    async with database.tenant(account.organization_id) as connection:
        await append_event(connection, job_id, kind, payload)


async def finish(database: Database, account: Account, job_id: UUID) -> None:
    async with database.tenant(account.organization_id) as connection:
        await connection.execute(update(Job).where(Job.id == job_id).values(state="succeeded"))
        await append_event(connection, job_id, "succeeded", {})


def story_of(job_id: UUID) -> str:
    return f"/api/v1/jobs/{job_id}/events"


async def test_a_story_is_told_from_its_beginning_live_and_to_its_end(
    served: Served, database: Database, account: KeyedAccount
) -> None:
    job_id = await make_job(database, account.account)
    async with served.client(account) as client, asyncio.timeout(60):
        follower, told = Follower(client, story_of(job_id)), [("1", "created")]
        events = follower.events()
        first = await anext(events)
        assert (first.id, first.kind, first.body["job_id"]) == ("1", "created", str(job_id))
        for number in range(2, 6):
            began = time.monotonic()
            await tell(database, account.account, job_id, done=number)
            event = await anext(events)
            assert time.monotonic() - began < 4, "woken, not polled"
            assert event.body["payload"] == {"done": number}
            told.append((event.id, event.kind))
        await finish(database, account.account, job_id)
        told += [(event.id, event.kind) async for event in events]
        assert told == [(str(seq), kind) for seq, kind in enumerate(["created", *["progress"] * 4, "succeeded"], 1)]
        assert [event.id async for event in follower.events()] == []
        assert follower.status == 204, "a client that knows the end is told not to come back"
        again = Follower(client, f"{story_of(job_id)}?after=4")
        assert [event.id async for event in again.events()] == ["5", "6"]
        both = Follower(client, f"{story_of(job_id)}?after=1", last_id="5")
        assert [event.id async for event in both.events()] == ["6"], "the header wins: clients repeat their address"


async def test_writers_and_reconnecting_readers_lose_repeat_and_reorder_nothing(
    served: Served, database: Database, account: KeyedAccount
) -> None:
    owner, chance = account.account, random.Random(7)
    shared = await make_job(database, owner)
    own = [await make_job(database, owner) for _ in range(8)]
    per_writer = 40

    async def write(number: int) -> None:
        for event in range(per_writer):
            job_id = shared if event % 2 else own[number]
            async with database.tenant(owner.organization_id) as connection:
                await append_event(connection, job_id, "progress", {"writer": number, "event": event})
                if chance.random() < 0.2:  # a transaction that commits late, others overtake it
                    await asyncio.sleep(chance.random() / 50)

    async def follow(path: str, start: str | None, enough: int) -> list[Any]:
        seen: list[Any] = []
        async with served.client(account) as client:
            follower = Follower(client, path, start)
            while len(seen) < enough:
                stay = chance.randrange(1, 40)
                async with aclosing(follower.events()) as events:
                    async for event in events:
                        seen.append(event)
                        stay -= 1
                        if stay == 0 or len(seen) >= enough:
                            break
                    else:
                        return seen
        return seen

    on_shared, on_each = 1 + 8 * per_writer // 2, 1 + per_writer // 2
    readers = [asyncio.create_task(follow(story_of(shared), None, on_shared)) for _ in range(3)]
    readers += [asyncio.create_task(follow(story_of(own[0]), None, on_each))]
    feeds = [asyncio.create_task(follow(FEED, "0", on_shared + 8 * on_each)) for _ in range(3)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(write(number) for number in range(8)))
        for reader in readers[:3]:
            assert [event.body["seq"] for event in await reader] == list(range(1, on_shared + 1))
        assert [event.body["seq"] for event in await readers[3]] == list(range(1, on_each + 1))
        for feed in feeds:
            by_job: dict[str, list[int]] = defaultdict(list)
            for event in await feed:
                by_job[event.body["job_id"]].append(event.body["seq"])
            assert by_job == {str(shared): list(range(1, on_shared + 1))} | {
                str(job_id): list(range(1, on_each + 1)) for job_id in own
            }


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(stream_ping_seconds=0.2, streams_per_user=12, stream_poll_seconds=0.5)


async def test_the_feed_starts_now_and_goes_on_where_it_was_cut(
    served: Served, database: Database, account: KeyedAccount, outsider: KeyedAccount
) -> None:
    before = await make_job(database, account.account)
    async with served.client(account) as client, asyncio.timeout(60):
        follower = Follower(client, FEED)
        async with aclosing(follower.events()) as events:
            reading = asyncio.create_task(anext(events))
            await until(lambda: follower.last_id)
            await make_job(database, outsider.account)
            job_id = await make_job(database, account.account)
            event = await reading
            assert (event.kind, event.body["job_id"]) == ("created", str(job_id))
            assert feed_cursor(event.id)
        await tell(database, account.account, before)
        await tell(database, account.account, job_id)
        async with aclosing(follower.events()) as events:
            seen = [(await anext(events)).body["job_id"] for _ in range(2)]
        assert seen == [str(before), str(job_id)]


async def test_the_feed_is_the_same_in_pieces_of_any_size(database: Database, account: KeyedAccount) -> None:
    jobs = [await make_job(database, account.account) for _ in range(3)]
    for number in range(12):
        await tell(database, account.account, jobs[number % 3], number=number)
    async with database.tenant(account.account.organization_id) as connection:
        whole = [(row.job_id, row.seq) for _, row in await feed_after(connection, BEGINNING)]
        assert len(whole) == 15
        for most in (1, 4, 15):
            pieces: list[Any] = []
            place = BEGINNING
            while found := await feed_after(connection, place, most=most):
                place = found[-1][0]
                pieces += [(row.job_id, row.seq) for _, row in found]
            assert pieces == whole
        assert await feed_after(connection, await feed_now(connection)) == []


async def test_an_open_transaction_keeps_no_event_from_the_feed_and_its_own_come_after(
    served: Served, database: Database, account: KeyedAccount
) -> None:
    owner = account.account
    first, second = await make_job(database, owner), await make_job(database, owner)
    async with served.client(account) as client, asyncio.timeout(60):
        follower = Follower(client, FEED)
        async with aclosing(follower.events()) as events:
            reading = asyncio.create_task(anext(events))
            await until(lambda: follower.last_id)
            async with database.tenant(owner.organization_id) as late:
                await append_event(late, first, "progress", {})
                await tell(database, owner, second)
                assert (await reading).body["job_id"] == str(second)
            assert (await anext(events)).body["job_id"] == str(first)


async def test_a_silent_stream_pings(served: Served, database: Database, account: KeyedAccount) -> None:
    job_id = await make_job(database, account.account)
    async with served.client(account) as client, asyncio.timeout(60):
        follower = Follower(client, story_of(job_id))
        async with aclosing(follower.events()) as events:
            await anext(events)
            waiting = asyncio.create_task(anext(events))
            await until(lambda: len(follower.comments) >= 2)
            assert set(follower.comments) == {": ping"}
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)


async def test_a_lost_notification_delays_an_event_and_no_more(
    served: Served, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await make_job(database, account.account)
    monkeypatch.setattr(EventHub, "_notified", lambda *_: None)
    async with served.client(account) as client, asyncio.timeout(60):
        follower = Follower(client, story_of(job_id))
        async with aclosing(follower.events()) as events:
            await anext(events)
            await tell(database, account.account, job_id)
            assert (await anext(events)).id == "2"


async def test_streams_survive_the_loss_of_every_database_connection(
    served: Served, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "RECONNECT_SECONDS", (0.05,))
    job_id = await make_job(database, account.account)
    async with served.client(account) as client, asyncio.timeout(60):
        follower = Follower(client, story_of(job_id))
        async with aclosing(follower.events()) as events:
            assert (await anext(events)).id == "1"
            for number in range(2, 5):
                with psycopg.connect(database.url, autocommit=True) as connection:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                await tell(database, account.account, job_id)
                assert (await anext(events)).id == str(number)


async def test_a_stream_tells_that_the_database_is_away_and_goes_on(
    served: Served, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await make_job(database, account.account)
    async with served.client(account) as client, asyncio.timeout(60):
        follower = Follower(client, story_of(job_id))
        async with aclosing(follower.events()) as events:
            await anext(events)
            read = tails.job_events

            async def away(*_: object, **__: object) -> Any:
                raise DatabaseUnavailableError("away")

            monkeypatch.setattr(tails, "job_events", away)
            await tell(database, account.account, job_id)
            waiting = asyncio.create_task(anext(events))
            await until(lambda: any("database" in comment for comment in follower.comments))
            monkeypatch.setattr(tails, "job_events", read)
            assert (await waiting).id == "2"


async def test_a_user_may_have_so_many_streams_and_places_become_free(
    app: Litestar, served: Served, database: Database, account: KeyedAccount, outsider: KeyedAccount
) -> None:
    hub: EventHub = app.state["hub"]
    async with served.client(account) as client, asyncio.timeout(60):
        opened = [client.stream("GET", FEED) for _ in range(12)]
        for stream in opened:
            assert (await stream.__aenter__()).status_code == 200
        refused = await client.get(FEED)
        assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_STREAMS")
        async with served.client(outsider) as other, other.stream("GET", FEED) as allowed:
            assert allowed.status_code == 200
        for stream in opened:
            await stream.__aexit__(None, None, None)
        await until(lambda: not hub._seats and not hub._tails)
        async with client.stream("GET", FEED) as stream:
            assert stream.status_code == 200


async def test_a_stream_ends_in_order_when_the_server_stops(
    app: Litestar, database: Database, account: KeyedAccount
) -> None:
    job_id = await make_job(database, account.account)
    async with asyncio.timeout(60):
        async with serving(app) as served, served.client(account) as client:
            seen: list[str] = []

            async def follow() -> None:
                seen.extend([event.id async for event in Follower(client, story_of(job_id)).events()])

            following = asyncio.create_task(follow())
            await until(lambda: app.state["hub"]._tails)
            await asyncio.sleep(0.1)
            served.server.end_streams()
            await following
            assert seen == ["1"]


async def test_an_old_stream_ends_so_that_its_key_is_asked_for_again(database: Database, account: KeyedAccount) -> None:
    job_id = await make_job(database, account.account)
    story = JobStory(account.account.organization_id, job_id)
    async with EventHub(database, poll_seconds=0.1).listening() as hub, asyncio.timeout(60):
        seat = hub.admit_stream(account.account)
        sent = [piece async for piece in stream_events(hub, story, (0,), StreamTimes(0.05, 0.5), seat)]
    assert sent[0] == b"retry: 3000\n\n"
    assert sent[1].startswith(b"id: 1\nevent: created\ndata: {")
    assert sent[-1] == b": ping\n\n"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE api_key SET revoked_at = now() WHERE name = 'test'",
        "UPDATE app_user SET disabled_at = now() WHERE name = 'vera'",
    ],
)
async def test_whose_key_is_revoked_reads_no_further(
    app: Litestar, served: Served, database: Database, account: KeyedAccount, colleague: MakeUser, change: str
) -> None:
    vera = await colleague("vera", Role.VIEWER)
    async with served.client(vera) as hers, served.client(account) as others, asyncio.timeout(60):
        stays = asyncio.create_task(anext(Follower(others, FEED).events()))
        ends = asyncio.create_task(anext(Follower(hers, FEED).events(), None))
        await until(lambda: len(app.state["hub"]._seats) == 2)
        async with database.system() as connection:
            await connection.exec_driver_sql(change)
        assert await ends is None
        await make_job(database, account.account)
        assert (await stays).kind == "created"


async def test_a_cancelled_job_ends_its_stream(served: Served, database: Database, account: KeyedAccount) -> None:
    job_id = await make_job(database, account.account)
    async with served.client(account) as client, asyncio.timeout(60):
        events = Follower(client, story_of(job_id)).events()
        await anext(events)
        async with database.tenant(account.account.organization_id) as connection:
            await cancel_job(connection, job_id, by="ada")
        assert [event.kind async for event in events] == ["cancelled"]


async def test_bad_places_are_named(served: Served, database: Database, account: KeyedAccount) -> None:
    job_id = await make_job(database, account.account)
    async with served.client(account) as client:
        for path, place in (
            (story_of(job_id), "x"),
            (story_of(job_id), "-1"),
            (story_of(job_id), "9" * 30),
            (story_of(job_id), "2"),
            (FEED, "12"),
            (FEED, "5:9:;9:12:"),
            (FEED, "9:5:;9:12:;0"),
            (FEED, "5:9:7,6;9:12:;0"),
            (FEED, "5:9:9;9:12:;0"),
            (FEED, "5:9:4;9:12:;0"),
            (FEED, "0:9:;9:12:;0"),
            (FEED, f"5:9:;9:12:;{2**63}"),
            (FEED, "5:9:" + ",".join(map(str, range(5, 2000))) + ";9:12:;0"),
        ):
            answer = await client.get(path, headers={"Last-Event-ID": place})
            assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CURSOR"), place
        assert (await client.get(story_of(uuid4()))).status_code == 404
        # What the feed itself gives out while many transactions are open.
        snapshot = "5:900:" + ",".join(map(str, range(5, 900)))
        async with client.stream("GET", FEED, headers={"Last-Event-ID": f"{snapshot};{snapshot};1"}) as stream:
            assert stream.status_code == 200


async def test_events_come_as_pages_of_json_too(served: Served, database: Database, account: KeyedAccount) -> None:
    job_id = await make_job(database, account.account)
    for _ in range(4):
        await tell(database, account.account, job_id)
    async with served.client(account) as client:
        seen, after = list[int](), "0"
        while True:
            page = (
                await client.get(
                    story_of(job_id), params={"after": after, "limit": 2}, headers={"Accept": "application/json"}
                )
            ).json()
            seen += [event["seq"] for event in page["items"]]
            if page["next"] is None:
                break
            after = page["next"]
        assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("word", ["", "1.5", "１", " 1", "1\n"])
def test_only_numbers_that_were_given_out_are_places(word: str) -> None:
    with pytest.raises(InvalidCursorError):
        job_seq(word)
    with pytest.raises(InvalidCursorError):
        feed_cursor(word)
