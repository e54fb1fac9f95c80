"""What a crawl knows of the wishes of the hosts that it asks, by the clock of its own process.

A domain has one pace, whichever of its hosts is asked (`pace_key`). What asks for a Crawl-delay, keeps failing, or
wants to be left alone for longer than a crawl waits, is one host (`host_of`): one school must not slow down or take
away all others of its vendor. Mostly both are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.domains import pace_domain
from crawler.refusals import HostParkedError

if TYPE_CHECKING:
    from scrapy.http import Response


@dataclass(slots=True)
class HostPace:
    """What we know of the wishes of a domain or host. Times are of the monotonic clock; a pace outlives its slot."""

    floor: float
    """Seconds between two requests, at least."""
    crawl_delay: float = 0.0
    """What its robots.txt asks for; the floor is never below it."""
    longest_delay: float = 0.0
    """Of a domain: the longest Crawl-delay of any of its hosts."""
    asked: float = 0.0
    """Of a host: when its last answer ended."""
    not_before: float = 0.0
    strikes: int = 0
    parked_until: float = 0.0
    parked_reason: str = ""
    used: float = field(default_factory=monotonic)

    def pause(self, seconds: float) -> None:
        """Lets nobody ask the host for so many seconds."""
        self.not_before = max(self.not_before, monotonic() + seconds)

    def slow_down(self, seconds: float) -> None:
        """Makes a Crawl-delay the least pause between two requests."""
        self.crawl_delay = max(self.crawl_delay, seconds)
        self.floor = max(self.floor, seconds)

    def park(self, seconds: float, reason: str) -> None:
        """Refuses requests to the host for so many seconds."""
        self.parked_until = max(self.parked_until, monotonic() + seconds)
        self.parked_reason = reason

    def idle(self, now: float) -> bool:
        """Whether nothing is lost when this pace is forgotten."""
        return now - self.used > 300 and self.not_before < now and self.parked_until < now


def refuse_if_parked(pace: HostPace) -> None:
    """Refuses to ask a parked host.

    Raises:
        HostParkedError: The host is parked.
    """
    if pace.parked_until > monotonic():
        raise HostParkedError(f"the host is parked: {pace.parked_reason}")


def pace_key(url: str) -> str:
    """Returns what shares one pace: the registrable domain of a URL's host, or its vendor's, whatever the port.

    The sub-domains of a district are mostly one server, the schools of a vendor are its servers.
    """
    return pace_domain(host_of(url))


def host_of(url: str) -> str:
    """Returns what fails and is parked as one: the host name without `www.`, whatever the port and scheme."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return host.removeprefix("www.") or host


def retry_after(response: Response) -> float | None:
    """Reads a Retry-After header, as seconds or as a date; zero and the past count as no header."""
    text = (response.headers.get(b"Retry-After") or b"").decode("latin-1").strip()
    if text.isdecimal():
        seconds = float(text[:12])
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time()
        except (TypeError, ValueError, OverflowError):
            return None
    return seconds if seconds > 0 else None
