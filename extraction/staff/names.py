"""Is this text a person's name, and which parts has it?

The shape of the text and a list of words that no name contains decide; a list of common given names only adds to the
likelihood. As a condition such a list would drop a quarter of US names and more of others.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from extraction.staff.name_parts import (
    EDGES,
    is_capitalized,
    is_common,
    is_credential,
    is_of_tradition,
    is_particle,
    is_stopped,
    is_suffix,
    key_of,
    split_name,
    take_apart,
    take_brackets,
)
from extraction.staff.roles import UNKNOWN, role_of
from extraction.staff.vocabulary import given_names, words

_UNFIT = re.compile(r"[@\\=<>&?!#;|+_\[\]{}\d]")
IN_COMPANY = 0.3
"""The likelihood of a phrase that is a name only among names."""
DOUBTED = 0.35
"""The likelihood of a phrase that is a name also where a title or an address of its own stands beside it."""
LONGEST_NAME = 60
"""Characters of the name alone; the longest names of the measured pages have 41."""


class PersonName(msgspec.Struct, frozen=True):
    """A person's name as printed, and its parts. The parts are cut out of `text`, never changed."""

    text: str
    first: str | None
    """The name to call the person by, whichever order the name is printed in."""
    last: str | None
    likelihood: float
    """How sure the text alone makes us, from 0 to 1."""
    middle: str | None = None
    """Everything between first and last: names, initials, a surname before marriage."""
    honorific: str | None = None
    suffix: str | None = None
    credentials: tuple[str, ...] = ()
    nickname: str | None = None
    """What stands in quotes or brackets within the name."""

    def is_same_person(self, other: PersonName) -> bool:
        """Whether both print the same first and last name."""
        return (self.first or "").lower() == (other.first or "").lower() and (self.last or "").lower() == (
            other.last or ""
        ).lower()


@lru_cache(maxsize=8192)
def parse_name(text: str) -> PersonName | None:
    """Read the whole text as one person's name; None where it is anything else."""
    printed = " ".join(text.split()).strip(EDGES)
    if not 3 <= len(printed) <= 2 * LONGEST_NAME:
        return None
    brackets = take_brackets(printed)
    if brackets is None or not _is_plain(brackets.rest) or not (brackets.honorifics or _has_parts(brackets.rest)):
        return None
    tokens = take_apart(brackets.rest)
    if tokens is None or len(" ".join(spoken := tokens.all)) > LONGEST_NAME:
        return None
    honorifics = (*tokens.honorifics, *brackets.honorifics)
    suffixes = (*tokens.suffixes, *(t for t in brackets.behind if is_suffix(t)))
    credentials = (*tokens.credentials, *(t for t in brackets.behind if not is_suffix(t)))
    if not _is_shaped(spoken, bool(honorifics)):
        return None
    turned = bool(tokens.family)
    likelihood = _likelihood(spoken, turned=turned, surrounded=bool(honorifics or suffixes or credentials))
    if stopped := [number for number, token in enumerate(spoken) if is_stopped(token)]:
        likelihood = _likelihood_in_spite(spoken, stopped, likelihood, addressed=bool(honorifics or credentials))
    if not likelihood:
        return None
    first, middle, last = split_name(tokens, addressed=bool(honorifics))
    return PersonName(
        text=printed,
        first=_bare(first),
        middle=_bare(middle),
        last=_bare(last),
        likelihood=likelihood,
        honorific=" ".join(honorifics) or None,
        suffix=" ".join(suffixes) or None,
        credentials=credentials,
        nickname=brackets.nickname,
    )


def parse_single_name(text: str) -> PersonName | None:
    """Read one word as all that somebody is called ("Suharto"); only where nothing but names is to be expected."""
    printed = text.strip(EDGES)
    is_word = len(printed) >= 3 and printed.replace("'", "").isalpha() and printed[0].isupper()
    if not is_word or printed.isupper() or is_stopped(printed) or role_of(printed) != UNKNOWN:
        return None
    return PersonName(text=printed, first=None, last=printed, likelihood=IN_COMPANY)


