"""The discovery: from a school of a list to its official website, with a score and the reasons for it.

    scrapy crawl website_discovery -a schools=schools.csv -a directory=ccd_sch_029.csv -O sites.json
    scrapy crawl website_discovery -a job=ID -a attempt=N

The way of a visit: what the list and the official directory name, then what the district's site links to under the
school's name, then what a search engine finds (TITLE1_SEARXNG_URL). Every candidate is fetched and scored, the official
ones too; the first that is certain ends the visit. By hand, a feed (`-O`) has one row a school.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from scrapy.http import HtmlResponse, Response
from typing_extensions import override

from crawler.discovery.nces import NcesDirectory
from crawler.discovery.page_facts import PageFacts, read_facts
from crawler.discovery.providers import Candidate, DirectoryProvider, SearchProvider, TryLater
from crawler.discovery.school_names import SchoolName
from crawler.discovery.scoring import (
    ACCEPTED,
    REVIEW,
    Seen,
    is_aggregator,
    names_school_list,
    read_aggregators,
    score_site,
)
from crawler.discovery.searxng import SearxngProvider
from crawler.items import CandidateItem, Signal, TargetItem
from crawler.middlewares.politeness import pause_host
from crawler.sites import clean_url, host_name, page_key, site_after, site_of, start_addresses
from crawler.spiders.base import Problem, VisitSpider, now
from crawler.spiders.staff_directory import declared_encoding
from crawler.targets import SchoolTarget
from crawler.visits import Step, Visit
from extraction.nces import DirectoryError, read_directory
from extraction.places.states import state_code

_PRINTED_RANK, _LINKED_RANK, _SEARCH_RANK = 1.0, 0.8, 0.3
_MOST_LINKED = 3
_MOST_SCHOOL_LISTS = 2
_MOST_SEARCH_TRIES = 3


class WebsiteDiscoverySpider(VisitSpider):
    """Finds the official websites of schools."""

    name = "website_discovery"
    page_budget: ClassVar[str] = "candidates_per_school"

    def __init__(self, directory: str = "", **arguments: Any) -> None:
        super().__init__(**arguments)
        self._directory_file = directory
        self._directory: DirectoryProvider = NcesDirectory(())
        self._search: SearchProvider | None = None
        if self.operator.searxng_url:
            self._search = SearxngProvider(self.operator.searxng_url)
        self._aggregators = read_aggregators(self.operator.aggregators_file)

    @override
    async def load_schools(self) -> list[SchoolTarget]:
        schools = await super().load_schools()
        if self.job is not None:
            from crawler import job_targets  # noqa: PLC0415  only jobs have a database

            states = {state_code(school.state) or school.state for school in schools if school.state}
            self._directory = NcesDirectory(await job_targets.load_directory(self.job, self.attempt, states))
        elif self._directory_file:
            try:
                self._directory = NcesDirectory(read_directory(Path(self._directory_file)))
            except DirectoryError as error:
                raise OSError(error.message) from error
        return schools

    @override
    def plan(self, school: SchoolTarget) -> Visit:
        visit = Visit(self._directory.completed(school))
        printed = [Candidate(school.website, "printed", _PRINTED_RANK)] if school.website else []
        for candidate in [*printed, *self._directory.candidates(school)]:
            self._offer(visit, candidate)
        return visit

    @override
    def refill(self, visit: Visit) -> None:
        if self._search is None or visit.best_score >= ACCEPTED:
            return
        searches = self._search.addresses(visit.school)
        if visit.searched < len(searches):
            visit.frontier.append(Step(searches[visit.searched], "search", _SEARCH_RANK))
            visit.searched += 1
            # A search is no candidate.
            visit.pages -= 1

    @override
    def read_page(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        if step.kind == "search":
            return self._read_search(response, visit, step)
        site = site_after(step.url, response.url)
        if not isinstance(response, HtmlResponse):
            return [self._unscored(visit, step, response.status, "not_html", "the answer is not a web page")]
        facts = read_facts(response.body, response.url, encoding=declared_encoding(response))
        seen = Seen(site, facts, step.note, self._district_hosts(visit.school))
        score = score_site(seen, visit.school, self._aggregators)
        visit.answered += 1
        # A site that a person rejected may still show the way to the right one.
        is_rejected = page_key(site) in {page_key(url) for url in visit.school.rejected}
        if score.value > visit.best_score and step.kind == "candidate" and not is_rejected:
            visit.best_score, visit.best_url = score.value, site
        if visit.best_score >= ACCEPTED:
            visit.frontier.clear()
        elif is_aggregator(site, self._aggregators) is None:
            self._offer_linked(facts, visit)
            if step.kind == "candidate" and score.is_district:
                self._offer_school_lists(facts, visit)
        if step.kind == "schools" or is_rejected:
            # A district's list of schools is no candidate; it was read for its links.
            return []
        return [CandidateItem(visit.school.key, site, step.note, score.value, score.signals, now(), response.status)]

    @override
    def miss_page(self, problem: Problem, visit: Visit, step: Step) -> list[Any]:
        if step.kind == "search":
            reason = self._search.explain(problem.status) if self._search is not None else problem.reason
            self.logger.error("%s", reason)
            visit.later = visit.later or reason
            if problem.status is None or problem.status in {401, 403, 404}:
                # It will not get better within this crawl: the other schools need not find out by themselves.
                self._search = None
            return []
        return [self._unscored(visit, step, problem.status, problem.outcome, problem.reason)]

    @override
    def conclude(self, visit: Visit) -> list[Any]:
        best = visit.best_score
        if best >= ACCEPTED:
            outcome, reason = "accepted", "the site is certain"
        elif best >= REVIEW:
            outcome, reason = "review", "the site is likely; a person should look at it"
        elif visit.later:
            outcome, reason = "try_later", visit.later
        else:
            outcome = "none"
            reason = "no candidate is likely" if visit.answered else "no candidate could be fetched"
        website = visit.best_url if best >= REVIEW else None
        state = "failed" if outcome == "try_later" else "done"
        score = best if website else None
        return [TargetItem(visit.school.key, state, outcome, reason, website, score, visit.pages)]

    def _read_search(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        answer = self._search.read(response.body) if self._search is not None else TryLater("no search service")
        if isinstance(answer, TryLater):
            if step.depth + 1 < _MOST_SEARCH_TRIES:
                pause_host(self.crawler, step.url, self.operator.backoff_seconds * 2**step.depth)
                visit.frontier.append(Step(step.url, "search", _SEARCH_RANK, step.depth + 1))
                visit.pages -= 1
            else:
                visit.later = visit.later or answer.reason
            return []
        return [item for candidate in answer if (item := self._offer(visit, candidate)) is not None]

    def _offer(self, visit: Visit, candidate: Candidate) -> CandidateItem | None:
        """Offers a candidate, and its host's root where its path is not the school's; aggregators are not fetched."""
        addresses = [url for url in start_addresses(candidate.url) if clean_url(url)]
        if not addresses:
            return None
        listed = is_aggregator(addresses[0], self._aggregators)
        if listed is not None:
            signal = Signal("aggregator", -100, listed)
            return CandidateItem(
                visit.school.key, site_of(addresses[0]), candidate.provider, 0.0, [signal], now(), None
            )
        if candidate.provider == "searxng":
            addresses = [_home_of(addresses[0], SchoolName(visit.school.name))]
        # A prefix is an address with a slash at its end; some servers know it only without.
        site = site_of(addresses[0])
        if site.rstrip("/") == addresses[0]:
            addresses.insert(0, site)
        visit.offer(Step(addresses[0], "candidate", candidate.rank, 0, candidate.provider, addresses[1:]))
        return None

    def _offer_linked(self, facts: PageFacts, visit: Visit) -> None:
        name = SchoolName(visit.school.name)
        found: dict[str, str] = {}
        for link in facts.links:
            url = clean_url(link.url)
            if url is not None and len(link.text) <= 100 and name.is_named_in(link.text):
                found.setdefault(page_key(url), url)
        for url in list(found.values())[:_MOST_LINKED]:
            self._offer(visit, Candidate(url, "linked", _LINKED_RANK))

    def _offer_school_lists(self, facts: PageFacts, visit: Visit) -> None:
        lists = [
            url for link in facts.links if names_school_list(link.text) and (url := clean_url(link.url)) is not None
        ]
        for url in lists[:_MOST_SCHOOL_LISTS]:
            visit.offer(Step(url, "schools", _LINKED_RANK, 1, "linked"))

    def _district_hosts(self, school: SchoolTarget) -> frozenset[str]:
        return frozenset(
            host_name(found.url) for found in self._directory.candidates(school) if found.provider == "district"
        )

    def _unscored(self, visit: Visit, step: Step, status: int | None, why: str, detail: str) -> CandidateItem:
        signal = Signal(why, 0, detail)
        return CandidateItem(visit.school.key, site_of(step.url), step.note, 0.0, [signal], now(), status)


def _home_of(url: str, name: SchoolName) -> str:
    """Returns the home page that a search result most likely belongs to: up to the part of its path that names it."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    segments = [segment for segment in path.partition("?")[0].split("/") if segment]
    for place, segment in enumerate(segments):
        if name.is_named_in(segment.replace("-", " ").replace("_", " ")):
            return f"{scheme}://{host}/{'/'.join(segments[: place + 1])}"
    if len(segments) >= 2 and segments[0] in {"o", "schools", "school", "site", "sites"}:
        return f"{scheme}://{host}/{'/'.join(segments[:2])}"
    return f"{scheme}://{host}/"
