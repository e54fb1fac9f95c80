"""What a whole crawl costs beside bare Scrapy and others, and how near it comes to what politeness allows.

Real workers harvest a web of schools on loopback into a PostgreSQL of their own, in four parts: `throughput` (hosts
that answer at once and want no pause, the same pages as the rivals, all with our reader), `polite` (one request a
second and host), `workers` (a crawl that mostly waits, by one worker and by two), `memory` (a spider with many hosts).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.crawls.product import harvest, server
from benchmarks.crawls.rivals import NOT_INSTALLED, RIVALS
from benchmarks.crawls.watching import thirds, watch
from benchmarks.crawls.web import Size, Told, Web, served

_BASE = "scrapy"
_DELAY = 1.0
_LONGEST = 1800.0
"""Seconds for one crawl."""
_EXAMPLES = """\
examples:
  python benchmarks/crawl.py                            all parts, with the rivals installed here
  python benchmarks/crawl.py --part throughput --peers-python ~/peers/bin/python
                                                        the rivals run by an interpreter that has them: pip install
                                                        'crawlee[parsel]' crawl4ai aiohttp lxml msgspec phonenumbers
  python benchmarks/crawl.py --part polite --hosts 200 --pages 40 --people 2 --latency 0.2
  python benchmarks/crawl.py --part memory --hosts 1000 --json
"""


class Throughput(msgspec.Struct, frozen=True):
    """How one way to crawl fared where no host wants a pause."""

    engine: str
    outcome: Literal["crawled", "not installed", "failed"]
    pages: int = 0
    people: int = 0
    per_processor_second: float = 0.0
    """Pages for each second that the crawling process had of a processor; the web, PostgreSQL and the worker apart."""
    per_second: float = 0.0
    ratio: float | None = None
    """Pages a processor second by those of bare Scrapy."""


class Polite(msgspec.Struct, frozen=True):
    """How near a crawl came to one request a second and host."""

    hosts: int
    seconds: float
    """Looked at, from the first request on: as long as every host has pages left even at the full pace."""
    requests_per_second: float
    share: float
    """Of what the hosts' pace allows."""
    shortest_gap: float
    """Seconds between two requests to one host, at least."""
    people: int
    """That were stored."""
    processor_share: float
    """Of one processor, that the spider had."""


class Workers(msgspec.Struct, frozen=True):
    """The same crawl by one worker and by two."""

    hosts: int
    one_seconds: float
    two_seconds: float
    ratio: float


class Memory(msgspec.Struct, frozen=True):
    """What a spider with many hosts holds, in MB. Its part of what it shares with its fork server is counted in PSS."""

    hosts: int
    seconds: float
    peak_pss: float
    peak_rss: float
    first_third_pss: float
    last_third_pss: float


def main() -> None:
    """Runs the chosen parts and prints their figures."""
    wanted = _arguments()
    with server() as postgres:
        results = {part: PARTS[part](postgres, wanted) for part in wanted.part or PARTS}
    if wanted.json:
        print(json.dumps(msgspec.to_builtins(results)))
        return
    console = Console()
    for part, found in results.items():
        console.print(_table(part, found if isinstance(found, list) else [found]))


def throughput(postgres: str, wanted: argparse.Namespace) -> list[Throughput]:
    """Every page of the web by the product and by each rival, in turns; the best of each."""
    size = _size(wanted, hosts=100, pages=12, people=20)
    ways = [lambda: _ours(postgres, size), *(partial(_rival, name, size, wanted) for name in RIVALS)]
    rounds = [[_told(way()) for way in ways] for _ in range(wanted.rounds)]
    best = [max(tries, key=lambda one: one.per_processor_second) for tries in zip(*rounds, strict=True)]
    base = next(one for one in best if one.engine == _BASE).per_processor_second
    return [msgspec.structs.replace(one, ratio=one.per_processor_second / base if base else None) for one in best]


def polite(postgres: str, wanted: argparse.Namespace) -> Polite:
    """A crawl of hosts that are asked once a second."""
    size = _size(wanted, hosts=200, pages=40, people=2, filling=2)
    with served(size) as web:
        _say(f"polite: {size.hosts} hosts, {size.pages} pages each")
        done = harvest(postgres, web, delay=_DELAY, seconds=_LONGEST)
        rate = request_rate(web.told(), seconds=size.pages * _DELAY)
        looks = done.watched.looks
        return Polite(
            size.hosts,
            size.pages * _DELAY,
            rate,
            rate * _DELAY / size.hosts,
            web.told().shortest_gap,
            done.people,
            (looks[-1].processor - looks[0].processor) / (looks[-1].at - looks[0].at),
        )


def request_rate(told: Told, *, seconds: float) -> float:
    """Requests a second within so many seconds from the first one on."""
    asked = sorted(told.pages + told.rules)
    return sum(at - asked[0] < seconds for at in asked) / seconds


