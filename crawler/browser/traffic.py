"""What one page in the browser may ask for, and the answers: each of its requests is made by the crawl itself.

Chromium has no network (`crawler.browser.renderer`). Whatever the page wants (documents, scripts, data) comes here, is
judged, and goes through Scrapy's downloader, so that the address guard, robots.txt, the pace of each host, the limits
of size and the User-Agent hold for it as for any request of the crawl. What a page does not need to show a list is
never asked for: pictures, fonts, media, frames, trackers. No cookies are kept.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache, partial
from importlib.resources import files
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Route
from playwright.async_api import Request as PageRequest
from playwright.async_api import TimeoutError as PlaywrightTimeoutError
from scrapy import Request
from scrapy.http import HtmlResponse, Response

from crawler.browser.settings import BrowserSettings, browser_settings
from crawler.crawl_settings import crawl_settings
from crawler.discovery.settings import discovery_settings
from crawler.host_lists import entry_of, read_hosts
from crawler.host_paces import pace_key
from crawler.refusals import CrawlStoppingError, Refusal
from crawler.shared_pages import SHARED
from crawler.sites import origin_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_WANTED = frozenset({"document", "script", "xhr", "fetch"})
_METHODS = frozenset({"GET", "POST"})
_MOST_DOCUMENTS = 5
"""Documents that a page may go through by scripts and refreshes."""
_LARGEST_QUESTION = 256 * 1024
"""Bytes that a page may send."""
_POLL_SECONDS = 0.05
# Ways around the requests that are routed here; they would only meet a network that is not there.
_TAMED = """
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport"]) delete window[name];
window.open = () => null;
"""
# Hop-by-hop or about the connection, which is ours; or set by the crawl; or a cookie, which the crawl does not keep.
_NOT_SENT = frozenset({"accept-encoding", "connection", "content-length", "cookie", "host", "user-agent"})
_NOT_SHOWN = frozenset(
    {
        *("alt-svc", "connection", "content-encoding", "content-length", "keep-alive", "location", "refresh"),
        *("set-cookie", "strict-transport-security", "trailer", "transfer-encoding", "upgrade"),
    }
)


class PageTraffic:
    """The requests of one page, from its document on until it is read.

    Args:
        crawler: The crawl whose downloader answers.
        document: The page as it was fetched; the browser is given this answer.
    """

    def __init__(self, crawler: Crawler, document: HtmlResponse) -> None:
        self._crawler = crawler
        self._settings: BrowserSettings = browser_settings()
        self._documents: dict[str, Response] = {document.url: document}
        self._deadline = monotonic() + self._settings.page_seconds
        self._open: set[Route] = set()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._last = monotonic()
        self._asked = 0
        self._bytes = 0
        self._shown_documents = 0
        self._over = False
        self._stopping: CrawlStoppingError | None = None
        self._page: Page | None = None
        self.server_seconds = 0.0
        """How long servers took to answer, altogether."""

    async def begin(self, page: Page, request: Request) -> None:
        """Takes over all requests of a new page (scrapy-playwright's `playwright_page_init_callback`)."""
        del request
        self._page = page
        self._deadline = monotonic() + self._settings.page_seconds
        # scrapy-playwright encodes what this returns, and scripts may leave half a character behind.
        cast("Any", page).content = partial(_whole_content, page.content)
        await page.add_init_script(_TAMED)
        await page.context.route("**", self.answer)  # windows that it opens
        await page.route("**", self.answer)  # the route added last is asked first, so before scrapy-playwright's own

    async def settle(self, page: Page) -> None:
        """Waits until the page asks for nothing any more, or its time is over; then nothing is answered any more.

        Raises:
            CrawlStoppingError: The crawl is ending.
        """
        with suppress(PlaywrightTimeoutError):
            await page.wait_for_load_state("load", timeout=max(self._deadline - monotonic(), 0.1) * 1000)
        while monotonic() < self._deadline and self._stopping is None:
            if not self._open and monotonic() - self._last >= self._settings.quiet_seconds:
                break
            await asyncio.sleep(_POLL_SECONDS)
        else:
            self._count("cut_short")
        self._over = True
        for route in list(self._open):
            with suppress(PlaywrightError):
                await route.abort()
        if self._stopping is not None:
            raise self._stopping

    async def answer(self, route: Route, request: PageRequest) -> None:
        """Answers one request of the page, or refuses it."""
        self._open.add(route)
        try:
            await self._answer(route, request)
        except PlaywrightError:
            # The page was closed, or its time was over, while the answer was on its way; or Chromium refuses it.
            self._count("unheard")
            with suppress(PlaywrightError):
                await route.abort("failed")
        finally:
            self._open.discard(route)
            self._last = monotonic()

    async def _answer(self, route: Route, request: PageRequest) -> None:
        self._count("requests")
        why = self._refusal(request)
        if why == "stylesheet":
            # Scripts wait for their style sheets and give up when there are none; an empty one is enough.
            await route.fulfill(status=200, content_type="text/css", body="")
            return
        if why is not None:
            self._count(f"refused/{why}")
            await route.abort("blockedbyclient")
            return
        url = request.url.partition("#")[0]
        fetched = self._documents.pop(url, None) if request.is_navigation_request() else None
        response = fetched or await self._fetch(request)
        if response is None:
            await route.abort("failed")
        elif request.is_navigation_request() and response.url.partition("#")[0] != url:
            # The page must know where it is: it is sent there, and finds there what has already been fetched.
            self._documents[response.url.partition("#")[0]] = response
            await route.fulfill(status=200, content_type="text/html; charset=utf-8", body=_elsewhere(response.url))
        else:
            await route.fulfill(status=response.status, headers=_shown_headers(response), body=response.body)

    def _refusal(self, request: PageRequest) -> str | None:
        """Says in a word why a request is not made, or None where it is."""
        if self._over:
            return "over"
        if (why := _unwanted(request)) is not None:
            return why
        if request.is_navigation_request():
            self._shown_documents += 1
            if not self._is_own(request) or self._shown_documents > _MOST_DOCUMENTS:
                return "frame"
        spent = self._asked >= self._settings.requests_per_page or self._bytes >= self._settings.bytes_per_page
        return "budget" if spent else None

    def _is_own(self, request: PageRequest) -> bool:
        """Whether a document is to be shown in the page itself, and in no frame or window of it."""
        try:
            return self._page is not None and request.frame == self._page.main_frame
        except PlaywrightError:
            return False  # a window that does not exist yet

    async def _fetch(self, request: PageRequest) -> Response | None:
        self._asked += 1
        # One at a time a domain, as the pace wants it anyhow: nothing is left in a queue when the page's time is over.
        async with self._turns[pace_key(request.url)]:
            left = self._deadline - monotonic()
            if self._over or left <= 0:
                return None
            try:
                response = await self._crawler.engine.download_async(self._request(request, left))
            except CrawlStoppingError as error:
                self._stopping = error
                return None
            except Exception as error:  # noqa: BLE001  whatever keeps an answer from the page, the page goes on without
                self._count(f"missed/{error.outcome if isinstance(error, Refusal) else type(error).__name__}")
                return None
        self.server_seconds += float(response.meta.get("download_latency", 0.0))
        self._bytes += len(response.body)
        return response

    def _request(self, request: PageRequest, seconds: float) -> Request:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in _NOT_SENT and not name.startswith((":", "sec-", "if-"))
        }
        meta: dict[str, Any] = {
            "download_timeout": min(seconds, crawl_settings().timeout_seconds),
            "download_maxsize": max(self._settings.bytes_per_page - self._bytes, 1),
            "max_retry_times": 1,
        }
        if request.resource_type == "script":
            meta[SHARED] = True  # schools of one vendor ask for the same ones
        return Request(
            request.url,
            method=request.method,
            headers=headers,
            body=request.post_data_buffer or b"",
            meta=meta,
            dont_filter=True,
        )

    def _count(self, what: str) -> None:
        if self._crawler.stats:
            self._crawler.stats.inc_value(f"browser/{what}")


