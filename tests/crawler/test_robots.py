"""robots.txt by RFC 9309."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawler.middlewares import robots
from crawler.middlewares.robots import RobotsMiddleware, origin_of, read_rules
from crawler.refusals import CrawlStoppingError, RobotsDeniedError, RobotsUnavailableError
from tests.crawler.conftest import Crawler, Web, home_page, staff_table

URL = "http://pine.test/robots.txt"
RULES = (
    b"\xef\xbb\xbfUser-agent: *\nDisallow: /\n\n"
    b"User-agent: title1\nDisallow: /private\nAllow: /private/staff$\nCrawl-delay: 2.5\n"
)


@pytest.mark.parametrize(
    ("status", "allowed"),
    [(status, True) for status in (200, 204, 301, 401, 403, 404, 410)] + [(429, False), (500, False), (503, False)],
)
def test_the_status_decides(status: int, allowed: bool) -> None:
    rules = read_rules(Response(URL, status=status, body=b""))
    assert (rules.unavailable == "") is allowed
    assert rules.parser is None or rules.parser.can_fetch("http://pine.test/x", "Title1")


def test_the_group_of_our_product_token_holds() -> None:
    rules = read_rules(Response(URL, body=RULES))
    assert rules.parser is not None
    assert rules.crawl_delay == 2.5
    assert rules.parser.can_fetch("http://pine.test/staff", "Title1")
    assert not rules.parser.can_fetch("http://pine.test/private/x", "Title1")
    assert rules.parser.can_fetch("http://pine.test/private/staff", "Title1")


def test_a_page_of_html_instead_of_rules_forbids_nothing() -> None:
    rules = read_rules(Response(URL, body=b"<html><body>Welcome: to /our school</body></html>"))
    assert rules.parser is not None
    assert rules.parser.can_fetch("http://pine.test/staff", "Title1")


def test_only_the_first_500_kibibytes_count() -> None:
    filling = b"# filling\n" * 60_000
    rules = read_rules(Response(URL, body=b"User-agent: *\nDisallow: /early\n" + filling + b"Disallow: /late\n"))
    assert rules.parser is not None
    assert not rules.parser.can_fetch("http://pine.test/early", "Title1")
    assert rules.parser.can_fetch("http://pine.test/late", "Title1")


def test_an_origin_has_a_scheme_and_a_port() -> None:
    assert origin_of("https://user@Pine.test:8443/x?y") == "https://pine.test:8443"


class Engine:
    """Answers requests for robots.txt as a test wants."""

    def __init__(self, *answers: Response | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def download_async(self, request: Request) -> Response:
        self.asked += 1
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def middleware(*answers: Response | Exception) -> tuple[RobotsMiddleware, Engine]:
    crawler: Any = get_crawler()
    crawler._apply_settings()
    crawler.engine = Engine(*answers)
    return RobotsMiddleware.from_crawler(crawler), crawler.engine


async def test_many_pages_of_an_origin_ask_once() -> None:
    guard, engine = middleware(Response(URL, body=b"User-agent: *\nDisallow: /no\n"))
    pages = [guard.process_request(Request(f"http://pine.test/{number}")) for number in range(20)]
    await asyncio.gather(*pages)
    with pytest.raises(RobotsDeniedError):
        await guard.process_request(Request("http://pine.test/no"))
    assert engine.asked == 1


async def test_the_file_is_asked_for_again_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    guard, engine = middleware(Response(URL, body=b""), Response(URL, body=b"User-agent: *\nDisallow: /\n"))
    await guard.process_request(Request("http://pine.test/"))
    monkeypatch.setattr(robots, "monotonic", lambda: monotonic() + 25 * 3600)
    with pytest.raises(RobotsDeniedError):
        await guard.process_request(Request("http://pine.test/"))
    assert engine.asked == 2


async def test_silence_means_no_for_now_and_is_not_kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    guard, engine = middleware(TimeoutError("no answer"), Response(URL, status=404))
    for _ in range(2):
        with pytest.raises(RobotsUnavailableError, match="TimeoutError"):
            await guard.process_request(Request("http://pine.test/"))
    assert engine.asked == 1
    monkeypatch.setattr(robots, "monotonic", lambda: monotonic() + 400)
    await guard.process_request(Request("http://pine.test/"))


async def test_too_many_redirects_are_no_rules() -> None:
    guard, engine = middleware(IgnoreRequest("max redirections reached"))
    for path in ("", "staff"):
        await guard.process_request(Request(f"http://pine.test/{path}"))
    assert engine.asked == 1


async def test_a_stop_is_not_taken_for_an_answer() -> None:
    guard, engine = middleware(CrawlStoppingError("stopping"), Response(URL, status=404))
    with pytest.raises(CrawlStoppingError):
        await guard.process_request(Request("http://pine.test/"))
    await guard.process_request(Request("http://pine.test/"))
    assert engine.asked == 2


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "_MOST_KEPT", 3)
    guard, _ = middleware(*(Response(URL, status=404) for _ in range(9)))
    for number in range(9):
        await guard.process_request(Request(f"http://pine{number}.test/"))
    assert len(guard._rules) == 3


def test_a_robots_file_behind_redirects_is_found(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "rules.test")
    loopback.page("pine.test", "/robots.txt", status=301, headers={"Location": loopback.url("rules.test", "/r1")})
    loopback.page("rules.test", "/r1", status=302, headers={"Location": "/r2"})
    loopback.page("rules.test", "/r2", "User-agent: *\nDisallow: /secret\n")
    loopback.page("pine.test", "/", home_page("Pine", {"Staff Directory": "/secret", "Our Staff": "/staff"}))
    people = (("Maria Alvarez", "Principal", "m@pine.test"), ("John Okafor", "Art Teacher", "j@pine.test"))
    loopback.page("pine.test", "/staff", staff_table(*people))
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(rows) == 2
    assert "/secret" not in loopback.paths("pine.test")
