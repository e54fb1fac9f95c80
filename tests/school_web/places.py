"""Places for the simulated schools: real cities, counties and ZIP codes of one state, invented streets and numbers."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import zipcodes

from tests.school_web.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Place:
    """A street address; `county` without the word County."""

    street: str
    city: str
    county: str
    state: str
    zip: str
    area_code: str

    @property
    def line(self) -> str:
        """City, state and ZIP as a letter shows them."""
        return f"{self.city}, {self.state} {self.zip}"


@dataclass(slots=True)
class Atlas:
    """Draws places and telephone numbers; no number twice (the 555 exchange, which no subscriber has)."""

    rng: random.Random
    numbers: set[str] = field(default_factory=set[str])

    def counties(self, state: str) -> list[str]:
        """Counties of a state that have at least two ordinary ZIP codes, in random order."""
        by_county: dict[str, set[str]] = defaultdict(set)
        for entry in _entries(state):
            by_county[entry["county"]].add(entry["zip_code"])
        names = sorted(name for name, zips in by_county.items() if len(zips) >= 2)
        self.rng.shuffle(names)
        return names

    def place(self, state: str, county: str | None = None) -> Place:
        """An address in a state, or in one county of it."""
        entry = self.rng.choice([entry for entry in _entries(state) if county in {None, entry["county"]}])
        street = f"{self.rng.randint(11, 4980)} {self.rng.choice(vocabulary().schools.streets)}"
        return Place(
            street=street,
            city=entry["city"],
            county=entry["county"].removesuffix(" County"),
            state=state,
            zip=entry["zip_code"],
            area_code=entry["area_codes"][0],
        )

    def phone(self, place: Place) -> str:
        """A number in the place's area, as "(205) 555-0123"."""
        while True:
            number = f"({place.area_code}) 555-{self.rng.randint(0, 9999):04d}"
            if number not in self.numbers:
                self.numbers.add(number)
                return number


@cache
def _entries(state: str) -> tuple[dict[str, Any], ...]:
    found = zipcodes.filter_by(state=state, zip_code_type="STANDARD", active=True)
    usable = [entry for entry in found if entry["county"] and entry["area_codes"]]
    return tuple(sorted(usable, key=lambda entry: entry["zip_code"]))
