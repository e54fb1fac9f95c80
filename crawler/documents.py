"""Documents of a visit: which PDFs and published spreadsheets are asked for, and how they are read.

A document comes behind the pages that promise the list, and not at all once these have given it. A PDF is read by a
caged child process in a thread of its own, so that the crawl goes on meanwhile; the visit waits for it, and its state
stays in the request that brought the PDF until what was read is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import TypeVar

from scrapy.http import HtmlResponse, Response

from crawler.host_lists import entry_of, read_hosts
from crawler.sites import clean_url, host_name, same_host
from crawler.visits import Step, Visit
from extraction.staff.documents import csv_page, is_published, names_csv, newest, staff_documents
from extraction.staff.page import read_staff_page
from extraction.staff.papers.reader import is_pdf, read_staff_paper
from extraction.staff.records import Person, RankedLink, StaffPage

DOCUMENT = "document"
"""The kind of a step to a document."""
_MOST_DOCUMENTS = 3
"""Asked for in one visit."""
_ENOUGH_PEOPLE = 10
"""People whom pages list; a document beside them would say the same again, and less of each."""
_CONTENT_HOST = ".googleusercontent.com"
"""Where Google's published spreadsheets in CSV are redirected to."""
_Result = TypeVar("_Result")


def offer_documents(response: HtmlResponse, visit: Visit, depth: int, may_ask: Callable[[RankedLink], bool]) -> None:
    """Offers the visit what a page of the school shows or links to as a list of its staff.

    Only what `may_ask` allows. A published spreadsheet stands on another host: that very address is asked for, because
    the school's own page names it, and nothing that it links to.
    """
    for link in staff_documents(response.body, response.url):
        url = clean_url(link.url)
        if url is not None and may_ask(link):
            visit.offer(Step(url, DOCUMENT, link.score, depth + 1, link.text[:100], source=response.url))
    _keep_best(visit)


def wants_documents(visit: Visit, found: int = 0) -> bool:
    """Whether another document may say more than the people of the visit and those `found` besides."""
    return visit.documents < _MOST_DOCUMENTS and len(visit.people) + found < _ENOUGH_PEOPLE


def is_allowed_answer(response: Response, step: Step) -> bool:
    """Whether an answer from elsewhere is what was asked for.

    A file may be kept on a host of the site's system; a published spreadsheet stands on its own host, or where Google
    keeps its contents.
    """
    if not is_published(step.url):
        return is_document_host(response.url)
    google = host_name(step.url) == "docs.google.com"
    return same_host(response.url, step.url) or (google and f".{host_name(response.url)}".endswith(_CONTENT_HOST))


def is_told(person: Person, visit: Visit) -> bool:
    """Whether the visit's pages told of this person, however they print the name, and a document adds no address."""
    name = {word for part in (person.first, person.last) for word in _words(part or "")}
    if not name:
        return False
    for key in visit.people:
        told, _, address = key.rpartition("|")
        if name <= set(_words(told)) and (address or person.email is None):
            return True
    return False


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", name.casefold())


def is_document_host(url: str) -> bool:
    """Whether systems of school sites keep uploaded files on an address's host."""
    return entry_of(host_name(url), _document_hosts()) is not None


@cache
def _document_hosts() -> frozenset[str]:
    return read_hosts(files("crawler").joinpath("document_hosts.txt").read_text("utf-8"))


class DocumentReader:
    """Reads documents beside the crawl, no more at a time than there are processors."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(os.cpu_count() or 1)

    async def read(self, response: Response, step: Step, encoding: str | None) -> StaffPage | None:
        """What a document says; None for what is neither a PDF nor a published list.

        Raises:
            PdfError: It is a PDF that cannot be read, or met a limit.
        """
        if is_pdf(response.body):
            async with self._room:
                return await _beside(lambda: read_staff_paper(response.body, response.url, link=step.note))
        if not is_published(step.url):
            return None
        if _is_csv(response, step):
            return read_staff_page(csv_page(response.body), step.url)
        if isinstance(response, HtmlResponse):
            return read_staff_page(response.body, step.url, encoding=encoding)
        return None


def _keep_best(visit: Visit) -> None:
    """Keeps of the documents in the frontier those of the newest year, and no more than may be asked for."""
    steps = [step for step in visit.frontier if step.kind == DOCUMENT]
    links = newest(RankedLink(step.url, step.note, step.score) for step in steps)
    best = sorted(links, key=lambda link: -link.score)[: max(0, _MOST_DOCUMENTS - visit.documents)]
    kept = {link.url for link in best}
    visit.frontier = [step for step in visit.frontier if step.kind != DOCUMENT or step.url in kept]


def _is_csv(response: Response, step: Step) -> bool:
    kind = (response.headers.get(b"Content-Type") or b"").partition(b";")[0].strip().lower()
    return kind == b"text/csv" or (names_csv(step.url) and not isinstance(response, HtmlResponse))


async def _beside(read: Callable[[], _Result]) -> _Result:
    """Calls a function in a thread. A daemon: one of a pool would hold up the end of the process."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_Result] = loop.create_future()

    def settle(told: Callable[[], None]) -> None:
        if not answer.done():
            told()

    def run() -> None:
        try:
            told = partial(answer.set_result, read())
        except Exception as error:  # noqa: BLE001  whoever waits for the answer is told
            told = partial(answer.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the crawl has ended, and its loop with it
            loop.call_soon_threadsafe(settle, told)

    threading.Thread(target=run, name="document", daemon=True).start()
    return await answer
