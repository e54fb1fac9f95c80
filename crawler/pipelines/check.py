"""Drops what must not be kept: items without a school, people without a name, addresses that are none.

Second of the pipelines, after the texts are normalized. Each thing dropped is counted in the crawl's stats under
`check/…`, so that a reader of the log sees what a site's pages lost and why.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
from scrapy.exceptions import DropItem

from crawler.items import CandidateItem, PageItem, TargetItem, WaitingItem
from extraction.staff.records import Person

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_EMAIL = re.compile(r"[^\s@,;<>()\[\]\"]+@[^\s@,;<>()\[\]\"]+\.[^\s@,;<>()\[\]\"]{2,}")
_LETTER = re.compile(r"[^\W\d_]")


class CheckPipeline:
    """Passes on only what can be kept."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> CheckPipeline:
        """Builds the pipeline for a crawl."""
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        """Returns the item without what is invalid in it.

        Raises:
            DropItem: Nothing of it can be kept.
        """
        if not isinstance(item, PageItem | CandidateItem | TargetItem | WaitingItem):
            self._drop("unknown_item", f"no item of this project: {type(item).__name__}")
        if not item.target:
            self._drop("no_target", "an item without a school")
        if isinstance(item, PageItem | CandidateItem) and not re.match(r"https?://[^/]", item.url):
            self._drop("no_url", f"an item without an address: {item.url!r}")
        if isinstance(item, CandidateItem) and not 0 <= item.score <= 1:
            self._drop("score", f"a score outside 0..1: {item.score}")
        if isinstance(item, PageItem):
            item.people = [kept for person in item.people if (kept := self._checked(person)) is not None]
        return item

    def _checked(self, person: Person) -> Person | None:
        if not _LETTER.search(person.name):
            self._crawler.stats.inc_value("check/no_name")
            return None
        if person.email is not None and not _EMAIL.fullmatch(person.email):
            self._crawler.stats.inc_value("check/email")
            person = msgspec.structs.replace(person, email=None, email_state="none", email_method=None)
        if person.profile_url is not None and not re.match(r"https?://[^/]", person.profile_url):
            self._crawler.stats.inc_value("check/profile_url")
            person = msgspec.structs.replace(person, profile_url=None)
        return person

    def _drop(self, what: str, message: str) -> None:
        self._crawler.stats.inc_value(f"check/{what}")
        raise DropItem(message)
