"""How fast each host is asked: the one place that touches Scrapy's downloader slots.

Stands between the scheduler and the transport. `PoliteDownloader` gives each host (with and without `www.`) one slot
whose pause is counted from the end of an answer, so that no two requests can reach a server closer than its delay.
`PolitenessMiddleware` reads 429, 503 and failures: it pauses the whole host for its `Retry-After` or an exponential
back-off, asks again, and parks a host that wants a longer pause or keeps failing. When the crawl is told to stop, the
requests still waiting for their turn are handed back at once, so that a stop never takes as long as a delay.

The kindest request is none: what one visit was just answered, others that ask for the same page are given, too.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.core.downloader import Downloader, Slot
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.defer import _process_pending_io
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from typing_extensions import override

from crawler.browser.settings import browser_settings
from crawler.crawl_settings import crawl_settings
from crawler.refusals import CrawlStoppingError, HostParkedError
from crawler.shared_pages import SHARED, SharedPages

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

INTERRUPTED = "interrupted"
"""Meta key of a request that was handed back: the journal keeps it for the next run."""
SHOWN = "shown"
"""Meta key of a request whose page is shown in a browser: what the page asks for keeps the pace, each request alone."""

_BROWSER_SLOT = "browser:"
"""No host has this name."""
_ASKED_AGAIN = "asked_again"
_MOST_ASKED_AGAIN = 3
_JITTER = 0.25
"""Share of the delay that is added at random; nothing is ever taken from it."""
_STRIKES = 5
"""Failures in a row after which a host is parked."""
_PARKED_SECONDS = 600.0
_STOP_POLL_SECONDS = 0.25
_STOP_GRACE_SECONDS = 4.0
"""How long answers already under way may take once the crawl is told to stop."""
_MOST_PACES = 20_000
_FAILURES = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)


@dataclass(slots=True)
class HostPace:
    """What we know of one host's wishes. Times are of the monotonic clock; a pace outlives its slot."""

    floor: float
    """Seconds between two requests, at least."""
    not_before: float = 0.0
    strikes: int = 0
    parked_until: float = 0.0
    parked_reason: str = ""
    used: float = field(default_factory=monotonic)

    def pause(self, seconds: float) -> None:
        """Lets nobody ask the host for so many seconds."""
        self.not_before = max(self.not_before, monotonic() + seconds)

    def park(self, seconds: float, reason: str) -> None:
        """Refuses requests to the host for so many seconds."""
        self.parked_until = max(self.parked_until, monotonic() + seconds)
        self.parked_reason = reason

    def idle(self, now: float) -> bool:
        """Whether nothing is lost when this pace is forgotten."""
        return now - self.used > 300 and self.not_before < now and self.parked_until < now


class PoliteSlot(Slot):
    """A slot whose delay is never below its host's pace; jitter is drawn once per request and only adds."""

    __slots__ = ("_drawn_for", "_stretch", "pace")

    def __init__(self, concurrency: int, delay: float, pace: HostPace) -> None:
        super().__init__(concurrency, delay, jitter=0)
        self.pace = pace
        self._drawn_for = -1.0
        self._stretch = 1.0

    @override
    def download_delay(self) -> float:
        if self._drawn_for != self.lastseen:
            self._drawn_for = self.lastseen
            self._stretch = 1 + random.uniform(0, _JITTER)
        ordinary = max(self.pace.floor, self.delay) * self._stretch
        return max(ordinary, self.pace.not_before - self.lastseen)


