"""SearXNG as a provider: a metasearch engine that the operator runs, asked through its JSON API.

Only addresses and readings are made here; the spider fetches. SearXNG answers 403 unless its settings allow the JSON
format, and answers "no results" when all its engines are suspended: the second must not be read as "no website".
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from crawler.discovery.providers import Candidate, TryLater
from crawler.targets import SchoolTarget

_MOST_RESULTS = 10
_MOST_WORDS = 400


class SearxngProvider:
    """Searches at one SearXNG instance."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url.rstrip("/").removesuffix("/search")

    def addresses(self, school: SchoolTarget) -> list[str]:
        """Returns the searches for a school, the most precise first."""
        place = [school.city, school.state]
        queries = [
            [f'"{school.name}"', *place],
            [school.name, school.district, *place, "official website"],
        ]
        texts = [" ".join(part for part in query if part)[:_MOST_WORDS] for query in queries]
        return [self._address(text) for text in dict.fromkeys(texts)] if school.name else []

    def read(self, body: bytes) -> list[Candidate] | TryLater:
        """Reads the answer to a search."""
        try:
            answer: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.MsgspecError:
            return TryLater("the search service did not answer with JSON")
        results = answer.get("results")
        found = [
            Candidate(result["url"], "searxng", 0.6 - 0.01 * place)
            for place, result in enumerate(results if isinstance(results, list) else [])
            if isinstance(result, dict) and isinstance(result.get("url"), str)
        ]
        silent = answer.get("unresponsive_engines")
        if not found and silent:
            names = ", ".join(sorted(str(engine[0]) for engine in silent if isinstance(engine, list) and engine))
            return TryLater(f"no search engine answered ({names})")
        return found[:_MOST_RESULTS]

    def explain(self, status: int | None) -> str:
        """Says what a failed search means and what to do."""
        if status == 403:
            return (
                "the search service refuses JSON: add `json` to `search.formats` in the settings.yml of the SearXNG "
                "instance at TITLE1_SEARXNG_URL"
            )
        if status is None:
            return "the search service at TITLE1_SEARXNG_URL cannot be reached"
        return f"the search service answered {status}"

    def _address(self, query: str) -> str:
        options = {"q": query, "format": "json", "categories": "general", "language": "en-US", "safesearch": "0"}
        return f"{self._base}/search?{urlencode(options)}"
