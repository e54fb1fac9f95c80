"""The last pipeline of a crawl for a job: writes items in batches, each batch one fenced transaction.

`process_item` returns when the item is stored. The journal counts a request as done only after its items have left the
pipelines, so a crash can repeat an item but not lose one; and everything written here is an upsert, so repeating is
harmless. Items that arrive while a batch is being written wait for the next one: the slower the database, the larger
the batches, and no page is read while `MOST_WAITING` items wait. Ends of schools wait for each other's company longer,
so that their event, which is written with them, comes at most twice a second; after a kill they end anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from scrapy.exceptions import NotConfigured

from crawler.items import CandidateItem, PageItem, TargetItem, WaitingItem
from crawler.job_session import JobSession, open_session, report_end
from crawler.spiders.base import VisitSpider
from storage.errors import DatabaseUnavailableError, LeaseLostError, StorageError
from storage.kept_pages import FetchedPage, store_pages
from storage.leases import FencedStep, fenced
from storage.leaving import count_missed
from storage.seen_people import SeenPerson
from storage.staff import store_people
from storage.suppression import Met
from storage.suppression_list import follow_names
from storage.targets import Visit, end_target, leave_target, school_name, store_visits, target_counts
from storage.websites import Candidate, decide_website, store_candidates

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

log = logging.getLogger(__name__)

Item = CandidateItem | PageItem | TargetItem | WaitingItem
BATCH_ITEMS = 100
MOST_WAITING = 20
"""Without a bound, reading the first pages of hundreds of schools left the writer no time: measured on a busy machine,
nothing of 400 pages was stored for ten seconds, and all of them were fetched again after a kill."""
GATHER_SECONDS = 0.05
"""What the first item of a batch waits for company."""
ENDS_SECONDS = 0.5
"""From one batch that ends schools to the next: each is an event, and whoever follows a job is told twice a second."""
DATABASE_PATIENCE_SECONDS = 60.0
"""How long a batch waits for PostgreSQL to come back before the crawl stops; its journal keeps what was not stored."""
REPORT_SECONDS = 5.0


class StorePipeline:
    """Stores items for the spider's job. Does nothing in a crawl by hand."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self.arrived = asyncio.Event()
        self.written = asyncio.Event()
        self.door = asyncio.Lock()
        self.ends_due = 0.0
        """When schools may be ended next, by the loop's clock."""
        self.session: JobSession | None = None
        self.writer: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorePipeline:
        """Scrapy's constructor."""
        if not getattr(crawler.spider, "job", None):
            raise NotConfigured("no job: items go to the feeds only")
        return cls(crawler)

    async def open_spider(self) -> None:
        """Connects and starts the writer."""
        spider = self.crawler.spider
        self.session = await open_session(getattr(spider, "job", ""), getattr(spider, "attempt", 0))
        if isinstance(spider, VisitSpider):
            spider.wait_to_read = self.wait_for_room
        self.writer = asyncio.create_task(self._write_batches(self.session))

    async def process_item(self, item: Any) -> Any:
        """Returns the item when it is stored."""
        if isinstance(item, Item):
            stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiting.append((item, stored))
            self.arrived.set()
            await stored
        return item

    async def wait_for_room(self) -> None:
        """Returns when few enough items wait to be stored."""
        async with self.door:  # one after the other, or all who wait would come in at once
            # Ends wait for their time, not for the database.
            while sum(not isinstance(item, TargetItem) for item, _ in self.waiting) >= MOST_WAITING:
                self.written.clear()
                await self.written.wait()

    async def close_spider(self) -> None:
        """Waits for the last batch."""
        if self.writer is None:
            return
        await asyncio.gather(*(stored for _, stored in self.waiting))
        self.writer.cancel()
        await asyncio.gather(self.writer, return_exceptions=True)

    async def _write_batches(self, session: JobSession) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self.arrived.wait()
            await asyncio.sleep(GATHER_SECONDS)
            ending = loop.time() >= self.ends_due
            # In the order of their coming, so that no end overtakes a page of its school.
            batch = [one for one in self.waiting if ending or not isinstance(one[0], TargetItem)][:BATCH_ITEMS]
            if not batch:
                await self._wait_to_end()
                continue
            try:
                await self._write(session, [item for item, _ in batch])
            except LeaseLostError as error:
                await _give_up(session, "lease_lost", error.message)
            except DatabaseUnavailableError as error:
                await _give_up(session, "database_unavailable", error.message)
            except Exception as error:
                log.exception("a batch of %d items cannot be stored", len(batch))
                await _give_up(session, "store_failed", f"{type(error).__name__}: {error}")
            if any(isinstance(item, TargetItem) for item, _ in batch):
                self.ends_due = loop.time() + ENDS_SECONDS
            self._answer(batch)

    async def _wait_to_end(self) -> None:
        """Waits until schools may be ended, or something else has come."""
        self.arrived.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self.ends_due):
                await self.arrived.wait()
        self.arrived.set()

    def _answer(self, batch: list[tuple[Item, asyncio.Future[None]]]) -> None:
        """Lets the items of a batch that is stored go their way."""
        written = {id(stored) for _, stored in batch}
        self.waiting = [one for one in self.waiting if id(one[1]) not in written]
        if not self.waiting:
            self.arrived.clear()
        self.written.set()
        self.crawler.stats.inc_value("store/batches")
        for _, stored in batch:
            if not stored.done():
                stored.set_result(None)

    async def _write(self, session: JobSession, items: list[Item]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DATABASE_PATIENCE_SECONDS
        while True:
            try:
                async with fenced(session.database, session.lease) as step:
                    late = await _store(step, items)
            except DatabaseUnavailableError as error:
                if loop.time() > deadline:
                    raise
                log.warning("items wait: %s", error.message)
                await asyncio.sleep(1.0)
            else:
                for met in late:
                    self.crawler.stats.inc_value(f"suppress/{met.key.kind}")
                return


async def _give_up(session: JobSession, reason: str, words: str) -> None:
    """Ends this process at once, without an orderly close.

    An orderly close would answer the items that could not be stored, and the journal would count their requests as
    done. A crash is what the journal is made for: the next attempt begins with just those requests.
    """
    log.error("the crawl gives up (%s): %s", reason, words)
    with contextlib.suppress(StorageError, TimeoutError):
        async with asyncio.timeout(REPORT_SECONDS):
            await report_end(session, reason, {})
    logging.shutdown()
    os._exit(1)


async def _store(step: FencedStep, items: list[Item]) -> list[Met]:
    """Writes one batch; within a school the items keep their order: pages and candidates before its end.

    Returns those who were left out because they came onto the suppression list after this crawl had read it.
    """
    lease = step.lease
    pages = [item for item in items if isinstance(item, PageItem)]
    late = await store_people(
        step.connection,
        [person for page in pages for person in _people(page)],
        organization_id=lease.organization_id,
        job_id=lease.job_id,
        attempt=lease.attempt,
    )
    by_page = Counter((person.school_id, person.url) for person, _ in late)
    suppressed = [met for page in pages for met in page.suppressed] + [met for _, met in late]
    if suppressed:
        await follow_names(step.connection, lease.organization_id, suppressed)
    await store_pages(
        step.connection,
        [kept for page in pages if (kept := _kept(page)) is not None],
        organization_id=lease.organization_id,
        job_id=lease.job_id,
    )
    news = await store_visits(
        step.connection,
        [
            Visit(
                int(page.target),
                page.url,
                page.status,
                page.outcome,
                page.reason,
                len(page.people) - by_page[int(page.target), page.url],
                page.fetched_at,
            )
            for page in pages
        ],
        organization_id=lease.organization_id,
        job_id=lease.job_id,
    )
    news += await store_candidates(
        step.connection,
        [_candidate(item) for item in items if isinstance(item, CandidateItem)],
        organization_id=lease.organization_id,
        job_id=lease.job_id,
        attempt=lease.attempt,
    )
    if news:
        # A step forward, although no school ended: a slow one takes many pages, and each may be an attempt's only one.
        # What is only there again is none, or a page that kills its spider would be tried for ever.
        await step.advance()
    await _end(step, [item for item in items if isinstance(item, TargetItem)])
    for item in items:
        if isinstance(item, WaitingItem):
            noted = msgspec.to_builtins(item.noted)
            await leave_target(step.connection, lease.job_id, int(item.target), reason=item.reason, noted=noted)
            await step.advance()
    return [met for _, met in late]


async def _end(step: FencedStep, targets: list[TargetItem]) -> None:
    """Ends schools, with one line in the job's story; one that was ended before, in a killed attempt, has its own."""
    ended = [target for target in targets if await _ended(step, target)]
    if not ended:
        return
    counts = await target_counts(step.connection, step.lease.job_id)
    total = sum(counts.values())
    done = total - counts.get("pending", 0)
    await step.advance(done=done, total=total)
    # Nobody else ends schools of this job while its row is locked: these are the last of those done.
    await step.event("target", schools=[await _told(step, target) for target in ended], done=done, total=total)


async def _ended(step: FencedStep, target: TargetItem) -> bool:
    school_id = int(target.target)
    if step.lease.kind == "discover_websites":
        await decide_website(step.connection, school_id, target.website, target.outcome)
    ended = await end_target(
        step.connection,
        step.lease.job_id,
        school_id,
        state=target.state,
        outcome=target.outcome,
        reason=target.reason,
        tried=[msgspec.to_builtins(tried) for tried in target.tried],
        pages_gone=target.pages_gone,
    )
    if ended and step.lease.kind == "harvest_staff" and target.outcome == "staff":
        # A crawl that was blocked, failed or found nobody says nothing about who is there.
        await count_missed(step.connection, step.lease.organization_id, step.lease.job_id, school_id)
    return ended


async def _told(step: FencedStep, target: TargetItem) -> dict[str, Any]:
    school_id = int(target.target)
    return {
        "school_id": school_id,
        "school": await school_name(step.connection, school_id),
        "state": target.state,
        "outcome": target.outcome,
        "reason": target.reason,
        "website": target.website,
        "score": target.score,
        "pages": target.pages,
        "people": target.people,
        "tried": {tried.provider: tried.outcome for tried in target.tried},
    }


def _kept(page: PageItem) -> FetchedPage | None:
    if (kept := page.kept) is None:
        return None
    return FetchedPage(
        int(page.target),
        kept.step.url,
        kept.step.shown,
        kept.url,
        kept.status,
        kept.content_type,
        kept.html,
        msgspec.to_builtins(kept.step),
        kept.body,
        page.fetched_at,
        kept.etag,
        kept.last_modified,
    )


def _people(page: PageItem) -> list[SeenPerson]:
    return [
        SeenPerson(
            school_id=int(page.target),
            url=page.url,
            seen_at=page.fetched_at,
            name=person.name,
            first_name=person.first,
            last_name=person.last,
            title=person.title,
            role=person.role,
            department=person.department,
            email=person.email,
            email_state=person.email_state,
            email_method=person.email_method,
            phone=person.phone,
            phone_e164=person.phone_e164,
            extension=person.extension,
            profile_url=person.profile_url,
            snippet=person.snippet,
            confidence=person.confidence,
            middle_name=person.middle,
            honorific=person.honorific,
            suffix=person.suffix,
            credentials=person.credentials,
            nickname=person.nickname,
            subjects=person.subjects,
            grades=person.grades,
            method=f"page+{person.method}" if person.method else "page",
            page=person.page,
        )
        for person in page.people
    ]


def _candidate(item: CandidateItem) -> Candidate:
    return Candidate(
        int(item.target),
        item.url,
        item.provider,
        item.score,
        [dataclasses.asdict(signal) for signal in item.signals],
        item.status,
        item.fetched_at,
    )
