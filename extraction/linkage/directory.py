"""The official directory, prepared for linkage: by id, and within each state by words, districts, phones and places."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz, process

from extraction.linkage.districts import DistrictNames
from extraction.linkage.grades import grades_between
from extraction.linkage.likeness import NameParts, WordWeights
from extraction.linkage.names import SchoolName, long_words
from extraction.linkage.state_ids import StateId, official_id
from extraction.nces import DirectorySchool
from extraction.places.states import state_code

_MOST_OF_A_WORD = 400
"""Schools that one word may bring in; a commoner word brings only those of the printed district, city or ZIP."""
_LEAST_ALIKE_WORDS = 72.0


@dataclass(frozen=True)
class Entry:
    """A school of the directory, read once."""

    school: DirectorySchool

    @cached_property
    def parts(self) -> NameParts:
        """Its name."""
        return NameParts(SchoolName(self.school.name))

    @cached_property
    def state_id(self) -> StateId | None:
        """What its state calls it."""
        return official_id(self.school.state_id)

    @cached_property
    def city(self) -> str:
        """Its city in one form."""
        return place_key(self.school.city)

    @cached_property
    def phone(self) -> str:
        """Ten digits, or nothing."""
        return phone_key(self.school.phone)

    @cached_property
    def grades(self) -> frozenset[int]:
        """The grades it teaches."""
        return grades_between(self.school.low_grade, self.school.high_grade)


class StateDirectory:
    """The schools of one state."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    @cached_property
    def weights(self) -> WordWeights:
        """What the words of names are worth here."""
        return WordWeights(entry.parts for entry in self.entries)

    @cached_property
    def districts(self) -> DistrictNames:
        """Its districts."""
        return DistrictNames(
            {
                (entry.school.lea_id, entry.school.district)
                for entry in self.entries
                if entry.school.lea_id and entry.school.district
            }
        )

    @cached_property
    def by_school_id(self) -> dict[str, list[Entry]]:
        """Schools by the whole of their state's id and by its last part, without leading zeros."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if entry.state_id is not None:
                for key in {entry.state_id.whole.lstrip("0"), entry.state_id.school.lstrip("0")}:
                    found[key].append(entry)
        return found

    @cached_property
    def district_ids(self) -> frozenset[str]:
        """The state's ids of its districts, without leading zeros."""
        return frozenset(entry.state_id.district.lstrip("0") for entry in self.entries if entry.state_id)

    @cached_property
    def by_phone(self) -> dict[str, list[Entry]]:
        """Schools by phone number."""
        return _grouped((entry.phone, entry) for entry in self.entries)

    @cached_property
    def by_place(self) -> dict[str, list[Entry]]:
        """Schools by LEA id, by city and by ZIP code."""
        return _grouped(
            (key, entry)
            for entry in self.entries
            for key in (entry.school.lea_id or "", entry.city, (entry.school.zip or "")[:5])
        )

    @cached_property
    def by_word(self) -> dict[str, list[Entry]]:
        """Schools by the words and numbers of their names, and by all their words as one."""
        return _grouped(
            (key, entry)
            for entry in self.entries
            for key in {*entry.parts.own, *entry.parts.numbers, entry.parts.squeezed}
        )

    def named_alike(self, parts: NameParts, places: Iterable[str]) -> dict[str, Entry]:
        """The schools that share a word with a name, or one that is nearly the same; by NCES id.

        Args:
            parts: the name.
            places: keys of `by_place`: where to look as well, and alone for words that are everywhere.
        """
        near = {entry.school.nces_id: entry for key in places for entry in self.by_place.get(key, ())}
        found: dict[str, Entry] = {}
        for word in self._words_for(parts):
            entries = self.by_word.get(word, [])
            if len(entries) <= _MOST_OF_A_WORD:
                found |= {entry.school.nces_id: entry for entry in entries}
        wanted = {*parts.own, *parts.numbers}
        for nces_id, entry in near.items():
            others = {*entry.parts.own, *entry.parts.numbers}
            if not wanted or not others or not wanted.isdisjoint(others) or _any_alike(wanted, others):
                found[nces_id] = entry
        return found

    def _words_for(self, parts: NameParts) -> list[str]:
        """The name's words, and for those that nobody here has the known words that look like them."""
        words = [*parts.own, *parts.numbers, parts.squeezed]
        strange = [word for word in parts.own if word not in self.by_word and len(word) >= 3]
        for word in strange:
            near = process.extract(
                word, self.weights.known, scorer=fuzz.ratio, score_cutoff=_LEAST_ALIKE_WORDS, limit=6
            )
            words += [known for known, _, _ in near]
        return words


class Directory:
    """The directory's rows, indexed when a state is first asked for."""

    def __init__(self, rows: Iterable[DirectorySchool]) -> None:
        self.by_id: dict[str, Entry] = {}
        self._rows: dict[str, list[Entry]] = defaultdict(list)
        self._states: dict[str, StateDirectory] = {}
        for row in rows:
            entry = Entry(row)
            self.by_id[row.nces_id] = entry
            self._rows[row.state or ""].append(entry)

    def state(self, printed: str | None) -> StateDirectory | None:
        """The schools of a state, by its letters or name; None where there are none."""
        code = (state_code(printed) or printed) if printed else None
        if code is None or code not in self._rows:
            return None
        if code not in self._states:
            self._states[code] = StateDirectory(self._rows[code])
        return self._states[code]


def place_key(city: str | None) -> str:
    """A city's name in one form."""
    return " ".join(long_words(city or ""))


def phone_key(phone: str | None) -> str:
    """The last ten digits of a phone number, or nothing."""
    digits = re.sub(r"\D", "", phone or "")
    return digits[-10:] if len(digits) >= 10 else ""


def _grouped(pairs: Iterable[tuple[str, Entry]]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for key, entry in pairs:
        if key:
            found[key].append(entry)
    return found


def _any_alike(wanted: set[str], others: set[str]) -> bool:
    return any(
        fuzz.ratio(one, other) >= _LEAST_ALIKE_WORDS or one.startswith(other[:3]) or other.startswith(one)
        for one in wanted
        for other in others
    )
