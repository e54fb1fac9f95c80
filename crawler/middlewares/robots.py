"""robots.txt by RFC 9309: asked before the first page of each origin, kept for a day.

Stands at the top of the downloader middlewares. 2xx is parsed (its first 500 KiB); 4xx but 429 means that there are no
rules; 429, 5xx and silence mean no for now; more than five redirects count as 4xx (section 2.3.1.2). The file is
fetched through the same slot, guard and back-off as the pages. A Crawl-delay becomes the pace of the host.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from protego import Protego
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from crawler.crawl_settings import PRODUCT
from crawler.discovery.settings import discovery_settings
from crawler.middlewares.politeness import keep_crawl_delay
from crawler.refusals import Refusal, RobotsDeniedError, RobotsUnavailableError, TooLargeError
from crawler.sites import origin_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_FETCH_OF_RULES = "robots_fetch"
_LARGEST = 500 * 1024
_KEPT_SECONDS = 24 * 3600.0
_KEPT_UNAVAILABLE_SECONDS = 300.0
"""How long "no for now" stands, so that the schools of one host do not each ask again."""
_MOST_KEPT = 5_000
"""Parsed files take about 16 KB each."""
_PRIORITY = 1000


@dataclass(frozen=True, slots=True)
class Rules:
    """What one origin's robots.txt says, until `expires` (monotonic clock)."""

    expires: float
    parser: Protego | None = None
    """None where everything is allowed."""
    unavailable: str = ""
    """Why the file could not be had; then nothing is allowed."""
    crawl_delay: float | None = None


class RobotsMiddleware:
    """Lets a request pass only when its origin's robots.txt does."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: dict[str, Rules] = {}
        self._fetches: dict[str, asyncio.Task[Rules]] = {}
        self._exempt = frozenset(discovery_settings().services())

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        """Builds the middleware for a crawl."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Refuses what robots.txt forbids.

        Raises:
            RobotsDeniedError: The file forbids the page.
            RobotsUnavailableError: The file could not be had.
        """
        origin = origin_of(request.url)
        if request.meta.get(_FETCH_OF_RULES) or origin in self._exempt:
            return
        rules = await self._rules_of(origin)
        if rules.unavailable:
            self._crawler.stats.inc_value("robots/unavailable")
            raise RobotsUnavailableError(rules.unavailable)
        if rules.crawl_delay:
            keep_crawl_delay(self._crawler, request, rules.crawl_delay)
        if rules.parser is not None and not rules.parser.can_fetch(request.url, PRODUCT):
            self._crawler.stats.inc_value("robots/denied")
            raise RobotsDeniedError(f"{origin}/robots.txt does not allow this page")

    async def _rules_of(self, origin: str) -> Rules:
        kept = self._rules.get(origin)
        if kept is not None and kept.expires > monotonic():
            return kept
        fetch = self._fetches.get(origin)
        if fetch is None:
            fetch = self._fetches[origin] = asyncio.ensure_future(self._fetch(origin))
        # One waiter's end must not end the fetch for the others.
        return await asyncio.shield(fetch)

    async def _fetch(self, origin: str) -> Rules:
        request = Request(
            f"{origin}/robots.txt",
            callback=NO_CALLBACK,
            priority=_PRIORITY,
            dont_filter=True,
            meta={_FETCH_OF_RULES: True, "max_retry_times": 1},
        )
        self._crawler.stats.inc_value("robots/asked")
        try:
            rules = read_rules(await self._crawler.engine.download_async(request))
        except TooLargeError as error:
            rules = _unavailable(f"robots.txt cannot be read: {error.reason}")
        except Refusal:
            raise
        except IgnoreRequest:
            rules = Rules(monotonic() + _KEPT_SECONDS)
        except Exception as error:  # noqa: BLE001  whatever keeps the file from us, the answer is no for now
            rules = _unavailable(f"robots.txt cannot be reached: {type(error).__name__}")
        finally:
            self._fetches.pop(origin, None)
        self._keep(origin, rules)
        return rules

    def _keep(self, origin: str, rules: Rules) -> None:
        if len(self._rules) >= _MOST_KEPT:
            now = monotonic()
            self._rules = {key: kept for key, kept in self._rules.items() if kept.expires > now}
        while len(self._rules) >= _MOST_KEPT:
            self._rules.pop(next(iter(self._rules)))
        self._rules[origin] = rules


def read_rules(response: Response) -> Rules:
    """Reads the answer to a request for robots.txt."""
    if response.status == 429 or response.status >= 500:
        return _unavailable(f"robots.txt answered {response.status}")
    if not 200 <= response.status < 300:
        return Rules(monotonic() + _KEPT_SECONDS)
    parser = Protego.parse(response.body[:_LARGEST].decode("utf-8-sig", errors="replace"))
    return Rules(monotonic() + _KEPT_SECONDS, parser, crawl_delay=parser.crawl_delay(PRODUCT))


def _unavailable(reason: str) -> Rules:
    return Rules(monotonic() + _KEPT_UNAVAILABLE_SECONDS, unavailable=reason)
