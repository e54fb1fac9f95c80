"""Guessed hosts are looked up before anybody is asked for a page, and a wildcard proves nothing."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from scrapy import Request
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.test import get_crawler
from twisted.internet.error import DNSLookupError

from crawler.middlewares import address_guard, guessed_hosts
from crawler.middlewares.address_guard import NameServerError
from crawler.middlewares.guessed_hosts import GuessedHostsMiddleware
from crawler.refusals import AddressRefusedError, NamesUnavailableError, NoSuchHostError
from crawler.sites import GUESSED
from extraction.network_addresses import Address


class Names:
    """A name server of a few names; `*.domain` answers every label beneath a domain."""

    def __init__(self, **names: str) -> None:
        self.names = {name.replace("_", "."): address for name, address in names.items()}
        self.wild: dict[str, str] = {}
        self.silent = False
        self.asked: list[str] = []

    async def look_up(self, host: str) -> list[Address]:
        self.asked.append(host)
        if self.silent:
            raise NameServerError("no answer")
        found = self.names.get(host) or self.wild.get(host.partition(".")[2])
        if found is None:
            raise DNSLookupError("no such name")
        return [ip_address(found)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    server = Names(real_example="8.8.8.8", school_district_example="8.8.4.4", inside_example="10.0.0.1")
    monkeypatch.setattr(address_guard, "_looked_up", server.look_up)
    monkeypatch.setattr(
        guessed_hosts, "crawl_settings", lambda: address_guard.CrawlSettings(contact="https://operator.example/")
    )
    return server


def middleware() -> GuessedHostsMiddleware:
    crawler = get_crawler()
    crawler.stats = MemoryStatsCollector(crawler)
    return GuessedHostsMiddleware(crawler)


def guess(host: str) -> Request:
    return Request(f"http://{host}/", meta={GUESSED: True})


async def test_a_host_that_exists_passes_and_each_name_is_looked_up_once(names: Names) -> None:
    looking = middleware()
    for _ in range(3):
        await looking.process_request(guess("real.example"))
        with pytest.raises(NoSuchHostError, match=r"there is no host absent\.example"):
            await looking.process_request(guess("absent.example"))
    # The two names, and one random label beneath their domain.
    assert len(names.asked) == 3


async def test_a_random_label_that_resolves_proves_nothing(names: Names) -> None:
    names.wild["district.example"] = "8.8.8.8"
    looking = middleware()
    with pytest.raises(NoSuchHostError, match=r"any name beneath district\.example"):
        await looking.process_request(guess("pinehollow.district.example"))
    # It has an address of its own.
    await looking.process_request(guess("school.district.example"))


async def test_a_name_server_that_answers_everything_proves_nothing(names: Names) -> None:
    names.wild["example"] = "8.8.8.8"
    with pytest.raises(NoSuchHostError):
        await middleware().process_request(guess("greenvalleyschools.example"))


async def test_www_says_that_the_name_behind_it_exists(names: Names) -> None:
    names.wild["greenvalley.example"] = "8.8.8.8"
    # None is Scrapy's word for "go on".
    assert await middleware().process_request(guess("www.greenvalley.example")) is None


async def test_silence_is_no_answer(names: Names) -> None:
    names.silent = True
    with pytest.raises(NamesUnavailableError) as refused:
        await middleware().process_request(guess("real.example"))
    assert refused.value.later


async def test_a_host_inside_is_refused(names: Names) -> None:
    with pytest.raises(AddressRefusedError):
        await middleware().process_request(guess("inside.example"))


async def test_other_requests_are_not_looked_up(names: Names) -> None:
    await middleware().process_request(Request("http://absent.example/"))
    assert names.asked == []


async def test_the_memory_of_names_is_bounded(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessed_hosts, "_MOST_KEPT", 4)
    looking = middleware()
    for number in range(20):
        with pytest.raises(NoSuchHostError):
            await looking.process_request(guess(f"absent{number}.example"))
    assert len(looking._kept) <= 4
