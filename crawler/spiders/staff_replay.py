"""Reads the pages that a harvest has kept again, with today's readers and without any network.

    python -m crawler.launch staff_replay job=ID attempt=N

It is the harvest's own spider whose visits are given what their steps once answered: belonging, documents, profile
pages and pipelines are those of a crawl. What the readers would like to ask for besides was not fetched then, and is
not fetched now. One school after the other: a school's end is stored before the next one's pages are loaded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from scrapy import signals
from scrapy.exceptions import CloseSpider
from typing_extensions import override

from crawler.browser.second_look import SecondLook
from crawler.items import PageItem, TargetItem
from crawler.sites import page_key, site_after, start_addresses
from crawler.spiders.staff_directory import StaffDirectorySpider
from crawler.targets import SchoolTarget
from crawler.visits import Visit
from storage.errors import StorageError

if TYPE_CHECKING:
    from crawler.answers import KeptPage
    from crawler.job_session import JobSession


class StaffReplaySpider(StaffDirectorySpider):
    """Reads kept pages again, for a job of the kind `reextract_staff`."""

    name = "staff_replay"

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._second_look = SecondLook(asked=False, for_job=False)
        self._keeps = False  # they are kept already, with the harvest
        self._ends: dict[str, asyncio.Event] = {}
        """Schools whose end is on its way through the pipelines."""

    @override
    async def start(self) -> AsyncIterator[Any]:
        if self.job is None:
            self.logger.error("Kept pages are read for a job only: title1 reextract --job ID")
            raise CloseSpider("bad_arguments")
        from crawler.job_session import open_session  # noqa: PLC0415  only jobs have a database

        for signal in (signals.item_scraped, signals.item_dropped, signals.item_error):
            self.crawler.signals.connect(self._left, signal)
        session = await open_session(self.job, self.attempt)
        for school in await self.load_schools():
            end = self._ends[school.key] = asyncio.Event()
            async for item in self._read_school(session, school):
                yield item
            await end.wait()

    @override
    def conclude(self, visit: Visit) -> list[Any]:
        visit.shells.clear()  # nobody shows pages here, and nobody needs to be told how to
        return super().conclude(visit)

    async def _read_school(self, session: JobSession, school: SchoolTarget) -> AsyncIterator[Any]:
        from crawler.answers import load_pages  # noqa: PLC0415

        try:
            pages = await load_pages(session, UUID(session.lease.params["job_id"]), school.key)
            home = next((page for page in pages if page.step.kind == "home"), None)
            if home is None or not _is_site_of(home, school):
                reason = "its site is not the one that the harvest read; harvest it again"
                yield TargetItem(school.key, "skipped", "other_site", reason, school.website)
                return
            visit = Visit(school, site=site_after(home.step.url, home.url), guessed=True)
            gone = 0
            for page in pages:
                found = await self._read_page_again(session, visit, page)
                gone += found is None
                for item in found or ():
                    yield _dated(item, page, pages)
            for item in self.conclude(visit):
                yield _told_gone(_dated(item, pages[-1], pages), gone, len(pages))
        except StorageError:
            raise  # the attempt cannot go on; the next one begins with this school
        except Exception as error:
            # A school without an end would be waited for for ever.
            self.logger.exception("The pages of %s cannot be read again", school.key)
            yield TargetItem(school.key, "failed", "error", f"{type(error).__name__}: {error}")

    async def _read_page_again(self, session: JobSession, visit: Visit, page: KeptPage) -> list[Any] | None:
        """What a page says today, as items; None where it is kept no more."""
        from crawler.answers import load_response  # noqa: PLC0415

        response = await load_response(session, visit.school.key, page)
        if response is None:
            return None
        step = page.step
        if step.shown and not visit.showing:
            visit.showing, visit.outcome, visit.reason = True, "", ""
        key = page_key(step.url)
        visit.frontier = [other for other in visit.frontier if page_key(other.url) != key]
        visit.seen.append(key)
        visit.pages += 1
        return await self.read_safely(response, visit, step)

    def _left(self, item: Any) -> None:
        """An item has left the pipelines, one way or another."""
        if isinstance(item, TargetItem) and (end := self._ends.pop(item.target, None)) is not None:
            end.set()


def _is_site_of(home: KeptPage, school: SchoolTarget) -> bool:
    """Whether the home page that was read is still that of the school's accepted site."""
    asked = page_key(home.step.url)
    return any(page_key(address) == asked for address in start_addresses(school.website or ""))


def _dated(item: Any, page: KeptPage, pages: list[KeptPage]) -> Any:
    """The item with the time at which its page was fetched; people kept back are told later, under their list's."""
    if isinstance(item, PageItem):
        listed = (one for one in reversed(pages) if item.url in {one.url, one.step.url})
        own = page if item.url in {page.url, page.step.url} else next(listed, page)
        item.fetched_at = own.fetched_at
    return item


def _told_gone(item: Any, gone: int, kept: int) -> Any:
    """The end of a school, with what is missing of its pages."""
    if not isinstance(item, TargetItem) or not gone:
        return item
    item.pages_gone = gone
    if gone == kept:
        item.state, item.outcome = "skipped", "pages_gone"
        item.reason = f"none of its {kept} pages is kept any more; harvest it again"
    else:
        item.reason = f"{item.reason}; {gone} of {kept} pages are kept no more"
    return item
