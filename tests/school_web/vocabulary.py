"""The words the simulated world is made of (`vocabulary.toml`), read once and checked for shape."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

Duty = tuple[str, str]
"""A job title and the department it belongs to."""


class PeopleWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Given names and surnames; `unusual` ones carry accents, hyphens, apostrophes or several words."""

    first: tuple[str, ...]
    first_unusual: tuple[str, ...]
    last: tuple[str, ...]
    last_unusual: tuple[str, ...]


class StaffWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Duties by kind of school, and the ways to print that a post is not filled."""

    leaders: tuple[Duty, ...]
    support: tuple[Duty, ...]
    elementary: tuple[Duty, ...]
    secondary: tuple[Duty, ...]
    office: tuple[Duty, ...]
    vacancies: tuple[str, ...]


class SchoolWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What schools and their streets are called."""

    bases: tuple[str, ...]
    mascots: tuple[str, ...]
    streets: tuple[str, ...]


class DistrictWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What districts are called."""

    bases: tuple[str, ...]
    names: tuple[str, ...]


class HostWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How schools with a site of their own name their hosts."""

    own: tuple[str, ...]


class NewsWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """News about people who are not staff; `{a}` and `{b}` stand for two of them."""

    headlines: tuple[str, ...]
    sentences: tuple[str, ...]


class SearchWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sites that tell about schools."""

    aggregators: tuple[str, ...]


class WideWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What only wide worlds are made of: names from all over the world, more schools and districts."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    fronts: tuple[str, ...]
    backs: tuple[str, ...]
    shared: tuple[str, ...]
    districts: tuple[str, ...]


class Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All words, by what they name."""

    people: PeopleWords
    staff: StaffWords
    schools: SchoolWords
    districts: DistrictWords
    hosts: HostWords
    news: NewsWords
    search: SearchWords
    wide: WideWords


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary beside this module."""
    return msgspec.toml.decode(Path(__file__).with_name("vocabulary.toml").read_bytes(), type=Vocabulary)
