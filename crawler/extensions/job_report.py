"""Tells the job what became of its spider: why it stopped and its statistics. Exit codes say nothing."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.job_session import close_session, open_session, report_end
from crawler.middlewares.polite_downloader import PoliteDownloader
from storage.errors import StorageError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

log = logging.getLogger(__name__)


class JobReport:
    """Writes finish reason and statistics to the attempt's row when the spider closes."""

    def __init__(self, crawler: Crawler, job: str, attempt: int) -> None:
        self.crawler = crawler
        self.job = job
        self.attempt = attempt
        crawler.signals.connect(self.spider_closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> JobReport:
        """Scrapy's constructor; a crawl by hand has nobody to report to."""
        spider = crawler.spider
        job = getattr(spider, "job", None)
        if not job:
            raise NotConfigured("no job to report to")
        return cls(crawler, job, getattr(spider, "attempt", 0))

    async def spider_closed(self, reason: str) -> None:
        """Writes the report and closes the session."""
        try:
            await report_end(await open_session(self.job, self.attempt), reason, self._stats())
        except StorageError:
            log.exception("the crawl's report is lost")
        finally:
            await close_session(self.job, self.attempt)

    def _stats(self) -> dict[str, Any]:
        stats = self.crawler.stats.get_stats() if self.crawler.stats else {}
        # An attempt's process with a browser comes after one without, whose figures stay what they are.
        part = "browser_process/" if getattr(self.crawler.spider, "in_browser", False) else ""
        figures = {
            f"{part}{key}": value.isoformat() if isinstance(value, datetime) else value
            for key, value in stats.items()
            if isinstance(value, int | float | str | datetime)
        }
        downloader = self.crawler.engine.downloader if self.crawler.engine else None
        return figures | ({f"{part}hosts": downloader.times.told()} if isinstance(downloader, PoliteDownloader) else {})
