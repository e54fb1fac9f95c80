"""Leaves out whom the organization's suppression list names, between check and store; only in a crawl for a job.

The list is read once. What comes onto it afterwards is seen by the transaction that stores, which holds the list; this
pipeline spares it the work, keeps a visit's figures right, and counts whom it left out under `suppress/…` by the kind
of the entry, never by name.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import NotConfigured
from sqlalchemy import select

from crawler.items import PageItem, TargetItem
from crawler.job_session import open_session
from extraction.staff.records import Person
from storage.models import Target
from storage.suppression import Met, SuppressionList, Who, load_list, school_texts

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class SuppressPipeline:
    """Drops people on the suppression list."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._entries = SuppressionList(b"", frozenset(), frozenset())
        self._schools: dict[int, tuple[str, ...]] = {}
        """By what entries may name each school of the job; read before the first page, for a query may fail."""
        self._left_out: Counter[str] = Counter()
        """People of each visit that were left out."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SuppressPipeline:
        """Scrapy's constructor; a crawl by hand has no organization, and so no list."""
        if not getattr(crawler.spider, "job", None):
            raise NotConfigured("no job: no suppression list")
        return cls(crawler)

    async def open_spider(self) -> None:
        """Reads the list."""
        spider = self._crawler.spider
        session = await open_session(getattr(spider, "job", ""), getattr(spider, "attempt", 0))
        async with session.database.tenant(session.lease.organization_id) as connection:
            self._entries = await load_list(connection)
            if self._entries.kinds:
                own = select(Target.school_id).where(Target.job_id == session.lease.job_id)
                self._schools = await school_texts(connection, await connection.scalars(own))

    def process_item(self, item: Any) -> Any:
        """Returns a page without the people who are suppressed, and an end with the number of those who are left."""
        if isinstance(item, PageItem):
            self._leave_out(item)
        elif isinstance(item, TargetItem):
            _tell(item, self._left_out.pop(item.target, 0))
        return item

    def _leave_out(self, item: PageItem) -> None:
        met = {place: found for place, one in enumerate(item.people) if (found := self._find(one, item)) is not None}
        if not met:
            return
        item.people = [person for place, person in enumerate(item.people) if place not in met]
        self._left_out[item.target] += len(met)
        new = {name: found for found in met.values() for name in found.names_to_follow() if name not in self._entries}
        item.suppressed = list(dict.fromkeys(new.values()))
        self._entries = self._entries.with_names(new)
        for found in met.values():
            self._crawler.stats.inc_value(f"suppress/{found.key.kind}")

    def _find(self, person: Person, page: PageItem) -> Met | None:
        who = Who.seen(
            person.name,
            first=person.first,
            last=person.last,
            nickname=person.nickname,
            email=person.email,
            url=page.url,
            schools=self._schools.get(int(page.target), ()),
        )
        key = self._entries.find(who)
        return Met(who, key) if key is not None else None


def _tell(end: TargetItem, left_out: int) -> None:
    """Completes the end of a visit that counted people who were left out."""
    if not left_out:
        return
    end.people = max(0, end.people - left_out)
    end.reason = f"{end.reason}; {left_out} left out by the suppression list"
    if end.outcome == "staff" and not end.people:
        end.outcome = "no_staff"
