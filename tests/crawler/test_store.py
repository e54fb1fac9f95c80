"""What a crawl's batches do to its job (only what is new is a step forward), and to the crawl when they are slow."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.test import get_crawler
from sqlalchemy import insert, select, update

from crawler.items import CandidateItem, PageItem, now
from crawler.job_session import JobSession
from crawler.pipelines.store import MOST_WAITING, Item, StorePipeline, _store
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.leases import Lease, Limits, claim_job, enlist_worker, fenced
from storage.models import Job, School
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
