"""The states: which two letters a text means, and which state a document's title speaks of.

Names and abbreviations are listed in `states.toml`; nothing is guessed from similar letters, because a list that says
"Ohoi" is better left without a state than sent to the wrong one.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec


class State(msgspec.Struct, frozen=True):
    """A state, the District of Columbia, or a territory."""

    code: str
    """The two postal letters."""
    name: str
    fips: str
    abbreviations: tuple[str, ...]


@cache
def states() -> dict[str, State]:
    """All states by their two postal letters."""
    table = tomllib.loads(Path(__file__).with_name("states.toml").read_text("utf-8"))
    return {
        code: State(code, entry["name"], entry["fips"], tuple(entry["abbreviations"])) for code, entry in table.items()
    }


def state_code(text: str) -> str | None:
    """The postal letters of the state that `text` names, exactly or by a listed abbreviation."""
    return _spellings().get(_key(text))


def states_named(text: str) -> list[tuple[str, str]]:
    """The states whose full names stand in running text, as (code, words as printed), in order.

    "Washington County", "Delaware Avenue" and "Washington, DC" name no state of that name; "West Virginia" does not
    also name Virginia.
    """
    named: list[tuple[str, str]] = []
    for match in _full_names().finditer(text):
        code = state_code(match["state"])
        if code and not _NAMESAKE.match(text, match.end()):
            named.append((code, match["state"]))
    return named


_NAMESAKE = re.compile(
    r",?\s+D\.?\s?C\b|\s+(?:County|Parish|Borough|Township|Twp|Avenue|Ave|Street|St|Road|Rd|Blvd|Boulevard|Drive|Dr|Lane|City"
    r"|Elementary|Elem|Middle|High|Primary|Intermediate|Academy|Charter|Central|Community)\b",
    re.IGNORECASE,
)


@cache
def _full_names() -> re.Pattern[str]:
    names = sorted((state.name for state in states().values()), key=len, reverse=True)
    return re.compile(
        r"\b(?P<state>" + "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in names) + r")\b", re.IGNORECASE
    )


@cache
def _spellings() -> dict[str, str]:
    spellings: dict[str, str] = {}
    for state in states().values():
        for spelling in (state.code, state.name, *state.abbreviations):
            spellings[_key(spelling)] = state.code
    return spellings


def _key(text: str) -> str:
    """Letters only, so that "N.C.", "N. C." and "NC" are one spelling."""
    return re.sub(r"[\W_]+", "", text).casefold()
