"""Names of schools as lists, directories and pages write them, brought to one form so that they can be compared.

"Lincoln ES" and "Lincoln Elementary School" are one name, "Lincoln High" is another: the words that tell schools apart
and the words for their level are looked at separately. The vocabulary is `school_words.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import zip_longest


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
        known = vocabulary()
        return frozenset(self.words) - known.levels - known.plain

    @cached_property
    def levels(self) -> frozenset[str]:
        """The words that say which children it teaches."""
        return frozenset(self.words) & vocabulary().levels

    @cached_property
    def normal(self) -> str:
        """The name in one form: words in order, without those that say nothing."""
        return " ".join(word for word in self.words if word not in vocabulary().plain)


def long_words(text: str) -> list[str]:
    """Returns the words of a text in lower case without accents, abbreviations written out."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).encode("ascii", "ignore").decode()
    plain = re.sub(r"(?<=\b[A-Za-z])\.(?=[A-Za-z]\b)", "", plain.replace("'", ""))
    # "#5", "No. 5" and "5" are one number, and "PS12" has one.
    plain = re.sub(r"(?i)(?:#|\b(?:no|nr|num|number)\b\.?)\s*(?=\d)", " ", plain)
    plain = re.sub(r"(?i)\b([pijmh])\.?\s?s\.?\s*(?=\d)", r"\1s ", plain)
    known = vocabulary()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    found: list[str] = []
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        is_last = not following or known.spellings.get(following, following) == "school"
        if word in {"n", "s", "e", "w"} and _is_initial(found, known.spellings.get(following, following)):
            long = word
        else:
            long = (known.last.get(word) if is_last else None) or known.spellings.get(word) or word
        found.extend(long.split())
    return found


def _is_initial(before: list[str], following: str) -> bool:
    """Whether a letter between two words is somebody's: "Cesar E. Chavez", but "E. Marlow" and "Marlow E. High"."""
    if not before or before[-1].isdecimal() or not following:
        return False
    return following not in vocabulary().levels | vocabulary().plain


@dataclass(frozen=True)
class Vocabulary:
    """`school_words.toml`, read."""

    spellings: dict[str, str]
    last: dict[str, str]
    levels: frozenset[str]
    plain: frozenset[str]
    compass: frozenset[str]
    kinds: frozenset[str]
    misspelled: tuple[str, ...]
    near_levels: frozenset[frozenset[str]]
    district_plain: frozenset[str]
    district_kinds: frozenset[str]


@cache
def vocabulary() -> Vocabulary:
    """Returns the words of schools' names."""
    table = tomllib.loads(files("extraction.linkage").joinpath("school_words.toml").read_text("utf-8"))
    return Vocabulary(
        spellings=table["spellings"],
        last=table["last"],
        levels=frozenset(table["levels"]["words"]),
        plain=frozenset(table["plain"]["words"]),
        compass=frozenset(table["compass"]["words"]),
        kinds=frozenset(table["kinds"]["words"]),
        misspelled=tuple(table["misspelled"]["words"]),
        near_levels=frozenset(frozenset(pair) for pair in table["near_levels"]["pairs"]),
        district_plain=frozenset(table["districts"]["plain"]),
        district_kinds=frozenset(table["districts"]["kinds"]),
    )
