"""Whose turn it is: the providers that are asked one after the other, cheapest first, with their budgets.

What costs nothing comes before what costs a request, and that before what costs money. A provider that cannot answer
is noted as such in the visit, and one that will not answer anybody in this crawl is not asked again; neither is an
answer to the question whether a school has a website.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from crawler.discovery.brave import BraveProvider
from crawler.discovery.guesses import GuessProvider
from crawler.discovery.providers import Answer, Candidate, Provider, TryLater
from crawler.discovery.searxng import SearxngProvider
from crawler.discovery.settings import DiscoverySettings
from crawler.discovery.wikidata import WikidataProvider
from crawler.visits import Visit

ORDER = ("guess", "wikidata", "searxng", "brave")
"""After the printed address, the official directory and the district's own pages, which a visit begins with."""


class Turns:
    """The providers in their order, and what each may still be asked in this crawl."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._sent: Counter[str] = Counter()
        self._closed: dict[str, str] = {}

    def advance(self, visit: Visit) -> list[Candidate] | tuple[str, str] | None:
        """Gives the next provider its turn.

        Returns:
            Candidates to look at (perhaps none), or a provider and the question to send, or None after the last one.
        """
        while visit.turn < len(ORDER):
            name = ORDER[visit.turn]
            provider = self._providers.get(name)
            if provider is None:
                visit.note(name, "off")
            elif (candidates := provider.candidates(visit.school)) and name not in self._closed:
                visit.turn += 1
                visit.note(name, "nothing", detail=f"{len(candidates)} addresses tried")
                return candidates
            elif visit.asked < len(questions := provider.questions(visit.school)):
                refused = self._refused(provider)
                if refused is None:
                    visit.asked += 1
                    self._sent[name] += 1
                    return name, questions[visit.asked - 1]
                self._postpone(visit, name, refused)
            elif name in self._closed:
                self._postpone(visit, name, self._closed[name])
            elif not visit.asked:
                visit.note(name, "nothing", detail="there is nothing to ask with: the name or the state is missing")
            visit.turn, visit.asked = visit.turn + 1, 0
        return None

    def read(self, visit: Visit, name: str, answer: Answer) -> list[Candidate] | TryLater:
        """Reads a provider's answer and notes what came of it."""
        provider = self._providers.get(name)
        if provider is None:
            # Asked by a run before this one, under other settings.
            return TryLater(f"{name} is not set up any more", again=False)
        result = provider.read(answer)
        if isinstance(result, TryLater):
            if result.closed:
                self._closed.setdefault(name, result.reason)
            return result
        visit.note(name, "found" if result else "nothing", len(result))
        return result

    def pause_after(self, name: str, answer: Answer) -> float:
        """Returns the seconds for which a provider wants to be left alone after an answer."""
        provider = self._providers.get(name)
        return provider.pause_after(answer) if provider is not None else 0.0

    def give_up(self, visit: Visit, name: str, reason: str, *, for_all: bool = False) -> None:
        """Notes that a provider could not answer this visit, or nobody in this crawl."""
        if for_all:
            self._closed.setdefault(name, reason)
        self._postpone(visit, name, reason)

    def unreachable(self, name: str) -> str:
        """Says for the operator that a provider cannot be reached."""
        provider = self._providers.get(name)
        return provider.unreachable() if provider is not None else f"{name} cannot be reached"

    def _refused(self, provider: Provider) -> str | None:
        if provider.name in self._closed:
            return self._closed[provider.name]
        if provider.most_questions is not None and self._sent[provider.name] >= provider.most_questions:
            return f"the {provider.most_questions} searches that {provider.name} may be asked in one crawl are used up"
        return None

    def _postpone(self, visit: Visit, name: str, reason: str) -> None:
        visit.note(name, "try_later", detail=reason)
        visit.later = visit.later or reason


def configured(settings: DiscoverySettings) -> tuple[Turns, GuessProvider | None]:
    """Returns the providers that the operator has set up, and the one that also guesses beneath a district's site.

    Raises:
        OSError: The file of patterns cannot be read.
        ValueError: It is not a file of patterns.
    """
    guesses = GuessProvider(settings.guess_names, settings.guess_patterns_file) if settings.guess_names else None
    providers: list[Provider] = [guesses] if guesses is not None else []
    if settings.wikidata_url:
        providers.append(WikidataProvider(settings.wikidata_url))
    if settings.searxng_url:
        providers.append(SearxngProvider(settings.searxng_url))
    if settings.brave_key:
        providers.append(BraveProvider(settings.brave_url, settings.brave_searches))
    return Turns(providers), guesses