def _unwanted(request: PageRequest) -> str | None:
    """Says in a word why no page gets an answer to such a request, or None where it may."""
    if request.resource_type not in _WANTED:
        return request.resource_type
    if request.method not in _METHODS or len(request.post_data_buffer or b"") > _LARGEST_QUESTION:
        return "method"
    if is_tracker(urlsplit(request.url).hostname or ""):
        return "tracker"
    if origin_of(request.url) in discovery_settings().services():
        return "service"  # it would be asked with the operator's own key
    return None


def is_tracker(host: str) -> bool:
    """Whether a host, or a domain above it, watches visitors."""
    return entry_of(host, _trackers()) is not None


@cache
def _trackers() -> frozenset[str]:
    return read_hosts(files("crawler.browser").joinpath("trackers.txt").read_text("utf-8"))


async def _whole_content(content: Callable[[], Awaitable[str]]) -> str:
    return (await content()).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _shown_headers(response: Response) -> dict[str, str]:
    headers = response.headers.to_unicode_dict()
    return {str(name): str(value) for name, value in headers.items() if str(name).lower() not in _NOT_SHOWN}


def _elsewhere(url: str) -> str:
    # Quoted twice: for the script, and for the markup that it stands in.
    literal = url.replace("\\", "%5C").replace('"', "%22").replace("<", "%3C").replace("\n", "")
    return f'<!DOCTYPE html><script>location.replace("{literal}")</script>'
