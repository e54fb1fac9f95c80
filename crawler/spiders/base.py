"""The way of a visit: one school, one chain of requests, and an end that is always written.

Both spiders are made of this. For each school there is exactly one outstanding request; its state travels in the
request (`crawler.visits`), its callback reads the page and asks for the next best one, and the last link of the chain
yields the school's `TargetItem`. Whatever happens to a page (an exception in its reader, a refusal, a time-out) is an
item with a reason, and the chain goes on.

Arguments of every spider: `schools=FILE.csv` by hand, or `job=ID attempt=N` from a worker.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar

from scrapy import Request, Spider
from scrapy.exceptions import (
    CannotResolveHostError,
    CloseSpider,
    DownloadTimeoutError,
    IgnoreRequest,
)
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure
from typing_extensions import override

from crawler.crawl_settings import CrawlSettings, crawl_settings
from crawler.fingerprints import SCHOOL_KEY, VISIT_START
from crawler.host_paces import pace_key
from crawler.items import TargetItem
from crawler.journal import JournalScheduler
from crawler.refusals import CrawlStoppingError, Refusal
from crawler.school_files import SchoolFileError, read_schools
from crawler.sites import same_host, start_addresses
from crawler.targets import SchoolTarget
from crawler.visits import Step, Visit

_MOST_WAITING = 2_000
"""Requests kept in memory at once; the schools behind them begin when there is room."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a page could not be had."""

    outcome: str
    reason: str
    status: int | None = None
    later: bool = False
    """Whether the page may be had at another time."""
    whole_host: bool = False
    """Whether the other pages of its host would fare the same."""


