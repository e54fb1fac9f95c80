"""One harvest of hosts with every kind of fault, judged by their server's log; a rude visitor fails the same audit."""

from __future__ import annotations

import http.client
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from time import time

import pytest

from control_api.work.launcher import Launcher
from tests.crawler.conftest import Crawler, home_page, staff_table
from tests.crawler.raw_server import RawWeb, Script, first, late, page, silent, torn, whole
from tests.school_web.audit import Audit, Request, judge
from tests.school_web.truth import TrueHost

DELAY = 0.25
PAGES = ("/", "/staff", "/faculty")
KINDS: dict[str, tuple[str, ...]] = {
    "robots answers 503": ("busy.test",),
    "robots answers 429": ("throttled.test",),
    "robots answers 500": ("broken.test",),
    "robots hangs up": ("torn.test",),
    "robots never answers": ("silent.test",),
    "robots has moved": ("moved.test", "rules.test"),
    "Crawl-delay in whole seconds": ("whole.test",),
    "Crawl-delay in parts of a second": ("fraction.test",),
    "page answers 429 and seconds": ("seconds.test",),
    "page answers 503 and a date": ("date.test",),
    "page is slow": ("slow.test",),
    "pages fail": ("failing.test",),
    "site fails": ("down.test", "www.down.test"),
    "two schools of one vendor": ("oak.edlioschool.com", "elm.edlioschool.com"),
    "www and bare": ("fir.test", "www.fir.test"),
}
NOT_TO_BE_READ = ("busy.test", "throttled.test", "broken.test", "torn.test", "silent.test")
NOBODY_LISTENS = "refused.test"


def text(body: str) -> Script:
    return whole("200 OK\nContent-Type: text/plain", body)


async def busy_until_a_date() -> AsyncIterator[bytes]:
    # A date has whole seconds only; the audit is told what is left of them.
    until = int(time()) + 3
    head = f"503 Busy\nRetry-After: {formatdate(until, usegmt=True)}\nX-Pause: {until - time():.3f}"
    async for piece in whole(head)():
        yield piece


def publish(raw: RawWeb) -> dict[str, TrueHost]:
    """Puts the hosts of all kinds on a server; returns what they wish for."""
    truth = {host: TrueHost(None, 404, None) for hosts in KINDS.values() for host in hosts}
    for host in truth.keys() - {"rules.test"}:
        site = host.removeprefix("www.")
        people = (("Maria Alvarez", "Principal", f"m@{site}"), ("John Okafor", "Art Teacher", f"j@{site}"))
        raw.scripts[host, "/"] = page(home_page("Pine", {"Staff Directory": "/staff", "Faculty": "/faculty"}))
        raw.scripts[host, "/staff"] = page(home_page("Staff", {}))
        raw.scripts[host, "/faculty"] = page(staff_table(*people))

    def robots(
        host: str, script: Script, rules: str | None = None, status: int = 200, delay: float | None = None
    ) -> None:
        raw.scripts[host, "/robots.txt"] = script
        truth[host] = TrueHost(rules, status, delay)

    robots("busy.test", whole("503 Busy"), status=503)
    robots("throttled.test", whole("429 Slow down"), status=429)
    robots("broken.test", whole("500 Broken"), status=500)
    robots("torn.test", torn, status=0)
    robots("silent.test", silent, status=0)
    rules = "User-agent: *\nDisallow: /staff\n"
    robots("moved.test", whole(f"301 Moved\nLocation: {raw.url('rules.test', '/robots')}"), rules)
    raw.scripts["rules.test", "/robots"] = text(rules)
    for host, delay in (("whole.test", "1"), ("fraction.test", "0.6"), ("fir.test", "0.5"), ("www.fir.test", "0.5")):
        lines = f"User-agent: *\nCrawl-delay: {delay}\n"
        robots(host, text(lines), lines, delay=float(delay))
    for host, busy in (("seconds.test", whole("429 Slow down\nRetry-After: 2")), ("date.test", busy_until_a_date)):
        raw.scripts[host, "/staff"] = first(busy, raw.scripts[host, "/staff"])
    for path in PAGES:
        raw.scripts["slow.test", path] = late(0.6, raw.scripts["slow.test", path])
        for host in KINDS["site fails"]:
            raw.scripts[host, path] = whole("500 Broken")
    many = {f"Staff {number}": f"/staff{number}" for number in range(12)}
    raw.scripts["failing.test", "/"] = page(home_page("Pine", many))
    for path in many.values():
        raw.scripts["failing.test", path] = whole("500 Broken")
    return truth


