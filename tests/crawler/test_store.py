"""What a crawl's batches do to its job (only what is new is a step forward), and to the crawl when they are slow."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.test import get_crawler
from sqlalchemy import insert, select, update

from crawler.items import CandidateItem, PageItem, TargetItem, now
from crawler.job_session import JobSession
from crawler.pipelines import store
from crawler.pipelines.store import MOST_WAITING, Item, StorePipeline, _store
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.leases import Lease, Limits, claim_job, enlist_worker, fenced
from storage.models import Job, JobEvent, School, Target
from tests.conftest import KeyedAccount


def page(school: int, path: str) -> PageItem:
    return PageItem(str(school), f"https://pine.test/{path}", 200, "no_staff", "it names nobody", now())


def candidate(school: int, host: str) -> CandidateItem:
    return CandidateItem(str(school), f"https://{host}.test/", "searxng", 0.4, [], now(), 200)


async def test_no_page_is_read_while_many_wait_to_be_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StorePipeline, "_write", AsyncMock())
    crawler = get_crawler()
    crawler.stats = MemoryStatsCollector(crawler)
    pipeline = StorePipeline(crawler)
    storing = [asyncio.create_task(pipeline.process_item(page(1, str(number)))) for number in range(MOST_WAITING)]
    reading = [asyncio.create_task(pipeline.wait_for_room()) for _ in range(3)]
    for _ in range(100):
        await asyncio.sleep(0)
    assert [task.done() for task in reading] == [False] * 3
    writer = asyncio.create_task(pipeline._write_batches(cast("JobSession", None)))
    async with asyncio.timeout(60):
        await asyncio.gather(*storing, *reading)
    writer.cancel()


def end(school: int) -> TargetItem:
    return TargetItem(str(school), "done", "no_staff", "it names nobody")


def written_by(pipeline: StorePipeline, monkeypatch: pytest.MonkeyPatch) -> list[list[Item]]:
    """The batches that a pipeline writes from now on."""
    batches: list[list[Item]] = []

    async def write(_: JobSession, items: list[Item]) -> None:
        await asyncio.sleep(0)
        batches.append(items)

    monkeypatch.setattr(pipeline, "_write", write)
    return batches


async def test_schools_that_end_shortly_after_one_another_are_ended_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event a batch with ends: until the next is due, pages are stored, and ends wait for it."""
    monkeypatch.setattr(store, "ENDS_SECONDS", 1e9)
    crawler = get_crawler()
    crawler.stats = MemoryStatsCollector(crawler)
    pipeline = StorePipeline(crawler)
    batches = written_by(pipeline, monkeypatch)
    writer = asyncio.create_task(pipeline._write_batches(cast("JobSession", None)))
    async with asyncio.timeout(60):
        first = end(1)
        await pipeline.process_item(first)
        later = [end(school) for school in range(2, 2 + 2 * MOST_WAITING)]
        ending = [asyncio.create_task(pipeline.process_item(item)) for item in later]
        read = page(2, "staff")
        await pipeline.process_item(read)
        await pipeline.wait_for_room()  # ends that wait for their time keep nobody from reading
        assert (batches, [task.done() for task in ending]) == ([[first], [read]], [False] * len(ending))
        pipeline.ends_due = 0.0
        last = page(3, "staff")
        await pipeline.process_item(last)
        await asyncio.gather(*ending)
    assert batches[2:] == [[*later, last]]
    writer.cancel()


async def test_ends_that_wait_are_stored_when_their_time_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ENDS_SECONDS", 0.2)
    crawler = get_crawler()
    crawler.stats = MemoryStatsCollector(crawler)
    pipeline = StorePipeline(crawler)
    batches = written_by(pipeline, monkeypatch)
    writer = pipeline.writer = asyncio.create_task(pipeline._write_batches(cast("JobSession", None)))
    async with asyncio.timeout(60):
        await pipeline.process_item(first := end(1))
        others = [end(2), end(3)]
        closing = [asyncio.create_task(pipeline.process_item(item)) for item in others]
        await asyncio.sleep(0)
        await pipeline.close_spider()
    assert all(task.done() for task in closing)
    assert writer.done()
    assert batches == [[first], others]


async def test_a_batch_tells_all_schools_that_it_ends_in_one_event_with_exact_figures(
    database: Database, account: KeyedAccount
) -> None:
    who = account.account
    whose = {"organization_id": who.organization_id}
    async with database.tenant(who.organization_id) as connection:
        rows = [whose | {"identity": f"s{number}", "name": f"S{number}", "confidence": 1.0} for number in range(5)]
        adding = insert(School).returning(School.id, sort_by_parameter_order=True)
        schools = (await connection.scalars(adding, rows)).all()
        new = NewJob(who.organization_id, who.user_id, JobKind.HARVEST_STAFF, {})
        job_id, _ = await create_job(connection, new)
        targets = [whose | {"job_id": job_id, "school_id": school, "state": "pending"} for school in schools]
        await connection.execute(insert(Target), targets)
    async with await database.connect() as session:
        lease = await claim_job(database, job_id, await enlist_worker(session), Limits())
        assert lease is not None
        # The second batch is that of an attempt which does not know what the killed one had ended.
        for ended in (schools[:3], schools[1:4], schools[:4]):
            async with fenced(database, lease) as step:
                await _store(step, [end(school) for school in ended])
    async with database.tenant(who.organization_id) as connection:
        told = await connection.scalars(
            select(JobEvent.payload).where(JobEvent.job_id == job_id, JobEvent.kind == "target").order_by(JobEvent.seq)
        )
        payloads = told.all()
        progress = (await connection.execute(select(Job.done, Job.total).where(Job.id == job_id))).one()
    ids = [[school["school_id"] for school in payload["schools"]] for payload in payloads]
    assert ids == [list(schools[:3]), [schools[3]]]
    assert [(payload["done"], payload["total"]) for payload in payloads] == [(3, 5), (4, 5)]
    assert tuple(progress) == (4, 5)
    assert payloads[0]["schools"][1]["school"] == "S1"


async def failures_after(database: Database, lease: Lease, item: Item) -> int:
    """How many failures are counted after a batch, of four before."""
    async with database.tenant(lease.organization_id) as connection:
        await connection.execute(update(Job).where(Job.id == lease.job_id).values(failures=4))
    async with fenced(database, lease) as step:
        await _store(step, [item])
    async with database.tenant(lease.organization_id) as connection:
        return await connection.scalar(select(Job.failures).where(Job.id == lease.job_id)) or 0


@pytest.mark.parametrize(("kind", "item"), [(JobKind.HARVEST_STAFF, page), (JobKind.DISCOVER_WEBSITES, candidate)])
async def test_a_crawl_that_is_killed_page_after_page_goes_on_as_long_as_pages_are_new(
    database: Database, account: KeyedAccount, kind: JobKind, item: Any
) -> None:
    """Five attempts without a step forward end a job; a slow school takes more pages than that."""
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        values = {"organization_id": who.organization_id, "identity": "pine", "name": "Pine", "confidence": 1.0}
        school_id = await connection.scalar(insert(School).values(values).returning(School.id))
        assert school_id is not None
        job_id, _ = await create_job(connection, NewJob(who.organization_id, who.user_id, kind, {}))
    async with await database.connect() as session:
        lease = await claim_job(database, job_id, await enlist_worker(session), Limits())
        assert lease is not None
        assert await failures_after(database, lease, item(school_id, "first")) == 0
        assert await failures_after(database, lease, item(school_id, "first")) == 4, "the same once more"
        assert await failures_after(database, lease, item(school_id, "second")) == 0
