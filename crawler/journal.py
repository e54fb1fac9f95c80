"""A job directory that survives a power cut: memory queues decide the order, one SQLite file remembers the work.

Scrapy's scheduler of this project. Twice a second one transaction writes the requests scheduled since the last one and
takes out those that left the engine. A request leaves the engine only after its callback's requests were scheduled and
its items left the pipelines; so a crash can repeat the last half second and what was under way, and can lose nothing.
Without `JOBDIR` there is no file and only the memory queues work.

A visit is a chain of requests, of which one is to do at any time. A page whose items could not be stored yet and the
page that its callback asked for next may both be in the file when a crash comes: the next run begins the chain at the
older one, or every crash would make two chains of one.

Requests are written as msgpack, which holds plain values and nothing else: no code is run by opening a journal.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
from scrapy import Request, Spider, signals
from scrapy.core.scheduler import Scheduler
from scrapy.dupefilters import BaseDupeFilter
from scrapy.exceptions import CloseSpider
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.job import job_dir
from scrapy.utils.request import request_from_dict
from typing_extensions import override

from crawler.fingerprints import SCHOOL_KEY
from crawler.middlewares.politeness import INTERRUPTED

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.utils.request import RequestFingerprinterProtocol

_logger = logging.getLogger(__name__)
_FLUSH_SECONDS = 0.5
_SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY,
    fingerprint BLOB,  -- of filtered requests, which are kept for ever; NULL for those that may repeat
    packed BLOB        -- msgpack; NULL when the request is done
)
"""


class SeenFilter(BaseDupeFilter):
    """The fingerprints seen, in memory; the scheduler fills it from the journal."""

    def __init__(self, fingerprinter: RequestFingerprinterProtocol) -> None:
        self.fingerprint = fingerprinter.fingerprint
        self.seen: set[bytes] = set()

    @classmethod
    @override
    def from_crawler(cls, crawler: Crawler) -> SeenFilter:
        return cls(crawler.request_fingerprinter)

    @override
    def request_seen(self, request: Request) -> bool:
        mark = self.fingerprint(request)
        if mark in self.seen:
            return True
        self.seen.add(mark)
        return False

    @override
    def log(self, request: Request, spider: Spider) -> None:
        if spider.crawler.stats:
            spider.crawler.stats.inc_value("dupefilter/filtered")