def visit_rudely(raw: RawWeb) -> None:
    """Asks every host for everything at once, and waits for no answer that is long in coming."""
    for host, path in raw.scripts:
        line = http.client.HTTPConnection("127.0.0.1", raw.port, timeout=0.1)
        with suppress(OSError, http.client.HTTPException):
            line.request("GET", path, headers={"Host": host, "User-Agent": "Rude/1.0"})
            line.getresponse().read()
        line.close()


def visit_politely(raw: RawWeb, crawler: Crawler) -> tuple[list[Request], Audit, str]:
    """Harvests all hosts by a real spider; returns what was asked, what is to be said of it, and the spider's log."""
    truth = publish(raw)
    crawler.environment |= {"TITLE1_CRAWL_DELAY_SECONDS": str(DELAY), "TITLE1_CRAWL_TIMEOUT_SECONDS": "2"}
    crawler.hosts(*truth)
    crawler.hosts(NOBODY_LISTENS, address="127.0.0.9")
    schools = crawler.folder / "schools.csv"
    visited = [host for host in (*truth, NOBODY_LISTENS) if host not in {"rules.test", "www.down.test"}]
    schools.write_text("\n".join(("website", *map(raw.url, visited))), encoding="utf-8")
    _, log = crawler.run("staff_directory", {"schools": str(schools)})
    return raw.log(), judge(raw.log(), truth, DELAY), log


@pytest.fixture
def raw() -> Iterator[RawWeb]:
    served = RawWeb()
    served.start()
    yield served
    served.stop()


def of(violations: Audit, hosts: tuple[str, ...]) -> list[str]:
    every = (*violations.robots_violations, *violations.rate_violations)
    return [f"{one.host}{one.path}: {one.rule}" for one in every if one.host in hosts]


# One test, and not one for each kind: they share a crawl, which several processes of tests would each make anew.
def test_no_host_of_any_kind_has_a_reason_to_complain(raw: RawWeb, tmp_path: Path, launcher: Launcher) -> None:
    requests, audit, log = visit_politely(raw, Crawler.of(raw.port, tmp_path, launcher))
    assert {kind: of(audit, hosts) for kind, hosts in KINDS.items()} == {kind: [] for kind in KINDS}
    # The rules that have moved are fetched where they are, and are no page.
    assert (audit.robots_violations, audit.rate_violations, audit.without_robots) == ((), (), ("rules.test",))
    every_fault_was_met(requests, log)
    raw.asked.clear()
    truth = publish(raw)
    visit_rudely(raw)
    # However slow this machine is, so slow that it were polite it is not.
    rude = judge(raw.log(), truth, 20 * DELAY)
    assert [kind for kind, hosts in KINDS.items() if not of(rude, hosts)] == []


def every_fault_was_met(requests: list[Request], log: str) -> None:
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for one in requests:
        paths[one.host].append(one.path)
    assert paths.keys() == {host for hosts in KINDS.values() for host in hosts} - {"www.down.test"}
    assert all(set(paths[host]) == {"/robots.txt"} and len(paths[host]) <= 2 for host in NOT_TO_BE_READ)
    assert paths["moved.test"] == ["/robots.txt", "/", "/faculty"]
    together = (*KINDS["two schools of one vendor"], *KINDS["www and bare"])
    for host in ("whole.test", "fraction.test", "slow.test", *together):
        assert paths[host][0] == "/robots.txt"
        assert set(PAGES) <= set(paths[host])
    for host, status in (("seconds.test", 429), ("date.test", 503)):
        assert [one.status for one in requests if (one.host, one.path) == (host, "/staff")] == [status, 200]
        assert "/faculty" in paths[host]
    # Five pages three times each, of twelve; then the host is parked.
    failed = [one for one in requests if one.host == "failing.test" and one.status == 500]
    assert 5 <= len(failed) <= 15
    missed = {name: int(count) for name, count in re.findall(r"'visits/missed/(\w+)': (\d+)", log)}
    assert missed["robots_unavailable"] == len((*NOT_TO_BE_READ, NOBODY_LISTENS))
    assert missed["host_parked"] >= 1
