"""Guesses as a provider: addresses under which the sites of districts and schools usually lie.

A guess says nothing by itself. Its host is looked up first (`crawler.middlewares.guessed_hosts`), and its page must
score like any other candidate's. Patterns are data, by state: `guesses.toml`, or the operator's own file.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import override

from crawler.discovery.providers import Candidate, Provider
from crawler.discovery.school_names import SchoolName
from crawler.domains import registered
from crawler.targets import SchoolTarget
from extraction.places.states import state_code

DISTRICT_RANK, SCHOOL_RANK, WITHIN_RANK = 0.5, 0.4, 0.7
_STEP = 0.001
"""Guesses are looked at in their order: each ranks a little lower than the one before."""
_SHORTEST_LABEL = 3
_LONGEST_LABEL = 63
_LEAST_INITIALS = 3


@dataclass(frozen=True, slots=True)
class Patterns:
    """The file of patterns, read."""

    district: tuple[str, ...]
    school: tuple[str, ...]
    hosts_within: tuple[str, ...]
    paths_within: tuple[str, ...]
    by_state: dict[str, tuple[str, ...]]
    """Patterns of districts that come first in a state."""
    kinds: frozenset[str]
    """Words of a district's name that say what it is."""
    places: frozenset[str]
    levels: dict[str, str]


class GuessProvider(Provider):
    """Makes addresses from names."""

    name = "guess"

    def __init__(self, most_names: int, patterns_file: Path | None = None) -> None:
        self._most = most_names
        self._patterns = read_patterns(patterns_file)

    @override
    def candidates(self, school: SchoolTarget) -> list[Candidate]:
        """Returns home pages of the district and of the school itself, districts first: one may list all its schools.

        A third of the names at least is left to the school's own.
        """
        values = self._values(school)
        state = state_code(school.state) if school.state else None
        patterns = (*self._patterns.by_state.get(state or "", ()), *self._patterns.district)
        own = list(_hosts(self._patterns.school, values))
        districts = list(_hosts(patterns, values))[: max(self._most - len(own), self._most * 2 // 3)]
        found = [
            *(
                Candidate(f"http://{host}/", self.name, DISTRICT_RANK - _STEP * place)
                for place, host in enumerate(districts)
            ),
            *(Candidate(f"http://{host}/", self.name, SCHOOL_RANK - _STEP * place) for place, host in enumerate(own)),
        ]
        return found[: self._most]

    def within(self, school: SchoolTarget, site: str) -> list[Candidate]:
        """Returns where the school may lie beneath its district's site."""
        if not self._most:
            return []
        parts = urlsplit(site)
        host = (parts.hostname or "").removeprefix("www.")
        # Beneath `valley.k12.al.us` the whole host is the district's; of `district.valley.org` the domain is.
        domain = host if re.search(r"\.k12\.[a-z]{2}\.", host) else registered(host)[1] or host
        port = f":{parts.port}" if parts.port else ""
        values = self._values(school)
        urls = [f"http://{name}{port}/" for name in _filled(self._patterns.hosts_within, values | {"domain": [domain]})]
        urls += [f"{parts.scheme}://{parts.netloc}{path}" for path in _filled(self._patterns.paths_within, values)]
        return [Candidate(url, self.name, WITHIN_RANK - _STEP * place) for place, url in enumerate(dict.fromkeys(urls))]

    def _values(self, school: SchoolTarget) -> dict[str, list[str]]:
        """Returns what each name in braces stands for; several forms where a name has several."""
        patterns = self._patterns
        district = _words(school.district or "")
        own = [word for word in district if word not in patterns.kinds]
        short = [word for word in own if word not in patterns.places]
        name = SchoolName(school.name)
        words = [word for word in _words(school.name) if SchoolName(word).own & name.own or word.isdigit()]
        levels = [level for level in name.words if level in patterns.levels]
        initials = "".join(word[0] for word in district if word not in {"of", "the", "and"})
        ending = patterns.levels[levels[0]] if levels else ""
        squeezed = "".join(words)
        return {
            "d": _several("".join(short), "".join(own)),
            "i": [initials] if len(initials) >= _LEAST_INITIALS else [],
            "s": _several(squeezed),
            "sl": _several(squeezed + ending if squeezed and ending else ""),
            "name": _several(squeezed + "".join(levels) if squeezed and levels else ""),
            "a": _several("".join(word[0] for word in words) + ending if len(words) > 1 else ""),
            "slug": _several("-".join(words)),
            "slugl": _several("-".join([*words, ending]) if words and ending else ""),
            "st": [(state_code(school.state) or "").lower()] if school.state and state_code(school.state) else [],
        }


@cache
def read_patterns(file: Path | None = None) -> Patterns:
    """Reads the project's patterns, or the operator's.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a file of patterns.
    """
    source = file if file is not None else files("crawler.discovery").joinpath("guesses.toml")
    try:
        table: dict[str, Any] = tomllib.loads(source.read_text(encoding="utf-8"))
        return Patterns(
            district=tuple(table["all"]["district"]),
            school=tuple(table["all"]["school"]),
            hosts_within=tuple(table["within"]["hosts"]),
            paths_within=tuple(table["within"]["paths"]),
            by_state={state: tuple(entry["district"]) for state, entry in table.get("states", {}).items()},
            kinds=frozenset(table["words"]["district"]),
            places=frozenset(table["words"]["place"]),
            levels=table["levels"],
        )
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        message = f"{file or 'guesses.toml'} is not a file of patterns: {type(error).__name__} {error}"
        raise ValueError(message) from error


def _hosts(patterns: tuple[str, ...], values: dict[str, list[str]]) -> Iterator[str]:
    """Yields the hosts that patterns make, each once; what is no host name is left out."""
    for host in dict.fromkeys(_filled(patterns, values)):
        label = host.partition(".")[0]
        if _SHORTEST_LABEL <= len(label) <= _LONGEST_LABEL:
            yield host


def _filled(patterns: tuple[str, ...], values: dict[str, list[str]]) -> Iterator[str]:
    """Yields each pattern with every form of its values; one that needs a value which is not known yields nothing."""
    for pattern in patterns:
        made = [pattern]
        for name in re.findall(r"\{(\w+)\}", pattern):
            made = [text.replace(f"{{{name}}}", value) for text in made for value in values.get(name, ())]
        yield from made


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z0-9]+", re.sub(r"['.]", "", plain).lower())


def _several(*values: str) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
