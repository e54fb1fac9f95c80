"""Schools' and districts' names on web pages: which school a title or a link names, and which it does not.

What names mean, and how they are compared with each other, is told in `extraction.linkage.names`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from extraction.linkage import names
from extraction.linkage.names import long_words

__all__ = ["SchoolName", "is_district_name", "long_words", "name_parts"]

_TITLE_BREAK = re.compile(r"\s+[|–—:·»«>•~/-]+\s+|\s*[|»•]\s*|:\s+")


class SchoolName(names.SchoolName):
    """A school's name, looked for in texts."""

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


def name_parts(title: str) -> list[str]:
    """Cuts a page's title where it names several things: the page, the school, the district."""
    return [part.strip() for part in _TITLE_BREAK.split(title) if part.strip()]


def is_district_name(text: str) -> bool:
    """Whether a text names a district, a board or a system of schools."""
    words_of = _district_words()
    plain = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    if any(f" {phrase} " in f" {plain} " for phrase in words_of.phrases):
        return True
    words = plain.split()
    return not words_of.abbreviations.isdisjoint(words) or any(word.endswith(words_of.endings) for word in words)


@dataclass(frozen=True)
class _DistrictWords:
    phrases: tuple[str, ...]
    abbreviations: frozenset[str]
    endings: tuple[str, ...]


@cache
def _district_words() -> _DistrictWords:
    table = tomllib.loads(files("crawler.discovery").joinpath("district_words.toml").read_text("utf-8"))["districts"]
    return _DistrictWords(tuple(table["phrases"]), frozenset(table["abbreviations"]), tuple(table["endings"]))
