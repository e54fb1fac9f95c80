"""Shows pages in Chromium by scrapy-playwright, and sees to it that neither a page nor Chromium can hold up the crawl.

The document comes first, by the crawl's own way with all its rules; only an answered web page reaches the browser, and
whatever it asks for there is answered by `PageTraffic`. Chromium itself resolves no name and no address. Each page has
a context of its own, closed after it; each has a hard limit; a Chromium that hangs, dies or has shown its share is
ended with all its processes and started anew. Nothing is started before the first page.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import psutil
from playwright._impl._driver import compute_driver_executable
from scrapy import Request
from scrapy.http import HtmlResponse, Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler
from scrapy_playwright.page import PageMethod

from crawler.browser.leash import leashed
from crawler.browser.settings import browser_settings, find_chromium, why_none
from crawler.browser.traffic import PageTraffic
from crawler.crawl_settings import crawl_settings
from crawler.refusals import CrawlStoppingError, NotShownError, Refusal

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_logger = logging.getLogger(__name__)
_CLOSING_SECONDS = 3.0
_BEYOND_SECONDS = 10.0
"""What opening a page, taking its markup and closing it may take beyond the page's own time."""
_GONE_SECONDS = 1.0
_LAUNCH_SECONDS = 30.0
_DRIVER_VARIABLE = "PLAYWRIGHT_NODEJS_PATH"
_FAULTS_ALLOWED = 2
"""How often a page may bring down its browser; then it is not shown."""
_MOST_TRIES = 6
"""How often it is tried although only other pages did."""
_ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",  # names and literal addresses alike: there is no network
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",  # containers have too little of it
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--disable-gpu",
    "--dns-prefetch-disable",
    "--no-pings",
    "--no-first-run",
    "--js-flags=--max-old-space-size=512",
)


class _FaultError(Exception):
    """A page was not shown; `own` says whether no other page had brought down its browser before."""

    def __init__(self, why: str, *, own: bool) -> None:
        super().__init__(why)
        self.own = own