def _is_plain(text: str) -> bool:
    """Whether a text has no word, sign or digit that names do not have; of the words with a slash they have a few."""
    if len(text) < 3 or _UNFIT.search(text):
        return False
    tokens = text.split()
    if any(map(is_common, tokens)):
        return False
    slashed = [token.strip(",") for token in tokens if "/" in token] if "/" in text else ()
    return all(is_credential(token) or is_particle(token) for token in slashed)


def _has_parts(text: str) -> bool:
    return " " in text or "," in text


def _is_shaped(tokens: tuple[str, ...], honorific: bool) -> bool:
    full = [t for t in tokens if not is_particle(t)]
    if not all(map(is_capitalized, full)) or not tokens or tokens[-1].lower() in ("y", "e"):
        return False
    spelled = [t for t in full if len(t.rstrip(".")) > 1]
    if honorific:
        return 1 <= len(full) <= 5 and bool(spelled)
    return len(tokens) >= 2 and 1 <= len(full) <= 5 and bool(spelled) and _reads_aloud(spelled)


def _reads_aloud(spelled: list[str]) -> bool:
    """Abbreviations ("PTSA", "HVAC Shop") have no vowel or are short capitals beside a capitalised word."""
    if all(t.isupper() for t in spelled):
        return sum(len(t) for t in spelled) >= 6
    return all(not t.isupper() or len(t) <= 2 or "." in t or "'" in t or "’" in t or "-" in t for t in spelled) or (
        sum(t.isupper() for t in spelled) == 1 and spelled[-1].isupper()
    )


def _likelihood_in_spite(tokens: tuple[str, ...], stopped: list[int], likelihood: float, *, addressed: bool) -> float:
    """How likely a phrase with stop words still is a name; 0 for none.

    It is `addressed` where an honorific or a degree stands beside it. "Dana West", "Mrs. Cook" and "Mai See Vang" are
    names; "Skip Day" is one beside a title or an address, "Otis Register" where its neighbours are names ("April
    Newsletter" is none).
    """
    last = len(tokens) - 1
    if is_of_tradition(tokens):
        return likelihood if addressed or last > 1 else DOUBTED
    is_given = key_of(tokens[0]) in given_names()
    if not all(_is_name_too(tokens, number, is_given) for number in stopped):
        return IN_COMPANY if is_given and stopped == [1] and last == 1 else 0.0
    behind_given = is_given and stopped == [last] and key_of(tokens[last]) in words("names", "surname_words")
    if addressed or behind_given:
        return likelihood
    is_title = role_of(" ".join(tokens)) != UNKNOWN
    if is_given or 0 in stopped:
        # "Kelly Head Nurse" is a name and a title.
        return DOUBTED if not is_title else 0.0 if any(0 < number < last for number in stopped) else IN_COMPANY
    # "Jazz Band", "Green Valley Church"
    return 0.0 if is_title or any(len(token.rstrip(".")) > 1 for token in tokens[1:-1]) else IN_COMPANY


def _is_name_too(tokens: tuple[str, ...], number: int, is_given: bool) -> bool:
    """Whether a stop word stands where people have it for a name: as the given name, the last or a middle surname."""
    if number == 0 and len(tokens) > 1:
        # "Art II" is a course.
        is_course = is_suffix(tokens[-1]) or len(tokens[-1].rstrip(".")) == 1
        return key_of(tokens[0]) in words("names", "given_words") and not is_course
    surnames = words("names", "surname_words") | words("names", "rare_surname_words")
    return key_of(tokens[number]) in surnames and (number == len(tokens) - 1 or is_given)


def _likelihood(tokens: tuple[str, ...], *, turned: bool, surrounded: bool) -> float:
    if surrounded:
        return 0.95
    known = given_names()
    if key_of(tokens[0]) in known:
        return 0.9
    if any(len(t.rstrip(".")) == 1 for t in tokens[1:]):
        return 0.75
    if key_of(tokens[0]).split("-")[0] in known or (len(tokens) > 2 and key_of(tokens[1]) in known):
        return 0.75
    return 0.6 if turned else 0.5


def _bare(part: str | None) -> str | None:
    return None if part is None else part.replace("*", "").strip()
