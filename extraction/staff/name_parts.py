"""A printed name taken apart: brackets, honorifics, suffixes and credentials, then given, middle and family names."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import msgspec
from msgspec.structs import replace

from extraction.staff.roles import UNKNOWN, role_of
from extraction.staff.vocabulary import given_names, table, words

_MARKS = "'’‘ʻʼ`´"
_WORD = re.compile(
    # Hawaiian and Samoan words may begin with the sign of a glottal stop, which stands before a vowel.
    rf"(?:[{_MARKS}](?=[AEIOUĀĒĪŌŪ]))?[^\W\d_](?:[^\W\d_]|[\u0300-\u036f{_MARKS}*]|(?<=\w)[-‐‑](?=\w))*\.?"
    r"|(?:[^\W\d_]\.){1,3}[^\W\d_]\.?|'t"
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.?){1,3}")
_BRACKETS = re.compile(
    r"\(\s*([^()]{1,30}?)\s*\)|\[\s*([^\[\]]{1,30}?)\s*\]"
    r"|(?<!\w)[“\"]([^“”\"]{1,20})[”\"](?=[\s,]|$)|(?<!\w)[‘'’]([^“”\"‘’']{1,20})[’'](?=[\s,]|$)"
)
_OPENING = re.compile(r"[(\[“\"‘'’]")
_LETTERS = re.compile(r"[A-Z][a-z]{0,2}\s?[-–]\s?[A-Z][a-z]{0,2}")
"""Whose surnames a counselor cares for."""
_SPACES = re.compile(r"\s+")
_of_words = lru_cache(maxsize=8192)
"""For what is asked of single words: the words of names and menus come again and again."""
EDGES = " \t\n,;:|-–—*•·\u200b\ufeff"


class Brackets(msgspec.Struct, frozen=True):
    """What stood in brackets or quotes in a name, and the name without it."""

    rest: str
    nickname: str | None = None
    honorifics: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    """Suffixes and credentials."""


class Tokens(msgspec.Struct, frozen=True):
    """The words of a name, and what surrounds it. `family` is empty where no comma told it from the given name."""

    spoken: tuple[str, ...]
    family: tuple[str, ...]
    honorifics: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Given names before the family's."""
        return (*self.spoken, *self.family)


def take_brackets(text: str) -> Brackets | None:
    """A name without what it has in brackets or quotes; None where that is no part of a name ("(Principal)")."""
    found = _BRACKETS.search(text) if _OPENING.search(text) else None
    if not found or not (text[: found.start()].strip() or text[found.end() :].strip()):
        return Brackets(text)
    inside = next(group for group in found.groups() if group).strip(" ,")
    rest = take_brackets(_SPACES.sub(" ", f"{text[: found.start()]} {text[found.end() :]}").strip(EDGES))
    parts = [part for part in re.split(r"[\s/,]+", inside) if part]
    return _with_inside(rest, inside, parts) if rest and parts else rest


def _with_inside(rest: Brackets, inside: str, parts: list[str]) -> Brackets | None:
    if _LETTERS.fullmatch(inside) or all(part.lower() in words("names", "pronouns") for part in parts):
        return rest
    if all(is_behind(part) for part in parts):
        return replace(rest, behind=(*parts, *rest.behind))
    if all(is_honorific(part) for part in parts):
        return replace(rest, honorifics=(*rest.honorifics, *parts))
    if len(parts) > 3 or any(
        not _WORD.fullmatch(part) or (is_stopped(part) and not _is_called(part)) for part in parts
    ):
        return None
    return replace(rest, nickname=rest.nickname or inside)


def _is_called(word: str) -> bool:
    """Whether somebody may be called by a stop word: 'Robert "Skip" Roe', but "Jane Roe (Art)" teaches it."""
    return key_of(word) in words("names", "given_words") and role_of(word) == UNKNOWN


