"""A crawl that is killed or stopped goes on where it was: no page is lost, and what was done is not done again."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crawler.journal import Journal
from tests.crawler.conftest import ROOT, Crawler, Web, end, home_page, staff_table, wait_until

SCHOOLS = 12


def many_schools(crawler: Crawler, loopback: Web, seconds: float = 0.0) -> Path:
    """Schools of three requests each, on hosts of their own."""
    lines = ["name,website"]
    for number in range(SCHOOLS):
        host = f"school{number}.test"
        crawler.hosts(host)
        loopback.page(host, "/", home_page("School", {"Staff Directory": "/staff"}), seconds=seconds)
        person = (f"Maria Number{chr(97 + number)}son", "Teacher", f"m{number}@{host}")
        other = (f"John Number{chr(97 + number)}man", "Principal", f"j{number}@{host}")
        loopback.page(host, "/staff", staff_table(person, other), seconds=seconds)
        lines.append(f"School {number},{loopback.url(host)}")
    path = crawler.folder / "schools.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_after_a_kill_every_school_is_still_visited_to_its_end(crawler: Crawler, loopback: Web) -> None:
    crawler.environment["TITLE1_CRAWL_DELAY_SECONDS"] = "0.5"
    arguments = {"schools": str(many_schools(crawler, loopback, 0.2))}
    options = ("-s", f"JOBDIR={crawler.folder / 'job'}", "-s", "CONCURRENT_REQUESTS=4")
    for seen in (6, 16):
        process = crawler.begin("staff_directory", arguments, *options)
        wait_until(lambda seen=seen: len(loopback.hits) >= seen)
        end(process, signal.SIGKILL)
    assert len({row["school"] for row in crawler.rows()}) < SCHOOLS
    assert crawler.begin("staff_directory", arguments, *options).wait(60) == 0
    rows = crawler.rows()
    assert len({row["school"] for row in rows}) == SCHOOLS
    assert len({row["email"] for row in rows}) == 2 * SCHOOLS
    assert "Traceback" not in crawler.log()


def test_what_several_crashes_left_of_one_visit_goes_on_as_one(crawler: Crawler, loopback: Web) -> None:
    """A page whose items were not stored, and the pages that its callback and theirs asked for next, all pending."""
    crawler.environment["TITLE1_CRAWL_DELAY_SECONDS"] = "0.5"
    arguments = {"schools": str(many_schools(crawler, loopback, 0.2))}
    folder = crawler.folder / "job"
    options = ("-s", f"JOBDIR={folder}", "-s", "CONCURRENT_REQUESTS=4")
    process = crawler.begin("staff_directory", arguments, *options)
    wait_until(lambda: len(loopback.hits) >= 6)
    end(process, signal.SIGKILL)
    journal = Journal(next(folder.rglob("frontier.db")))
    left = journal.pending()
    assert left
    for _ in range(5):
        for _, request in left:
            journal.add(None, request)
    journal.close()
    before = len(loopback.hits)
    assert crawler.begin("staff_directory", arguments, *options).wait(60) == 0
    again = Counter((hit.host, hit.path) for hit in loopback.hits[before:] if hit.path != "/robots.txt")
    assert set(again.values()) == {1}
    assert len({row["email"] for row in crawler.rows()}) == 2 * SCHOOLS
    assert "'scheduler/chains_joined'" in crawler.log()


def test_a_stop_does_not_wait_for_delays_and_the_next_run_goes_on(crawler: Crawler, loopback: Web) -> None:
    host = "slow.test"
    crawler.hosts(host)
    crawler.environment["TITLE1_CRAWL_DELAY_SECONDS"] = "30"
    lines = ["name,website"]
    for number in range(8):
        loopback.page(host, f"/s{number}/", home_page(f"School {number}", {"Staff Directory": f"/s{number}/staff"}))
        person = (f"Maria Number{chr(97 + number)}son", "Teacher", f"m{number}@{host}")
        loopback.page(host, f"/s{number}/staff", staff_table(person, ("John Okafor", "Principal", f"j{number}@{host}")))
        lines.append(f"School {number},{loopback.url(host, f'/s{number}/')}")
    schools = crawler.folder / "schools.csv"
    schools.write_text("\n".join(lines), encoding="utf-8")
    options = ("-s", f"JOBDIR={crawler.folder / 'job'}")
    process = crawler.begin("staff_directory", {"schools": str(schools)}, *options)
    wait_until(lambda: len(loopback.hits) >= 1)
    time.sleep(0.7)
    assert end(process, signal.SIGTERM) < 10
    assert "Closing spider (shutdown)" in crawler.log()
    assert crawler.rows() == []

    crawler.environment["TITLE1_CRAWL_DELAY_SECONDS"] = "0.02"
    assert crawler.begin("staff_directory", {"schools": str(schools)}, *options).wait(60) == 0
    assert "Resuming the crawl: 8 requests" in crawler.log()
    assert {row["school"] for row in crawler.rows()} == {f"School {number}" for number in range(8)}
    assert max(Counter(loopback.paths(host)).values()) <= 2


def test_a_stop_does_not_wait_for_a_server_that_never_answers(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("stuck.test")
    crawler.environment["TITLE1_CRAWL_TIMEOUT_SECONDS"] = "60"
    loopback.page("stuck.test", "/", "never", seconds=3600)
    process = crawler.begin("staff_directory", {"url": loopback.url("stuck.test")})
    wait_until(lambda: "/" in loopback.paths("stuck.test"))
    assert end(process, signal.SIGTERM) < 10


HELD = "import subprocess, sys; held = bytearray(b'x') * (700 << 20); sys.exit(subprocess.call(sys.argv[1:]))"
"""A process of 700 MB that starts another one."""


def test_the_size_of_who_starts_a_crawl_is_not_the_crawls(crawler: Crawler, loopback: Web) -> None:
    arguments = {"schools": str(many_schools(crawler, loopback))}
    command = crawler.command("staff_directory", arguments, "-o", str(crawler.folder / "feed.jl"))
    limit = ("-s", "MEMUSAGE_LIMIT_MB=600")
    done = subprocess.run(
        [sys.executable, "-c", HELD, *command, *limit],
        cwd=ROOT, env=os.environ | crawler.environment, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert "Spider closed (finished)" in done.stderr, done.stderr
    assert len({row["school"] for row in crawler.rows()}) == SCHOOLS


def test_a_crawl_that_grows_too_large_ends(crawler: Crawler, loopback: Web) -> None:
    arguments = {"schools": str(many_schools(crawler, loopback))}
    _, log = crawler.run_by_hand("staff_directory", arguments, "-s", "MEMUSAGE_LIMIT_MB=20")
    assert "Spider closed (memusage_exceeded)" in log


def test_a_finished_crawl_begins_nothing_again(crawler: Crawler, loopback: Web) -> None:
    arguments = {"schools": str(many_schools(crawler, loopback))}
    options = ("-s", f"JOBDIR={crawler.folder / 'job'}")
    rows, _ = crawler.run("staff_directory", arguments, *options)
    asked = len(loopback.hits)
    again, log = crawler.run("staff_directory", arguments, *options)
    assert len(again) == len(rows) == 2 * SCHOOLS
    assert len(loopback.hits) == asked
    assert f"'dupefilter/filtered': {SCHOOLS}" in log


def test_two_crawls_cannot_share_a_journal(crawler: Crawler, loopback: Web, tmp_path: Path) -> None:
    crawler.hosts("pine.test")
    loopback.page("pine.test", "/", home_page("Pine", {}))
    (tmp_path / "job").mkdir()
    held = Journal(tmp_path / "job" / "frontier.db")
    held.add(b"mark", {"url": "http://pine.test/"})
    held.flush()
    _, log = crawler.run("staff_directory", {"url": loopback.url("pine.test")}, "-s", f"JOBDIR={tmp_path / 'job'}")
    held.close()
    assert "is another crawl using it?" in log
    assert loopback.hits == []


def test_the_journal_keeps_what_is_not_done(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "frontier.db")
    first = journal.add(b"school-1", {"url": "http://a.test/", "headers": {b"Accept": [b"*/*"]}})
    second = journal.add(None, {"url": "http://b.test/"})
    journal.add(None, {"url": "http://c.test/"})
    journal.flush()
    journal.finish(first)
    journal.finish(second)
    journal.close()
    reopened = Journal(tmp_path / "frontier.db")
    assert [request["url"] for _, request in reopened.pending()] == ["http://c.test/"]
    assert reopened.fingerprints() == {b"school-1"}
    reopened.close()


def test_the_journal_takes_only_plain_values(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "frontier.db")
    with pytest.raises(TypeError):
        journal.add(None, {"callback": object()})
    journal.close()


def test_a_journal_that_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "frontier.db")
    journal.add(b"mark", {"url": "http://a.test/"})
    broken: Any = journal
    kept, broken._connection = broken._connection, _FullDisk(broken._connection)
    with pytest.raises(sqlite3.OperationalError):
        journal.flush()
    broken._connection = kept
    journal.flush()
    assert len(journal.pending()) == 1
    journal.close()


class _FullDisk:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.real = connection
        self.in_transaction = True

    def cursor(self) -> _FullDisk:
        return self

    def execute(self, statement: str) -> None:
        self.real.execute(statement)

    def executemany(self, statement: str, rows: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", "crawler.launch", *sys.argv[1:]])
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_launched_crawl_dies_with_its_parent(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("stuck.test")
    loopback.page("stuck.test", "/", "never", seconds=3600)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, "staff_directory", f"url={loopback.url('stuck.test')}", "-s", "LOG_LEVEL=ERROR"],
        cwd=ROOT, env=crawler._environment(), stdout=subprocess.PIPE, text=True,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        wait_until(lambda: "/" in loopback.paths("stuck.test"))
        parent.kill()
    wait_until(lambda: not _runs(child))


def test_a_launched_crawl_writes_its_feed(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    loopback.page("pine.test", "/", home_page("Pine", {"Staff Directory": "/staff"}))
    people = (("Maria Alvarez", "Principal", "m@pine.test"), ("John Okafor", "Art Teacher", "j@pine.test"))
    loopback.page("pine.test", "/staff", staff_table(*people))
    feed = crawler.folder / "feed.jl"
    settings = f'FEEDS={{"{feed}": {{"format": "jsonlines"}}}}'
    command = [
        sys.executable,
        "-m",
        "crawler.launch",
        "staff_directory",
        f"url={loopback.url('pine.test')}",
        "-s",
        settings,
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=crawler._environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(crawler.rows()) == 2


@pytest.mark.parametrize("words", [["staff_directory", "oops"], ["staff_directory", "--parent", "1"]])
def test_a_launch_that_makes_no_sense_ends_at_once(words: list[str], crawler: Crawler) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crawler.launch", *words],
        cwd=ROOT, env=crawler._environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "not key=value" in done.stderr or "has ended" in done.stderr


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
