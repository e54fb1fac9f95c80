"""Is this text a person's name, and which parts has it?

The shape of the text and a list of words that no name contains decide; a list of common given names only adds to the
likelihood. As a condition such a list would drop a quarter of US names and more of others.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

import msgspec

from extraction.staff.vocabulary import given_names, words

_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’‘`´*]|(?<=\w)[-‐‑](?=\w))*\.?|[^\W\d_]\.[^\W\d_]\.?")
_NICKNAME = re.compile(r"\(\s*([^()\d]{1,20}?)\s*\)|[“\"‘']([^“”\"‘’']{1,20})[”\"’'](?=\s|$)")
_SPACES = re.compile(r"\s+")
_EDGES = " \t\n,;:|-–—*•·\u200b\ufeff"
IN_COMPANY = 0.3
"""The likelihood of a phrase that is a name only among names."""
LONGEST_NAME = 60
"""Characters; the longest names of the measured pages have 41."""


class PersonName(msgspec.Struct, frozen=True):
    """A person's name as printed, and its parts."""

    text: str
    first: str | None
    last: str | None
    likelihood: float
    """How sure the text alone makes us, from 0 to 1."""
    honorific: str | None = None
    credentials: tuple[str, ...] = ()
    nickname: str | None = None

    def is_same_person(self, other: PersonName) -> bool:
        """Whether both print the same first and last name."""
        return (self.first or "").lower() == (other.first or "").lower() and (self.last or "").lower() == (
            other.last or ""
        ).lower()


@lru_cache(maxsize=8192)
def parse_name(text: str) -> PersonName | None:
    """Read the whole text as one person's name; None where it is anything else."""
    printed = _SPACES.sub(" ", text).strip(_EDGES)
    if not 3 <= len(printed) <= LONGEST_NAME or any(c in printed for c in "@/\\=<>&?!#;|+_[]{}") or _has_digit(printed):
        return None
    rest, nickname = _take_nickname(printed)
    turned = _turn(rest)
    if turned is None:
        return None
    tokens, reversed_order, credentials = turned
    honorifics, tokens = _take_honorifics(tokens)
    tokens, suffixes = _take_suffixes(tokens)
    credentials = (*suffixes, *credentials)
    if not _is_shaped(tokens, bool(honorifics)):
        return None
    first, last = _split(tokens)
    stopped = _stop_words(tokens)
    likelihood = _likelihood(tokens, bool(honorifics), bool(credentials), reversed_order)
    if stopped:
        likelihood = _likelihood_in_spite(tokens, stopped, likelihood, bool(honorifics))
    if not likelihood:
        return None
    return PersonName(
        text=printed,
        first=_bare(first),
        last=_bare(last),
        likelihood=likelihood,
        honorific=" ".join(honorifics) or None,
        credentials=credentials,
        nickname=nickname,
    )


def _has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _take_nickname(text: str) -> tuple[str, str | None]:
    found = _NICKNAME.search(text)
    if not found or not (text[: found.start()].strip() or text[found.end() :].strip()):
        return text, None
    nickname = (found[1] or found[2] or "").strip()
    return _SPACES.sub(" ", text[: found.start()] + " " + text[found.end() :]).strip(_EDGES), nickname or None


def _turn(text: str) -> tuple[list[str], bool, tuple[str, ...]] | None:
    """The tokens in spoken order, whether they were printed as "Last, First", and the credentials after commas."""
    parts = [part.strip() for part in text.split(",")]
    credentials: list[str] = []
    while len(parts) > 1 and all(_is_credential(t) or _is_suffix(t) for t in parts[-1].split()):
        credentials[:0] = parts.pop().split()
    if len(parts) > 2 or not all(parts):
        return None
    split = [_tokens(part) for part in parts]
    if any(tokens is None for tokens in split):
        return None
    lists = [tokens for tokens in split if tokens]
    if len(lists) == 2:
        last, first = lists
        if len(last) > 4 or len(first) > 4:
            return None
        return [*first, *last], True, tuple(credentials)
    return (lists[0], False, tuple(credentials)) if lists else None


def _tokens(text: str) -> list[str] | None:
    # An asterisk or a mark of a registered title stands for a footnote, not for a letter.
    tokens = [bare for t in text.split() if (bare := t.strip("*®™"))]
    return tokens if all(_WORD.fullmatch(t) or _is_credential(t) for t in tokens) else None


