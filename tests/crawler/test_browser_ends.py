"""Chromium dies, hangs, or its crawl does: a page may be lost, the crawl is not, and no process is left behind."""

from __future__ import annotations

import signal
import subprocess

import psutil
import pytest

from tests.chaos.browser import show_pages
from tests.crawler.conftest import Crawler, Web, end, wait_until
from tests.crawler.shells import NAMES, NEEDS_CHROMIUM, all_gone, browser_school, wait_for_chromium

pytestmark = [pytest.mark.browser, pytest.mark.untraced, pytest.mark.timeout(180), NEEDS_CHROMIUM]


def begun(crawler: Crawler, loopback: Web, seconds: float = 2.0) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A harvest whose browser waits for the list, and all that it has started, Chromium first."""
    url = browser_school(crawler, loopback)
    loopback.pages["pine.test", "/api/staff"].seconds = seconds
    process = crawler.begin("staff_directory", {"url": url, "browser": "1"})
    started = wait_for_chromium(process)
    wait_until(lambda: "/api/staff" in loopback.paths("pine.test"))
    return process, [*started, *wait_for_chromium(process)]


def test_a_chromium_that_dies_is_replaced_and_the_page_shown_once_more(crawler: Crawler, loopback: Web) -> None:
    process, started = begun(crawler, loopback)
    started[0].kill()
    assert process.wait(60) == 0
    assert {row["name"] for row in crawler.rows()} == NAMES
    assert "'browser/failed': 1" in crawler.log()
    assert "Traceback" not in crawler.log()
    assert all_gone(started)


def test_a_chromium_that_hangs_is_killed_and_the_page_shown_once_more(crawler: Crawler, loopback: Web) -> None:
    crawler.environment["TITLE1_BROWSER_PAGE_SECONDS"] = "4"
    process, started = begun(crawler, loopback)
    started[0].suspend()
    assert process.wait(90) == 0
    assert {row["name"] for row in crawler.rows()} == NAMES
    assert "'browser/failed': 1" in crawler.log()
    assert all_gone(started)


def test_a_driver_that_dies_is_replaced(crawler: Crawler, loopback: Web) -> None:
    process, started = begun(crawler, loopback)
    started[0].parent().kill()  # pyright: ignore[reportOptionalMemberAccess]  it was started by the driver
    assert process.wait(60) == 0
    assert {row["name"] for row in crawler.rows()} == NAMES
    assert all_gone(started)


def test_nothing_is_left_after_a_crawl(crawler: Crawler, loopback: Web) -> None:
    process, started = begun(crawler, loopback, 0.3)
    assert process.wait(60) == 0
    assert {row["name"] for row in crawler.rows()} == NAMES
    assert all_gone(started)


def test_a_stop_ends_the_browser_and_the_next_run_goes_on(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(crawler, loopback)
    loopback.pages["pine.test", "/api/staff"].seconds = 30
    crawler.environment["TITLE1_CRAWL_TIMEOUT_SECONDS"] = "60"
    options = ("-s", f"JOBDIR={crawler.folder / 'job'}")
    process = crawler.begin("staff_directory", {"url": url, "browser": "1"}, *options)
    started = wait_for_chromium(process)
    wait_until(lambda: "/api/staff" in loopback.paths("pine.test"))
    started += wait_for_chromium(process)
    assert end(process, signal.SIGTERM) < 10
    assert "Closing spider (shutdown)" in crawler.log()
    assert "Traceback" not in crawler.log()
    assert all_gone(started)
    assert crawler.rows() == []

    loopback.pages["pine.test", "/api/staff"].seconds = 0
    assert crawler.begin("staff_directory", {"url": url, "browser": "1"}, *options).wait(60) == 0
    assert {row["name"] for row in crawler.rows()} == NAMES
    assert loopback.paths("pine.test").count("/") == 1


def test_pages_that_hang_cost_themselves_only_and_leave_nothing(crawler: Crawler, loopback: Web) -> None:
    # `python -m tests.chaos.browser` does the same with 200 pages.
    figures = show_pages(crawler, loopback, pages=6, hanging=2)
    assert figures.processes > 0
    assert (figures.lost, figures.invented, figures.processes_left, figures.files_left) == ((), (), (), ())
    assert (figures.exit_code, figures.tracebacks, figures.not_shown) == (0, 0, 1)
    assert figures.cut_short >= 1


@pytest.mark.parametrize("hangs", [False, True], ids=["well", "hanging"])
def test_nothing_is_left_when_the_crawl_is_killed(crawler: Crawler, loopback: Web, *, hangs: bool) -> None:
    process, started = begun(crawler, loopback, 20)
    if hangs:
        started[0].suspend()
    end(process, signal.SIGKILL)
    assert all_gone(started)
