"""Ends a crawl whose job has used what it may: requests, bytes or seconds, over all its shards and attempts.

What this process uses is looked at with every answer, what the others use once a second. Requests that are under way
end as ever, so a budget may be passed by as many as are; what was read is stored, and the schools that are left wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.job_session import JobSession, open_session
from storage.budgets import (
    BUDGET_SPENT,
    Used,
    crawl_limits,
    spent_figure,
    tell_used,
    together,
    used_by_attempt,
    used_by_job,
)
from storage.errors import StorageError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often what was used is told, and what the job's other processes have used is asked."""


class JobBudget:
    """Tells what the spider uses, and stops it when its job's budget is spent."""

    def __init__(self, crawler: Crawler, job: str, attempt: int) -> None:
        self.crawler = crawler
        self.job = job
        self.attempt = attempt
        self.limits: Used = {}
        self.before: Used = {}
        """What an earlier process of this attempt has used."""
        self.others: Used = {}
        """What the job's other processes have used."""
        self.began = time.monotonic()
        self.watch: asyncio.Task[None] | None = None
        self.stopping: asyncio.Task[None] | None = None
        crawler.signals.connect(self.spider_opened, signals.spider_opened)
        crawler.signals.connect(self.answered, signals.response_received)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> JobBudget:
        """Scrapy's constructor; a crawl by hand has no job, and so no budget."""
        job = getattr(crawler.spider, "job", None)
        if not job:
            raise NotConfigured("no job")
        return cls(crawler, job, getattr(crawler.spider, "attempt", 0))

    async def spider_opened(self) -> None:
        """Looks what the job may use and has used."""
        session = await open_session(self.job, self.attempt)
        self.limits = crawl_limits(session.lease.budget)
        if not self.limits:
            return
        async with session.database.tenant(session.lease.organization_id) as connection:
            self.before = await used_by_attempt(connection, session.lease)
        await self._look(session)
        session.endings.append(self.end)
        self.watch = asyncio.create_task(self._watch(session))

    def answered(self) -> None:
        """Stops the crawl if this answer was the last that it may have."""
        figure = spent_figure(self.limits, together(self.others, self._own()))
        if figure is not None and self.stopping is None:
            log.warning("the job's budget of %s is spent", figure)
            self.stopping = asyncio.create_task(self.crawler.engine.close_spider_async(reason=BUDGET_SPENT))

    async def end(self) -> None:
        """Tells for the last time."""
        if self.watch is not None:
            self.watch.cancel()
            await asyncio.gather(self.watch, return_exceptions=True)
        with contextlib.suppress(StorageError):
            await self._look(await open_session(self.job, self.attempt))

    async def _watch(self, session: JobSession) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look(session)
            except StorageError:
                log.warning("what the crawl has used cannot be told now", exc_info=True)
            self.answered()

    async def _look(self, session: JobSession) -> None:
        own = self._own()
        async with session.database.tenant(session.lease.organization_id) as connection:
            await tell_used(connection, session.lease, own)
            whole = await used_by_job(connection, session.lease.job_id)
        self.others = {name: figure - own[name] for name, figure in whole.items()}

    def _own(self) -> Used:
        stats = self.crawler.stats
        now: Used = {
            "pages": stats.get_value("downloader/request_count", 0) if stats else 0,
            "bytes": stats.get_value("downloader/response_bytes", 0) if stats else 0,
            "seconds": time.monotonic() - self.began,
        }
        return together(self.before, now)
