"""Other ways to crawl a web of `benchmarks.crawls.web`, all with our reader: `python -m benchmarks.crawls.rivals NAME`.

Home pages come on the input, one a line. Each takes the same way: the home page, the link that says "staff", the next
pages that the reader names; each writes a JSON line a page with its people. None keeps robots.txt, a pace or a journal,
none keeps pages. Run by the interpreter that has the rival; the last line printed tells pages and people.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import msgspec
from lxml import html as lxml_html
from typing_extensions import override

from extraction.staff.page import read_staff_page

NOT_INSTALLED = 77
"""The exit status of a rival that this interpreter does not have."""
OPEN_AT_ONCE = 64


class Crawl:
    """What is common to all: pages become lines of a file, and further addresses."""

    def __init__(self, sites: list[str], output: Path) -> None:
        self.sites = sites
        self.pages = self.people = 0
        self._output = output.open("wb")

    def read(self, body: bytes | str, url: str) -> list[str]:
        """Reads a page and writes what it says; returns the addresses to ask for next."""
        page = read_staff_page(body, url)
        self.pages += 1
        self.people += len(page.people)
        self._output.write(msgspec.json.encode({"url": url, "outcome": page.outcome, "people": page.people}) + b"\n")
        if page.people:
            return list(page.next_pages)
        links = lxml_html.fromstring(body).iter("a")
        return [urljoin(url, link.get("href") or "") for link in links if "staff" in link.text_content().casefold()]

    def close(self) -> None:
        """Closes the file."""
        self._output.close()


def crawl_with_scrapy(crawl: Crawl) -> None:
    """Scrapy with the settings that made it fastest: many requests at once, no middleware that is not needed."""
    from scrapy import Request, Spider  # noqa: PLC0415  only this rival has it
    from scrapy.crawler import AsyncCrawlerProcess  # noqa: PLC0415

    class Bare(Spider):
        name = "bare"

        @override
        async def start(self) -> AsyncIterator[Any]:
            for site in crawl.sites:
                yield Request(site)

        @override
        def parse(self, response: Any, **kwargs: Any) -> Any:
            for url in crawl.read(response.body, response.url):
                yield Request(url)

    process = AsyncCrawlerProcess(
        {
            "CONCURRENT_REQUESTS": 256,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
            "CONCURRENT_ITEMS": 16,
            "COOKIES_ENABLED": False,
            "REFERER_ENABLED": False,
            "ROBOTSTXT_OBEY": False,
            "DOWNLOAD_DELAY": 0,
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
            "LOG_LEVEL": "INFO",
        }
    )
    process.crawl(Bare)
    process.start()


def crawl_with_aiohttp(crawl: Crawl) -> None:
    """A loop of aiohttp alone."""
    import aiohttp  # noqa: PLC0415  only this rival has it

    async def run() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=OPEN_AT_ONCE)) as session:

            async def fetch(url: str) -> str:
                async with session.get(url) as response:
                    return await response.text()

            await _follow(crawl, fetch)

    asyncio.run(run())


def crawl_with_crawl4ai(crawl: Crawl) -> None:
    """Crawl4AI without a browser: its strategy for plain HTTP, which fetches and decodes."""
    crawl4ai: Any = import_module("crawl4ai")
    strategies: Any = import_module("crawl4ai.async_crawler_strategy")

    async def run() -> None:
        settings = crawl4ai.CrawlerRunConfig()
        plain_http = strategies.AsyncHTTPCrawlerStrategy
        async with plain_http(crawl4ai.HTTPCrawlerConfig(), max_connections=OPEN_AT_ONCE) as strategy:

            async def fetch(url: str) -> str:
                return (await strategy.crawl(url, config=settings)).html

            await _follow(crawl, fetch)

    asyncio.run(run())


def crawl_with_crawlee(crawl: Crawl) -> None:
    """Crawlee's crawler for plain HTTP with its queue in memory."""
    crawlee: Any = import_module("crawlee")
    crawlers: Any = import_module("crawlee.crawlers")
    storage_clients: Any = import_module("crawlee.storage_clients")

    async def run() -> None:
        async def read(context: Any) -> None:
            urls = crawl.read(await context.http_response.read(), context.request.url)
            await context.add_requests(urls)

        crawler = crawlers.HttpCrawler(
            request_handler=read,
            storage_client=storage_clients.MemoryStorageClient(),
            concurrency_settings=crawlee.ConcurrencySettings(
                min_concurrency=OPEN_AT_ONCE, desired_concurrency=OPEN_AT_ONCE, max_concurrency=OPEN_AT_ONCE
            ),
            request_handler_timeout=timedelta(seconds=60),
        )

        await crawler.run(crawl.sites)

    asyncio.run(run())


async def _follow(crawl: Crawl, fetch: Callable[[str], Any]) -> None:
    room = asyncio.Semaphore(OPEN_AT_ONCE)

    async def visit(site: str) -> None:
        waiting, seen = [site], {site}
        while waiting:
            url = waiting.pop()
            async with room:
                further = crawl.read(await fetch(url), url)
            waiting.extend(new for new in further if new not in seen)
            seen.update(further)

    await asyncio.gather(*map(visit, crawl.sites))


RIVALS: dict[str, Callable[[Crawl], None]] = {
    "scrapy": crawl_with_scrapy,
    "aiohttp": crawl_with_aiohttp,
    "crawlee": crawl_with_crawlee,
    "crawl4ai": crawl_with_crawl4ai,
}


def main() -> int:
    """Crawls with the rival named first and writes to the file named second."""
    name, output = sys.argv[1:]
    crawl = Crawl(sys.stdin.read().split(), Path(output))
    try:
        RIVALS[name](crawl)
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        return NOT_INSTALLED
    crawl.close()
    print(json.dumps({"pages": crawl.pages, "people": crawl.people}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