class PoliteDownloader(Downloader):
    """Scrapy's downloader with one `PoliteSlot` a host."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.paces: dict[str, HostPace] = {}
        self._floor = max(crawl_settings().delay_seconds, self._delay)
        self._shared = SharedPages()
        self._transfers: dict[Request, Deferred[Response]] = {}
        self._stop_seen: float | None = None
        self._stop_watch = create_looping_call(self._hand_back_when_stopping)
        crawler.signals.connect(self._start_watching, signals.spider_opened)

    @override
    def get_slot_key(self, request: Request) -> str:
        if request.meta.get(SHOWN):
            return _BROWSER_SLOT
        # Never the request's meta: a redirected request carries the slot of the host it came from.
        return host_of(request.url)

    def pace_of(self, request: Request) -> HostPace:
        """Returns the pace of a request's host."""
        return self._pace(host_of(request.url))

    @override
    def _get_slot(self, request: Request, spider: Any = None) -> tuple[str, Slot]:
        key = self.get_slot_key(request)
        if key == _BROWSER_SLOT and key not in self.slots:
            # A page being shown must not hold the place at its host that its own requests wait for. Twice as many as
            # are shown at once, so that the documents of the next ones are fetched meanwhile.
            self.slots[key] = PoliteSlot(2 * browser_settings().pages_at_once, 0.0, HostPace(0.0))
        elif key not in self.slots:
            self.slots[key] = PoliteSlot(self.domain_concurrency, self._delay, self._pace(key))
            self._start_slot_gc()
        return key, self.slots[key]

    @override
    async def _enqueue_request(self, request: Request) -> Response:
        shared = self._shared_answer(request)
        return shared if shared is not None else await super()._enqueue_request(request)

    @override
    async def _download(self, slot: Slot, request: Request) -> Response:
        # Scrapy's own steps in Scrapy's own order, but the pause begins when the answer has ended: counted from the
        # sending, a slow first connection would bring two requests closer together at the server than the delay.
        slot.transferring.add(request)
        try:
            response = await self.handlers.download_request_async(request)
            self.signals.send_catch_log(
                signal=signals.response_downloaded, response=response, request=request, spider=self.crawler.spider
            )
        except Exception:
            await _process_pending_io()
            raise
        else:
            if SHARED in request.meta:
                self._shared.keep(request, response)
                self._share_with_waiting(slot)
            return response
        finally:
            slot.lastseen = monotonic()
            slot.transferring.remove(request)
            self._process_queue(slot)
            self.signals.send_catch_log(
                signal=signals.request_left_downloader, request=request, spider=self.crawler.spider
            )

    @override
    async def _wait_for_download(self, slot: Slot, request: Request, queue_dfd: Deferred[Response]) -> None:
        self._transfers[request] = queue_dfd
        try:
            response = await self._download(slot, request)
        except Exception:  # noqa: BLE001  whatever it is, the one who waits for it must hear of it
            if not queue_dfd.called:
                queue_dfd.errback(Failure())
        else:
            if not queue_dfd.called:
                queue_dfd.callback(response)
        finally:
            self._transfers.pop(request, None)

    @override
    def close(self) -> None:
        if self._stop_watch.running:
            self._stop_watch.stop()
        super().close()

    def _pace(self, key: str) -> HostPace:
        pace = self.paces.get(key)
        if pace is None:
            if len(self.paces) >= _MOST_PACES:
                now = monotonic()
                self.paces = {
                    host: kept for host, kept in self.paces.items() if host in self.slots or not kept.idle(now)
                }
            pace = self.paces[key] = HostPace(self._floor)
        pace.used = monotonic()
        return pace

    def _shared_answer(self, request: Request) -> Response | None:
        response = self._shared.answer(request)
        if response is not None:
            self.crawler.stats.inc_value("politeness/shared")
        return response

    def _share_with_waiting(self, slot: Slot) -> None:
        for request, waiting in list(slot.queue):
            if (shared := self._shared_answer(request)) is not None:
                slot.queue.remove((request, waiting))
                waiting.callback(shared)

    def _start_watching(self) -> None:
        self._stop_watch.start(_STOP_POLL_SECONDS, now=False)

    def _hand_back_when_stopping(self) -> None:
        engine_slot = self.crawler.engine._slot
        if engine_slot is None or engine_slot.closing is None:
            return
        now = monotonic()
        self._stop_seen = self._stop_seen or now
        for slot in self.slots.values():
            while slot.queue:
                _, waiting = slot.queue.popleft()
                waiting.errback(Failure(CrawlStoppingError("the crawl is stopping")))
        if now - self._stop_seen > _STOP_GRACE_SECONDS:
            for waiting in list(self._transfers.values()):
                if not waiting.called:
                    waiting.errback(Failure(CrawlStoppingError("the crawl is stopping")))


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
        refuse_if_parked(self._pace(request))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Reads 429 and 503; any other answer ends the host's row of failures."""
        if request.meta.get(SHOWN):
            return response  # its document and all that its page asked for were judged one by one
        pace = self._pace(request)
        if response.status not in {429, 503}:
            if response.status < 500:
                pace.strikes = 0
            return response
        asked = retry_after(response)
        self._strike(pace, f"it answered {response.status}", asked)
        refuse_if_parked(pace)
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
            self._strike(self._pace(request), f"{type(exception).__name__}: {exception}", None)

    def _strike(self, pace: HostPace, what: str, asked: float | None) -> None:
        now = monotonic()
        if now >= pace.not_before or asked is not None:
            pace.strikes += 1 if now >= pace.not_before else 0
        if pace.strikes >= _STRIKES:
            self._park(pace, _PARKED_SECONDS, f"{pace.strikes} failures in a row, the last: {what}")
            return
        if asked is not None:
            if asked > self._settings.max_pause_seconds:
                self._park(pace, min(asked, 86_400.0), f"{what} and asked for a pause of {asked:.0f} s")
                return
            wait = asked
        else:
            backoff = self._settings.backoff_seconds * 2 ** max(pace.strikes - 1, 0)
            wait = min(backoff * random.uniform(1.0, 1.5), self._settings.max_pause_seconds)
        self._count("paused")
        pace.pause(wait)

    def _park(self, pace: HostPace, seconds: float, reason: str) -> None:
        self._count("parked")
        pace.park(seconds, reason)

    def _pace(self, request: Request) -> HostPace:
        return _downloader(self._crawler).pace_of(request)

    def _count(self, what: str) -> None:
        self._crawler.stats.inc_value(f"politeness/{what}")