def _take_honorifics(tokens: list[str]) -> tuple[list[str], list[str]]:
    """Leading honorifics, or one that "Last, Mrs. First" left before the given name or that trails the whole."""
    known = words("names", "honorifics")
    count = 0
    while count < len(tokens) - 1 and tokens[count].rstrip(".").lower() in known and tokens[count][0].isupper():
        # "Sr" behind a name is a suffix; before it, Sister.
        count += 1
    return tokens[:count], tokens[count:]


def _take_suffixes(tokens: list[str]) -> tuple[list[str], tuple[str, ...]]:
    end = len(tokens)
    while end > 2 and (_is_suffix(tokens[end - 1]) or _is_credential(tokens[end - 1])):
        end -= 1
    # "Doe Jr., John" leaves the suffix before nothing else to the right of the surname; both orders end here.
    return [t for t in tokens[:end] if not (_is_suffix(t) and end > 2)], tuple(tokens[end:])


def _is_suffix(token: str) -> bool:
    return token.rstrip(".").lower() in words("names", "suffixes") and token[0].isupper()


def _is_credential(token: str) -> bool:
    bare = token.rstrip(".").lower()
    known = words("names", "credentials")
    if bare not in known and bare.replace(".", "") not in known:
        return False
    # Two-letter credentials are given names too ("Ed", "Ma"): only capitals or dots make them credentials.
    return len(bare) > 3 or "." in token[:-1] or token.isupper() or any(c.isupper() for c in token[1:])


def _is_shaped(tokens: list[str], honorific: bool) -> bool:
    particles = words("names", "particles")
    full = [t for t in tokens if t.lower() not in particles]
    if not all(t[0].isupper() for t in full) or not tokens or tokens[-1].lower() in ("y", "e"):
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


def _split(tokens: list[str]) -> tuple[str | None, str]:
    if len(tokens) == 1:
        return None, tokens[0]
    particles = words("names", "particles")
    start = len(tokens) - 1
    while start > 1 and tokens[start - 1].lower() in particles and not tokens[start - 1].endswith("."):
        # "Cruz y Soto" is one surname of two families.
        start -= 2 if tokens[start - 1].lower() in ("y", "e") and start > 2 else 1
    return tokens[0], " ".join(tokens[start:])


def _stop_words(tokens: list[str]) -> list[int]:
    """The positions of words that names do not have."""
    stop, known = words("names", "stop_words"), given_names()
    found: list[int] = []
    for number, token in enumerate(tokens):
        key = _key(token)
        parts = key.split("-")
        # "Lora-Driver" is a surname, "Co-Teacher" and "K-12" are not.
        stopped = all(part in stop or len(part) < 4 for part in parts) and any(
            p in stop and p not in known for p in parts
        )
        if len(key) > 1 and (key in stop or (len(parts) > 1 and stopped)):
            found.append(number)
    return found


def _likelihood_in_spite(tokens: list[str], stopped: list[int], likelihood: float, honorific: bool) -> float:
    """How likely a phrase with a stop word still is a name; 0 for none.

    "Dana West" and "Mrs. Cook" are names; "Otis Register" is one where its neighbours are ("April Newsletter" is not).
    """
    last = len(tokens) - 1
    if stopped != [last]:
        return 0.0
    known_first = last > 0 and _key(tokens[0]) in given_names()
    if _key(tokens[last]) in words("names", "surname_words") and (honorific or known_first):
        return likelihood
    return IN_COMPANY if known_first and last == 1 else 0.0


def _likelihood(tokens: list[str], honorific: bool, credentials: bool, reversed_order: bool) -> float:
    if honorific or credentials:
        return 0.95
    known = given_names()
    if _key(tokens[0]) in known:
        return 0.9
    if any(len(t.rstrip(".")) == 1 for t in tokens[1:]):
        return 0.75
    if _key(tokens[0]).split("-")[0] in known or (len(tokens) > 2 and _key(tokens[1]) in known):
        return 0.75
    return 0.6 if reversed_order else 0.5


@cache
def _key(token: str) -> str:
    """The token as the word lists have it: lower case, without accents and marks around it."""
    letters = (c for c in unicodedata.normalize("NFKD", token.lower()) if not unicodedata.combining(c))
    return "".join(letters).strip(".*'’‘`´").replace("’", "'")


def _bare(part: str | None) -> str | None:
    return None if part is None else part.replace("*", "").strip()
