"""The harvest: from a school's website to the people its staff pages show.

    scrapy crawl staff_directory -a url=https://www.school.org -a name="Lincoln Elementary" -O staff.json
    scrapy crawl staff_directory -a schools=schools.csv -O staff.csv
    scrapy crawl staff_directory -a url=https://www.school.org -a browser=1
    scrapy crawl staff_directory -a job=ID -a attempt=N

The way of a visit: the home page, the links that most likely lead to the staff list, the further pages of a list, the
people's own pages where the list leaves out an address, and the well-known paths when nothing was found. It never
leaves the school's site: its host, and on a shared host its path prefix or pages that name the school. Where hardly
anybody was found and pages need a browser, `browser=1` shows them (`crawler.browser`); a job does that in a process of
its own. By hand, a feed (`-O`) has one flat row a person.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urljoin

import msgspec
from scrapy.http import HtmlResponse, Response
from typing_extensions import override
from w3lib.encoding import http_content_type_encoding

from crawler.belonging import people_of
from crawler.browser.second_look import SecondLook, noted, shown_meta
from crawler.discovery.school_names import SchoolName
from crawler.documents import (
    DOCUMENT,
    DocumentReader,
    is_allowed_answer,
    is_document_host,
    is_told,
    offer_documents,
    wants_documents,
)
from crawler.doubts import doubts_of
from crawler.items import PageItem, TargetItem, TargetState, WaitingItem, now
from crawler.profiles import complete, release
from crawler.sitemaps import read_sitemap
from crawler.sites import clean_url, prefix_of, same_host, site_after, start_addresses, under
from crawler.spiders.base import Problem, VisitSpider
from crawler.targets import SchoolTarget
from crawler.traps import ENDLESS_PAGING
from crawler.visits import HeldPerson, Step, Visit
from extraction.errors import PdfError
from extraction.llm.settings import LlmSettings
from extraction.staff.documents import is_published
from extraction.staff.links import SECTION, known_paths, rank_addresses, rank_links
from extraction.staff.page import read_with_verdicts
from extraction.staff.papers.reader import is_pdf
from extraction.staff.records import Person, RankedLink, StaffPage

_DEEPEST = 3
"""Links followed from the home page on."""
_MOST_PROFILES = 15
_FADE = 0.9
"""What a link is worth one page further from the home page."""
_WORTH_AFTER_LIST = 0.5
"""Once people were found, only links that promise at least this much are still followed."""
_NEXT_SCORE, _PROFILE_SCORE = 2.0, 0.45
_GUESS_SCORE, _SITEMAP_SCORE, _RARE_GUESS_SCORE = 0.05, 0.04, 0.03
_COMMON_PATHS = 8
"""Well-known paths that are tried before the sitemap is."""

# What a visit reached, the best first: one word of its pages is the word of the school.
_BEST_FIRST = (
    "staff",
    "needs_browser",
    "needs_ocr",
    "blocked",
    "no_staff",
    "not_shown",
    "too_large",
    "not_html",
    "unreadable",
    "robots_denied",
    "http_error",
    "off_site",
    "refused",
    "robots_unavailable",
    "host_parked",
    "host_busy",
    "unreachable",
)
_STATES: dict[str, TargetState] = {
    "staff": "done",
    "no_staff": "done",
    "needs_browser": "done",
    "needs_ocr": "done",
    "blocked": "done",
    "robots_denied": "skipped",
    "refused": "skipped",
    "no_website": "skipped",
}
_NOT_KEPT = frozenset(("off_site", "not_html"))
"""What is no page of the school's, or none that readers could read; everything else may be read better some day."""


