"""The transport of a crawl that has a browser: requests that ask for it are shown, all others go the guarded way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request
from typing_extensions import override

from crawler.browser.renderer import renderer_of
from crawler.middlewares.address_guard import GuardedDownloadHandler
from crawler.middlewares.polite_downloader import SHOWN

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class BrowserDownloadHandler(GuardedDownloadHandler):
    """The guarded handler, and for requests with `SHOWN` in their meta the crawl's browser."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._renderer = renderer_of(crawler)

    @override
    async def download_request(self, request: Request) -> Response:
        if request.meta.get(SHOWN):
            self.guard.check_url(request.url)
            return await self._renderer.render(request)
        return await super().download_request(request)

    @override
    async def close(self) -> None:
        await self._renderer.close()
        await super().close()
