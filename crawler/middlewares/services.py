"""The headers of the services that providers ask: added last, to requests for exactly their origin.

A key never stands in a request that is queued: the journal would write it to disk, and a redirect would carry it to
another host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.discovery.settings import discovery_settings
from crawler.sites import origin_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


class ServiceHeadersMiddleware:
    """Gives each service's requests its headers, and takes keys from all others."""

    def __init__(self) -> None:
        self._headers = discovery_settings().services()
        self._names = {name for headers in self._headers.values() for name in headers if name != "Accept"}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ServiceHeadersMiddleware:
        """Builds the middleware for a crawl."""
        del crawler
        return cls()

    def process_request(self, request: Request) -> None:
        """Sets the headers of this hop."""
        for name in self._names:
            request.headers.pop(name, None)
        for name, value in self._headers.get(origin_of(request.url), {}).items():
            request.headers[name] = value
