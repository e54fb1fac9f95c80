"""Invented people: unique names, duties, and the contact details that a school publishes for them."""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass, field, replace

from tests.school_web.vocabulary import Duty, vocabulary

EMAIL_STYLES = ("{first}.{last}", "{initial}{last}", "{first}_{last}", "{last}{initial}")


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person. `email`, `phone` and `extension` are set only where a page publishes them."""

    first: str
    last: str
    middle: str = ""
    """An initial with its full stop, or nothing."""
    honorific: str = ""
    credential: str = ""
    title: str = ""
    department: str = ""
    email: str | None = None
    phone: str | None = None
    extension: str | None = None
    room: str = ""

    @property
    def name(self) -> str:
        """First name, middle initial and last name."""
        return " ".join(part for part in (self.first, self.middle, self.last) if part)

    @property
    def formal(self) -> str:
        """The name with honorific and credential: "Dr. Ada M. Poe, Ed.D."."""
        name = f"{self.honorific} {self.name}".strip()
        return f"{name}, {self.credential}" if self.credential else name

    @property
    def inverted(self) -> str:
        """The name as lists sort it: "Poe, Ada M."."""
        return f"{self.last}, {self.first} {self.middle}".strip()


@dataclass(slots=True)
class Roll:
    """Draws people; no full name and no address is drawn twice in one world, so truth needs no tie-breaks."""

    rng: random.Random
    names: set[str] = field(default_factory=set[str])
    addresses: set[str] = field(default_factory=set[str])
    worldly: bool = False
    """Whether one name in eight is from elsewhere, or is also a word."""
    latin1_only: bool = False
    """Whether the next people have names that the plain fonts of PDF can print."""

    def stranger(self) -> Person:
        """A person without a duty: a visitor, a trustee, a student."""
        while True:
            first, last = self._name()
            if f"{first} {last}" not in self.names and (not self.latin1_only or _is_latin1(first + last)):
                self.names.add(f"{first} {last}")
                return Person(first, last)

    def _name(self) -> tuple[str, str]:
        words, wide = vocabulary().people, vocabulary().wide
        first = self.rng.choice(words.first_unusual if self.rng.random() < 0.06 else words.first)
        last = self.rng.choice(words.last_unusual if self.rng.random() < 0.08 else words.last)
        if self.worldly and self.rng.random() < 0.12:
            first = self.rng.choice(wide.first)
        if self.worldly and self.rng.random() < 0.12:
            last = self.rng.choice(wide.last)
        return first, last

    def trustee(self, domain: str, style: str) -> Person:
        """A member of a board: has a published address, and is nobody's staff."""
        person = self.stranger()
        return replace(person, title="Board Member", email=self.address(person, domain, style))

    def member(self, duty: Duty, domain: str, style: str, phone: str) -> Person:
        """A member of staff; about three in four have a published address, one in three an extension."""
        title, department = duty
        person = self.stranger()
        leads = title in {"Principal", "Superintendent"}
        return replace(
            person,
            middle=f"{self.rng.choice('ABCDEGHJKLMNPRSTW')}." if self.rng.random() < 0.08 else "",
            honorific="Dr." if leads else self.rng.choice(("Mr.", "Mrs.", "Ms.")),
            credential=self.rng.choice(("Ed.D.", "Ph.D.")) if leads else "",
            title=title,
            department=department,
            email=self.address(person, domain, style) if leads or self.rng.random() < 0.76 else None,
            phone=phone if self.rng.random() < 0.4 else None,
            extension=str(self.rng.randint(100, 4999)) if self.rng.random() < 0.35 else None,
            room=f"{self.rng.randint(1, 4)}{self.rng.randint(0, 29):02d}" if title.endswith("Teacher") else "",
        )

    def address(self, person: Person, domain: str, style: str) -> str:
        """An address of the district's pattern that nobody else of this world has."""
        first, last = _ascii(person.first), _ascii(person.last)
        local = style.format(first=first, last=last, initial=first[0])
        suffix = 1
        while (address := f"{local}{suffix if suffix > 1 else ''}@{domain}") in self.addresses:
            suffix += 1
        self.addresses.add(address)
        return address


def _is_latin1(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def _ascii(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", folded.lower())