class StaffDirectorySpider(VisitSpider):
    """Harvests the published staff contacts of schools whose websites are known."""

    name = "staff_directory"

    def __init__(self, url: str = "", name: str = "", browser: str = "", **arguments: Any) -> None:
        super().__init__(**arguments)
        self._one_school = SchoolTarget(key=url, name=name, website=url) if url else None
        self._asks = LlmSettings().configured_for_staff
        self._documents = DocumentReader()
        self._second_look = SecondLook(asked=browser not in {"", "0"}, for_job=self.job is not None)
        self.in_browser = self._second_look.here
        self._waiting: dict[str, Visit] = {}
        self._keeps = self.job is not None and _are_kept()

    @override
    async def load_schools(self) -> list[SchoolTarget]:
        if self.job is None or not self._second_look.asked:
            return await super().load_schools()
        from crawler import job_targets  # noqa: PLC0415  only jobs have a database

        self._waiting = {visit.school.key: visit for visit in await job_targets.load_waiting(self.job, self.attempt)}
        return [visit.school for visit in self._waiting.values()]

    @override
    def named_schools(self) -> list[SchoolTarget]:
        return [self._one_school] if self._one_school is not None else super().named_schools()

    @override
    def plan(self, school: SchoolTarget) -> Visit:
        if school.key in self._waiting:
            return self._waiting[school.key]
        visit = Visit(school)
        addresses = start_addresses(school.website or "")
        if addresses:
            visit.offer(Step(addresses[0], "home", 1.0, otherwise=addresses[1:]))
        else:
            visit.outcome, visit.reason = "no_website", "no website is known"
            visit.guessed = True
        return visit

    @override
    def next_step(self, visit: Visit) -> Step | None:
        step = super().next_step(visit)
        if step is None and self._second_look.begin(visit):
            step = super().next_step(visit)
        return self._second_look.taken(visit, step)

    @override
    def spent(self, visit: Visit) -> bool:
        if visit.showing:
            return self._second_look.spent(visit, self.operator.seconds_per_school)
        return super().spent(visit)

    @override
    def meta_of(self, step: Step) -> dict[str, Any]:
        return shown_meta() if step.shown else {}

    @override
    def read_page(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        if step.kind == "home":
            visit.site = site_after(step.url, response.url)
        elif step.kind == "sitemap":
            return self._read_sitemap(response, visit, step)
        elif not self._is_inside(response.url, step.note, visit):
            return self.miss_page(
                Problem("off_site", f"it led to another site: {response.url}", response.status), visit, step
            )
        if not isinstance(response, HtmlResponse):
            return self.miss_page(Problem("not_html", "the answer is not a web page", response.status), visit, step)
        visit.answered += 1
        reading = read_with_verdicts(response.body, response.url, encoding=declared_encoding(response))
        page = self._without_others(reading.page, visit.school)
        page = self._second_look.judged(page, visit, step, response.url)
        _note(visit, page.outcome, page.reason)
        if step.kind == "profile":
            people = complete(page, visit, step)
        else:
            people = self._hold(page, visit, response.url)
            self._offer_further(page, response, visit, step)
            if step.kind == "next" and visit.is_barren(reading.page.people):
                # Its server makes up pages for as long as somebody asks.
                visit.frontier = [other for other in visit.frontier if other.kind != "next"]
                visit.traps.append(ENDLESS_PAGING)
        people = [person for person in people if visit.meets(person)]
        item = PageItem(visit.school.key, response.url, response.status, page.outcome, page.reason, now(), people)
        if self._asks and step.kind != "profile":
            item.doubts = doubts_of(reading, people, visit)
        return [item]

    @override
    async def read_answer(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        unnamed = step.kind in {"link", "guess"} and is_pdf(response.body) and wants_documents(visit)
        if step.kind == DOCUMENT or unnamed:
            return await self._read_document(response, visit, step)
        return self.read_page(response, visit, step)

    @override
    async def keep_answer(self, response: Response, step: Step, found: list[Any]) -> None:
        page = next((item for item in found if isinstance(item, PageItem)), None)
        if self._keeps and page is not None and page.outcome not in _NOT_KEPT:
            from crawler.answers import kept_answer  # noqa: PLC0415  only jobs have a database

            # A challenge may be older or newer than the page behind it: its date says nothing of that page.
            page.kept = await kept_answer(response, step, comparable=page.outcome != "blocked")

    async def _read_document(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        if not (self._is_inside(response.url, step.note, visit) or is_allowed_answer(response, step)):
            return self.miss_page(
                Problem("off_site", f"it led to another site: {response.url}", response.status), visit, step
            )
        visit.documents += 1
        try:
            page = await self._documents.read(response, step, declared_encoding(response))
        except PdfError as error:
            return self.miss_page(Problem("unreadable", error.message, response.status), visit, step)
        if page is None:
            problem = Problem("not_html", "the answer is neither a web page nor a PDF or published list")
            return self.miss_page(problem, visit, step)
        visit.answered += 1
        page = self._without_others(page, visit.school)
        _note(visit, page.outcome, page.reason)
        people = [person for person in page.people if not is_told(person, visit)]
        people = [person for person in people if visit.meets(person)]
        if visit.people:
            self._drop_needless(visit)
        # A published list keeps the address that the school's page names; where it is redirected to does not last.
        url = step.url if is_published(step.url) else response.url
        return [PageItem(visit.school.key, url, response.status, page.outcome, page.reason, now(), people)]

    @override
    def miss_page(self, problem: Problem, visit: Visit, step: Step) -> list[Any]:
        if step.kind == "sitemap":
            return []  # most sites have none, and it is no page of theirs
        _note(visit, problem.outcome, problem.reason)
        missed = PageItem(visit.school.key, step.url, problem.status, problem.outcome, problem.reason, now())
        return [missed, *(release(visit, step.url) if step.kind == "profile" else [])]

    @override
    def refill(self, visit: Visit) -> None:
        if visit.guessed or visit.people or not visit.answered:
            return
        visit.guessed = True
        for place, path in enumerate(known_paths(visit.site)):
            score = _GUESS_SCORE if place < _COMMON_PATHS else _RARE_GUESS_SCORE
            self._offer(visit, Step(path, "guess", score, _DEEPEST - 1))
        # What the site lists itself is worth more than an uncommon path.
        visit.offer(Step(urljoin(visit.site, "/sitemap.xml"), "sitemap", _SITEMAP_SCORE))

    @override
    def conclude(self, visit: Visit) -> list[Any]:
        released = release(visit)
        outcome, reason = visit.outcome, visit.reason
        if visit.people:
            outcome, reason = "staff", f"{len(visit.people)} people on {visit.answered} pages"
        elif visit.later and outcome not in {"needs_browser", "needs_ocr", "blocked", "no_staff", "robots_denied"}:
            outcome, reason = "try_later", visit.later
        if self._second_look.waits(visit):
            return [*released, WaitingItem(visit.school.key, reason, noted(visit))]
        end = TargetItem(
            target=visit.school.key,
            state=_STATES.get(outcome, "failed"),
            outcome=outcome or "no_staff",
            reason=self._second_look.explained(visit, reason),
            website=visit.site or visit.school.website,
            pages=visit.pages,
            people=len(visit.people),
        )
        return [*released, end]

    def _read_sitemap(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        if not same_host(response.url, visit.site):
            return []
        found = read_sitemap(response.body)
        for link in rank_addresses((url for url in found.pages if under(url, visit.site)), visit.site):
            self._offer(visit, Step(link.url, "link", min(link.score, 1.0), _DEEPEST - 1))
        if step.depth == 0:
            for url in found.sitemaps:
                visit.offer(Step(url, "sitemap", _SITEMAP_SCORE, 1))
        return []

    def _without_others(self, page: StaffPage, school: SchoolTarget) -> StaffPage:
        """The page without the people of other schools that it lists, too."""
        found = people_of(school.name, page.people)
        if not found.elsewhere:
            return page
        self.crawler.stats.inc_value("people/elsewhere", found.elsewhere)
        told = f"{found.elsewhere} people of other schools or the district are left out"
        if not found.people:
            return msgspec.structs.replace(page, outcome="no_staff", reason=f"{told}.", people=())
        return msgspec.structs.replace(page, reason=f"{page.reason} {told}.", people=tuple(found.people))

    def _offer_further(self, page: StaffPage, response: HtmlResponse, visit: Visit, step: Step) -> None:
        for url in page.next_pages:
            self._offer(visit, Step(url, "next", _NEXT_SCORE, step.depth, step.note))
        if step.depth <= _DEEPEST and step.kind != "next":
            self._offer_links(response, visit, step)
            offer_documents(response, visit, step.depth, lambda link: self._may_ask(link, visit))
        if visit.people or page.people:
            self._drop_needless(visit, len(page.people))

    def _may_ask(self, document: RankedLink, visit: Visit) -> bool:
        # On a shared host, a file elsewhere may be the district's as well as the school's.
        kept_elsewhere = is_document_host(document.url) and prefix_of(visit.site) is None
        named = is_published(document.url) or kept_elsewhere or self._is_inside(document.url, document.text, visit)
        return named and not _is_district_office(document)

    def _drop_needless(self, visit: Visit, found: int = 0) -> None:
        """Leaves out what promises little, once people were found: those of the visit, and of the page just read."""
        documents = wants_documents(visit, found)
        visit.frontier = [
            other
            for other in visit.frontier
            if other.kind in {"next", "profile"}
            or (documents if other.kind == DOCUMENT else other.score >= _WORTH_AFTER_LIST)
        ]

    def _offer_links(self, response: HtmlResponse, visit: Visit, step: Step) -> None:
        # On a shared host the staff list of a school may stand outside its prefix, under its name: `_offer` looks.
        prefix = visit.site if prefix_of(visit.site) is not None else None
        for link in rank_links(response.body, response.url, prefix=prefix):
            deep = step.depth == _DEEPEST and SECTION not in link.reasons
            if not deep and not _is_district_office(link):
                score = min(link.score, 1.0) * _FADE**step.depth
                self._offer(visit, Step(link.url, "link", score, step.depth + 1, link.text[:100]))

    def _offer(self, visit: Visit, step: Step) -> None:
        url = clean_url(step.url)
        if url is not None and self._is_inside(url, step.note, visit):
            visit.offer(msgspec.structs.replace(step, url=url))

    def _is_inside(self, url: str, note: str, visit: Visit) -> bool:
        if under(url, visit.site):
            return True
        return same_host(url, visit.site) and SchoolName(visit.school.name).is_named_in(f"{note} {_spaced(url)}")

    def _hold(self, page: StaffPage, visit: Visit, url: str) -> list[Person]:
        """Keeps back the people whose own pages are to be read, and returns the others."""
        worth = {clean for profile in page.profiles if (clean := clean_url(profile)) is not None}
        free: list[Person] = []
        for person in page.people:
            profile = clean_url(person.profile_url or "")
            room = len(visit.held) < _MOST_PROFILES
            if person.email is None and profile is not None and profile in worth and room:
                before = len(visit.frontier)
                self._offer(visit, Step(profile, "profile", _PROFILE_SCORE, _DEEPEST, person.name))
                if len(visit.frontier) > before:
                    visit.held.append(HeldPerson(person, url, profile))
                    continue
            free.append(person)
        return free


def _note(visit: Visit, outcome: str, reason: str) -> None:
    known = {word: place for place, word in enumerate(_BEST_FIRST)}
    worst = len(_BEST_FIRST)
    if not visit.outcome or known.get(outcome, worst) < known.get(visit.outcome, worst):
        visit.outcome, visit.reason = outcome, reason


def declared_encoding(response: Response) -> str | None:
    """Returns the character encoding that the server declared, if any."""
    declared = response.headers.get(b"Content-Type")
    return http_content_type_encoding(declared.decode("latin-1")) if declared else None


def _are_kept() -> bool:
    from crawler.answers import are_kept  # noqa: PLC0415  only jobs have a database

    return are_kept()


def _spaced(url: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", " ", url)


def _is_district_office(link: RankedLink) -> bool:
    return _district_words().search(f"{link.text} {_spaced(link.url)}") is not None


@cache
def _district_words() -> re.Pattern[str]:
    lines = files("crawler.spiders").joinpath("district_words.txt").read_text("utf-8").splitlines()
    words = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return re.compile(r"(?i)\b(?:" + "|".join(re.escape(word) for word in words) + r")\b")