def take_apart(text: str) -> Tokens | None:
    """The words of a name without brackets, "Last, First" or in spoken order; None where its commas say it is none."""
    first, *others = [part.strip() for part in text.split(",")]
    behind: list[str] = []
    names = [first]
    for part in others:
        if part and all(is_behind(token) for token in part.split()):
            behind.extend(part.split())
        elif not all(map(is_suffix, behind)):
            # Behind a degree comes no name: an abbreviation that no list knows makes it no name at all.
            return None
        elif len(names) == 2 and _INITIALS.fullmatch(part):
            names[1] += " " + part
        else:
            names.append(part)
    if len(names) > 2 or not all(names):
        return None
    lists = [_tokens(part) for part in names]
    split = [_strip(tokens, alone=len(lists) == 1) for tokens in lists if tokens]
    if len(split) < len(lists) or (len(split) == 2 and max(len(tokens.spoken) for tokens in split) > 4):
        return None
    family, given = split if len(split) == 2 else (None, split[0])
    if family and not family.spoken:
        return None
    suffixes = [*(family.suffixes if family else ()), *given.suffixes, *(t for t in behind if is_suffix(t))]
    credentials = [*(family.credentials if family else ()), *given.credentials]
    return Tokens(
        given.spoken,
        family.spoken if family else (),
        (*(family.honorifics if family else ()), *given.honorifics),
        tuple(suffixes),
        (*credentials, *(t for t in behind if not is_suffix(t))),
    )


def _tokens(text: str) -> list[str] | None:
    # An asterisk or a mark of a registered title stands for a footnote, not for a letter.
    tokens = [bare for t in text.split() if (bare := t.strip("*®™"))]
    return tokens if all(map(_is_part, tokens)) else None


@_of_words
def _is_part(token: str) -> bool:
    return bool(_WORD.fullmatch(token)) or is_credential(token) or is_particle(token)


def _strip(tokens: list[str], *, alone: bool) -> Tokens:
    """One side of a comma, or a whole name, without its honorifics, suffixes and credentials."""
    count, fewest = 0, 1 if alone else 0
    while count < len(tokens) - fewest and is_honorific(tokens[count]):
        # "Sr" behind a name is a suffix; before it, Sister.
        count += 1
    honorifics, tokens = tokens[:count], tokens[count:]
    end, fewest = len(tokens), 2 if alone else 1
    while end > fewest and is_behind(tokens[end - 1]):
        end -= 1
    behind = tokens[end:]
    # "John Doe Jr. Smith" is nobody's name, but lists have "Doe Jr. John".
    inner = [t for t in tokens[:end] if is_suffix(t) and len(t.rstrip(".")) > 1] if end > 2 else []
    return Tokens(
        tuple([t for t in tokens[:end] if t not in inner] if inner else tokens[:end]),
        (),
        tuple(honorifics),
        (*inner, *filter(is_suffix, behind)),
        tuple([t for t in behind if not is_suffix(t)]),
    )


def split_name(tokens: Tokens, *, addressed: bool) -> tuple[str | None, str | None, str]:
    """The first, the middle and the last name; one `addressed` with an honorific may have the last one only."""
    if tokens.family:
        return _named(tokens.spoken, tokens.family)
    if len(tokens.spoken) > 1 and _is_family_first(tokens.spoken):
        family, *given = tokens.spoken
        tradition = _tradition_of(tuple(given), family)
        if tradition and not tradition.whole_given:
            given = [given[-1], *given[:-1]]
        return _named(tuple(given), (family,))
    start = 0 if addressed and _is_all_family(tokens.spoken) else _family_start(tokens.spoken)
    return _named(tokens.spoken[:start], tokens.spoken[start:])