def keep_crawl_delay(crawler: Crawler, request: Request, seconds: float) -> None:
    """Makes a robots.txt's Crawl-delay the least pause of the request's host.

    Raises:
        HostParkedError: The delay is longer than this crawl waits.
    """
    pace = _downloader(crawler).pace_of(request)
    longest = crawl_settings().max_crawl_delay_seconds
    if seconds > longest:
        pace.park(86_400.0, f"its Crawl-delay of {seconds:g} s is longer than {longest:g} s")
        refuse_if_parked(pace)
    pace.floor = max(pace.floor, seconds)


def pause_host(crawler: Crawler, url: str, seconds: float) -> None:
    """Lets nobody ask a URL's host for so many seconds."""
    _downloader(crawler).pace_of(Request(url)).pause(seconds)


def refuse_if_parked(pace: HostPace) -> None:
    """Refuses to ask a parked host.

    Raises:
        HostParkedError: The host is parked.
    """
    if pace.parked_until > monotonic():
        raise HostParkedError(f"the host is parked: {pace.parked_reason}")


def host_of(url: str) -> str:
    """Returns what shares one pace: the host name without `www.`, whatever the port and scheme."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return host.removeprefix("www.") or host


def retry_after(response: Response) -> float | None:
    """Reads a Retry-After header, as seconds or as a date; zero and the past count as no header."""
    text = (response.headers.get(b"Retry-After") or b"").decode("latin-1").strip()
    if text.isdecimal():
        seconds = float(text[:12])
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time()
        except (TypeError, ValueError, OverflowError):
            return None
    return seconds if seconds > 0 else None


def _downloader(crawler: Crawler) -> PoliteDownloader:
    return cast("PoliteDownloader", crawler.engine.downloader)
