"""Answers without end, of absurd size, or slower than anybody waits: each ends by its own limit, and is counted."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from backports import zstd

from crawler.sitemaps import read_sitemap
from tests.crawler.conftest import Crawler, home_page
from tests.crawler.raw_server import RawWeb, Script, endless, page, whole

MEBIBYTE = 2**20
LIMIT = 10 * MEBIBYTE
TOO_LARGE = "the page is larger than the limit"
TOO_LARGE_UNPACKED = "the page is larger than the limit once it is unpacked"
HEAD_TOO_LARGE = "the head of the answer is larger than the limit"
HTML = "200 OK\nContent-Type: text/html\n"
ZEROS = bytes(64 * MEBIBYTE)


def packed(coding: str, body: bytes) -> Script:
    return whole(f"{HTML}Content-Encoding: {coding}", body)


def bombs_of_size() -> dict[str, tuple[Script, str]]:
    """What is too large, by host, and what is to be said of it."""
    gigabyte = gzip.compress(ZEROS) * 16
    chunk = b"10000\r\n" + bytes(2**16) + b"\r\n"
    line = b"X-Filling: " + b"x" * 1000 + b"\r\n"
    return {
        "gzip.test": (packed("gzip", gigabyte), TOO_LARGE_UNPACKED),
        "gzip-twice.test": (packed("gzip, gzip", gzip.compress(gigabyte)), TOO_LARGE_UNPACKED),
        "deflate.test": (packed("deflate", zlib.compress(ZEROS)), TOO_LARGE_UNPACKED),
        "brotli.test": (packed("br", brotli.compress(ZEROS, quality=1)), TOO_LARGE_UNPACKED),
        "zstandard.test": (packed("zstd", zstd.compress(ZEROS)), TOO_LARGE_UNPACKED),
        "endless.test": (endless(f"{HTML}\n", bytes(2**16)), TOO_LARGE),
        "chunks.test": (endless(f"{HTML}Transfer-Encoding: chunked\n\n", chunk), TOO_LARGE),
        "announced.test": (endless(f"{HTML}Content-Length: 524288000\n\n", b"x", 0.1), TOO_LARGE),
        "headers.test": (endless("200 OK\n", line), HEAD_TOO_LARGE),
        "folded.test": (endless("200 OK\nX-Filling: x\n", b" " + line), HEAD_TOO_LARGE),
        "continue.test": (endless("100 Continue\n\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), HEAD_TOO_LARGE),
        "line.test": (endless("200 OK\nX-Filling: ", bytes(2**16)), "DownloadFailedError"),
        "loop.test": (whole("302 Found\nLocation: /"), "max redirections reached"),
        "chain.test": (whole("302 Found\nLocation: /1"), "max redirections reached"),
        "refresh.test": (page('<meta http-equiv="refresh" content="0; url=/?again">'), "max redirections reached"),
    }


@pytest.fixture
def raw() -> Iterator[RawWeb]:
    served = RawWeb()
    served.start()
    yield served
    served.stop()


@pytest.fixture
def bombed(crawler: Crawler, raw: RawWeb) -> Crawler:
    crawler.environment["TITLE1_CRAWL_ALLOW_PORTS"] = str(raw.port)
    return crawler


def reasons(crawler: Crawler, raw: RawWeb, *hosts: str) -> tuple[dict[str, str], str]:
    """Why the home pages of hosts could not be had, by host, and the log of the crawl."""
    into = crawler.folder / "pages.jsonl"
    _, log = crawler.run("page", {"urls": " ".join(raw.url(host) for host in hosts), "into": str(into)})
    told = [json.loads(line) for line in into.read_text("utf-8").splitlines()]
    return {one["asked"].split("/")[2].partition(":")[0]: one.get("reason", "") for one in told}, log


def test_an_answer_that_is_too_large_ends_by_its_size(bombed: Crawler, raw: RawWeb) -> None:
    bombs = bombs_of_size()
    bombed.environment["TITLE1_CRAWL_TIMEOUT_SECONDS"] = "60"
    bombed.hosts(*bombs, "fifth.test")
    for host, (script, _) in bombs.items():
        raw.scripts[host, "/"] = script
    for hop in range(1, 7):
        raw.scripts["chain.test", f"/{hop}"] = whole(f"302 Found\nLocation: /{hop + 1}")
        raw.scripts["fifth.test", f"/{hop}"] = whole(f"302 Found\nLocation: /{hop + 1}")
    raw.scripts["fifth.test", "/"] = whole("302 Found\nLocation: /1")
    raw.scripts["fifth.test", "/5"] = page("the fifth redirect led here")
    raw.scripts["refresh.test", "/?again"] = raw.scripts["refresh.test", "/"]
    told, log = reasons(bombed, raw, *bombs, "fifth.test")
    assert told.pop("fifth.test") == ""
    assert {host: reason.partition(":")[0] for host, reason in told.items()} == {
        host: reason for host, (_, reason) in bombs.items()
    }
    inflated = [int(size) for size in re.findall(r"(\d+) B decompressed so far", log)]
    assert len(inflated) == 5
    assert max(inflated) < LIMIT + MEBIBYTE
    # None is asked for twice but where a broken connection might be an accident.
    for host in bombs.keys() - {"line.test", "loop.test", "chain.test", "refresh.test"}:
        assert raw.paths(host) == ["/robots.txt", "/"]
    assert raw.paths("chain.test") == ["/robots.txt", "/", *(f"/{hop}" for hop in range(1, 6))]
    assert raw.paths("loop.test") == ["/robots.txt", *["/"] * 6]


def test_an_answer_that_never_comes_to_an_end_ends_by_its_time(bombed: Crawler, raw: RawWeb) -> None:
    bombed.environment["TITLE1_CRAWL_TIMEOUT_SECONDS"] = "1"
    slow = {
        "head.test": endless("200 OK\n", b"X", 0.1),
        "body.test": endless(f"{HTML}\n", b"x", 0.1),
        "chunk.test": endless(f"{HTML}Transfer-Encoding: chunked\n\n", b"1\r\nx\r\n", 0.1),
    }
    bombed.hosts(*slow)
    for host, script in slow.items():
        raw.scripts[host, "/"] = script
    told, _ = reasons(bombed, raw, *slow)
    assert {reason.partition(":")[0] for reason in told.values()} == {"DownloadTimeoutError"}
    assert told.keys() == slow.keys()
    assert all(raw.paths(host) == ["/robots.txt", *["/"] * 3] for host in slow)


def test_rules_that_have_no_end_allow_nothing(bombed: Crawler, raw: RawWeb) -> None:
    plain = "200 OK\nContent-Type: text/plain\n"
    bombed.environment["TITLE1_CRAWL_TIMEOUT_SECONDS"] = "60"
    rules = {
        "endless.test": endless(f"{plain}\n", b"# filling\n" * 6000),
        "gzip.test": whole(f"{plain}Content-Encoding: gzip", gzip.compress(ZEROS)),
    }
    bombed.hosts(*rules)
    for host, script in rules.items():
        raw.scripts[host, "/robots.txt"] = script
        raw.scripts[host, "/"] = page("nobody has allowed this page")
    told, log = reasons(bombed, raw, *rules)
    assert all(reason.startswith("robots.txt cannot be read: ") for reason in told.values())
    assert all(raw.paths(host) == ["/robots.txt"] for host in rules)
    assert "'robots/unavailable': 2" in log


def test_a_harvest_counts_what_was_too_large_and_goes_on(bombed: Crawler, raw: RawWeb, tmp_path: Path) -> None:
    bomb = packed("gzip", gzip.compress(ZEROS))
    bombed.hosts("home.test", "list.test", "map.test", "index.test")
    raw.scripts["home.test", "/"] = bomb
    raw.scripts["list.test", "/"] = page(home_page("List", {"Staff Directory": "/staff"}))
    raw.scripts["list.test", "/staff"] = bomb
    for host in ("map.test", "index.test"):
        raw.scripts[host, "/"] = page(home_page("Map", {}))
    raw.scripts["map.test", "/sitemap.xml"] = bomb
    paths = [f"/sitemap{number}.xml" for number in ("", *range(999))]
    nested = "".join(f"<sitemap><loc>{raw.url('index.test', path)}</loc></sitemap>" for path in paths)
    for path in paths:
        raw.scripts["index.test", path] = whole(
            "200 OK\nContent-Type: text/xml", f"<sitemapindex>{nested}</sitemapindex>"
        )
    schools = tmp_path / "schools.csv"
    hosts = ("home.test", "list.test", "map.test", "index.test")
    schools.write_text("\n".join(("website", *map(raw.url, hosts))), encoding="utf-8")
    _, log = bombed.run("staff_directory", {"schools": str(schools)})
    assert "'visits/ended': 4" in log
    assert "'visits/missed/too_large': 3" in log
    assert "/sitemap.xml" in raw.paths("map.test")
    assert 1 <= len([path for path in raw.paths("index.test") if path.startswith("/sitemap")]) <= 4
    assert all(len(raw.paths(host)) <= 31 for host in hosts)


def test_a_sitemap_that_unfolds_itself_lists_nothing_of_it() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = (
        f'<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY l0 "http://pine.test/lol">{laughs}'
        '<!ENTITY file SYSTEM "file:///etc/passwd">]><urlset>'
        "<url><loc>&l9;</loc></url><url><loc>http://pine.test/&file;</loc></url>"
        "<url><loc>http://pine.test/staff</loc></url></urlset>"
    )
    pages = read_sitemap(text.encode()).pages
    assert set(pages) <= {"http://pine.test/staff"}


def test_a_sitemap_that_is_very_deep_or_very_long_is_read_within_limits() -> None:
    deep = "<urlset>" + "<url>" * 100_000
    assert read_sitemap(deep.encode()).pages == []
    entry = "<url><loc>http://pine.test/{}</loc></url>"
    long = "<urlset>" + "".join(entry.format(number) for number in range(30_000)) + "</urlset>"
    assert len(read_sitemap(long.encode()).pages) == 20_000
