"""How fast each host is asked: the one place that touches Scrapy's downloader slots.

`PoliteDownloader` gives each domain and vendor (`pace_key`) one slot, whose pause is counted from the end of an answer,
so that no two requests can reach a server closer than its delay. When the crawl is told to stop, the requests still
waiting for their turn are handed back at once, so that a stop never takes as long as a delay.

The kindest request is none: what one visit was just answered, others that ask for the same page are given, too.
"""

from __future__ import annotations

import random
from time import monotonic
from typing import TYPE_CHECKING, Any

from scrapy import Request, signals
from scrapy.core.downloader import Downloader, Slot
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.defer import _process_pending_io
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from typing_extensions import override

from crawler.browser.settings import browser_settings
from crawler.crawl_settings import crawl_settings
from crawler.host_paces import HostPace, host_of, pace_key, refuse_if_parked
from crawler.host_times import HostTimes
from crawler.refusals import CrawlStoppingError, HostParkedError, Refusal
from crawler.shared_pages import SHARED, SharedPages

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.host_leases import HostLeases

SHOWN = "shown"
"""Meta key of a request whose page is shown in a browser: what the page asks for keeps the pace, each request alone."""

_BROWSER_SLOT = "browser:"
"""No host has this name."""
_JITTER = 0.02
"""Share of the delay that is added at random, so that hosts do not move in step; nothing is ever taken from it. On the
average it costs half of itself of the pages a second."""
_STOP_POLL_SECONDS = 0.25
_STOP_GRACE_SECONDS = 4.0
"""How long answers already under way may take once the crawl is told to stop."""
_MOST_PACES = 20_000


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


def _refuse_waiting(slot: Slot, refusal: Refusal) -> None:
    while slot.queue:
        _, waiting = slot.queue.popleft()
        waiting.errback(Failure(refusal))
