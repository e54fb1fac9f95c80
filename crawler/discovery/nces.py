"""The official directory as a provider: finds a listed school's row, and what the row says about its website.

A printed NCES id decides. Otherwise the rows of the state are compared by name, and a likeness of names counts only
together with a place, a district, a phone number or the fact that no other school of the state has that name. One row
or none: where two rows are as good, none is taken.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from rapidfuzz import fuzz

from crawler.discovery.providers import Candidate
from crawler.discovery.school_names import SchoolName, long_words
from crawler.sites import host_name, start_addresses
from crawler.targets import SchoolTarget
from extraction.nces import DirectorySchool
from extraction.places.states import state_code

_LEAST_LIKENESS = 82.0
_LEAST_SCORE = 100.0
"""A name alike (up to 100) with one agreement of place passes; a name alone must be equal and the only one."""
_LEAST_LEAD = 8.0
"""A row must be so much better than the next."""
_ALIKE_DISTRICT = 88.0
_FILLED = ("district", "nces_id", "address", "city", "state", "zip", "phone")

Indexed = tuple[SchoolName, DirectorySchool]


class NcesDirectory:
    """The directory's rows, indexed by id, by state and by the words of their names."""

    def __init__(self, rows: Iterable[DirectorySchool]) -> None:
        self._by_id: dict[str, DirectorySchool] = {}
        self._by_word: dict[tuple[str, str], list[Indexed]] = defaultdict(list)
        self._hosts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in rows:
            self._by_id[row.nces_id] = row
            entry = (SchoolName(row.name), row)
            for word in entry[0].own or frozenset(entry[0].words):
                self._by_word[row.state or "", word].append(entry)
            for url in start_addresses(row.website or "")[:1]:
                if row.lea_id:
                    self._hosts[row.lea_id][url] += 1

    def candidates(self, school: SchoolTarget) -> list[Candidate]:
        """Returns the website of the school's row, and the sites of its district's other schools behind it."""
        row = self.match(school)
        if row is None:
            return []
        found = [Candidate(row.website, "nces", 0.95)] if row.website else []
        return [*found, *(Candidate(url, "district", 0.5) for url in self._district_sites(row))]

    def completed(self, school: SchoolTarget) -> SchoolTarget:
        """Returns the school with what its row knows and the list did not print."""
        row = self.match(school)
        if row is None:
            return school
        known = {field: getattr(row, field) for field in _FILLED if getattr(school, field) is None}
        return replace(school, **known)

    def match(self, school: SchoolTarget) -> DirectorySchool | None:
        """Returns the row of a school, or None where there is none or it is not certain which."""
        if school.nces_id:
            printed = re.sub(r"\D", "", school.nces_id).zfill(12)
            if printed in self._by_id:
                return self._by_id[printed]
        state = state_code(school.state) if school.state else None
        name = SchoolName(school.name)
        if state is None or not name.words:
            return None
        scored = sorted(
            ((self._score(school, name, *entry), entry[1]) for entry in self._alike(name, state)),
            key=lambda pair: -pair[0],
        )
        if not scored or scored[0][0] < _LEAST_SCORE:
            return None
        if len(scored) > 1 and scored[0][0] - scored[1][0] < _LEAST_LEAD:
            return None
        return scored[0][1]

    def _alike(self, name: SchoolName, state: str) -> list[Indexed]:
        """Returns the rows that share a word of the name's own, in the state."""
        rows = {
            entry[1].nces_id: entry
            for word in name.own or frozenset(name.words)
            for entry in self._by_word.get((state, word), ())
        }
        return list(rows.values())

    def _score(self, school: SchoolTarget, name: SchoolName, other: SchoolName, row: DirectorySchool) -> float:
        likeness = name.likeness(other)
        if likeness < _LEAST_LIKENESS:
            return 0.0
        agreements = _agreements(school, row)
        if not agreements:
            # Nothing but the name is printed: it must be the very name, and its namesakes then have the same score.
            return likeness if name.normal == other.normal else 0.0
        return likeness + sum(agreements)

    def _district_sites(self, row: DirectorySchool) -> list[str]:
        """Returns the sites that other schools of the district share a host on, the commonest first."""
        hosts: dict[str, tuple[int, str]] = {}
        for url, times in self._hosts.get(row.lea_id or "", {}).items():
            count, shortest = hosts.get(host_name(url), (0, url))
            hosts[host_name(url)] = (count + times, min(shortest, url, key=len))
        own = {host_name(url) for url in start_addresses(row.website or "")}
        shared = sorted(((count, url) for host, (count, url) in hosts.items() if host not in own), reverse=True)
        return [_root(url) for count, url in shared if count > 1][:1]


def _agreements(school: SchoolTarget, row: DirectorySchool) -> list[float]:
    """Returns what speaks for and against a row apart from the name; nothing where nothing can be compared."""
    compared: list[tuple[bool, float, float]] = []
    if school.phone and row.phone:
        compared.append((_digits(school.phone)[-10:] == _digits(row.phone)[-10:], 40.0, -5.0))
    if school.zip and row.zip:
        compared.append((school.zip[:5] == row.zip[:5], 25.0, -15.0))
    if school.city and row.city:
        compared.append((" ".join(long_words(school.city)) == " ".join(long_words(row.city)), 20.0, -15.0))
    if school.district and row.district:
        alike = fuzz.token_sort_ratio(_district_key(school.district), _district_key(row.district))
        compared.append((alike >= _ALIKE_DISTRICT, 25.0, -25.0))
    if school.address and row.address:
        compared.append((_digits(school.address)[:6] == _digits(row.address)[:6], 15.0, -5.0))
    return [plus if agrees else minus for agrees, plus, minus in compared]


def _district_key(name: str) -> str:
    plain = {"district", "schools", "school", "public", "board", "of", "education", "system", "the"}
    return " ".join(sorted(word for word in long_words(name) if word not in plain))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _root(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/"
