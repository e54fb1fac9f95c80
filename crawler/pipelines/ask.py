"""Asks a model about the doubtful blocks of pages, while the crawl goes on; only where a model is configured.

First of the pipelines, so that what an answer adds is normalized and checked like everything else. A page waits here
for its answers and a school's end for the school's pages, until these have left all pipelines: so no end is stored
before its pages. What waits counts as being read, so that a slow model slows the crawl down before it fills the memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec
from scrapy import signals

from crawler.items import PageItem, TargetItem, WaitingItem
from crawler.visits import person_key
from extraction.llm.client import LlmClient
from extraction.llm.errors import BudgetPassedError
from extraction.llm.ledger import ClosedLedger, MemoryLedger
from extraction.llm.settings import LlmSettings
from extraction.staff.asking.asker import Asked, StaffAsker, people_after
from extraction.staff.asking.blocks import DoubtfulBlock
from extraction.staff.asking.totals import STATS

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

log = logging.getLogger(__name__)
_STOP_POLL_SECONDS = 0.5
_STOP_GRACE_SECONDS = 4.0
"""How long questions that are open may take once the crawl is told to stop; a worker waits ten seconds altogether."""
_WITHOUT_STAFF = frozenset(("no_staff", "needs_browser", "blocked"))
"""Ends of a visit that say that its pages list nobody."""


class _Turn:
    """What asking has done to one school's visit so far."""

    def __init__(self) -> None:
        self.open: set[int] = set()
        """Pages, by the identity of their items, that have not left the pipelines."""
        self.empty = asyncio.Event()
        self.empty.set()
        self.more = 0
        """People more than the visit knows of; less than none where some were dropped."""
        self.added: set[str] = set()
        """Keys of people whom the visit does not know of."""


