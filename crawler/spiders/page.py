"""Single pages, fetched as politely as by any crawl, for commands that read an address instead of a file.

    scrapy crawl page -a urls="https://www.school.org/staff" -a into=pages.jsonl

Every address gets one line of JSON (`FetchedPage`), whatever became of it. With `browser=1` each page is shown in a
browser, and its line has what a person would see.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure
from typing_extensions import override

from crawler.browser.second_look import shown_meta
from crawler.browser.settings import why_none
from crawler.crawl_settings import CrawlSettings, crawl_settings
from crawler.spiders.base import problem_of
from crawler.spiders.staff_directory import declared_encoding


class FetchedPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of an address: its page, or the reason why there is none."""

    asked: str
    url: str
    """Where it led."""
    status: int | None = None
    encoding: str | None = None
    """The charset of the HTTP header, if it named one."""
    body: bytes = b""
    reason: str | None = None
    """Why there is no page."""


class PageSpider(Spider):
    """Fetches the addresses that its arguments name, and follows no link."""

    name = "page"

    def __init__(self, urls: str = "", into: str = "", browser: str = "", **arguments: Any) -> None:
        arguments.pop("name", None)
        super().__init__(**arguments)
        self._shown = browser not in {"", "0"}
        self._none = why_none() if self._shown else None
        self.in_browser = self._shown and self._none is None
        self.operator: CrawlSettings = crawl_settings()
        self.urls = urls.split()
        self.into = Path(into)

    @override
    async def start(self) -> AsyncIterator[Any]:
        refused = self.operator.missing_contact or self._none
        meta = shown_meta() if self._shown else {}
        for url in self.urls:
            if refused is not None:
                self._write(FetchedPage(url, url, reason=refused))
                continue
            try:
                yield Request(
                    url, self.answered, errback=self.failed, meta=meta, cb_kwargs={"asked": url}, dont_filter=True
                )
            except ValueError:
                self._write(FetchedPage(url, url, reason="this is no web address"))

    def answered(self, response: Response, asked: str) -> None:
        """Callback of every page."""
        self._write(FetchedPage(asked, response.url, response.status, declared_encoding(response), response.body))

    def failed(self, failure: Failure) -> None:
        """Errback of every page."""
        request: Request = failure.request  # pyright: ignore[reportAttributeAccessIssue]  set by Scrapy
        problem = problem_of(failure)
        asked: str = request.cb_kwargs["asked"]
        self._write(FetchedPage(asked, request.url, problem.status, reason=problem.reason))

    def _write(self, page: FetchedPage) -> None:
        with self.into.open("ab") as lines:
            lines.write(msgspec.json.encode(page) + b"\n")
