"""Lets a request to a guessed host pass only where the host exists and its existence means something.

Stands before robots.txt: for most guesses one look-up of a name is all that happens. Names are resolved by the address
guard, hosts file first. Beneath each domain a random label is looked up once: where it resolves too (a wildcard record,
or a name server that answers everything), a guess with the same addresses proves nothing and is refused.
"""

from __future__ import annotations

import asyncio
import secrets
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request
from twisted.internet.error import DNSLookupError

from crawler.crawl_settings import crawl_settings
from crawler.middlewares.address_guard import AddressGuard, NameServerError
from crawler.refusals import NamesUnavailableError, NoSuchHostError
from crawler.sites import GUESSED
from extraction.network_addresses import Address, literal

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_LOOKUPS_AT_ONCE = 4
_KEPT_SECONDS = 3600.0
_KEPT_SILENCE_SECONDS = 60.0
_MOST_KEPT = 20_000

Found = frozenset[Address] | None
"""The addresses of a name; None where the name servers were silent."""


class GuessedHostsMiddleware:
    """Looks up the hosts of guesses, each name once an hour, a few at a time."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._guard = AddressGuard(crawl_settings())
        self._kept: dict[str, tuple[float, Found]] = {}
        self._places = asyncio.Semaphore(_LOOKUPS_AT_ONCE)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> GuessedHostsMiddleware:
        """Builds the middleware for a crawl."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Refuses a guess whose host does not exist.

        Raises:
            NoSuchHostError: There is no such host, or every label of its domain is one.
            NamesUnavailableError: The name servers are silent.
            AddressRefusedError: The host has an address that is not public.
        """
        if not request.meta.get(GUESSED):
            return
        host = (urlsplit(request.url).hostname or "").rstrip(".")
        addresses = await self._addresses(host)
        if not addresses:
            raise NoSuchHostError(f"there is no host {host}")
        # That `www.` exists says that the name behind it does.
        domain = host.removeprefix("www.").partition(".")[2]
        anything = await self._addresses(f"*.{domain}") if domain and literal(host) is None else frozenset[Address]()
        if anything and addresses <= anything:
            self._crawler.stats.inc_value("guesses/wildcard")
            raise NoSuchHostError(f"any name beneath {domain} resolves as {host} does")
        self._crawler.stats.inc_value("guesses/exist")

    async def _addresses(self, name: str) -> frozenset[Address]:
        kept = self._kept.get(name)
        if kept is None or kept[0] < monotonic():
            async with self._places:
                found = await self._look_up(name)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            seconds = _KEPT_SILENCE_SECONDS if found is None else _KEPT_SECONDS
            kept = self._kept[name] = (monotonic() + seconds, found)
        if kept[1] is None:
            raise NamesUnavailableError("the name servers do not answer")
        return kept[1]

    async def _look_up(self, name: str) -> Found:
        self._crawler.stats.inc_value("guesses/looked_up")
        asked = name.replace("*", secrets.token_hex(10))
        try:
            return frozenset(await self._guard.resolve(asked))
        except NameServerError:
            return None
        except DNSLookupError:
            return frozenset()
