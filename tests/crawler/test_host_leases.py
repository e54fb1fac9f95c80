"""When a crawl keeps a host, gives it back, hands it on, and no longer trusts that it is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.test import get_crawler
from sqlalchemy import select, update

from crawler import host_leases
from crawler.host_leases import HostLeases
from crawler.host_paces import HostPace
from crawler.job_session import JobSession
from crawler.refusals import Refusal
from storage.database import Database
from storage.hosts import TakenHost, take_hosts
from storage.leases import Lease
from storage.models import HostLease

HOST = "pine.test"


@dataclass(slots=True)
class Slots:
    """One place, in which requests wait or do not."""

    waiting: bool = True
    answering: bool = False
    known: HostPace = field(default_factory=lambda: HostPace(0.5))
    went_on: int = 0
    refused: list[Refusal] = field(default_factory=list[Refusal])

    def pace(self, host: str) -> HostPace:
        return self.known

    def is_waited_for(self, host: str) -> bool:
        return self.waiting or self.answering

    def is_answering(self, host: str) -> bool:
        return self.answering

    def seconds_to_next(self, host: str) -> float:
        return max(0.25, self.known.not_before - monotonic())

    def go_on(self, host: str) -> None:
        self.went_on += 1

    def refuse(self, host: str, refusal: Refusal) -> None:
        self.refused.append(refusal)


@dataclass(slots=True)
class Crawl:
    """A crawl's leases, without its process."""

    leases: HostLeases
    slots: Slots
    stats: MemoryStatsCollector
    lease: Lease

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110  the leases tell nobody when they change
                await asyncio.sleep(0.02)

    def counted(self, what: str) -> int:
        return int(self.stats.get_value(f"host_leases/{what}", 0))


def lease() -> Lease:
    return Lease(uuid4(), 1, uuid4(), uuid4(), None, "harvest_staff", {}, {})


@pytest.fixture
async def crawl(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Crawl]:
    session = JobSession(database, lease())

    async def opened(job: str, attempt: int) -> JobSession:
        return session

    monkeypatch.setattr(host_leases, "open_session", opened)
    monkeypatch.setattr(host_leases, "_ASK_AGAIN_SECONDS", 0.2)
    settings = SimpleNamespace(host_lease_seconds=3.0, timeout_seconds=1.0, host_wait_seconds=60.0)
    monkeypatch.setattr(host_leases, "crawl_settings", lambda: settings)
    crawler = get_crawler()
    crawler.stats = MemoryStatsCollector(crawler)
    slots = Slots()
    running = Crawl(HostLeases(crawler, slots), slots, crawler.stats, session.lease)
    running.leases.start()
    yield running
    await running.leases.close()


async def take(database: Database, who: Lease, *, wish: float = 60.0) -> TakenHost | None:
    async with database.system() as connection:
        taken = await take_hosts(connection, who, [HOST], lease_seconds=60, wish_seconds=wish)
    return taken[0] if taken else None


async def row(database: Database) -> Any:
    async with database.system() as connection:
        return (await connection.execute(select(*HostLease.__table__.c))).one()


async def row_becomes(database: Database, condition: Callable[[Any], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition(await row(database)):  # noqa: ASYNC110  nor does the table
            await asyncio.sleep(0.05)


async def test_a_host_is_ours_only_once_the_database_says_so(crawl: Crawl, database: Database) -> None:
    assert not crawl.leases.holds(HOST)
    await crawl.until(lambda: crawl.slots.went_on == 1)
    assert crawl.leases.holds(HOST)
    assert (await row(database)).job_id is not None
    crawl.slots.waiting = False
    crawl.slots.known.slow_down(7.0)
    await crawl.leases.close()
    assert not crawl.leases.holds(HOST)
    left = await row(database)
    assert (left.job_id, left.until, left.crawl_delay) == (None, None, 7.0)


async def test_a_host_of_which_nothing_is_asked_any_more_is_given_back(
    crawl: Crawl, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl.leases.holds(HOST)
    await crawl.until(lambda: crawl.leases.holds(HOST))
    monkeypatch.setattr(host_leases, "_IDLE_SECONDS", 0.0)
    # Requests wait, or one is being answered: it is prolonged, and not given back.
    before = (await row(database)).until
    crawl.slots.answering = True
    crawl.slots.waiting = False
    await row_becomes(database, lambda now: now.until != before)
    assert crawl.counted("given_back") == 0
    crawl.slots.answering = False
    await crawl.until(lambda: crawl.counted("given_back") == 1)
    assert (await row(database)).job_id is None


async def test_a_host_that_others_want_is_handed_on_after_a_turn_and_asked_for_again(
    crawl: Crawl, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_leases, "_TURN_SECONDS", 0.0)
    other = lease()
    crawl.leases.holds(HOST)
    await crawl.until(lambda: crawl.leases.holds(HOST))
    assert await take(database, other) is None
    crawl.slots.answering = True
    await crawl.until(lambda: not crawl.leases.holds(HOST))
    assert await take(database, other) is None, "not before the answer has ended"
    crawl.slots.answering = False
    await crawl.until(lambda: crawl.counted("given_back") == 1)
    taken = await take(database, other)
    assert taken is not None
    assert taken.pause <= 0.25
    assert not taken.abandoned
    assert not crawl.leases.holds(HOST)
    await row_becomes(database, lambda now: now.wanted_by is not None)


async def test_who_was_frozen_asks_what_is_still_theirs(
    crawl: Crawl, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl.leases.holds(HOST)
    await crawl.until(lambda: crawl.leases.holds(HOST))
    crawl.leases._beat -= 20.0
    assert not crawl.leases.holds(HOST)
    await crawl.until(lambda: crawl.leases.holds(HOST))
    crawl.leases._beat -= 20.0
    async with database.system() as connection:
        await connection.execute(update(HostLease).values(job_id=uuid4()))
    await crawl.until(lambda: crawl.counted("lost") == 1)
    assert not crawl.leases.holds(HOST)


async def test_what_a_host_asks_for_is_known_to_the_next_attempt_of_a_crawl_that_is_killed(
    crawl: Crawl, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawl.leases, "_sure_seconds", 3600.0)  # only news is told
    crawl.slots.answering = True
    crawl.leases.holds(HOST)
    await crawl.until(lambda: crawl.leases.holds(HOST))
    crawl.slots.known.longest_delay = 7.0  # of a robots.txt
    await row_becomes(database, lambda found: found.not_before is not None)
    crawl.slots.known.pause(50.0)  # of a Retry-After
    await row_becomes(database, lambda found: found.not_before - found.touched_at > timedelta(seconds=8))
    taken = await take(database, replace(crawl.lease, attempt=2))
    assert taken is not None
    assert taken.abandoned
    assert taken.pause > 8


async def test_what_nobody_waits_for_any_more_is_not_asked_for(crawl: Crawl, database: Database) -> None:
    stranger = lease()
    assert await take(database, stranger)
    crawl.leases.holds(HOST)
    await row_becomes(database, lambda now: now.wanted_by is not None)
    crawl.slots.waiting = False
    await crawl.until(lambda: not cast("Any", crawl.leases)._wanted)
    assert crawl.slots.refused == []