def _named(given: tuple[str, ...], family: tuple[str, ...]) -> tuple[str | None, str | None, str]:
    """First, middle and last name of given names in the order in which they are spoken."""
    tradition = _tradition_of(given, family[-1])
    is_pair = " ".join(map(key_of, given[:2])) in _paired_given_names()
    count = len(given) if tradition and tradition.whole_given else 2 if is_pair else 1
    if tradition and len(given) > 1 and key_of(given[0]) in tradition.never_first:
        given = (*given[1:2], given[0], *given[2:])
    return " ".join(given[:count]) or None, " ".join(given[count:]) or None, " ".join(family)


def _family_start(spoken: tuple[str, ...]) -> int:
    """Where the family name begins in a name of spoken order: at its particles, or at the first of two surnames."""
    start = len(spoken) - 1
    particles, conjunctions = words("names", "particles"), ("y", "Y", "e", "i")
    listed = key_of(spoken[-1]) in _traditions_by_family()
    while start > 1:
        before = spoken[start - 1]
        if before in conjunctions and start >= (2 if before.islower() else 3):
            # "Cruz y Soto" is one surname of two families.
            start -= 2
        elif before.lower() in particles and before not in ("E", "I") and not (listed and before[0].isupper()):
            start -= 1
        else:
            break
    if start == len(spoken) - 1 and start > 1:
        pair = [key_of(token) for token in spoken[start - 1 :]]
        if all(key in _paired_surnames() for key in pair) and pair[0] not in given_names():
            start -= 1
    return start


def _is_all_family(spoken: tuple[str, ...]) -> bool:
    """Whether a name is a family's alone: "Mr. de la Cruz", but not "Mr. Van Ashdown"."""
    small = [token.lower() for token in spoken]
    particles = words("names", "particles")
    return small[0] in particles and (
        spoken[0] == small[0] or small[0] not in given_names() or bool(particles.intersection(small[1:-1]))
    )


@dataclass(frozen=True, slots=True)
class _Tradition:
    families: frozenset[str]
    given: frozenset[str]
    middle: frozenset[str]
    """Words between family and given name that leave no doubt which is which."""
    never_first: frozenset[str]
    whole_given: bool
    """Whether all words of the given name are its first name."""


@cache
def _traditions() -> tuple[_Tradition, ...]:
    return tuple(
        _Tradition(
            families=frozenset(entry["families"].split()),
            given=frozenset(entry["given"].split()),
            middle=frozenset(entry.get("middle", "").split()),
            never_first=frozenset(entry.get("never_first", "").split()),
            whole_given=entry.get("whole_given", False),
        )
        for entry in table("name_orders")["tradition"]
    )


@cache
def _traditions_by_family() -> dict[str, list[_Tradition]]:
    """The traditions that list a family name, in the order of the table. Most names are in none."""
    listing: defaultdict[str, list[_Tradition]] = defaultdict(list)
    for tradition in _traditions():
        for family in tradition.families:
            listing[family].append(tradition)
    return dict(listing)


def _tradition_of(given: tuple[str, ...], family: str) -> _Tradition | None:
    """The tradition that lists a family name and all of several given names."""
    listing = _traditions_by_family().get(key_of(family), ()) if given else ()
    return next((one for one in listing if _are_given([key_of(token) for token in given], one)), None)


def _is_family_first(spoken: tuple[str, ...]) -> bool:
    family, *given = [key_of(token) for token in spoken]
    listing = _traditions_by_family().get(family, ())
    return any(_are_given(given, one) and _tells_order(family, given, one) for one in listing)


def _tells_order(family: str, given: list[str], tradition: _Tradition) -> bool:
    """Whether the family's name can only be the first word: nothing else in a name of two given words at its end."""
    if tradition.middle.intersection(given[:-1]) or (tradition.whole_given and "-" in given[0]):
        return True
    if given[-1] in tradition.families:
        return False
    # "Kim Long" is an English name as likely; "Kim Wei Ling" is not.
    return len(given) > 1 or (family not in tradition.given and family not in given_names())


def _are_given(keys: list[str], tradition: _Tradition) -> bool:
    return all(part in tradition.given for key in keys for part in key.split("-"))


