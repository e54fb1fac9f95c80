"""Was the crawl polite? Reads the simulated web's own log of requests against its robots files and delays."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import msgspec
from protego import Protego

from tests.school_web.truth import TrueHost, Truth

_TOLERANCE = 0.05
"""Share of the delay by which the arrival of two requests may be squeezed on the way."""


class Request(msgspec.Struct, frozen=True):
    """One line of the log."""

    time: float
    host: str
    path: str
    status: int
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
    """Judge every request of a log.

    Robots: a request is a violation when the host's robots file forbids its path to the agent that made it, or when the
    host answered 503 for its robots file and the request was for anything else. A robots file that is missing (404) or
    unreadable because the host fails altogether (500) is judged by the same standard: 5xx forbids all, 4xx nothing.

    Rate: two successive requests to one host must be at least its Crawl-delay apart, or `min_delay` seconds where it
    asks for none, less 5 %. The first request for /robots.txt of each host counts neither as the earlier nor as the
    later of a pair, because the delay is not known before it; repeated ones count like any other. A request before the
    time of an earlier answer's Retry-After is a violation too. All hosts of one domain (their last two labels) are one
    server: any two requests to it must be `min_delay` apart, whatever they ask for. The search engine is an API and is
    left out.
    """
    by_host: dict[str, list[Request]] = {}
    by_domain: dict[str, list[Request]] = {}
    requests = read_log(log_path)
    for request in requests:
        host = truth.hosts.get(request.host)
        if host and not host.is_api:
            by_host.setdefault(request.host, []).append(request)
            by_domain.setdefault(".".join(request.host.split(".")[-2:]), []).append(request)
    robots: list[Violation] = []
    rate: list[Violation] = []
    fastest: dict[str, float] = {}
    for name, asked in by_host.items():
        asked.sort(key=lambda request: request.time)
        rules = truth.hosts[name]
        robots += _forbidden(asked, rules)
        counted = _without_first_robots(asked)
        rate += _too_soon(counted, rules.crawl_delay or min_delay)
        gaps = [later.time - earlier.time for earlier, later in pairwise(counted)]
        if gaps:
            fastest[name] = round(min(gaps), 3)
    for asked in by_domain.values():
        asked.sort(key=lambda request: request.time)
        rate += _too_close_together(asked, min_delay)
    unread = sorted(name for name, asked in by_host.items() if not _is_robots(asked[0]))
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
        if rules.robots_status >= 500:
            yield _violation(request, f"robots.txt answers {rules.robots_status}: nothing may be asked")
        elif not parsed.can_fetch(request.path, request.user_agent):
            yield _violation(request, "robots.txt forbids the path")


def _without_first_robots(asked: list[Request]) -> list[Request]:
    first = next((request for request in asked if _is_robots(request)), None)
    return [request for request in asked if request is not first]


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


def _too_close_together(asked: list[Request], delay: float) -> Iterable[Violation]:
    for previous, request in pairwise(asked):
        # Two requests to one host are judged by its own delay.
        if request.host != previous.host and request.time - previous.time < delay * (1 - _TOLERANCE):
            yield _violation(request, f"{request.time - previous.time:.3f} s after one to {previous.host}")


def _is_robots(request: Request) -> bool:
    return request.path == "/robots.txt"


def _violation(request: Request, rule: str) -> Violation:
    return Violation(request.host, request.path, request.time, rule)