class Journal:
    """The SQLite file: requests to do, and the fingerprints of those that must not be done twice."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
        # The lock of the file is the lock of the job directory: two crawls must not share one.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(_SCHEMA)
        self._next = 1 + (self._connection.execute("SELECT max(id) FROM request").fetchone()[0] or 0)
        self._added: dict[int, tuple[bytes | None, bytes]] = {}
        self._done: list[int] = []

    def fingerprints(self) -> set[bytes]:
        """Returns the fingerprints of all filtered requests ever added."""
        rows = self._connection.execute("SELECT fingerprint FROM request WHERE fingerprint IS NOT NULL")
        return {row[0] for row in rows}

    def pending(self) -> list[tuple[int, dict[str, Any]]]:
        """Returns the requests not done yet, oldest first."""
        rows = self._connection.execute("SELECT id, packed FROM request WHERE packed IS NOT NULL ORDER BY id")
        return [(number, msgspec.msgpack.decode(packed)) for number, packed in rows]

    def add(self, mark: bytes | None, request: dict[str, Any]) -> int:
        """Notes a request; it is on disk after the next `flush`.

        Raises:
            TypeError: The request holds something that is not a plain value.
        """
        number = self._next
        self._added[number] = (mark, msgspec.msgpack.encode(request))
        self._next += 1
        return number

    def finish(self, number: int) -> None:
        """Notes that a request is done."""
        self._done.append(number)

    def flush(self) -> None:
        """Writes what was noted, in one transaction."""
        if not (self._added or self._done):
            return
        with_mark = [(number, mark, packed) for number, (mark, packed) in self._added.items()]
        done = [(number,) for number in self._done]
        cursor = self._connection.cursor()
        cursor.execute("BEGIN")
        try:
            cursor.executemany("INSERT INTO request VALUES (?, ?, ?)", with_mark)
            cursor.executemany("DELETE FROM request WHERE id = ? AND fingerprint IS NULL", done)
            cursor.executemany("UPDATE request SET packed = NULL WHERE id = ?", done)
            cursor.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                cursor.execute("ROLLBACK")
            raise
        self._added.clear()
        self._done.clear()

    def close(self) -> None:
        """Writes the rest and closes the file."""
        self.flush()
        self._connection.close()


class JournalScheduler(Scheduler):
    """Scrapy's scheduler with memory queues and, under `JOBDIR`, a `Journal`."""

    _journal: Journal | None = None
    _frozen = False

    @classmethod
    @override
    def from_crawler(cls, crawler: Crawler) -> JournalScheduler:
        scheduler = super().from_crawler(crawler)
        scheduler.dqdir = None
        return scheduler

    @override
    def open(self, spider: Spider) -> None:
        super().open(spider)
        self._waiting: dict[Request, int] = {}
        self._under_way: dict[Request, int] = {}
        folder = job_dir(self._crawl.settings)
        if folder is None:
            return
        try:
            journal = Journal(Path(folder, "frontier.db"))
            self._resume(journal, spider)
        except sqlite3.Error as error:
            _logger.error("The journal in %s cannot be used (is another crawl using it?): %s", folder, error)  # noqa: TRY400  the sentence says it all
            # Not from here: Scrapy cannot close what it has not opened yet.
            self._crawl.signals.connect(self._refuse_to_begin, signals.spider_opened)
            return
        self._journal = journal
        self._flushing = create_looping_call(self._flush)
        self._flushing.start(_FLUSH_SECONDS, now=False)

    @override
    def enqueue_request(self, request: Request) -> bool:
        if self._journal is None:
            return super().enqueue_request(request)
        mark = None if request.dont_filter else self._filter.fingerprint(request)
        if mark is not None:
            if mark in self._filter.seen:
                self._filter.log(request, self.spider)
                return False
            self._filter.seen.add(mark)
        request.meta.pop(INTERRUPTED, None)
        try:
            self._waiting[request] = self._journal.add(mark, request.to_dict(spider=self.spider))
        except (TypeError, ValueError, msgspec.MsgspecError):
            _logger.exception("A crash now would lose this request, which is not made of plain values: %s", request)
            self._count("unserializable")
        self.mqs.push(request)
        self._count("enqueued")
        return True

    @override
    def next_request(self) -> Request | None:
        request = super().next_request()
        if request is not None and request in self._waiting:
            self._under_way[request] = self._waiting.pop(request)
        return request

    def freeze(self) -> None:
        """Marks nothing as done from now on: what the crawl still does will be done again by the next run.

        For the day on which items can no longer be stored: their requests must not be forgotten.
        """
        self._frozen = True

    @override
    def close(self, reason: str) -> None:
        if self._journal is not None:
            self._flushing.stop()
            self._note_finished()
            self._journal.close()
        super().close(reason)

    def _refuse_to_begin(self) -> None:
        raise CloseSpider("journal_unusable")

    def _resume(self, journal: Journal, spider: Spider) -> None:
        self._filter.seen |= journal.fingerprints()
        begun: set[str] = set()
        resumed = 0
        for number, packed in journal.pending():
            request = request_from_dict(packed, spider=spider)
            school: str | None = request.meta.get(SCHOOL_KEY)
            if school in begun:
                journal.finish(number)
                self._count("chains_joined")
                continue
            if school is not None:
                begun.add(school)
            self._waiting[request] = number
            self.mqs.push(request)
            resumed += 1
        if resumed:
            _logger.info("Resuming the crawl: %d requests to do", resumed)
            self._crawl.stats.set_value("scheduler/resumed", resumed)

    def _flush(self) -> None:
        self._note_finished()
        try:
            if self._journal is not None:
                self._journal.flush()
        except sqlite3.Error:
            # Kept in memory and tried again: a full disk must not end the crawl, only widen what a crash repeats.
            _logger.exception("The journal could not be written")
            self._count("journal_errors")

    def _note_finished(self) -> None:
        slot = self._crawl.engine._slot
        busy: set[Request] = slot.inprogress if slot is not None else set()
        finished = [request for request in self._under_way if request not in busy]
        for request in finished:
            number = self._under_way.pop(request)
            if self._journal is not None and not self._frozen and not request.meta.get(INTERRUPTED):
                self._journal.finish(number)

    @property
    def _crawl(self) -> Crawler:
        return cast("Crawler", self.crawler)

    @property
    def _filter(self) -> SeenFilter:
        return cast("SeenFilter", self.df)

    def _count(self, what: str) -> None:
        self._crawl.stats.inc_value(f"scheduler/{what}")
