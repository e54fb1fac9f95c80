"""Where candidates for a school's website come from: the one interface of all providers.

A provider may know candidates at once (a directory, guesses), or it is asked over the web (a search): then it only
says which addresses to fetch and how to read the answers. The spider sends the requests, so the guard, the pace and the
journal hold for them as for any page; `crawler.discovery.turns` decides whose turn it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

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
    again: bool = True
    """Whether the same question may be asked again within this crawl."""
    seconds: float | None = None
    """How long to leave the service alone before that, where it says so."""
    closed: bool = False
    """Whether no other question would fare better within this crawl."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    """By lower-case name."""


class Provider:
    """A source of candidates. Subclasses know candidates at once, or questions to ask; never both need be there."""

    name: ClassVar[str]
    most_questions: int | None = None
    """Questions that one crawl may ask, or None where they cost nothing."""

    def candidates(self, school: SchoolTarget) -> list[Candidate]:
        """Returns the candidates that are known without asking, best first."""
        del school
        return []

    def questions(self, school: SchoolTarget) -> list[str]:
        """Returns the questions about a school as addresses to fetch, the most precise first."""
        del school
        return []

    def read(self, answer: Answer) -> list[Candidate] | TryLater:
        """Reads the answer to a question, whatever its status.

        Returns:
            Candidates, best first; none where the service says that it knows none. `TryLater` where it says nothing.
        """
        raise NotImplementedError

    def pause_after(self, answer: Answer) -> float:
        """Returns the seconds for which the service wants to be left alone after an answer."""
        del answer
        return 0.0

    def unreachable(self) -> str:
        """Says for the operator what it means that the service cannot be reached."""
        return f"{self.name} cannot be reached"
