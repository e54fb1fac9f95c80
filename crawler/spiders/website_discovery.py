"""The discovery: from a school of a list to its official website, with a score and the reasons for it.

    scrapy crawl website_discovery -a schools=schools.csv -a directory=ccd_sch_029.csv -O sites.json
    scrapy crawl website_discovery -a job=ID -a attempt=N

The way of a visit, cheapest first: what the list and the official directory name, what the district's own site links to
under the school's name, guessed addresses that exist, then the services that the operator has set up (Wikidata,
SearXNG, Brave). Every candidate is fetched and scored, the official ones too; the first that is certain ends the visit.
What each provider said is noted with the school's end. By hand, a feed (`-O`) has one row a school.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from scrapy.http import HtmlResponse, Response
from typing_extensions import override

from crawler.discovery.district_pages import links_to, school_lists, sitemap_links
from crawler.discovery.nces import NcesDirectory
from crawler.discovery.page_facts import PageFacts, read_facts
from crawler.discovery.providers import Answer, Candidate, TryLater
from crawler.discovery.school_names import SchoolName
from crawler.discovery.scoring import (
    ACCEPTED,
    REVIEW,
    Score,
    Seen,
    is_aggregator,
    moved_to,
    read_aggregators,
    score_site,
)
from crawler.discovery.settings import discovery_settings
from crawler.discovery.turns import Turns, configured
from crawler.items import CandidateItem, Signal, TargetItem, now
from crawler.middlewares.politeness import pause_host
from crawler.shared_pages import SHARED
from crawler.sites import GUESSED, clean_url, host_name, page_key, prefix_of, site_after, site_of, start_addresses
from crawler.spiders.base import Problem, VisitSpider
from crawler.spiders.staff_directory import declared_encoding
from crawler.targets import SchoolTarget
from crawler.visits import Step, Visit
from extraction.nces import DirectoryError, read_directory
from extraction.places.states import state_code

_PRINTED_RANK, _LINKED_RANK, _SITEMAP_RANK, _QUESTION_RANK = 1.0, 0.8, 0.75, 0.3
_DEEPEST_LIST = 2
"""Pages between a district's home page and the list that names the school, at most."""
_MOST_TRIES = 3
"""How often one question is asked in one crawl."""
_SEARCHES = frozenset({"searxng", "brave"})


