"""How fast hosts are asked: measured at the server, not in the client."""

from __future__ import annotations

import random
from email.utils import formatdate
from itertools import pairwise
from time import monotonic, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Response

from crawler.host_paces import HostPace, host_of, pace_key, retry_after
from crawler.middlewares.polite_downloader import PoliteSlot
from tests.crawler.conftest import Answer, Crawler, Web, home_page, staff_table

PEOPLE = (("Maria Alvarez", "Principal", "m@pine.test"), ("John Okafor", "Art Teacher", "j@pine.test"))


def chain(loopback: Web, host: str = "pine.test") -> None:
    loopback.page(host, "/", home_page("Pine", {"Staff Directory": "/staff", "Faculty": "/faculty"}))
    loopback.page(host, "/staff", home_page("Staff", {}))
    loopback.page(host, "/faculty", staff_table(*PEOPLE))


def test_the_delay_is_never_undercut(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "www.pine.test")
    crawler.environment["TITLE1_CRAWL_DELAY_SECONDS"] = "0.3"
    chain(loopback)
    loopback.page("www.pine.test", "/", status=301, headers={"Location": loopback.url("pine.test")})
    # A slow answer and a setting that would like to go faster change nothing.
    loopback.pages["pine.test", "/staff"].seconds = 0.4
    crawler.run("staff_directory", {"url": loopback.url("www.pine.test")}, "-s", "DOWNLOAD_DELAY=0.01")
    times = [hit.at for hit in loopback.hits]
    assert len(times) >= 5
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.3


