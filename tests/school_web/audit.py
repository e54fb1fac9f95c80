"""Was the crawl polite? Reads the simulated web's own log of requests against its robots files and delays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import msgspec
from protego import Protego

from tests.school_web.truth import TrueHost, Truth

_TOLERANCE = 0.05
"""Share of the delay by which the arrival of two requests may be squeezed on the way."""
_MOST_FAILURES = 15
"""Requests for pages that a failing host may get in a row: five of its pages, each tried three times."""
_LEFT_ALONE_SECONDS = 600.0
"""How long a host that has failed so often is to be left alone."""


class Request(msgspec.Struct, frozen=True):
    """One line of the log."""

    time: float
    host: str
    path: str
    status: int
    """0 where nothing was answered."""
    user_agent: str
    retry_after: float | None = None


class Violation(msgspec.Struct, frozen=True):
    """One request that should not have been made, or not yet."""

    host: str
    path: str
    time: float
    rule: str


class Audit(msgspec.Struct, frozen=True):
    """What the log shows."""

    requests: int
    robots_violations: tuple[Violation, ...]
    rate_violations: tuple[Violation, ...]
    fastest_gap: dict[str, float]
    """By host, the shortest time in seconds between two counted requests."""
    without_robots: tuple[str, ...]
    """Hosts whose pages were asked for before anybody had asked for their robots file; told, not counted."""


def audit(log_path: Path, truth: Truth, min_delay: float = 1.0) -> Audit:
    """Judge every request of a log; `judge` says by which rules."""
    return judge(read_log(log_path), truth.hosts, min_delay)


def judge(requests: list[Request], hosts: Mapping[str, TrueHost], min_delay: float = 1.0) -> Audit:
    """Judge requests by what the hosts that they name wish for; requests to other hosts are only counted.

    Robots: a request is a violation when the host's robots file forbids its path to the agent that made it, or when the
    host answered 429 or 5xx for its robots file, or nothing at all (0), and the request was for anything else. A robots
    file that is missing (404) forbids nothing.

    Rate: a name with `www.` and the one without it are one host. Two successive requests to it must be at least its
    Crawl-delay apart, or `min_delay` seconds where it asks for none, less 5 %. The first request for /robots.txt of
    each name counts neither as the earlier nor as the later of a pair, because the delay is not known before it;
    repeated ones count like any other. A request before the time of an earlier answer's Retry-After is a violation
    too. All hosts of one domain (their last two labels) are one server: any two requests to it must be `min_delay`
    apart, whatever they ask for. A host whose last 15 pages within ten minutes got a 5xx or no answer is to be left
    alone for ten minutes. The search engine is an API and is left out.
    """
    by_host: dict[str, list[Request]] = {}
    by_name: dict[str, list[Request]] = {}
    by_domain: dict[str, list[Request]] = {}
    for request in sorted(requests, key=lambda request: request.time):
        host = hosts.get(request.host)
        if host and not host.is_api:
            by_host.setdefault(request.host.removeprefix("www."), []).append(request)
            by_name.setdefault(request.host, []).append(request)
            by_domain.setdefault(".".join(request.host.split(".")[-2:]), []).append(request)
    robots: list[Violation] = []
    rate: list[Violation] = []
    fastest: dict[str, float] = {}
    for name, asked in by_name.items():
        robots += _forbidden(asked, hosts[name])
        gaps = [later.time - earlier.time for earlier, later in pairwise(_without_first_robots(asked))]
        if gaps:
            fastest[name] = round(min(gaps), 3)
    for asked in by_host.values():
        delay = max(hosts[request.host].crawl_delay or min_delay for request in asked)
        rate += _too_soon(_without_first_robots(asked), delay)
        rate += _not_left_alone(asked)
    for asked in by_domain.values():
        rate += _too_close_together(asked, min_delay)
    unread = sorted(name for name, asked in by_name.items() if not _is_robots(asked[0]))
    return Audit(len(requests), tuple(robots), tuple(rate), fastest, tuple(unread))


def read_log(log_path: Path) -> list[Request]:
    """The requests of a log; a last line that is not yet whole is left for the next reading."""
    lines = log_path.read_bytes().splitlines(keepends=True)
    return [msgspec.json.decode(line, type=Request) for line in lines if line.endswith(b"\n")]


def _forbidden(asked: list[Request], rules: TrueHost) -> Iterable[Violation]:
    parsed = Protego.parse(rules.robots or "")
    for request in asked:
        if _is_robots(request):
            continue
        if rules.robots_status in {0, 429} or rules.robots_status >= 500:
            yield _violation(request, f"robots.txt answers {rules.robots_status or 'nothing'}: nothing may be asked")
        elif not parsed.can_fetch(request.path, request.user_agent):
            yield _violation(request, "robots.txt forbids the path")


def _without_first_robots(asked: list[Request]) -> list[Request]:
    first = {request.host: request for request in reversed(asked) if _is_robots(request)}
    return [request for request in asked if request is not first.get(request.host)]


def _too_soon(counted: list[Request], delay: float) -> Iterable[Violation]:
    previous: Request | None = None
    not_before = 0.0
    for request in counted:
        if request.time < not_before:
            yield _violation(request, "before Retry-After had passed")
        elif previous and request.time - previous.time < delay * (1 - _TOLERANCE):
            yield _violation(request, f"{request.time - previous.time:.3f} s after the one before, limit {delay:g} s")
        previous = request
        if request.retry_after is not None:
            not_before = max(not_before, request.time + request.retry_after * (1 - _TOLERANCE))


def _not_left_alone(asked: list[Request]) -> Iterable[Violation]:
    failed: list[float] = []
    alone_until = 0.0
    for request in asked:
        if _is_robots(request):
            continue  # each crawl reads the rules anew
        if request.time < alone_until:
            yield _violation(request, f"after {_MOST_FAILURES} failures in a row")
        if request.status and request.status < 500:
            failed.clear()
            continue
        failed = [*(at for at in failed if at > request.time - _LEFT_ALONE_SECONDS), request.time]
        if len(failed) >= _MOST_FAILURES:
            alone_until = request.time + _LEFT_ALONE_SECONDS


def _too_close_together(asked: list[Request], delay: float) -> Iterable[Violation]:
    for previous, request in pairwise(asked):
        # Two requests to one host are judged by its own delay.
        if request.host != previous.host and request.time - previous.time < delay * (1 - _TOLERANCE):
            yield _violation(request, f"{request.time - previous.time:.3f} s after one to {previous.host}")


def _is_robots(request: Request) -> bool:
    return request.path == "/robots.txt"


def _violation(request: Request, rule: str) -> Violation:
    return Violation(request.host, request.path, request.time, rule)