@cache
def _paired_surnames() -> frozenset[str]:
    return frozenset(key_of(surname) for surname in words("names", "paired_surnames"))


@cache
def _paired_given_names() -> frozenset[str]:
    pairs: dict[str, str] = table("names")["paired_given_names"]
    return frozenset(f"{first} {second}" for first, seconds in pairs.items() for second in seconds.split())


def is_of_tradition(spoken: tuple[str, ...]) -> bool:
    """Whether one tradition lists all words of a name, the family's first or last."""
    ends = ((spoken[:-1], spoken[-1]), (spoken[1:], spoken[0]))
    return any(_tradition_of(given, family) is not None for given, family in ends)


@_of_words
def is_particle(token: str) -> bool:
    """Whether a word joins the parts of surnames ("de la")."""
    return token.lower() in words("names", "particles")


def begins_family(token: str) -> bool:
    """Whether a word is the first of a surname of several and nobody's given name: "de", "St."."""
    return is_particle(token) or key_of(token) in ("st", "saint")


def is_common(token: str) -> bool:
    """Whether a word is written as no part of a name is, in small letters: neither a particle nor a degree."""
    # In the order in which most words of names are told from others.
    return token.islower() and token.isascii() and token.isalpha() and not _may_be_small(token)


@_of_words
def _may_be_small(token: str) -> bool:
    return is_particle(token) or token in words("names", "credentials")


@_of_words
def is_honorific(token: str) -> bool:
    """Whether a word stands before names ("Mrs.")."""
    return token.rstrip(".").lower() in words("names", "honorifics") and token[0].isupper()


@_of_words
def is_suffix(token: str) -> bool:
    """Whether a word tells namesakes of a family apart ("Jr.")."""
    return token.rstrip(".").lower() in words("names", "suffixes") and token[0].isupper()


@_of_words
def is_credential(token: str) -> bool:
    """Whether a word is a degree, licence or certificate."""
    bare = token.rstrip(".").lower()
    known = words("names", "credentials")
    if bare not in known and bare.replace(".", "") not in known:
        return False
    # Two-letter credentials are given names too ("Ed", "Ma"): only capitals or dots make them credentials.
    return len(bare) > 3 or "." in token[:-1] or token.isupper() or any(c.isupper() for c in token[1:])


def is_behind(token: str) -> bool:
    """Whether a word stands behind names."""
    return is_suffix(token) or is_credential(token)


@_of_words
def is_stopped(token: str) -> bool:
    """Whether a word is one that names do not have."""
    stop, known = words("names", "stop_words"), given_names()
    key = key_of(token)
    parts = key.split("-")
    # "Lora-Driver" is a surname, "Co-Teacher" and "K-12" are not.
    stopped = all(part in stop or len(part) < 4 for part in parts) and any(p in stop and p not in known for p in parts)
    return len(key) > 1 and (key in stop or (len(parts) > 1 and stopped))


@_of_words
def is_capitalized(token: str) -> bool:
    """Whether a word begins as names do: with a capital, or one behind a joined particle ("al-Rashid", "mcDowell")."""
    if token[0].isupper():
        return True
    is_upper: Callable[[str], bool] = str.isupper
    upper = next((number for number, letter in enumerate(token) if is_upper(letter)), None)
    if upper is None:
        # Scripts without capitals, such as Chinese.
        return not any(letter.islower() for letter in token)
    before = token[:upper].strip(_MARKS + "-‐‑")
    return not before or before in words("names", "joined_particles")


@_of_words
def key_of(token: str) -> str:
    """The token as the word lists have it: lower case, without accents and marks around it."""
    if token.isascii():
        return token.lower().strip(".*" + _MARKS)
    letters = (c for c in unicodedata.normalize("NFKD", token.lower()) if not unicodedata.combining(c))
    return "".join(letters).replace("đ", "d").strip(".*" + _MARKS).replace("’", "'")