def test_a_crawl_delay_is_kept_from_the_robots_file_on(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    chain(loopback)
    loopback.page("pine.test", "/robots.txt", "User-agent: *\nCrawl-delay: 0.6\n")
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(rows) == 2
    assert min(loopback.gaps("pine.test")) >= 0.6


def test_a_crawl_delay_that_is_too_long_parks_the_host(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    chain(loopback)
    loopback.page("pine.test", "/robots.txt", "User-agent: *\nCrawl-delay: 3600\n")
    _, log = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert loopback.paths("pine.test") == ["/robots.txt"]
    assert "'visits/missed/host_parked': 1" in log


def test_retry_after_pauses_the_host_and_the_same_page_is_asked_again(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    chain(loopback)
    loopback.pages["pine.test", "/faculty"] = Answer(
        "slow down", 429, {"Retry-After": "1"}, times=1, then=Answer(staff_table(*PEOPLE))
    )
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(rows) == 2
    asked = [hit.at for hit in loopback.hits if hit.path == "/faculty"]
    assert len(asked) == 2
    assert 1.0 <= asked[1] - asked[0] < 3.0


def test_an_absurd_retry_after_parks_the_host(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    loopback.page("pine.test", "/", "slow down", status=503, headers={"Retry-After": "315360000"})
    _, log = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert loopback.paths("pine.test") == ["/robots.txt", "/"]
    assert "'visits/missed/host_parked': 1" in log


@pytest.mark.parametrize(("status", "most"), [(503, 8), (500, 17)])
def test_a_host_that_keeps_failing_is_left_alone(crawler: Crawler, loopback: Web, status: int, most: int) -> None:
    crawler.hosts("pine.test")
    loopback.page("pine.test", "/", home_page("Pine", {f"Staff {n}": f"/staff{n}" for n in range(12)}))
    for number in range(12):
        loopback.page("pine.test", f"/staff{number}", "busy", status=status)
    _, log = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert 7 <= len(loopback.paths("pine.test")) <= most
    assert "'visits/missed/host_parked': " in log


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (" 120 ", 120.0), ("0", None), ("-5", None), ("soon", None), ("", None), ("²", None)],
)
def test_retry_after_is_read_as_seconds(header: str, seconds: float | None) -> None:
    assert retry_after(Response("http://x.test/", headers={"Retry-After": header})) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    ahead = retry_after(Response("http://x.test/", headers={"Retry-After": formatdate(time() + 60, usegmt=True)}))
    assert ahead is not None
    assert 55 < ahead <= 60
    assert retry_after(Response("http://x.test/", headers={"Retry-After": formatdate(0, usegmt=True)})) is None


@given(floor=st.floats(0.01, 60), delay=st.floats(0, 60), seed=st.integers())
def test_jitter_only_ever_adds(floor: float, delay: float, seed: int) -> None:
    random.seed(seed)
    slot = PoliteSlot(1, delay, HostPace(floor))
    slot.lastseen = monotonic()
    first = slot.download_delay()
    assert first >= max(floor, delay)
    assert slot.download_delay() == first
    assert first <= max(floor, delay) * 1.02 + 1e-9


def test_a_paused_host_waits_even_with_a_new_slot() -> None:
    pace = HostPace(0.1)
    pace.pause(100)
    slot = PoliteSlot(1, 0.0, pace)
    assert slot.lastseen + slot.download_delay() >= monotonic() + 99


def test_www_is_the_same_host() -> None:
    assert host_of("http://www.pine.test:8080/x") == host_of("https://PINE.test/") == "pine.test"


@pytest.mark.parametrize(
    ("url", "shared"),
    [
        ("http://www.pine.test:8080/x", "pine.test"),
        ("https://lincoln.pine.test/", "pine.test"),
        ("https://lincoln.pine.k12.al.us/", "pine.k12.al.us"),
        ("https://www.oak.k12.al.us/", "oak.k12.al.us"),
        ("https://k12.al.us/", "k12.al.us"),
        ("https://lincoln.schoolinsites.com/", "schoolinsites.com"),
        ("https://lincoln.edlioschool.com/", "edlioschool.com"),
        ("https://1.files.edl.io/a.pdf", "edlioschool.com"),
        ("https://lincoln.wixsite.com/home", "wixsite.com"),
        ("https://sites.google.com/view/lincoln", "google.com"),
        ("https://core-docs.s3.amazonaws.com/a.pdf", "thrillshare.com"),
        ("https://d1.cloudfront.net/a.js", "d1.cloudfront.net"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://[2001:db8::1]/", "2001:db8::1"),
        ("http://localhost/", "localhost"),
        ("nothing", ""),
    ],
)
def test_what_shares_one_pace(url: str, shared: str) -> None:
    assert pace_key(url) == shared


def test_the_schools_of_a_domain_and_of_a_vendor_share_its_pace(crawler: Crawler, loopback: Web) -> None:
    crawler.environment["TITLE1_CRAWL_DELAY_SECONDS"] = "0.3"
    vendor = ("oak.edlioschool.com", "elm.edlioschool.com", "files.edl.io")
    district = ("lincoln.pine.test", "www.pine.test")
    crawler.hosts(*vendor, *district)
    for host in (*vendor, *district):
        chain(loopback, host)
    # What one school asks for slows down that school; a broken one is left alone, and the vendor's others go on.
    loopback.page("lincoln.pine.test", "/robots.txt", "User-agent: *\nCrawl-delay: 1.5\n")
    loopback.page("oak.edlioschool.com", "/robots.txt", "User-agent: *\nCrawl-delay: 3600\n")
    schools = crawler.folder / "schools.csv"
    lines = [f"School {number},{loopback.url(host)}" for number, host in enumerate((*vendor, *district))]
    schools.write_text("\n".join(("name,website", *lines)), encoding="utf-8")
    crawler.run("staff_directory", {"schools": str(schools)})
    assert loopback.paths("oak.edlioschool.com") == ["/robots.txt"]
    for hosts in (vendor, district):
        times = [hit.at for hit in loopback.hits if hit.host in hosts]
        assert len(times) >= 8
        assert min(later - earlier for earlier, later in pairwise(times)) >= 0.3
    assert min(loopback.gaps("lincoln.pine.test")) >= 1.5
    among = [hit.host for hit in loopback.hits if hit.host in district]
    assert among[-1] == "lincoln.pine.test"
    assert among.index("lincoln.pine.test") < len(among) - 1 - among[::-1].index("www.pine.test"), "in turns"
    read = {hit.host for hit in loopback.hits if hit.path == "/faculty"}
    assert read == {*vendor[1:], *district}
