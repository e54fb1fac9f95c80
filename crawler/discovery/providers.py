"""Where candidates for a school's website come from: the one interface of all providers.

Two kinds stand behind it. A directory (`crawler.discovery.nces`) knows its answers at once; a search engine
(`crawler.discovery.searxng`) is asked over the web, so it only says which address to fetch and how to read the answer:
the spider sends the request, and the guard, the pace and the journal hold for it as for any page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crawler.targets import SchoolTarget


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be the school's website, before it was looked at."""

    url: str
    """As the provider wrote it."""
    provider: str
    rank: float
    """From 0 to 1: how soon to look at it, compared with other candidates."""


@dataclass(frozen=True, slots=True)
class TryLater:
    """A provider that cannot answer now, which is not the answer "there is no website"."""

    reason: str


class DirectoryProvider(Protocol):
    """A provider that knows its answers at once."""

    def candidates(self, school: SchoolTarget) -> list[Candidate]:
        """Returns the candidates for a school, best first."""
        ...

    def completed(self, school: SchoolTarget) -> SchoolTarget:
        """Returns the school with the address and phone that the provider knows and the list did not print."""
        ...


class SearchProvider(Protocol):
    """A provider that is asked over the web."""

    def addresses(self, school: SchoolTarget) -> list[str]:
        """Returns the searches for a school as addresses to fetch, the most precise first."""
        ...

    def read(self, body: bytes) -> list[Candidate] | TryLater:
        """Reads the answer to a search."""
        ...

    def explain(self, status: int | None) -> str:
        """Says what an answer without results means, for the operator."""
        ...
