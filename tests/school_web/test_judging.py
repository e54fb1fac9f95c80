"""The audit sees what was impolite, the score what was wrong, and neither sees more than there is."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.school_web.audit import Request, audit, judge
from tests.school_web.files import LOG, TRUTH
from tests.school_web.founding import generate
from tests.school_web.keys import person_key, site_key
from tests.school_web.score import score
from tests.school_web.truth import TrueHost, Truth, tell
from tests.school_web.world import World

PORT = 8099
AGENT = "Title1/0.1 (+https://example.test/contact)"


@pytest.fixture(scope="module")
def world() -> World:
    return generate()


@pytest.fixture(scope="module")
def truth(world: World) -> Truth:
    return tell(world, PORT)


def line(at: float, host: str, path: str, status: int = 200, **more: Any) -> str:
    return json.dumps({"time": at, "host": host, "path": path, "status": status, "user_agent": AGENT, **more}) + "\n"


def plain_host(truth: Truth) -> str:
    return next(name for name, host in truth.hosts.items() if host.robots and not host.crawl_delay)


def test_a_polite_log_has_no_violation(truth: Truth, tmp_path: Path) -> None:
    host, delayed = plain_host(truth), next(name for name, host in truth.hosts.items() if host.crawl_delay)
    log = tmp_path / LOG
    log.write_text(
        line(0, host, "/robots.txt")
        + line(0.1, host, "/")
        + line(1.1, host, "/news")
        + line(0.5, delayed, "/robots.txt")
        + line(0.6, delayed, "/")
        + line(2.6, delayed, "/news")
        + line(3.0, "search.test", "/search?q=a")
        + line(3.1, "search.test", "/search?q=b")
        + line(3.1, "unknown.test", "/", 421)
        + '{"time": 9, "host": "cut of'
    )
    result = audit(log, truth)
    assert (result.robots_violations, result.rate_violations, result.without_robots) == ((), (), ())
    assert result.fastest_gap == {host: 1.0, delayed: 2.0}
    assert result.requests == 9


def test_the_audit_sees_forbidden_paths_and_guarded_hosts(truth: Truth, tmp_path: Path) -> None:
    host = plain_host(truth)
    guarded = next(name for name, one in truth.hosts.items() if one.robots_status == 503)
    log = tmp_path / LOG
    log.write_text(
        line(0, host, "/robots.txt")
        + line(1, host, "/admin/staff")
        + line(3, host, "/search?q=x")
        + line(0, guarded, "/robots.txt", 503)
        + line(5, guarded, "/")
    )
    result = audit(log, truth)
    assert {(one.host, one.path) for one in result.robots_violations} == {
        (host, "/admin/staff"),
        (host, "/search?q=x"),
        (guarded, "/"),
    }
    assert result.rate_violations == ()


def test_the_audit_sees_requests_that_come_too_soon(truth: Truth, tmp_path: Path) -> None:
    host, delayed = plain_host(truth), next(name for name, host in truth.hosts.items() if host.crawl_delay)
    log = tmp_path / LOG
    log.write_text(
        line(0, host, "/")
        + line(0.9, host, "/a")  # too soon
        + line(1.86, host, "/b")  # within the tolerance
        + line(5, host, "/c", 429, retry_after=4)
        + line(7, host, "/d")  # before Retry-After
        + line(20, host, "/robots.txt")  # the first one: free
        + line(20.1, host, "/e")
        + line(20.2, host, "/robots.txt")  # a second one: counts
        + line(0, delayed, "/")
        + line(1.5, delayed, "/a")  # the host asks for two seconds
    )
    result = audit(log, truth)
    assert {(one.host, one.path) for one in result.rate_violations} == {
        (host, "/a"),
        (host, "/d"),
        (host, "/robots.txt"),
        (delayed, "/a"),
    }
    assert set(result.without_robots) == {host, delayed}
    assert audit(log, truth, min_delay=0.05).fastest_gap[host] == 0.1


def test_the_audit_sees_that_hosts_of_one_domain_were_asked_too_soon(truth: Truth, tmp_path: Path) -> None:
    host = next(name for name, one in truth.hosts.items() if f"www.{name}" in truth.hosts and not one.crawl_delay)
    log = tmp_path / LOG
    log.write_text(
        line(0, host, "/", 301)
        + line(0.5, f"www.{host}", "/robots.txt")  # even that: it is the same server
        + line(1.5, host, "/a", 301)
        + line(2.5, f"www.{host}", "/a")
    )
    (violation,) = audit(log, truth).rate_violations
    assert (violation.host, violation.path) == (f"www.{host}", "/robots.txt")


def test_the_audit_sees_that_www_and_bare_are_one_host() -> None:
    wishes = TrueHost("User-agent: *\nCrawl-delay: 2\n", 200, 2.0)
    asked = [
        Request(0, "fir.test", "/robots.txt", 200, AGENT),
        Request(1, "fir.test", "/", 200, AGENT),
        Request(2.5, "www.fir.test", "/robots.txt", 200, AGENT),  # free, as any host's first one
        Request(2.8, "www.fir.test", "/", 503, AGENT, 4.0),  # too soon after the other name
        Request(6, "fir.test", "/staff", 200, AGENT),  # before Retry-After
        Request(9, "www.fir.test", "/staff", 200, AGENT),
    ]
    result = judge(asked, {"fir.test": wishes, "www.fir.test": wishes}, 0.3)
    assert [(one.host, one.path) for one in result.rate_violations] == [("www.fir.test", "/"), ("fir.test", "/staff")]


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_the_audit_sees_pages_of_hosts_whose_rules_could_not_be_had(status: int) -> None:
    asked = [Request(0, "pine.test", "/robots.txt", status, AGENT), Request(9, "pine.test", "/", 200, AGENT)]
    (violation,) = judge(asked, {"pine.test": TrueHost(None, status, None)}).robots_violations
    assert violation.path == "/"
    assert judge(asked, {"pine.test": TrueHost(None, 404, None)}).robots_violations == ()


def test_the_audit_sees_that_a_failing_host_is_not_left_alone() -> None:
    failing = [Request(2.0 * number, "pine.test", f"/{number}", 500, AGENT) for number in range(17)]
    hosts = {"pine.test": TrueHost(None, 404, None)}
    assert [one.path for one in judge(failing, hosts).rate_violations] == ["/15", "/16"]
    now_and_then = [msgspec.structs.replace(one, time=one.time * 60) for one in failing]
    assert judge(now_and_then, hosts).rate_violations == ()
    failing[8] = msgspec.structs.replace(failing[8], status=200)
    assert judge(failing, hosts).rate_violations == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dr. María J. De la Cruz, Ed.D.", "De la Cruz, Maria"),
        ("O'Donnell, Anh", "Anh O’Donnell"),
        ("Mrs. Mary-Kate Núñez", "Núñez, Mary-Kate"),
    ],
)
def test_a_persons_name_is_the_same_however_it_is_printed(one: str, other: str) -> None:
    assert person_key(one) == person_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTP://WWW.WRENHILLSCHOOL.TEST:80", "http://wrenhillschool.test/"),
        ("www.cahabaschools.test:8099/o/wren-hill/index.html", "http://cahabaschools.test:8099/o/wren-hill"),
    ],
)
def test_a_website_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert site_key(one) == site_key(other)


def write_csv(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def served(world: World, truth: Truth, folder: Path) -> Path:
    (folder / TRUTH).write_bytes(msgspec.json.encode(truth))
    (folder / LOG).write_text(line(0, world.schools[0].host, "/robots.txt"))
    return folder


def leads_of(truth: Truth) -> list[tuple[str, ...]]:
    return [(school.name, person.name, person.email or "") for school in truth.schools for person in school.staff]


def test_the_truth_itself_scores_full_marks(world: World, truth: Truth, tmp_path: Path) -> None:
    schools = [(school.names[-1], school.districts[-1], school.website) for school in truth.schools]
    result = score(
        served(world, truth, tmp_path),
        write_csv(tmp_path / "s.csv", ("name", "district", "website"), schools),
        write_csv(tmp_path / "l.csv", ("school", "name", "email"), leads_of(truth)),
    )
    assert (result.schools_found, result.schools_total) == (48, 48)
    assert (result.websites_right, result.websites_wrong) == (48, 0)
    assert (result.pair_precision, result.pair_recall, result.name_precision, result.name_recall) == (1, 1, 1, 1)
    assert (result.robots_violations, result.rate_violations, result.fastest_gap_seconds) == (0, 0, None)


def test_each_kind_of_error_lowers_its_own_figure(world: World, truth: Truth, tmp_path: Path) -> None:
    schools = [(school.name, school.district, school.website) for school in truth.schools]
    schools[0] = (schools[0][0], schools[0][1], f"http://{world.look_alikes[0].host}:{PORT}/")
    schools[1] = (schools[1][0], schools[1][1], "")
    schools[2] = ("Nowhere Elementary School", schools[2][1], "http://nowhere.test/")
    leads = [lead for lead in leads_of(truth) if lead[0] != truth.schools[3].name]
    stranger = world.schools[0].council[0]
    leads.append((truth.schools[0].name, stranger.name, stranger.email or ""))
    result = score(
        served(world, truth, tmp_path),
        write_csv(tmp_path / "s.csv", ("name", "district", "website"), schools),
        write_csv(tmp_path / "l.csv", ("school", "name", "email"), leads),
    )
    assert result.schools_found == 47
    assert (result.websites_right, result.websites_wrong) == (45, 2)
    assert 0.99 < result.pair_precision < 1
    assert 0.99 < result.name_precision < 1
    assert 0.9 < result.pair_recall < 1
    assert result.details.schools_missing == (truth.schools[2].name,)
    assert stranger.name.split()[-1].lower() in result.details.names_wrong[0]


def test_two_schools_of_one_name_are_told_apart_by_their_district(truth: Truth, world: World, tmp_path: Path) -> None:
    (name, count), *_ = Counter(school.name.removesuffix(" School") for school in truth.schools).most_common(1)
    assert count == 2
    twins = [school for school in truth.schools if school.name.removesuffix(" School") == name]
    swapped = [(one.name, one.district, other.website) for one, other in zip(twins, reversed(twins), strict=True)]
    result = score(
        served(world, truth, tmp_path),
        write_csv(tmp_path / "s.csv", ("name", "district", "website"), swapped),
        write_csv(tmp_path / "l.csv", ("school", "name", "email"), []),
    )
    assert (result.schools_found, result.websites_right, result.websites_wrong) == (2, 0, 2)
    assert (result.pair_precision, result.pair_recall) == (1, 0)