class WebsiteDiscoverySpider(VisitSpider):
    """Finds the official websites of schools."""

    name = "website_discovery"
    page_budget: ClassVar[str] = "candidates_per_school"

    def __init__(self, directory: str = "", **arguments: Any) -> None:
        super().__init__(**arguments)
        self._directory_file = directory
        self._directory = NcesDirectory(())
        self._misconfigured = ""
        try:
            self._turns, self._guesses = configured(discovery_settings())
        except (OSError, ValueError) as error:
            # Told where the crawl begins, which then ends in order.
            self._misconfigured = str(error)
            self._turns, self._guesses = Turns(()), None
        self._aggregators = read_aggregators(self.operator.aggregators_file)

    @override
    async def load_schools(self) -> list[SchoolTarget]:
        if self._misconfigured:
            raise OSError(self._misconfigured)
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
        known = [Candidate(school.website, "printed", _PRINTED_RANK)] if school.website else []
        known += self._directory.candidates(school)
        for provider in ("printed", "nces", "district"):
            named = [candidate for candidate in known if candidate.provider == provider]
            visit.note(provider, "found" if named else "nothing", len(named))
        for candidate in known:
            self._offer(visit, candidate)
        return visit

    @override
    def refill(self, visit: Visit) -> None:
        while not visit.frontier and visit.best_score < ACCEPTED:
            turn = self._turns.advance(visit)
            if turn is None:
                return
            if isinstance(turn, tuple):
                provider, question = turn
                visit.frontier.append(Step(question, "question", _QUESTION_RANK, 0, provider))
            else:
                for candidate in turn:
                    self._offer(visit, candidate)

    @override
    def meta_of(self, step: Step) -> dict[str, Any]:
        if step.kind == "question":
            # The provider reads every status itself; a service's answer never leads to another host.
            return {"handle_httpstatus_all": True, "dont_redirect": True, "max_retry_times": 0}
        # A guessed path lies on a host that has answered.
        guessed = step.note == "guess" and prefix_of(step.url) is None
        return {GUESSED: True, SHARED: True} if guessed else {SHARED: True}

    @override
    def matters(self, step: Step, problem: Problem) -> bool:
        # Nobody has said that a guessed address is anybody's: its silence means nothing.
        return problem.later and step.note != "guess"

    @override
    def read_page(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        if step.kind == "question":
            return self._read_answer(response, visit, step)
        if step.kind == "sitemap":
            return self._read_sitemap(response, visit, step)
        site = site_after(step.url, response.url)
        if step.note == "guess":
            self._count_guess(visit)
        if not isinstance(response, HtmlResponse):
            return [self._unscored(visit, step, response.status, "not_html", "the answer is not a web page")]
        facts = read_facts(response.body, response.url, encoding=declared_encoding(response))
        seen = Seen(site, facts, step.note, self._district_hosts(visit), step.source)
        score = score_site(seen, visit.school, self._aggregators)
        visit.answered += 1
        # A site that a person rejected may still show the way to the right one.
        is_rejected = page_key(site) in {page_key(url) for url in visit.school.rejected}
        if score.value > visit.best_score and step.kind == "candidate" and not is_rejected:
            visit.best_score, visit.best_url = score.value, site
        if visit.best_score >= ACCEPTED:
            visit.frontier.clear()
        elif is_aggregator(site, self._aggregators) is None:
            self._follow(facts, score, visit, step, site)
        if step.kind == "schools" or is_rejected or (step.note == "guess" and score.value == 0):
            # A district's list of schools is no candidate, it was read for its links; neither is a stranger's host.
            return []
        return [CandidateItem(visit.school.key, site, step.note, score.value, score.signals, now(), response.status)]

    @override
    def miss_page(self, problem: Problem, visit: Visit, step: Step) -> list[Any]:
        if step.kind == "question":
            visit.pages -= 1
            not_now = problem.outcome in {"host_parked", "host_busy"}
            reason = f"{step.note}: {problem.reason}" if not_now else self._turns.unreachable(step.note)
            self.logger.error("%s (%s)", reason, problem.reason)
            # It will not get better within this crawl: the other schools need not find out by themselves.
            self._turns.give_up(visit, step.note, reason, for_all=True)
            return []
        if step.kind == "sitemap":
            return []
        if step.note == "guess":
            return self._miss_guess(problem, visit)
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
        return [TargetItem(visit.school.key, state, outcome, reason, website, score, visit.pages, tried=visit.tried)]

    # Services.

    def _read_answer(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        # A question is no candidate.
        visit.pages -= 1
        headers = {str(name).lower(): str(value) for name, value in response.headers.to_unicode_dict().items()}
        answer = Answer(response.status, response.body, headers)
        result = self._turns.read(visit, step.note, answer)
        if (pause := self._turns.pause_after(step.note, answer)) > 0:
            pause_host(self.crawler, step.url, pause)
        if not isinstance(result, TryLater):
            return [item for candidate in result if (item := self._offer(visit, candidate)) is not None]
        if result.closed:
            self.logger.error("%s", result.reason)
        if result.again and not result.closed and step.depth + 1 < _MOST_TRIES:
            wait = result.seconds or self.operator.backoff_seconds * 2**step.depth
            pause_host(self.crawler, step.url, min(wait, self.operator.max_pause_seconds))
            visit.frontier.append(Step(step.url, "question", _QUESTION_RANK, step.depth + 1, step.note))
        else:
            self._turns.give_up(visit, step.note, result.reason)
        return []

    # Candidates.

    def _offer(self, visit: Visit, candidate: Candidate, source: str = "") -> CandidateItem | None:
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
        if candidate.provider in _SEARCHES:
            addresses = [_home_of(addresses[0], SchoolName(visit.school.name))]
        # A prefix is an address with a slash at its end; some servers know it only without.
        site = site_of(addresses[0])
        if site.rstrip("/") == addresses[0]:
            addresses.insert(0, site)
        if candidate.provider == "guess" and prefix_of(site) is None:
            addresses.append(site.replace("://", "://www.", 1))
        step = Step(addresses[0], "candidate", candidate.rank, 0, candidate.provider, addresses[1:], source)
        visit.offer(step)
        return None

    def _follow(self, facts: PageFacts, score: Score, visit: Visit, step: Step, site: str) -> None:
        """Offers what a page links to under the school's name, and goes deeper where it is the district's."""
        named = {signal.name for signal in score.signals}
        ours = "district_named" in named and "other_state" not in named
        source = step.source if step.kind == "schools" else site if ours and score.is_district else ""
        links = links_to(facts, SchoolName(visit.school.name), by_address=bool(source))
        for url in links:
            self._offer(visit, Candidate(url, "linked", _LINKED_RANK), source)
        if (moved := moved_to(facts, site)) is not None:
            self._offer(visit, Candidate(moved, "linked", _LINKED_RANK))
        if not score.is_district or "other_state" in named:
            return
        if source and step.kind == "candidate":
            visit.note("district", "found" if links else "nothing", len(links), site)
        if step.depth < _DEEPEST_LIST:
            for url in school_lists(facts):
                visit.offer(Step(url, "schools", _LINKED_RANK, step.depth + 1, "linked", source=source))
        if step.kind == "candidate" and prefix_of(site) is None and ours and site not in visit.districts:
            visit.districts.append(site)
            visit.offer(Step(f"{site}sitemap.xml", "sitemap", _SITEMAP_RANK, 1, "linked", source=source))
            for candidate in self._guesses.within(visit.school, site) if self._guesses is not None else ():
                self._offer(visit, candidate)

    def _read_sitemap(self, response: Response, visit: Visit, step: Step) -> list[Any]:
        links, more = sitemap_links(response.body, SchoolName(visit.school.name))
        for url in links:
            self._offer(visit, Candidate(url, "linked", _LINKED_RANK), step.source)
        if step.depth < _DEEPEST_LIST:
            for url in more:
                visit.offer(Step(url, "sitemap", _SITEMAP_RANK, step.depth + 1, "linked", source=step.source))
        visit.note("district", "found" if links else "nothing", len(links))
        return []

    def _count_guess(self, visit: Visit) -> None:
        """Counts a guess that led to a page or could have; when there were enough, the rest is left alone."""
        visit.guesses += 1
        visit.note("guess", "found", 1)
        if visit.guesses >= discovery_settings().guess_pages:
            self._drop_guesses(visit)

    def _miss_guess(self, problem: Problem, visit: Visit) -> list[Any]:
        if problem.outcome == "no_such_host":
            # Nobody was asked for a page.
            visit.pages -= 1
        elif problem.outcome == "names_unavailable":
            visit.pages -= 1
            self._drop_guesses(visit)
            self._turns.give_up(visit, "guess", problem.reason, for_all=True)
        else:
            self._count_guess(visit)
        return []

    def _drop_guesses(self, visit: Visit) -> None:
        visit.frontier = [step for step in visit.frontier if step.note != "guess"]

    def _district_hosts(self, visit: Visit) -> frozenset[str]:
        known = [found.url for found in self._directory.candidates(visit.school) if found.provider == "district"]
        return frozenset(host_name(url) for url in (*known, *visit.districts))

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
