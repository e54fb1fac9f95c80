"""A search engine with the JSON interface of SearXNG over the simulated web."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse, urlsplit

from tests.school_web.other_pages import aggregator_path, news_path, newsworthy
from tests.school_web.school_pages import staff_address
from tests.school_web.world import STATE_NAME, World

_PER_PAGE = 10
_AGGREGATOR_BOOST = 1.25
"""Aggregators live from ranking well; with this they come first for three schools in four."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the index."""

    url: str
    title: str
    content: str
    boost: float = 1.0

    @property
    def words(self) -> frozenset[str]:
        """The words a query is compared with."""
        return _words(f"{self.title} {self.content} {urlsplit(self.url).hostname} {urlsplit(self.url).path}")


@dataclass(slots=True)
class SearchEngine:
    """Ranks the index by the rarity of the words shared with a query; now and then its sources do not answer."""

    entries: tuple[Entry, ...]
    asked: set[str] = field(default_factory=set[str])
    _weights: dict[str, float] = field(init=False)
    _words: tuple[frozenset[str], ...] = field(init=False)

    def __post_init__(self) -> None:
        self._words = tuple(entry.words for entry in self.entries)
        counts = Counter(word for words in self._words for word in words)
        self._weights = {word: math.log(1 + len(self.entries) / count) for word, count in counts.items()}

    def answer(self, query: str, page: int = 1) -> dict[str, Any]:
        """The answer to a query, as `search.formats: json` gives it."""
        results: list[dict[str, Any]] = []
        unresponsive: list[list[str]] = []
        if query not in self.asked and fails_at_first(query):
            unresponsive = [["duckduckgo", "timeout"], ["brave", "too many requests"]]
        else:
            ranked = self._ranked(query)[(page - 1) * _PER_PAGE : page * _PER_PAGE]
            results = [_result(entry, score, position) for position, (score, entry) in enumerate(ranked, 1)]
        self.asked.add(query)
        return {
            "query": query,
            "results": results,
            "answers": [],
            "corrections": [],
            "infoboxes": [],
            "suggestions": [],
            "unresponsive_engines": unresponsive,
        }

    def _ranked(self, query: str) -> list[tuple[float, Entry]]:
        wanted = _words(query)
        scored: list[tuple[float, Entry]] = []
        for entry, words in zip(self.entries, self._words, strict=True):
            shared = wanted & words
            if len(shared) >= 2:
                scored.append((entry.boost * sum(self._weights[word] for word in shared), entry))
        return sorted(scored, key=lambda pair: (-pair[0], pair[1].url))


def fails_at_first(query: str) -> bool:
    """Whether the sources do not answer the first try of a query: about one query in six, always the same ones."""
    return zlib.crc32(query.encode()) % 6 == 0


def index(world: World, port: int) -> tuple[Entry, ...]:
    """The pages that the engine knows: not all, as in life."""
    entries: list[Entry] = []
    for number, school in enumerate(world.schools):
        place = f"{school.place.city}, {school.place.state}"
        home = f"http://{school.host}:{port}{school.prefix}/"
        about = f"Welcome to {school.name} in {school.place.city}. {school.place.street}. {school.phone}"
        about = f"{about} {world.district(school.district).name}"
        entries.append(Entry(home, f"{school.name} - {place}", about))
        if number % 2:
            staff = f"Faculty and staff of {school.name}"
            entries.append(Entry(staff_address(world, school, port), f"Staff Directory - {school.name}", staff))
        for rank, host in enumerate(world.aggregators):
            title = f"{school.name} - {school.place.city}, {STATE_NAME} - {school.place.state}"
            review = f"Reviews, ratings and homes near {school.name}, {place} {school.place.zip}"
            url = f"http://{host}:{port}{aggregator_path(school)}"
            entries.append(Entry(url, title, review, _AGGREGATOR_BOOST if (number + rank) % 4 == 0 else 0.9))
    for district in world.districts:
        text = f"{district.name} serves {district.place.city}, {district.place.county} County, {STATE_NAME}"
        entries.append(Entry(f"http://{district.host}:{port}/", district.name, text))
        names = ", ".join(school.name for school in world.schools_of(district))
        entries.append(Entry(f"http://{district.host}:{port}/schools", f"Our Schools - {district.name}", names))
    for twin in world.look_alikes:
        place = f"{twin.place.city}, {twin.place.state}"
        entries.append(
            Entry(f"http://{twin.host}:{port}/", f"{twin.name} - {place}", f"Welcome to {twin.name} in {place}")
        )
    for old in world.moved:
        school = world.school(old.school)
        text = f"Welcome to {school.name} in {school.place.city}"
        entries.append(Entry(f"http://{old.host}:{port}/", f"{school.name} - {school.place.city}", text))
    for school in newsworthy(world):
        url = f"http://{world.news_host}:{port}{news_path(school)}"
        entries.append(Entry(url, f"{school.name} opens new library", f"{school.place.city} – The County Ledger"))
    parked = Entry(f"http://{world.parked_host}:{port}/", "School site", f"School web site {STATE_NAME} for sale")
    return (*entries, parked)


def _result(entry: Entry, score: float, position: int) -> dict[str, Any]:
    return {
        "url": entry.url,
        "title": entry.title,
        "content": entry.content,
        "engine": "duckduckgo",
        "engines": ["duckduckgo", "brave"],
        "positions": [position, position],
        "score": round(score, 3),
        "category": "general",
        "template": "default.html",
        "parsed_url": list(urlparse(entry.url)),
        "img_src": "",
        "thumbnail": "",
        "priority": "",
        "publishedDate": None,
        "pubdate": "",
    }


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower().replace("'", "")))
