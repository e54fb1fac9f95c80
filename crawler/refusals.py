"""Why a request was not carried out although nothing is wrong with the program: each refusal knows its outcome.

Raised by the middlewares and the transport, seen by the spiders' errbacks. `outcome` is the word that reaches the
items and the table, `reason` the sentence for the operator. All are `IgnoreRequest`s: Scrapy neither retries nor logs
them as errors.
"""

from __future__ import annotations

from typing import ClassVar

from scrapy.exceptions import IgnoreRequest


class Refusal(IgnoreRequest):
    """A request that must not, or not now, be made."""

    outcome: ClassVar[str] = "refused"
    later: ClassVar[bool] = False
    """Whether the same request may be allowed at another time, so that its school should be tried again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AddressRefusedError(Refusal):
    """The address, port or scheme is closed to the crawler."""


class TooLargeError(Refusal):
    """The answer is larger than the limit: its head, its body, or what the body is once it is unpacked."""

    outcome = "too_large"


class NoSuchHostError(Refusal):
    """A guessed host does not exist, or its name resolves as any other beneath its domain does."""

    outcome = "no_such_host"


class NamesUnavailableError(Refusal):
    """The name servers do not answer, so nobody knows whether a guessed host exists."""

    outcome = "names_unavailable"
    later = True


class RobotsDeniedError(Refusal):
    """The site's robots.txt forbids the page."""

    outcome = "robots_denied"


class RobotsUnavailableError(Refusal):
    """The site's robots.txt could not be had, which means no for now (RFC 9309, 2.3.1.4)."""

    outcome = "robots_unavailable"
    later = True


class HostParkedError(Refusal):
    """The host asked for a longer pause than this crawl waits, or keeps failing."""

    outcome = "host_parked"
    later = True


class HostBusyError(Refusal):
    """Other crawls ask the host, and this one has waited for its turn for long enough."""

    outcome = "host_busy"
    later = True


class NotShownError(Refusal):
    """No browser is here, or it could not show the page."""

    outcome = "not_shown"


class CrawlStoppingError(Refusal):
    """The crawl is ending: the request goes back to the journal untouched."""

    outcome = "stopped"
    later = True
