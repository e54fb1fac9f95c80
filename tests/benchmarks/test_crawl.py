"""The benchmark of crawls measures what it says, on webs of a few hosts; how much that is, no test asks."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.crawl import request_rate
from benchmarks.crawls.rivals import NOT_INSTALLED, RIVALS
from benchmarks.crawls.watching import Look, Memory, Watched, thirds
from benchmarks.crawls.web import Size, Told, Web, addresses, page, served
from extraction.staff.page import read_staff_page

PROJECT = Path(__file__).parents[2]
SMALL = Size(hosts=3, pages=2, people=5)


def run(part: str, *options: str) -> dict[str, Any]:
    size = ["--hosts", "3", "--pages", "2", "--people", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.crawl", "--json", "--part", part, *size, *options],
        cwd=PROJECT, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def web() -> Iterator[Web]:
    with served(SMALL) as web:
        yield web


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def test_the_reader_finds_all_people_of_a_web_once_and_the_way_to_the_next_page(web: Web) -> None:
    mails: list[str | None] = []
    for site in web.sites:
        url, seen = f"{site}staff", 0
        while url:
            read = read_staff_page(fetch(url), url)
            mails += [person.email for person in read.people]
            seen += 1
            [url] = read.next_pages or [""]
        assert seen == SMALL.pages
    assert len(set(mails)) == len(mails) == 3 * 2 * 5
    assert None not in mails


def test_a_web_tells_what_it_was_asked_and_how_close_together(web: Web) -> None:
    home, other, _ = web.sites
    for url in (home, f"{home}robots.txt", f"{other}staff", f"{home}staff?page=2"):
        fetch(url)
    told = web.told()
    assert (web.count(), len(told.pages), len(told.rules)) == (3, 3, 1)
    asked = [told.pages[0], told.rules[0], told.pages[2]]
    assert asked == sorted(asked)
    assert told.shortest_gap == min(asked[1] - asked[0], asked[2] - asked[1])


def test_there_is_no_page_behind_the_last_one() -> None:
    host = addresses(1)[0]
    assert page(SMALL, host, "/staff?page=2") is not None
    assert page(SMALL, host, "/staff?page=3") is None
    assert page(SMALL, host, "/other") is None


def test_figures_of_a_watched_crawl_leave_out_its_start() -> None:
    watched = Watched([Look(10.0, 5, 2.0), Look(11.0, 9, 2.5), Look(14.0, 65, 4.0)], [])
    assert (watched.pages, watched.per_processor_second) == (60, 30.0)
    grown = [Memory(float(at), 0.0, pss) for at, pss in enumerate((80, 90, 100, 100, 100, 100, 110, 150, 120))]
    assert thirds(grown) == (90, 120)


def test_a_rate_counts_requests_for_pages_and_rules_from_the_first_one_on() -> None:
    told = Told(pages=[101.0, 102.0, 103.0, 110.0], rules=[100.0], shortest_gap=1.0)
    assert request_rate(told, seconds=4.0) == 1.0


def test_throughput_reads_the_same_pages_by_all_that_are_installed(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f"#!/bin/sh\nexit {NOT_INSTALLED}\n", "utf-8")
    bare.chmod(0o755)
    [found] = run("throughput", "--rounds", "1", "--peers-python", str(bare)).values()
    ways = {one["engine"]: one for one in found}
    assert ways.keys() == {"title1", *RIVALS}
    assert {name for name, one in ways.items() if one["outcome"] == "not installed"} == RIVALS.keys() - {"scrapy"}
    for name in ("title1", "scrapy"):
        assert (ways[name]["pages"], ways[name]["people"]) == (9, 18), name


@pytest.mark.bench
def test_a_polite_crawl_is_below_its_ceiling() -> None:
    [found] = run("polite").values()
    assert found["people"] == 18
    assert found["shortest_gap"] >= 1.0
    assert 0 < found["share"] <= 1.0


@pytest.mark.bench
def test_one_worker_and_two_do_the_same_crawl() -> None:
    [found] = run("workers", "--shard", "2").values()
    assert found["one_seconds"] > 2.0, "two pages after each home page, a second apart"
    assert found["two_seconds"] > 2.0
    assert found["ratio"] == pytest.approx(found["one_seconds"] / found["two_seconds"])


@pytest.mark.bench
def test_memory_is_what_the_process_has() -> None:
    [found] = run("memory").values()
    assert found["peak_rss"] >= found["peak_pss"] >= found["last_third_pss"] > 10
