"""Names of schools as lists, directories and pages write them, brought to one form so that they can be compared.

Asked by the matching with the official directory and by the scoring of candidate sites. "Lincoln ES" and "Lincoln
Elementary School" are one name, "Lincoln High" is another: the words that tell schools apart and the words for their
level are looked at separately. The vocabulary is `school_words.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import zip_longest

from rapidfuzz import fuzz

_TITLE_BREAK = re.compile(r"\s+[|–—:·»«>•~/-]+\s+|\s*[|»•]\s*|:\s+")


@dataclass(frozen=True)
class SchoolName:
    """A name, read."""

    printed: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words in their long form."""
        return tuple(long_words(self.printed))

    @cached_property
    def own(self) -> frozenset[str]:
        """The words that tell this school apart from others."""
        vocabulary = _vocabulary()
        return frozenset(self.words) - vocabulary.levels - vocabulary.plain

    @cached_property
    def levels(self) -> frozenset[str]:
        """The words that say which children it teaches."""
        return frozenset(self.words) & _vocabulary().levels

    @cached_property
    def normal(self) -> str:
        """The name in one form: words in order, without those that say nothing."""
        return " ".join(word for word in self.words if word not in _vocabulary().plain)

    def is_named_in(self, text: str) -> bool:
        """Whether a text names this school: all its own words, and no level but its own."""
        other = SchoolName(text)
        if not self.own:
            return bool(self.words) and self.normal != "" and self.normal in other.normal
        if not self.own <= frozenset(other.words):
            return False
        return not (self.levels and other.levels) or bool(self.levels & other.levels)

    def is_other_school(self, text: str) -> bool:
        """Whether a text names a school (it has a level and words of its own) and it is not this one."""
        other = SchoolName(text)
        if not (other.levels and other.own) or len(other.words) > 10:
            return False
        # "Senior Portraits" has a level, but is no name of a school.
        ends = any(other.normal.endswith(level) for level in other.levels)
        return (ends or not {"school", "academy"}.isdisjoint(other.words)) and not self.is_named_in(text)

    def likeness(self, other: SchoolName) -> float:
        """How alike two names are, from 0 to 100; names of different levels are not alike."""
        if self.levels and other.levels and not self.levels & other.levels:
            return 0.0
        whole = fuzz.token_sort_ratio(self.normal, other.normal)
        own = fuzz.token_sort_ratio(" ".join(sorted(self.own)), " ".join(sorted(other.own)))
        return min(whole, own) if self.own and other.own else float(whole)


def long_words(text: str) -> list[str]:
    """Returns the words of a text in lower case without accents, abbreviations written out."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).encode("ascii", "ignore").decode()
    plain = re.sub(r"(?<=\b[A-Za-z])\.(?=[A-Za-z]\b)", "", plain.replace("'", ""))
    vocabulary = _vocabulary()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    found: list[str] = []
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        is_last = not following or vocabulary.spellings.get(following, following) == "school"
        long = (vocabulary.last.get(word) if is_last else None) or vocabulary.spellings.get(word) or word
        found.extend(long.split())
    return found


def name_parts(title: str) -> list[str]:
    """Cuts a page's title where it names several things: the page, the school, the district."""
    return [part.strip() for part in _TITLE_BREAK.split(title) if part.strip()]


def is_district_name(text: str) -> bool:
    """Whether a text names a district, a board or a system of schools."""
    vocabulary = _vocabulary()
    plain = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    if any(f" {phrase} " in f" {plain} " for phrase in vocabulary.district_phrases):
        return True
    words = plain.split()
    return not vocabulary.district_abbreviations.isdisjoint(words) or any(
        word.endswith(vocabulary.district_endings) for word in words
    )


@dataclass(frozen=True)
class _Vocabulary:
    spellings: dict[str, str]
    last: dict[str, str]
    levels: frozenset[str]
    plain: frozenset[str]
    district_phrases: tuple[str, ...]
    district_abbreviations: frozenset[str]
    district_endings: tuple[str, ...]


@cache
def _vocabulary() -> _Vocabulary:
    table = tomllib.loads(files("crawler.discovery").joinpath("school_words.toml").read_text("utf-8"))
    return _Vocabulary(
        spellings=table["spellings"],
        last=table["last"],
        levels=frozenset(table["levels"]["words"]),
        plain=frozenset(table["plain"]["words"]),
        district_phrases=tuple(table["districts"]["phrases"]),
        district_abbreviations=frozenset(table["districts"]["abbreviations"]),
        district_endings=tuple(table["districts"]["endings"]),
    )