class Renderer:
    """The browser of one crawl."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._settings = browser_settings()
        self._browser: _Chromium | None = None
        self._places = asyncio.Semaphore(self._settings.pages_at_once)
        self._gate = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._showing = 0
        self._closed = False

    async def render(self, request: Request) -> Response:
        """Returns a page as a browser shows it; an answer that is no web page comes back as it is.

        Raises:
            NotShownError: The browser could not show it.
            Exception: What keeps any page from a crawl keeps this one, too.
        """
        if (why := why_none()) is not None:
            raise NotShownError(why)
        document = await self._crawler.engine.download_async(_document_request(request))
        request.meta["download_latency"] = float(document.meta.get("download_latency", 0.0))
        if document.status != 200 or not isinstance(document, HtmlResponse):
            return document.replace(request=request)
        faults, why = 0, ""
        for _ in range(_MOST_TRIES):
            try:
                return await self._show(document, request)
            except _FaultError as fault:
                faults, why = faults + fault.own, str(fault)
                if faults == _FAULTS_ALLOWED:
                    break
        raise NotShownError(f"the browser could not show the page: {why}")

    async def close(self) -> None:
        """Ends the browser; no process of it is left."""
        self._closed = True
        if self._browser is not None:
            await self._give_up(self._browser)

    async def _show(self, document: HtmlResponse, request: Request) -> Response:
        async with self._places:
            traffic = PageTraffic(self._crawler, document)
            chromium = await self._enter()
            try:
                shown = await chromium.show(document.url, traffic)
            except Refusal:
                raise
            except Exception as error:  # whatever it is: the driver raises its own kinds of errors
                self._count("failed")
                own = not chromium.ending
                await self._give_up(chromium)
                if self._closed:
                    raise CrawlStoppingError("the crawl is stopping") from error
                raise _FaultError(_first_line(error), own=own) from error
            finally:
                self._leave()
                request.meta["download_latency"] += traffic.server_seconds
        self._count("pages")
        return self._as_utf8(shown, document, request)

    async def _enter(self) -> _Chromium:
        """Waits for a place in a browser that may show one more page."""
        async with self._gate:
            worn = self._browser
            if worn is not None and worn.pages >= self._settings.pages_per_browser:
                await self._idle.wait()
                await self._give_up(worn)
            if self._closed:
                raise CrawlStoppingError("the crawl is stopping")
            if self._browser is None:
                self._browser = _Chromium(self._crawler)
                self._count("started")
            self._browser.pages += 1
            self._showing += 1
            self._idle.clear()
            return self._browser

    def _leave(self) -> None:
        self._showing -= 1
        if self._showing == 0:
            self._idle.set()

    async def _give_up(self, chromium: _Chromium) -> None:
        if self._browser is chromium:
            self._browser = None
        await chromium.end()

    def _as_utf8(self, shown: Response, document: HtmlResponse, request: Request) -> Response:
        if not isinstance(shown, HtmlResponse):
            return shown.replace(request=request)
        if len(shown.text) > self._crawler.settings.getint("DOWNLOAD_MAXSIZE"):
            raise NotShownError("the page is larger than the limit once it is shown")
        headers = document.headers.copy()
        headers["Content-Type"] = "text/html; charset=utf-8"
        return HtmlResponse(shown.url, document.status, headers, shown.text.encode(), request=request, encoding="utf-8")

    def _count(self, what: str) -> None:
        if self._crawler.stats:
            self._crawler.stats.inc_value(f"browser/{what}")


class _Chromium:
    """One Chromium with its driver: started by its first page, ended for good."""

    def __init__(self, crawler: Crawler) -> None:
        logging.getLogger("scrapy-playwright").setLevel(logging.ERROR)  # a page that fails is told in its item
        self.pages = 0
        self._handler = ScrapyPlaywrightDownloadHandler(crawler)
        self._folder = Path(tempfile.mkdtemp(prefix="title1-browser-"))
        self._handler.config.launch_options = _launch_options(self._folder)
        self._handler.config.navigation_timeout_ms = browser_settings().page_seconds * 1000
        self._handler.config.target_closed_max_retries = 0
        self._handler.config.restart_disconnected_browser = False
        self._starting = asyncio.Lock()
        self._driver: psutil.Process | None = None
        self._ended: asyncio.Task[None] | None = None

    async def show(self, url: str, traffic: PageTraffic) -> Response:
        """Shows one page and returns its markup.

        Raises:
            TimeoutError: The browser hangs.
            Exception: It died, or the page did, or it cannot be started.
        """
        await self._start()
        name = f"page-{id(traffic)}"
        meta: dict[str, Any] = {
            "playwright": True,
            "playwright_context": name,
            "playwright_context_kwargs": {
                "accept_downloads": False,
                "service_workers": "block",
                "user_agent": crawl_settings().user_agent,
            },
            "playwright_page_init_callback": traffic.begin,
            "playwright_page_goto_kwargs": {"wait_until": "commit"},
            "playwright_page_methods": [PageMethod(traffic.settle)],
        }
        async with asyncio.timeout(browser_settings().page_seconds + _BEYOND_SECONDS):
            shown = await cast("Any", self._handler).download_request(Request(url, meta=meta, dont_filter=True))
            await self._handler.context_wrappers[name].context.close()
        return shown

    @property
    def ending(self) -> bool:
        """Whether somebody has given it up."""
        return self._ended is not None

    async def end(self) -> None:
        """Closes the browser, and kills what does not close in time."""
        if self._ended is None:
            self._ended = asyncio.ensure_future(self._end())
        await asyncio.shield(self._ended)

    async def _start(self) -> None:
        async with self._starting:
            if self._driver is None:
                before = set(psutil.Process().children())
                # The driver can be named by its variable only; it was this process's own before anything changed it.
                os.environ[_DRIVER_VARIABLE] = leashed(_driver_program(), self._folder)
                async with asyncio.timeout(_LAUNCH_SECONDS):
                    await self._handler._launch()
                self._driver = next((one for one in psutil.Process().children() if one not in before), None)

    async def _end(self) -> None:
        left = self._processes()
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._handler.close()
        except Exception as error:  # noqa: BLE001  a browser that cannot be closed is killed
            _logger.info("The browser is killed: %s", _first_line(error))
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        # The driver is this process's child, and asyncio waits for it.
        await asyncio.to_thread(psutil.wait_procs, [one for one in left if one != self._driver], _GONE_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _processes(self) -> list[psutil.Process]:
        if self._driver is None:
            return []
        try:
            return [*self._driver.children(recursive=True), self._driver]
        except psutil.Error:
            return []


_renderers: WeakKeyDictionary[Crawler, Renderer] = WeakKeyDictionary()


def renderer_of(crawler: Crawler) -> Renderer:
    """The renderer of a crawl: one for all its download handlers."""
    if crawler not in _renderers:
        _renderers[crawler] = Renderer(crawler)
    return _renderers[crawler]


def _document_request(request: Request) -> Request:
    return Request(request.url, headers=request.headers, dont_filter=True)


@cache
def _driver_program() -> str:
    return compute_driver_executable()[0]


def _launch_options(folder: Path) -> dict[str, Any]:
    program = find_chromium()
    if program is None:
        raise NotShownError(why_none() or "no browser is here")
    return {
        "executable_path": leashed(program, folder),
        "args": list(_ARGUMENTS),
        # It refuses to start for root, who in a container is often nobody special.
        "chromium_sandbox": browser_settings().sandbox and os.geteuid() != 0,
        "timeout": _LAUNCH_SECONDS * 1000,
        # A signal to the crawl is the crawl's: it ends its browser itself.
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
    }


def _first_line(error: Exception) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return "it did not answer in time"
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
