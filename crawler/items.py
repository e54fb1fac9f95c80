"""What the spiders yield: pages read, candidates weighed, and how each school ended.

Plain dataclasses (itemadapter reads them); the pipelines check, normalize and store them, or a feed writes them as they
are when a spider is run by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from crawler.visits import Noted, Tried
from extraction.staff.asking.blocks import DoubtfulBlock
from extraction.staff.records import Person

if TYPE_CHECKING:
    from crawler.answers import KeptAnswer
    from storage.suppression import Met

TargetState = Literal["done", "failed", "skipped"]


@dataclass(slots=True)
class Signal:
    """One reason for or against "this is the school's official site"; `weight` is what it adds to the score."""

    name: str
    weight: float
    detail: str
    """What was seen, as printed on the page or in the address."""


@dataclass(slots=True)
class CandidateItem:
    """A candidate for a school's website, fetched and scored: (origin, path prefix), so `url` ends in "/"."""

    target: str
    url: str
    provider: str
    score: float
    signals: list[Signal]
    fetched_at: datetime
    status: int | None
    """HTTP status, or None where nothing was fetched; then a signal says why."""


@dataclass(slots=True)
class PageItem:
    """A page of a school's site that was asked for, and the people it shows."""

    target: str
    url: str
    status: int | None
    outcome: str
    """A `PageOutcome`, or `robots_denied`, `unreachable`, `http_error`, `not_html`, `too_large`, `refused`."""
    reason: str
    fetched_at: datetime
    people: list[Person] = field(default_factory=list[Person])
    doubts: list[DoubtfulBlock] = field(default_factory=list[DoubtfulBlock])
    """Blocks about which a model is to be asked, until it was; empty in a crawl without one."""
    kept: KeptAnswer | None = None
    """What was read, where it is to be kept."""
    suppressed: list[Met] = field(default_factory=list["Met"])
    """People left out by an address, whose names at the school are to be noted; only in a crawl for a job."""


@dataclass(slots=True)
class TargetItem:
    """The end of one school's turn in a crawl: its outcome and the reason for it."""

    target: str
    state: TargetState
    outcome: str
    """Discovery: `accepted`, `review`, `none`, `try_later`. Harvest: `staff`, `no_staff`, `robots_denied`, …"""
    reason: str
    website: str | None = None
    score: float | None = None
    pages: int = 0
    people: int = 0
    tried: list[Tried] = field(default_factory=list[Tried])
    """Discovery: the providers in the order in which they were asked, and what came of each."""
    pages_gone: int = 0
    """Of kept pages that are read again: those that are kept no more."""


@dataclass(slots=True)
class WaitingItem:
    """A school's turn in a crawl that goes on in another process, which has a browser."""

    target: str
    reason: str
    noted: Noted


def now() -> datetime:
    """Returns the time for `fetched_at`."""
    return datetime.now(UTC)
