"""SearXNG as a provider: a metasearch engine that the operator runs, asked through its JSON API.

SearXNG answers 403 unless its settings allow the JSON format, and answers "no results" when all its engines are
suspended: the second must not be read as "no website".
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from typing_extensions import override

from crawler.discovery.providers import Answer, Candidate, Provider, TryLater
from crawler.targets import SchoolTarget

_MOST_RESULTS = 10
_LONGEST_QUERY = 400


class SearxngProvider(Provider):
    """Searches at one SearXNG instance."""

    name = "searxng"

    def __init__(self, base_url: str) -> None:
        self._base = base_url.rstrip("/").removesuffix("/search")

    @override
    def questions(self, school: SchoolTarget) -> list[str]:
        return [self._address(query) for query in queries(school)]

    @override
    def read(self, answer: Answer) -> list[Candidate] | TryLater:
        if answer.status == 403:
            return TryLater(
                "the search service refuses JSON: add `json` to `search.formats` in the settings.yml of the SearXNG "
                "instance at TITLE1_SEARXNG_URL",
                closed=True,
            )
        if answer.status != 200:
            # 429 is the limiter of the instance itself; everything else that is not 5xx is a wrong address.
            passing = answer.status == 429 or answer.status >= 500
            return TryLater(f"the search service answered {answer.status}", closed=not passing)
        try:
            content: dict[str, Any] = msgspec.json.decode(answer.body, type=dict[str, Any])
        except msgspec.MsgspecError:
            return TryLater("the search service did not answer with JSON")
        found = ranked(content.get("results"), self.name)
        silent = content.get("unresponsive_engines")
        if not found and silent:
            names = ", ".join(sorted(str(engine[0]) for engine in silent if isinstance(engine, list) and engine))
            return TryLater(f"no search engine answered ({names})")
        return found

    @override
    def unreachable(self) -> str:
        return "the search service at TITLE1_SEARXNG_URL cannot be reached"

    def _address(self, query: str) -> str:
        options = {"q": query, "format": "json", "categories": "general", "language": "en-US", "safesearch": "0"}
        return f"{self._base}/search?{urlencode(options)}"


def queries(school: SchoolTarget, *, longest: int = _LONGEST_QUERY) -> list[str]:
    """Returns what to search for, the most precise first."""
    if not school.name:
        return []
    place = [school.city, school.state]
    wanted = [
        [f'"{school.name}"', *place],
        [school.name, school.district, *place, "official website"],
    ]
    return list(dict.fromkeys(" ".join(part for part in query if part)[:longest] for query in wanted))


def ranked(results: Any, provider: str) -> list[Candidate]:
    """Returns the addresses of a list of results in its order; what has no address is passed over."""
    listed = results if isinstance(results, list) else []
    return [
        Candidate(result["url"], provider, 0.6 - 0.01 * place)
        for place, result in enumerate(listed)
        if isinstance(result, dict) and isinstance(result.get("url"), str)
    ][:_MOST_RESULTS]
