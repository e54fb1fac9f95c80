"""What makes two requests the same: the school they are for, and the address unless they begin the school's visit.

Asked by the scheduler. Two schools may share a page, so the school is part of every fingerprint; a school begins once
in a crawl whatever address it begins at, so `start()` may run again after a crash at no cost.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.utils.request import fingerprint

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

VISIT_START = "visit_start"
"""Meta key of the request that begins a school's visit."""
SCHOOL_KEY = "school_key"
"""Meta key that names the school a request is for."""


class VisitFingerprinter:
    """Scrapy's request fingerprinter for crawls made of visits to schools."""

    def __init__(self, spider_name: str) -> None:
        self._spider = spider_name.encode()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> VisitFingerprinter:
        """Builds the fingerprinter for a crawl."""
        return cls(crawler.spidercls.name)

    def fingerprint(self, request: Request) -> bytes:
        """Returns 20 bytes that are equal for equal requests."""
        digest = blake2b(self._spider, digest_size=20)
        digest.update(b"\0" + str(request.meta.get(SCHOOL_KEY, "")).encode("utf-8", "surrogatepass") + b"\0")
        if not request.meta.get(VISIT_START):
            digest.update(fingerprint(request))
        return digest.digest()