def workers(postgres: str, wanted: argparse.Namespace) -> Workers:
    """A crawl in shards, by one worker that may run as many of them as it is set to, and by two."""
    size = _size(wanted, hosts=120, pages=6, people=4)
    took: list[float] = []
    for number in (1, 2):
        with served(size) as web:
            _say(f"workers: {number} for {size.hosts} hosts")
            # A shard a worker at a time: one worker may run as many as its machine bears, and that is no comparison.
            settings = {"TITLE1_WORKER_SHARD_SCHOOLS": str(wanted.shard), "TITLE1_WORKER_RUNNING_IN_TOTAL": str(number)}
            took.append(
                harvest(postgres, web, workers=number, delay=_DELAY, seconds=_LONGEST, settings=settings).seconds
            )
    return Workers(size.hosts, took[0], took[1], took[0] / took[1])


def memory(postgres: str, wanted: argparse.Namespace) -> Memory:
    """A polite crawl of many hosts."""
    size = _size(wanted, hosts=1000, pages=8, people=4)
    with served(size) as web:
        _say(f"memory: {size.hosts} hosts, {size.pages} pages each")
        # One spider for all of them.
        settings = {"TITLE1_WORKER_SHARD_SCHOOLS": str(size.hosts)}
        done = harvest(postgres, web, delay=_DELAY, seconds=_LONGEST, settings=settings)
    first, last = thirds(done.watched.memory)
    return Memory(size.hosts, done.seconds, done.watched.peak_pss, done.watched.peak_rss, first, last)


PARTS: dict[str, Callable[[str, argparse.Namespace], Any]] = {
    "throughput": throughput,
    "polite": polite,
    "workers": workers,
    "memory": memory,
}


def _told(one: Throughput) -> Throughput:
    _say(f"{one.engine}: {one.outcome}, {one.per_processor_second:.1f} pages a processor second")
    return one


def _ours(postgres: str, size: Size) -> Throughput:
    with served(size) as web:
        done = harvest(postgres, web, delay=0.0, seconds=_LONGEST)
        pages = len(web.told().pages)
    used = done.watched.per_processor_second
    # Until the last page is stored, which the others do not do.
    wall = done.watched.looks[-1].at - done.watched.looks[0].at
    return Throughput("title1", "crawled", pages, done.people, used, done.watched.pages / wall)


def _rival(name: str, size: Size, wanted: argparse.Namespace) -> Throughput:
    python = sys.executable if name == _BASE else wanted.peers_python
    with served(size) as web, tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as sites:
        sites.write("\n".join(web.sites))
        sites.seek(0)
        command = [python, "-m", "benchmarks.crawls.rivals", name, str(Path(folder, "pages.jl"))]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=Path(__file__).parents[1], stdin=sites, stdout=subprocess.PIPE, stderr=log
            )
        return _outcome(name, process, web, Path(folder, "log"))


def _outcome(name: str, process: subprocess.Popen[bytes], web: Web, log: Path) -> Throughput:
    try:
        seen = watch(lambda: [process.pid], web, lambda: process.poll() is None, seconds=_LONGEST)
    finally:
        process.kill()
        said = process.communicate()[0].splitlines()
    if process.returncode == NOT_INSTALLED:
        return Throughput(name, "not installed")
    if process.returncode or not seen.looks:
        _say(log.read_text("utf-8", "replace")[-600:])
        return Throughput(name, "failed")
    told = json.loads(said[-1])
    wall = seen.looks[-1].at - seen.looks[0].at
    return Throughput(name, "crawled", told["pages"], told["people"], seen.per_processor_second, seen.pages / wall)


def _size(wanted: argparse.Namespace, *, hosts: int, pages: int, people: int, filling: int = 8) -> Size:
    """A part's own size, but for what the command line says."""
    return Size(wanted.hosts or hosts, wanted.pages or pages, wanted.people or people, filling, wanted.latency)


def _table(part: str, rows: list[Any]) -> Table:
    names = [field.name for field in msgspec.structs.fields(rows[0])]
    table = Table(title=part)
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        table.add_row(*(_figure(getattr(row, name)) for name in names))
    return table


def _figure(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else "" if value is None else str(value)


def _say(words: str) -> None:
    print(words, file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/crawl.py",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only this part; may be repeated")
    parser.add_argument("--hosts", type=int, help="hosts of the web, in place of the part's own number")
    parser.add_argument("--pages", type=int, help="pages of each host's staff list")
    parser.add_argument("--people", type=int, help="people on each of them")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until a page is answered (default: 0)")
    parser.add_argument("--rounds", type=int, default=2, help="how often throughput is measured (default: 2)")
    parser.add_argument("--shard", type=int, default=30, help="schools of a shard in the part workers (default: 30)")
    parser.add_argument("--peers-python", default=sys.executable, help="the interpreter that has the rivals")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    wanted = parser.parse_args()
    if any(value is not None and value < 1 for value in (wanted.hosts, wanted.pages, wanted.people, wanted.rounds)):
        parser.error("--hosts, --pages, --people and --rounds must be 1 or more")
    return wanted


if __name__ == "__main__":
    main()
