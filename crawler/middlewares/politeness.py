"""What answers say about the pace: pauses, more tries, and hosts that are left alone.

Stands between the scheduler and the transport. `PolitenessMiddleware` reads 429, 503 and failures: it pauses the whole
domain for a `Retry-After` or an exponential back-off, asks again, and parks a host that wants a longer pause or keeps
failing. The slots that keep the pace are those of `polite_downloader`.
"""

from __future__ import annotations

import random
from time import monotonic
from typing import TYPE_CHECKING, cast

from scrapy import Request
from scrapy.exceptions import (
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)

from crawler.crawl_settings import crawl_settings
from crawler.host_paces import HostPace, refuse_if_parked, retry_after
from crawler.middlewares.polite_downloader import SHOWN, PoliteDownloader
from crawler.refusals import CrawlStoppingError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

INTERRUPTED = "interrupted"
"""Meta key of a request that was handed back: the journal keeps it for the next run."""

_ASKED_AGAIN = "asked_again"
_MOST_ASKED_AGAIN = 3
_STRIKES = 5
"""Failures in a row after which a host is parked."""
_PARKED_SECONDS = 600.0
_FAILURES = (DownloadConnectionRefusedError, DownloadFailedError, DownloadTimeoutError)
"""A name without an address is none of them: no server was troubled, and its domain's others need no pause."""


class PolitenessMiddleware:
    """Slows down, asks again later, or parks a host, by what its answers say."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._settings = crawl_settings()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PolitenessMiddleware:
        """Builds the middleware for a crawl."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Refuses a request to a parked host."""
        refuse_if_parked(self._standing(request))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Reads 429 and 503; of other answers 4xx and better end the host's row of failures."""
        if request.meta.get(SHOWN):
            return response  # its document and all that its page asked for were judged one by one
        standing = self._standing(request)
        if response.status not in {429, 503}:
            if response.status < 500:
                standing.strikes = 0
            elif not request.meta.get("retry_times"):
                # A page that fails each time it is tried says no more than once that its host does.
                self._note_failure(standing, f"it answered {response.status}")
            return response
        asked = retry_after(response)
        self._strike(request, f"it answered {response.status}", asked)
        refuse_if_parked(standing)
        times = int(request.meta.get(_ASKED_AGAIN, 0)) + 1
        if times > int(request.meta.get("max_retry_times", _MOST_ASKED_AGAIN)):
            return response
        self._count("asked_again")
        again = request.replace(dont_filter=True)
        again.meta[_ASKED_AGAIN] = times
        return again

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Counts a failure against the host, or marks a request that a stop interrupted."""
        if isinstance(exception, CrawlStoppingError):
            request.meta[INTERRUPTED] = True
        elif isinstance(exception, _FAILURES) and not request.meta.get(SHOWN):
            self._strike(request, f"{type(exception).__name__}: {exception}", None)

    def _strike(self, request: Request, what: str, asked: float | None) -> None:
        pace, standing = _downloader(self._crawler).pace_of(request), self._standing(request)
        if monotonic() >= pace.not_before and self._note_failure(standing, what):
            return
        if asked is not None:
            if asked > self._settings.max_pause_seconds:
                self._park(standing, min(asked, 86_400.0), f"{what} and asked for a pause of {asked:.0f} s")
                return
            wait = asked
        else:
            backoff = self._settings.backoff_seconds * 2 ** max(standing.strikes - 1, 0)
            wait = min(backoff * random.uniform(1.0, 1.5), self._settings.max_pause_seconds)
        self._count("paused")
        pace.pause(wait)

    def _note_failure(self, standing: HostPace, what: str) -> bool:
        """Counts a failure; returns whether it was one too many."""
        standing.strikes += 1
        if standing.strikes < _STRIKES:
            return False
        self._park(standing, _PARKED_SECONDS, f"{standing.strikes} failures in a row, the last: {what}")
        return True

    def _park(self, standing: HostPace, seconds: float, reason: str) -> None:
        self._count("parked")
        standing.park(seconds, reason)

    def _standing(self, request: Request) -> HostPace:
        return _downloader(self._crawler).standing_of(request)

    def _count(self, what: str) -> None:
        self._crawler.stats.inc_value(f"politeness/{what}")


def keep_crawl_delay(crawler: Crawler, request: Request, seconds: float) -> None:
    """Makes a robots.txt's Crawl-delay the least pause of the request's host.

    Raises:
        HostParkedError: The delay is longer than this crawl waits.
    """
    downloader = _downloader(crawler)
    longest = crawl_settings().max_crawl_delay_seconds
    standing = downloader.standing_of(request)
    if seconds > longest:
        standing.park(86_400.0, f"its Crawl-delay of {seconds:g} s is longer than {longest:g} s")
        refuse_if_parked(standing)
    standing.slow_down(seconds)
    domain = downloader.pace_of(request)
    domain.longest_delay = max(domain.longest_delay, seconds)


def pause_host(crawler: Crawler, url: str, seconds: float) -> None:
    """Lets nobody ask a URL's host for so many seconds."""
    _downloader(crawler).pace_of(Request(url)).pause(seconds)


def _downloader(crawler: Crawler) -> PoliteDownloader:
    return cast("PoliteDownloader", crawler.engine.downloader)
