"""How fast each host is asked: the one place that touches Scrapy's downloader slots.

Stands between the scheduler and the transport. `PoliteDownloader` gives each domain and vendor (`pace_key`) one slot,
whose pause is counted from the end of an answer, so that no two requests can reach a server closer than its delay.
`PolitenessMiddleware` reads 429, 503 and failures: it pauses the whole domain for a `Retry-After` or an exponential
back-off, asks again, and parks a host that wants a longer pause or keeps failing. When the crawl is told to stop, the
requests still waiting for their turn are handed back at once, so that a stop never takes as long as a delay.

The kindest request is none: what one visit was just answered, others that ask for the same page are given, too.
"""

from __future__ import annotations

import random
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from scrapy import Request, signals
from scrapy.core.downloader import Downloader, Slot
from scrapy.exceptions import (
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
from crawler.host_paces import HostPace, host_of, pace_key, refuse_if_parked, retry_after
from crawler.host_times import HostTimes
from crawler.refusals import CrawlStoppingError, HostParkedError, Refusal
from crawler.shared_pages import SHARED, SharedPages

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.host_leases import HostLeases

INTERRUPTED = "interrupted"
"""Meta key of a request that was handed back: the journal keeps it for the next run."""
SHOWN = "shown"
"""Meta key of a request whose page is shown in a browser: what the page asks for keeps the pace, each request alone."""

_BROWSER_SLOT = "browser:"
"""No host has this name."""
_ASKED_AGAIN = "asked_again"
_MOST_ASKED_AGAIN = 3
_JITTER = 0.02
"""Share of the delay that is added at random, so that hosts do not move in step; nothing is ever taken from it. On the
average it costs half of itself of the pages a second."""
_STRIKES = 5
"""Failures in a row after which a host is parked."""
_PARKED_SECONDS = 600.0
_STOP_POLL_SECONDS = 0.25
_STOP_GRACE_SECONDS = 4.0
"""How long answers already under way may take once the crawl is told to stop."""
_MOST_PACES = 20_000
_FAILURES = (DownloadConnectionRefusedError, DownloadFailedError, DownloadTimeoutError)
"""A name without an address is none of them: no server was troubled, and its domain's others need no pause."""


class PoliteSlot(Slot):
    """A slot whose delay is never below its host's pace; jitter is drawn once per request and only adds."""

    __slots__ = ("_drawn_for", "_ready_at", "_stretch", "host", "pace")

    def __init__(
        self,
        concurrency: int,
        delay: float,
        pace: HostPace,
        host: str = "",
        ready_at: Callable[[Request], float] = lambda _: 0.0,
    ) -> None:
        super().__init__(concurrency, delay, jitter=0)
        self.pace = pace
        self.host = host
        self._ready_at = ready_at
        self._drawn_for = -1.0
        self._stretch = 1.0

    @override
    def download_delay(self) -> float:
        if self._drawn_for != self.lastseen:
            self._drawn_for = self.lastseen
            self._stretch = 1 + random.uniform(0, _JITTER)
        ordinary = max(self.pace.floor, self.delay) * self._stretch
        ready = self._ready_at(self.queue[0][0]) if self.queue else 0.0
        return max(ordinary, max(self.pace.not_before, ready) - self.lastseen)

    def bring_forward(self) -> bool:
        """Puts that request first whose host may be asked first; returns whether it is another one than before."""
        now = monotonic()
        ready = [max(self._ready_at(request), now) for request, _ in self.queue]
        first = ready.index(min(ready)) if ready else 0
        if first:
            entry = self.queue[first]
            del self.queue[first]
            self.queue.appendleft(entry)
        return first > 0


class PoliteDownloader(Downloader):
    """Scrapy's downloader with one `PoliteSlot` a domain or vendor."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.paces: dict[str, HostPace] = {}
        self._floor = max(crawl_settings().delay_seconds, self._delay)
        self._shared = SharedPages()
        self.times = HostTimes()
        self._transfers: dict[Request, Deferred[Response]] = {}
        self._stop_seen: float | None = None
        self._stop_watch = create_looping_call(self._hand_back_when_stopping)
        self._leases: HostLeases | None = None
        if getattr(crawler.spider, "job", None):
            # Only jobs have a database; a crawl by hand does not even import what leases need.
            from crawler.host_leases import HostLeases  # noqa: PLC0415

            self._leases = HostLeases(crawler, _Places(self))
        crawler.signals.connect(self._start_watching, signals.spider_opened)

    @override
    def get_slot_key(self, request: Request) -> str:
        if request.meta.get(SHOWN):
            return _BROWSER_SLOT
        # Never the request's meta: a redirected request carries the slot of the host it came from.
        return pace_key(request.url)

    def pace_of(self, request: Request) -> HostPace:
        """Returns the pace that a request's host shares with others of its domain."""
        return self.pace_of_host(pace_key(request.url))

    def standing_of(self, request: Request) -> HostPace:
        """Returns the failures of a request's host alone, and until when it is parked."""
        return self.pace_of_host(host_of(request.url))

    @override
    def _get_slot(self, request: Request, spider: Any = None) -> tuple[str, Slot]:
        key = self.get_slot_key(request)
        if key == _BROWSER_SLOT and key not in self.slots:
            # A page being shown must not hold the place at its host that its own requests wait for. Twice as many as
            # are shown at once, so that the documents of the next ones are fetched meanwhile.
            self.slots[key] = PoliteSlot(2 * browser_settings().pages_at_once, 0.0, HostPace(0.0))
        elif key not in self.slots:
            self.slots[key] = PoliteSlot(
                self.domain_concurrency, self._delay, self.pace_of_host(key), key, self._ready_at
            )
            self._start_slot_gc()
        return key, self.slots[key]

    @override
    async def _enqueue_request(self, request: Request) -> Response:
        shared = self._shared_answer(request)
        return shared if shared is not None else await super()._enqueue_request(request)

    @override
    def _process_queue(self, slot: Slot) -> None:
        host = slot.host if isinstance(slot, PoliteSlot) else ""
        if isinstance(slot, PoliteSlot) and host and slot.bring_forward() and slot.latercall:
            # It was to wait for the Crawl-delay of another host of the domain.
            slot.latercall.cancel()
            slot.latercall = None
        if self._leases is None or not host or not slot.queue or self._leases.holds(host):
            super()._process_queue(slot)

    @override
    async def _download(self, slot: Slot, request: Request) -> Response:
        # Scrapy's own steps in Scrapy's own order, but the pause begins when the answer has ended: counted from the
        # sending, a slow first connection would bring two requests closer together at the server than the delay.
        slot.transferring.add(request)
        begun, size = monotonic(), 0
        try:
            response = await self.handlers.download_request_async(request)
            size = len(response.body)
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
            slot.lastseen = self.standing_of(request).asked = monotonic()
            if not request.meta.get(SHOWN):  # what a page in the browser asks for are requests of their own
                self.times.note(host_of(request.url), begun, slot.lastseen, size)
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

    def pace_of_host(self, host: str) -> HostPace:
        """Returns what is known of a host or domain."""
        pace = self.paces.get(host)
        if pace is None:
            if len(self.paces) >= _MOST_PACES:
                now = monotonic()
                self.paces = {
                    name: kept for name, kept in self.paces.items() if name in self.slots or not kept.idle(now)
                }
            pace = self.paces[host] = HostPace(self._floor)
        pace.used = monotonic()
        return pace

    def _ready_at(self, request: Request) -> float:
        standing = self.standing_of(request)
        return standing.asked + standing.crawl_delay

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
        if self._leases is not None:
            self._leases.start()
        self._stop_watch.start(_STOP_POLL_SECONDS, now=False)

    def _hand_back_when_stopping(self) -> None:
        engine_slot = self.crawler.engine._slot
        if engine_slot is None or engine_slot.closing is None:
            return
        now = monotonic()
        self._stop_seen = self._stop_seen or now
        for slot in self.slots.values():
            _refuse_waiting(slot, CrawlStoppingError("the crawl is stopping"))
        if now - self._stop_seen > _STOP_GRACE_SECONDS:
            for waiting in list(self._transfers.values()):
                if not waiting.called:
                    waiting.errback(Failure(CrawlStoppingError("the crawl is stopping")))


class _Places:
    """The downloader's slots, as the leases of hosts see them."""

    def __init__(self, downloader: PoliteDownloader) -> None:
        self._downloader = downloader
        self.pace = downloader.pace_of_host

    def is_waited_for(self, host: str) -> bool:
        slot = self._downloader.slots.get(host)
        return slot is not None and bool(slot.queue or slot.transferring)

    def is_answering(self, host: str) -> bool:
        slot = self._downloader.slots.get(host)
        return slot is not None and bool(slot.transferring)

    def seconds_to_next(self, host: str) -> float:
        slot = self._downloader.slots.get(host)
        now = monotonic()
        paused = self.pace(host).not_before - now
        if slot is None:
            return max(paused, 0.0)
        # Which of its hosts the next crawl asks first, nobody knows.
        return max(paused, slot.lastseen + max(slot.download_delay(), self.pace(host).longest_delay) - now, 0.0)

    def go_on(self, host: str) -> None:
        slot = self._downloader.slots.get(host)
        if slot is None:
            return
        for request, waiting in list(slot.queue):
            try:
                # Another crawl may have learnt it while the request waited.
                refuse_if_parked(self._downloader.standing_of(request))
            except HostParkedError as refusal:
                slot.queue.remove((request, waiting))
                waiting.errback(Failure(refusal))
        self._downloader._process_queue(slot)

    def refuse(self, host: str, refusal: Refusal) -> None:
        slot = self._downloader.slots.get(host)
        if slot is not None:
            _refuse_waiting(slot, refusal)


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


def _refuse_waiting(slot: Slot, refusal: Refusal) -> None:
    while slot.queue:
        _, waiting = slot.queue.popleft()
        waiting.errback(Failure(refusal))


def _downloader(crawler: Crawler) -> PoliteDownloader:
    return cast("PoliteDownloader", crawler.engine.downloader)