class VisitSpider(Spider):
    """A spider that visits schools. Subclasses say where a visit begins, what a page means, and how the visit ends."""

    page_budget: ClassVar[str] = "pages_per_school"
    """The field of `CrawlSettings` that bounds the pages of one visit."""

    def __init__(self, schools: str = "", job: str = "", attempt: str = "", **arguments: Any) -> None:
        arguments.pop("name", None)
        super().__init__(**arguments)
        self.schools_file = schools
        self.job = job or None
        self.attempt = int(attempt or 0)
        self.operator: CrawlSettings = crawl_settings()
        self.wait_to_read: Callable[[], Awaitable[None]] | None = None
        """Waits while too much of what was read is not stored yet; set by the pipeline that stores."""
        self.schools: dict[str, SchoolTarget] = {}
        """The schools of a crawl by hand, for the feeds; a job's schools stand in its table."""

    # What a spider says about its visits.

    def plan(self, school: SchoolTarget) -> Visit:
        """Returns the visit of a school with its first pages in the frontier."""
        raise NotImplementedError

    def read_page(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        """Reads a page into items, and offers the visit what to read next."""
        raise NotImplementedError

    async def read_answer(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        """Reads an answer that may take long to read, beside the crawl; most are pages."""
        return self.read_page(response, visit, step)

    async def keep_answer(self, response: Response, step: Step, found: list[Any]) -> None:
        """May add the answer to the items that came of it, so that it is kept with them."""

    def miss_page(self, problem: Problem, visit: Visit, step: Step) -> list[Any]:
        """Returns the items that tell of a page that could not be had."""
        raise NotImplementedError

    def refill(self, visit: Visit) -> None:
        """May offer more when the frontier is empty."""

    def meta_of(self, step: Step) -> dict[str, Any]:
        """Returns what a page's request says to the middlewares."""
        del step
        return {}

    def matters(self, step: Step, problem: Problem) -> bool:
        """Whether a school must be tried again because this page may be had at another time."""
        del step
        return problem.later

    def spent(self, visit: Visit) -> bool:
        """Whether the visit has had its pages, or kept its servers busy for as long as it may."""
        return (
            visit.pages >= int(getattr(self.operator, self.page_budget))
            or visit.seconds >= self.operator.seconds_per_school
        )

    def conclude(self, visit: Visit) -> list[Any]:
        """Returns the last items of a visit, the `TargetItem` at the end."""
        raise NotImplementedError

    # The chain.

    @override
    async def start(self) -> AsyncIterator[Any]:
        if (refused := self.operator.missing_contact) is not None:
            self.logger.error(refused)
            raise CloseSpider("contact_missing")
        try:
            schools = await self.load_schools()
        except (SchoolFileError, OSError) as error:
            self.logger.error("The schools cannot be read: %s", error)  # noqa: TRY400  the sentence says it all
            raise CloseSpider("bad_arguments") from error
        for school in interleaved(schools):
            await self._wait_for_room()
            for output in self._begin(school):
                yield output

    async def load_schools(self) -> list[SchoolTarget]:
        """Returns the schools to visit, from the job's table or from the arguments."""
        if self.job is not None:
            # Only jobs have a database; by hand a crawl runs without one.
            from crawler import job_targets  # noqa: PLC0415

            return await job_targets.load(self.job, self.attempt)
        schools = self.named_schools()
        self.schools = {school.key: school for school in schools}
        return schools

    def named_schools(self) -> list[SchoolTarget]:
        """Returns the schools that the arguments name."""
        if not self.schools_file:
            raise SchoolFileError("say which schools to visit: -a schools=FILE.csv")
        return read_schools(Path(self.schools_file))

    async def page_answered(self, response: Response, visit: dict[str, Any]) -> list[Any]:
        """Callback of every page."""
        if self.wait_to_read is not None:
            await self.wait_to_read()
        state = Visit.unpacked(visit)
        step = self._arrive(state, float(response.meta.get("download_latency", 0.0)))
        found = await self.read_safely(response, state, step)
        await self.keep_answer(response, step, found)
        return [*found, *self._go_on(state)]

    async def read_safely(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        """Reads an answer into items; what its reader stumbles over is an item with a reason."""
        try:
            return await self.read_answer(response, visit, step)
        except Exception as error:
            self.logger.exception("The page %s cannot be read", response.url)
            self._count("unreadable")
            problem = Problem("unreadable", f"{type(error).__name__}: {error}", response.status)
            return self.miss_page(problem, visit, step)

    def page_failed(self, failure: Failure) -> list[Any]:
        """Errback of every page."""
        if isinstance(failure.value, CrawlStoppingError):
            # The request is still in the journal: the next run asks for this page, and the visit goes on there.
            return []
        request: Request = failure.request  # pyright: ignore[reportAttributeAccessIssue]  set by Scrapy
        problem = problem_of(failure)
        state = Visit.unpacked(request.cb_kwargs["visit"])
        latency = float(request.meta.get("download_latency", 0.0))
        timed_out = isinstance(failure.value, DownloadTimeoutError)
        step = self._arrive(state, self.operator.timeout_seconds if timed_out else latency)
        if step.otherwise:
            state.frontier.append(
                Step(step.otherwise[0], step.kind, 2.0, step.depth, step.note, step.otherwise[1:], step.source)
            )
        elif problem.whole_host:
            state.frontier = [other for other in state.frontier if not same_host(other.url, step.url)]
        if self.matters(step, problem):
            state.later = state.later or problem.reason
        self._count(f"missed/{problem.outcome}")
        return [*self.miss_page(problem, state, step), *self._go_on(state)]

    def _begin(self, school: SchoolTarget) -> list[Any]:
        try:
            visit = self.plan(school)
        except Exception:
            self.logger.exception("The visit of %s cannot be planned", school.key)
            return [TargetItem(school.key, "failed", "error", "the visit could not be planned")]
        return self._go_on(visit, start=True)

    def _go_on(self, visit: Visit, *, start: bool = False) -> list[Any]:
        for kind in visit.traps:
            self.crawler.stats.inc_value(f"traps/{kind}")
        visit.traps.clear()
        try:
            while (step := self.next_step(visit)) is not None:
                visit.step = step
                try:
                    return [self._request(visit, step, start=start)]
                except ValueError as error:
                    self.logger.info("Not an address: %r (%s)", step.url, error)
            self._count("ended")
            return self.conclude(visit)
        except Exception as error:
            # A school without an end would be waited for for ever.
            self.logger.exception("The visit of %s cannot go on", visit.school.key)
            return [TargetItem(visit.school.key, "failed", "error", f"{type(error).__name__}: {error}")]

    def next_step(self, visit: Visit) -> Step | None:
        """Takes the page to ask for next out of the visit; None ends the visit."""
        if self.spent(visit):
            return None
        if not visit.frontier:
            self.refill(visit)
        return visit.take()

    def _request(self, visit: Visit, step: Step, *, start: bool) -> Request:
        meta: dict[str, Any] = {SCHOOL_KEY: visit.school.key, **self.meta_of(step)}
        if start:
            meta[VISIT_START] = True
        return Request(
            step.url,
            callback=self.page_answered,
            errback=self.page_failed,
            cb_kwargs={"visit": visit.packed()},
            meta=meta,
            dont_filter=not start,
            # Visits under way come before visits to begin, so that schools end while the crawl runs.
            priority=0 if start else 1,
        )

    def _arrive(self, visit: Visit, seconds: float) -> Step:
        visit.pages += 1
        visit.seconds += seconds
        step, visit.step = visit.step, None
        return step or Step("", "", 0.0)

    async def _wait_for_room(self) -> None:
        scheduler = self.crawler.engine.scheduler
        # The scheduler has no event for "there is room again".
        while isinstance(scheduler, JournalScheduler) and len(scheduler) >= _MOST_WAITING:  # noqa: ASYNC110
            await asyncio.sleep(0.2)

    def _count(self, what: str) -> None:
        self.crawler.stats.inc_value(f"visits/{what}")


def problem_of(failure: Failure) -> Problem:
    """Says what kept a page from us, in the words of the items."""
    error = failure.value
    if isinstance(error, Refusal):
        return Problem(error.outcome, error.reason, None, later=error.later, whole_host=error.later)
    if isinstance(error, HttpError):
        status = error.response.status
        return Problem("http_error", f"the server answered {status}", status, later=status == 429 or status >= 500)
    if isinstance(error, IgnoreRequest):
        return Problem("http_error", str(error) or "the request was refused")
    if isinstance(error, CannotResolveHostError):
        return Problem("unreachable", "the host name has no address", whole_host=True)
    return Problem("unreachable", f"{type(error).__name__}: {error}"[:300])


def interleaved(schools: Iterable[SchoolTarget]) -> Iterator[SchoolTarget]:
    """Yields the schools so that neighbours have different paces: many hosts are then asked at once from the start."""
    hosts: dict[str, list[SchoolTarget]] = defaultdict(list)
    for school in schools:
        addresses = start_addresses(school.website or "")
        hosts[pace_key(addresses[0]) if addresses else school.key].append(school)
    for row in zip_longest(*hosts.values()):
        yield from (school for school in row if school is not None)