class AskPipeline:
    """Completes the people of pages with a model's help."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._turns: defaultdict[str, _Turn] = defaultdict(_Turn)
        self._waiting: set[asyncio.Future[Asked]] = set()
        self._settings = LlmSettings()
        self._opening = asyncio.Lock()
        self._client: LlmClient | None = None
        self._asker: StaffAsker | None = None
        self._stop_watch: asyncio.Task[None] | None = None
        self._stopping = False
        for signal in (signals.item_scraped, signals.item_dropped, signals.item_error):
            crawler.signals.connect(self._left, signal)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AskPipeline:
        """Scrapy's constructor."""
        return cls(crawler)

    async def open_spider(self) -> None:
        """Begins to look whether the crawl is told to stop."""
        self._stop_watch = asyncio.create_task(self._watch_for_stop())

    async def close_spider(self) -> None:
        """Closes the client's connections."""
        if self._stop_watch is not None:
            self._stop_watch.cancel()
        if self._client is not None:
            await self._client.__aexit__(None, None, None)

    async def process_item(self, item: Any) -> Any:
        """Returns a page with its people as they are after the answers, and an end with their number."""
        if isinstance(item, PageItem):
            turn = self._turns[item.target]
            turn.open.add(id(item))
            turn.empty.clear()
            blocks, item.doubts = item.doubts, []
            asked = await self._answered(blocks, item.url) if blocks else Asked(())
            _revise(item, asked, turn)
        elif isinstance(item, TargetItem | WaitingItem) and item.target in self._turns:
            await self._turns[item.target].empty.wait()
            turn = self._turns.pop(item.target)
            if isinstance(item, TargetItem):
                _tell(item, turn)
        return item

    async def _answered(self, blocks: list[DoubtfulBlock], url: str) -> Asked:
        """The answers about a page's blocks; whatever goes wrong, the page goes on as it was read."""
        if self._stopping:
            return self._interrupted()
        asking = asyncio.ensure_future(self._asked(blocks))
        self._waiting.add(asking)
        try:
            asked = await asking
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return self._interrupted()
        except Exception as error:
            log.exception("%s: the question failed", url)
            self._crawler.stats.inc_value(f"{STATS}/errors")
            asked = Asked((), f"{type(error).__name__}: {error}")
        finally:
            self._waiting.discard(asking)
        if asked.trouble is not None:
            log.warning("%s: the model was of no help: %s", url, asked.trouble)
            self._crawler.stats.set_value(f"{STATS}/trouble", asked.trouble[:300])
        return asked

    async def _asked(self, blocks: list[DoubtfulBlock]) -> Asked:
        async with self._opening:
            asker = self._asker = self._asker or await self._new_asker()
        asked = await asker.ask(blocks)
        for name, number in msgspec.structs.asdict(asker.totals).items():
            self._crawler.stats.set_value(f"{STATS}/{name}", number)
        return asked

    async def _new_asker(self) -> StaffAsker:
        """For a job with its ledger and its organization's answers; by hand with a budget a run."""
        spider = self._crawler.spider
        if job := getattr(spider, "job", None):
            # Only jobs have a database; by hand a crawl runs without one.
            from crawler.job_session import open_session  # noqa: PLC0415
            from storage.job_llm import JobAnswers, JobLedger  # noqa: PLC0415

            session = await open_session(job, getattr(spider, "attempt", 0))
            answers = JobAnswers(session.database, session.lease)
            if self._crawler.spidercls.name == "staff_replay":
                # What the harvest was answered holds for its pages; nobody is asked anew, so nobody needs a rest.
                self._client = LlmClient(self._settings, ClosedLedger(), answers)
                return StaffAsker(self._client, rest_seconds=0.0)
            ledger = JobLedger(session.database, session.lease, self._settings, BudgetPassedError)
            self._client = LlmClient(self._settings, ledger, answers)
        else:
            ledger = MemoryLedger(self._settings.job_dollars, self._settings.job_tokens)
            self._client = LlmClient(self._settings, ledger)
        return StaffAsker(self._client)

    def _interrupted(self) -> Asked:
        self._crawler.stats.inc_value(f"{STATS}/interrupted")
        return Asked(())

    def _left(self, item: Any) -> None:
        """An item has left the pipelines, one way or another."""
        if isinstance(item, PageItem) and item.target in self._turns:
            turn = self._turns[item.target]
            turn.open.discard(id(item))
            if not turn.open:
                turn.empty.set()

    async def _watch_for_stop(self) -> None:
        """Gives questions that are open a moment once the crawl is told to stop, and then goes on without them."""
        # Scrapy has no event for the wish to stop, only for the end.
        while not self._is_stopping():  # noqa: ASYNC110
            await asyncio.sleep(_STOP_POLL_SECONDS)
        self._stopping = True
        if self._waiting:
            await asyncio.wait(self._waiting, timeout=_STOP_GRACE_SECONDS)
        for asking in list(self._waiting):
            asking.cancel()

    def _is_stopping(self) -> bool:
        slot = self._crawler.engine._slot
        return slot is not None and slot.closing is not None


def _revise(item: PageItem, asked: Asked, turn: _Turn) -> None:
    """Gives a page its people as they are after the answers, without those whom another page's answers have added."""
    known = {person_key(person) for person in item.people}
    people = [person for person in people_after(item.people, asked.revisions) if person_key(person) not in turn.added]
    turn.added |= {person_key(person) for person in people} - known
    turn.more += len(people) - len(item.people)
    if people and not item.people:
        item.outcome, item.reason = "staff", f"{len(people)} people, by a model's answers about doubtful blocks."
    elif item.people and not people:
        item.outcome, item.reason = "no_staff", "By a model's answers, none of those found is staff of the school."
    item.people = people


def _tell(end: TargetItem, turn: _Turn) -> None:
    """Completes the end of a visit that did not know whom the answers added or dropped."""
    if not turn.more:
        return
    end.people = max(0, end.people + turn.more)
    told = f"{turn.more:+d} by a model's answers"
    if end.people and end.outcome in _WITHOUT_STAFF:
        end.outcome, end.reason = "staff", f"{end.people} people, {told}; before: {end.reason}"
    elif not end.people and end.outcome == "staff":
        end.outcome, end.reason = "no_staff", f"nobody is left, {told}; before: {end.reason}"
    else:
        end.reason = f"{end.reason}, {told}"
