"""The long test of the browser: many pages shown, some of which hang; no process is left, and no other page is lost.

One crawl by hand over schools of one page each, in a real Chromium. Of the pages that hang, every other one computes
for ever, the rest wait for an answer that never comes. Everything that the crawl starts is watched while it runs. Exit
status 1 if a process or a file of a browser is left, or somebody's page is lost.
Usage: python -m tests.chaos.browser --pages 200 --hanging 20
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psutil

from control_api.work.launcher import Launcher
from tests.crawler.conftest import Crawler, Web
from tests.crawler.shells import NAMES, browser_school, inline, shell

PAGE_SECONDS = 4.0
LONGEST_SECONDS_A_PAGE = 40.0
"""Twice what a page that computes for ever takes, which is tried twice; a crawl that needs more hangs."""
_ENDING_SECONDS = 20.0
_MARK = "BROWSER_TEST_MARK"
COMPUTES = "<script>while (true) {}</script>"
WAITS = "fetch('/never').catch(() => 0)"


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the pages and of the processes."""

    pages: int
    hanging: int
    seconds: float
    lost: tuple[str, ...]
    """Hosts of pages that can be read and were not read whole."""
    invented: tuple[str, ...]
    """Hosts of pages that cannot be read and were."""
    not_shown: int
    cut_short: int
    browsers: int
    processes: int
    """Processes that the crawl has started, as far as they were seen."""
    processes_left: tuple[str, ...]
    files_left: tuple[str, ...]
    peak_mebibytes: float
    """The proportional share of memory of the crawl and all that it started, at its highest."""
    exit_code: int
    tracebacks: int

    @property
    def computing(self) -> int:
        """How many pages can never be shown."""
        return (self.hanging + 1) // 2

    @property
    def well(self) -> bool:
        """Whether every promise was kept."""
        broken = self.lost or self.invented or self.processes_left or self.files_left or self.exit_code
        return not broken and not self.tracebacks and self.not_shown == self.computing


def main(arguments: list[str] | None = None) -> int:
    """Runs the crawl and prints its figures as JSON; returns the exit status."""
    parser = argparse.ArgumentParser(description="Shows many pages in a browser, some of which hang.")
    parser.add_argument("--pages", type=int, default=200, help="pages to show, one a school")
    parser.add_argument("--hanging", type=int, default=20, help="how many of them hang")
    options = parser.parse_args(arguments)
    loopback = Web()
    loopback.start()
    try:
        with tempfile.TemporaryDirectory(prefix="browser-test-") as folder:
            crawler = Crawler.of(loopback.port, Path(folder), Launcher())
            figures = show_pages(crawler, loopback, options.pages, options.hanging)
    finally:
        loopback.stop()
    print(json.dumps(asdict(figures), indent=1))
    return 0 if figures.well else 1


def show_pages(crawler: Crawler, loopback: Web, pages: int, hanging: int) -> Figures:
    """Shows so many pages, so many of which hang, spread evenly among the others."""
    computing = _publish(crawler, loopback, pages, hanging)
    hosts = [f"school{number}.test" for number in range(pages)]
    schools = crawler.folder / "schools.csv"
    schools.write_text("\n".join(("website", *map(loopback.url, hosts))), encoding="utf-8")
    mark = uuid4().hex
    # Chromium makes sockets in its folder, and the names of those must be short.
    with tempfile.TemporaryDirectory(prefix="t1-") as files:
        crawler.environment |= {
            "TITLE1_BROWSER_PAGE_SECONDS": str(PAGE_SECONDS),
            "TITLE1_CRAWL_PAGES_PER_SCHOOL": "2",  # no well-known paths: what counts here comes after them
            "TMPDIR": files,
            _MARK: mark,
        }
        begun = time.monotonic()
        process = crawler.begin("staff_directory", {"schools": str(schools), "browser": "1"})
        seen, peak = _watch(psutil.Process(process.pid), begun + LONGEST_SECONDS_A_PAGE * pages)
        code = process.wait(_ENDING_SECONDS)
        seconds = time.monotonic() - begun
        _, alive = psutil.wait_procs(seen, timeout=_ENDING_SECONDS)
        files_left = tuple(sorted(path.name for path in Path(files).iterdir()))
    read: dict[str, set[str]] = {host: set() for host in hosts}
    for row in crawler.rows():
        read[urlsplit(row["url"]).hostname or ""].add(row["name"])
    log = crawler.log()
    return Figures(
        pages=pages,
        hanging=hanging,
        seconds=round(seconds, 1),
        lost=tuple(host for host, names in read.items() if host not in computing and names != NAMES),
        invented=tuple(host for host in computing if read[host]),
        not_shown=_counted(log, "visits/missed/not_shown"),
        cut_short=_counted(log, "browser/cut_short"),
        browsers=_counted(log, "browser/started"),
        processes=len(seen),
        processes_left=tuple(sorted(map(str, {*alive, *_marked(mark)}))),
        files_left=files_left,
        peak_mebibytes=round(peak / 2**20, 1),
        exit_code=code,
        tracebacks=log.count("Traceback"),
    )


def _publish(crawler: Crawler, loopback: Web, pages: int, hanging: int) -> set[str]:
    """Puts the schools on the web; returns the hosts of those whose pages can never be shown."""
    places = {number * pages // hanging: number for number in range(hanging)}
    computing: set[str] = set()
    for place in range(pages):
        host, staff = f"school{place}.test", None
        if place in places and places[place] % 2 == 0:
            staff = shell(COMPUTES)
            computing.add(host)
        elif place in places:
            staff = inline(WAITS)
            loopback.page(host, "/never", seconds=3600)
        browser_school(crawler, loopback, host, staff)
    return computing


def _watch(crawl: psutil.Process, until: float) -> tuple[set[psutil.Process], float]:
    """Looks at a crawl's processes until it has ended; returns all that it started, and the peak of their memory."""
    seen: set[psutil.Process] = set()
    peak = 0.0
    while crawl.is_running() and crawl.status() != psutil.STATUS_ZOMBIE:
        try:
            if time.monotonic() > until:
                crawl.kill()  # its exit status then says so
            started = crawl.children(recursive=True)
        except psutil.NoSuchProcess:
            break
        seen.update(started)
        peak = max(peak, sum(map(_memory, [crawl, *started])))
        time.sleep(0.3)
    return seen, peak


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _marked(mark: str) -> set[psutil.Process]:
    """Processes that have inherited the crawl's environment, whoever their parent is by now."""
    found: set[psutil.Process] = set()
    for process in psutil.process_iter():
        try:
            if process.environ().get(_MARK) == mark:
                found.add(process)
        except (psutil.Error, OSError):
            continue
    return found


def _counted(log: str, name: str) -> int:
    found = re.search(rf"'{re.escape(name)}': (\d+)", log)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
