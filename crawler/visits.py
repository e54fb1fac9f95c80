"""A visit: everything the crawl knows of one school's turn, as plain values that travel in its one request.

Because the whole state is in the request, the journal makes it crash-safe, and no counter anywhere has to say when a
school is finished: the chain of requests ends, and its last link writes the school's outcome.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

import msgspec

from crawler.sites import page_key
from crawler.targets import SchoolTarget
from crawler.traps import SESSION_ID, trap_of, without_session
from extraction.staff.records import Person

_LONGEST_FRONTIER = 150
_MOST_BARREN = 3
_WEIGHT = ("off", "nothing", "try_later", "found")
"""Outcomes of a provider; a later one outweighs an earlier one."""


class Step(msgspec.Struct):
    """A page to ask for. The next one asked for has the highest `score`; among equals the one found first."""

    url: str
    kind: str
    """What it is hoped to be; each spider has its own words."""
    score: float
    depth: int = 0
    note: str = ""
    """Who named it: a provider, or the text of a link."""
    otherwise: list[str] = msgspec.field(default_factory=list[str])
    """Addresses to try instead when this one cannot be had, such as the same with https."""
    source: str = ""
    """The page that linked to it, where that speaks for it."""
    shown: bool = False
    """Whether it is to be shown in a browser."""


class HeldPerson(msgspec.Struct):
    """A person whose own page may say what the list left out."""

    person: Person
    list_url: str
    profile: str


class Tried(msgspec.Struct):
    """What came of one provider of candidates in a visit."""

    provider: str
    outcome: str
    """`found`, `nothing`, `try_later`, or `off` where the operator has not set it up."""
    found: int = 0
    """Candidates that it named."""
    detail: str = ""


class Noted(msgspec.Struct, frozen=True):
    """What a visit leaves for a process with a browser."""

    site: str
    shells: list[Step]
    people: list[str]
    """Keys of the people found."""
    answered: int
    """Pages that could be read."""


class Visit(msgspec.Struct):
    """One school's turn in a crawl."""

    school: SchoolTarget
    frontier: list[Step] = msgspec.field(default_factory=list[Step])
    seen: list[str] = msgspec.field(default_factory=list[str])
    """Keys of the pages that are or were in the frontier."""
    step: Step | None = None
    """The page that is being asked for."""
    pages: int = 0
    answered: int = 0
    """Pages that could be read."""
    seconds: float = 0.0
    """How long the servers took for them."""
    site: str = ""
    """The school's site, once its home page has answered."""
    outcome: str = ""
    """The best that was reached so far."""
    reason: str = ""
    later: str = ""
    """Why the school should be tried again at another time, if it should."""
    people: list[str] = msgspec.field(default_factory=list[str])
    """Keys of the people yielded."""
    held: list[HeldPerson] = msgspec.field(default_factory=list[HeldPerson])
    guessed: bool = False
    """Whether the well-known paths were added."""
    best_url: str = ""
    best_score: float = 0.0
    turn: int = 0
    """Place of the provider of candidates that is asked next."""
    asked: int = 0
    """Questions sent to that provider."""
    tried: list[Tried] = msgspec.field(default_factory=list[Tried])
    """The providers asked so far, in their order."""
    districts: list[str] = msgspec.field(default_factory=list[str])
    """Home pages of the school's district that have answered."""
    documents: int = 0
    """PDFs and spreadsheets that have answered."""
    guesses: int = 0
    """Guessed addresses that answered or could have."""
    shells: list[Step] = msgspec.field(default_factory=list[Step])
    """Pages that need a browser, in the order in which they were met."""
    showing: bool = False
    """Whether its pages are shown in a browser now."""
    shown: int = 0
    """Pages that were asked for in the browser."""
    traps: list[str] = msgspec.field(default_factory=list[str])
    """Kinds of the traps that were left out since the last page."""
    last_list: int = 0
    """Checksum of the people that the last page of a list named."""
    barren: int = 0
    """Further pages of a list, in a row, that named nobody or the same people again."""

    def note(self, provider: str, outcome: str, found: int = 0, detail: str = "") -> None:
        """Notes what came of a provider; of several answers of one, what it found counts first, then "try later"."""
        last = next((tried for tried in self.tried if tried.provider == provider), None)
        if last is None:
            self.tried.append(Tried(provider, outcome, found, detail))
            return
        last.found += found
        if _WEIGHT.index(outcome) > _WEIGHT.index(last.outcome):
            last.outcome = outcome
        last.detail = detail or last.detail

    def offer(self, step: Step) -> bool:
        """Adds a page to the frontier unless it is or was there, there is no room, or it leads into a trap."""
        plain = without_session(step.url)
        key = page_key(plain)
        if key in self.seen:
            if plain != step.url:
                self.traps.append(SESSION_ID)
            return False
        # What the visit began with was named by a list or a person.
        trap = trap_of(step.url) if self.pages else None
        if trap is not None:
            self.traps.append(trap)
        if trap is not None or len(self.frontier) >= _LONGEST_FRONTIER:
            return False
        self.seen.append(key)
        self.frontier.append(step)
        return True

    def meets(self, person: Person) -> bool:
        """Notes a person; False where the visit has met them, and says nothing new of them without an address."""
        key = person_key(person)
        if key in self.people or (person.email is None and any(one.startswith(key) for one in self.people)):
            return False
        self.people.append(key)
        return True

    def is_barren(self, people: Iterable[Person]) -> bool:
        """Whether a further page of a list shows, as those before it, that the list has ended although pages go on."""
        names = "|".join(person_key(person) for person in people)
        checksum = crc32(names.encode())
        self.barren = self.barren + 1 if not names or checksum == self.last_list else 0
        self.last_list = checksum
        return self.barren >= _MOST_BARREN

    def take(self) -> Step | None:
        """Takes the most promising page out of the frontier."""
        if not self.frontier:
            return None
        best = max(range(len(self.frontier)), key=lambda place: (self.frontier[place].score, -place))
        return self.frontier.pop(best)

    def packed(self) -> dict[str, Any]:
        """Returns the visit as plain values."""
        return msgspec.to_builtins(self)

    @classmethod
    def unpacked(cls, values: dict[str, Any]) -> Visit:
        """Rebuilds a visit from `packed` values."""
        return msgspec.convert(values, cls)


def person_key(person: Person) -> str:
    """What tells the people of one visit apart: their name and address."""
    return f"{person.name.casefold()}|{person.email or ''}"
