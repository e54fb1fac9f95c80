"""Asks for a page that an earlier harvest has kept only if it has changed since (RFC 9110, sections 8.8 and 13).

Stands between the redirects and the statistics, so that each hop is asked with what that very address printed, traffic
counts the 304 and not the page, and whoever stands above gets the kept page as if the site had sent it. A 304 to a
request of ours without conditions is left what it is: an error.

Only in harvests for a job, which have a database, and not in a browser, whose pages are more than one answer. What is
known is asked of the database once a school, and not at all for schools of which nothing is kept; a body is loaded when
its site says that it holds.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.answers import are_kept, load_known_pages, load_schools_with_known_pages, load_unchanged
from crawler.fingerprints import SCHOOL_KEY
from crawler.items import TargetItem, WaitingItem
from crawler.job_session import JobSession, open_session
from storage.errors import StorageError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from storage.kept_pages import KnownPage

log = logging.getLogger(__name__)

_CONDITIONS = ("If-None-Match", "If-Modified-Since")
_WHOLE = "whole"
"""Meta key of a request that is asked without conditions, because what they stood for is gone."""


class UnchangedMiddleware:
    """Sends conditions, and puts the kept page in the place of a 304."""

    def __init__(self, crawler: Crawler, job: str, attempt: int) -> None:
        self._crawler = crawler
        self._job = job
        self._attempt = attempt
        self._turn = asyncio.Lock()
        """One look-up at a time: a crawl begins with hundreds of schools, and the store needs the database, too."""
        self._schools: set[int] | None = None
        self._known: dict[str, dict[str, KnownPage]] = {}
        """Pages by address, of the schools under way."""
        self._asked: WeakKeyDictionary[Request, KnownPage] = WeakKeyDictionary()
        crawler.signals.connect(self._forget, signals.item_scraped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> UnchangedMiddleware:
        """Builds the middleware for a crawl."""
        if not are_kept():
            raise NotConfigured("no page is kept, so none can be compared")
        return cls(crawler, getattr(crawler.spider, "job", ""), getattr(crawler.spider, "attempt", 0))

    async def process_request(self, request: Request) -> None:
        """Sets the conditions of this hop, and takes away those of the one before."""
        for name in _CONDITIONS:
            request.headers.pop(name, None)
        school = request.meta.get(SCHOOL_KEY)
        if school is None or request.method != "GET" or request.meta.get(_WHOLE):
            return
        page = (await self._pages_of(school)).get(request.url)
        if page is None:
            return
        for name, value in zip(_CONDITIONS, (page.etag, page.last_modified), strict=True):
            if value is not None:
                request.headers[name] = value.encode("latin-1")
        self._asked[request] = page
        self._count("asked")

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Answers with the kept page where it has not changed; where it is gone by now, asks for it in full."""
        page = self._asked.pop(request, None)
        if page is None or response.status != 304:
            return response
        unchanged = await self._load(request.meta[SCHOOL_KEY], page, response)
        if unchanged is None:
            self._count("gone")
            whole = request.replace(dont_filter=True)
            whole.meta[_WHOLE] = True
            return whole
        self._count("pages")
        self._count("bytes", len(unchanged.body))
        return unchanged

    async def _pages_of(self, school: str) -> dict[str, KnownPage]:
        if school not in self._known:
            try:
                async with self._turn:
                    self._known[school] = await self._look_up(school)
            except StorageError as error:
                log.warning("a page is asked for in full: %s", error.message)
                return {}
        return self._known[school]

    async def _look_up(self, school: str) -> dict[str, KnownPage]:
        session = await self._session()
        if self._schools is None:
            self._schools = await load_schools_with_known_pages(session)
        return await load_known_pages(session, school) if int(school) in self._schools else {}

    async def _load(self, school: str, page: KnownPage, told: Response) -> Response | None:
        try:
            return await load_unchanged(await self._session(), school, page, told)
        except StorageError as error:
            log.warning("%s is asked for in full: %s", page.url, error.message)
            return None

    async def _session(self) -> JobSession:
        return await open_session(self._job, self._attempt)

    def _forget(self, item: Any) -> None:
        if isinstance(item, TargetItem | WaitingItem):
            self._known.pop(item.target, None)

    def _count(self, what: str, many: int = 1) -> None:
        self._crawler.stats.inc_value(f"unchanged/{what}", many)
