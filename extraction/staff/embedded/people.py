"""People in any JSON value: objects that lie side by side and whose keys say name, and title or address.

Whose list it is, the keys around it say ("directories", "students") and the strings beside it ("label": "PTA Board").
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from extraction.staff.emails import FoundEmail, find_in_link, find_in_text
from extraction.staff.embedded.keys import (
    LONGEST_TEXT,
    fields_of,
    is_off_kind,
    is_one_of,
    is_personal,
    key_words,
    plain_text,
    texts_of,
)
from extraction.staff.embedded.literals import DEEPEST_VALUE
from extraction.staff.lines import is_title, is_vacancy, split_text
from extraction.staff.names import PersonName, parse_name
from extraction.staff.sections import is_off, says_staff
from extraction.staff.vocabulary import phrases, words
from extraction.staff.walk import read_document

_FEWEST = 2
"""Records of one place that make a list; a single one must be typed as a person."""
_MOST_KEYS = 200
"""Keys of an object that can be a record; those of the measured systems have up to 40."""
_MOST_ADDRESSES = 8
_LONGEST_HEADING = 90

Fields = dict[str, list[tuple[str, Any]]]
Pattern = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What an object says about somebody. All strings are printed in it."""

    name: PersonName
    title: str | None
    department: str | None
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    extension: str | None
    profile: str | None
    is_personal: bool
    """Whether its keys alone say that it is a person."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A record, where it stands, and whether its list says that it lists staff."""

    record: Record
    path: str
    pattern: Pattern
    """The path with a star for each index: records of one list share it."""
    lists_staff: bool


@dataclass(frozen=True, slots=True)
class Step:
    """The way from the root to a value."""

    parent: Step | None
    key: str | int
    depth: int
    is_member: bool = False
    """Whether it is an entry of an array, or of an object that holds nothing but objects."""
    is_off: bool = False
    """Whether nobody here and below is staff."""
    lists_staff: bool = False
    is_place: bool = False
    """Whether it is an entry of a list of places."""

    def chain(self) -> list[Step]:
        """The steps from the root to here."""
        steps: list[Step] = []
        step: Step | None = self
        while step is not None:
            steps.append(step)
            step = step.parent
        return steps[::-1]


class PeopleSearch:
    """One walk over a value. Each object is visited once, also where the value shares or contains itself."""

    def __init__(self, value: Any, name: str = "") -> None:
        self.visited = 0
        """Objects, arrays and scalars that were looked at."""
        self.typed: set[Pattern] = set()
        self._seen: set[int] = set()
        self._found: defaultdict[Pattern, list[Listed]] = defaultdict(list)
        self._walk(value, Step(None, "$", 0, is_off=_is_off_key(name), lists_staff=_is_staff_key(name)))

    @property
    def people(self) -> list[Listed]:
        """The records of all lists, in the order of the data."""
        return [
            one
            for pattern, listed in self._found.items()
            if len(listed) >= _FEWEST or pattern in self.typed
            for one in listed
        ]

    def _walk(self, value: Any, root: Step) -> None:
        stack = [(value, root)]
        while stack:
            inner, step = stack.pop()
            self.visited += 1
            if not isinstance(inner, dict | list) or id(inner) in self._seen or step.depth > DEEPEST_VALUE:
                continue
            self._seen.add(id(inner))
            if isinstance(inner, list):
                below = [(one, _below(step, number, is_member=True)) for number, one in enumerate(inner)]
            else:
                below = self._enter(inner, step)
            stack.extend(reversed(below))

    def _enter(self, value: dict[str, Any], step: Step) -> list[tuple[Any, Step]]:
        """Read an object, and say what of it is to be walked."""
        types = _types(value)
        typed = "person" in types
        sought = typed or (step.is_member and not step.is_place)
        if sought and not step.is_off and (record := read_record(value, types)):
            pattern = tuple("*" if one.is_member else str(one.key) for one in step.chain())
            self._found[pattern].append(Listed(record, _render(step), pattern, step.lists_staff))
            if typed:
                self.typed.add(pattern)
            heading = ""
        else:
            heading = _heading(value)
        keyed = len(value) >= _FEWEST and all(isinstance(inner, dict) for inner in value.values())
        off, staff = step.is_off or _is_off_heading(heading), step.lists_staff or says_staff(heading)
        here = Step(step.parent, step.key, step.depth, step.is_member, off, staff)
        return [
            (inner, _below(here, key, is_member=keyed))
            for key, inner in value.items()
            if isinstance(inner, dict | list)
        ]


def read_record(value: dict[str, Any], types: frozenset[str] = frozenset()) -> Record | None:
    """The member of staff that an object describes; None for all others."""
    if len(value) > _MOST_KEYS or any(is_off_kind(kind) for kind in types):
        return None
    fields = fields_of(value)
    if not (fields.keys() & {"name", "first", "title"}) or not (fields.keys() & {"title", "email", "phone"}):
        return None
    if "person" not in types and any(inner for key, inner in value.items() if is_one_of(key, "records", "off_keys")):
        return None
    named = _named(fields)
    if named is None:
        return None
    name, personal, title = named
    groups = [text for key in ("group", "department") for text in _texts(fields, key)]
    if any(is_off(text) or is_off_kind(text) for text in groups) or (title and is_off_kind(title)):
        return None
    return Record(
        name=name,
        title=title,
        department=next(filter(_is_worded, _texts(fields, "department")), None),
        emails=tuple(dict.fromkeys(found.address for _, raw in fields.get("email", ()) for found in _emails(raw))),
        phones=tuple(dict.fromkeys(_texts(fields, "phone"))),
        extension=next(iter(_texts(fields, "extension")), None),
        profile=next((text for text in _texts(fields, "profile") if text.startswith(("http", "/"))), None),
        is_personal=personal,
    )


def _named(fields: Fields) -> tuple[PersonName, bool, str | None] | None:
    """The name, whether its key is a person's, and the title."""
    titles = [text for text in _texts(fields, "title") if _is_worded(text) and not parse_name(text)]
    for key, raw in fields.get("name", ()):
        for text in texts_of(raw):
            found = None if is_vacancy(text) else split_text(text)
            if found:
                return found[0], is_personal(key) or "first" in fields, next(iter(titles), found[1])
    parts = [next(iter(_texts(fields, key)), "") for key in ("honorific", "first", "middle", "last", "suffix")]
    if parts[1] and parts[3]:
        # A middle name or an honorific that is none must not cost the person.
        for text in (" ".join(part for part in parts if part), f"{parts[1]} {parts[3]}"):
            if not is_vacancy(text) and (name := parse_name(text)):
                return name, True, next(iter(titles), None)
        return None
    return _titled_name(fields, titles)


def _titled_name(fields: Fields, titles: list[str]) -> tuple[PersonName, bool, str | None] | None:
    """Cards of site builders: the name is the "title", and what follows is in another title or in the caption."""
    if fields.keys() & {"name", "first", "last"}:
        return None
    name = next((name for text in _texts(fields, "title") if (name := parse_name(text))), None)
    title = next((text for text in [*titles, *_texts(fields, "caption")] if is_title(text)), None)
    return (name, False, title) if name and (title or "email" in fields) else None


def _is_worded(text: str) -> bool:
    """Whether a text can be a title or a department: no number of an order or a table, no "Mrs."."""
    return any(letter.isalpha() for letter in text) and text.rstrip(".").lower() not in words("names", "honorifics")


def _texts(fields: Fields, kind: str) -> list[str]:
    return [text for _, raw in fields.get(kind, ()) for text in texts_of(raw)]


def _emails(raw: Any) -> list[FoundEmail]:
    """The addresses of a field, written as such, as a link, or in markup."""
    if isinstance(raw, list):
        return [found for one in raw[:_MOST_ADDRESSES] if not isinstance(one, list) for found in _emails(one)]
    if isinstance(raw, dict):
        texts = [inner for inner in list(raw.values())[:_MOST_ADDRESSES] if isinstance(inner, str)]
        return [found for text in texts for found in _emails(text)]
    if not isinstance(raw, str) or len(raw) > LONGEST_TEXT:
        return []
    if "<" in raw:
        lines = read_document(f"<div>{raw}</div>", "").lines
        return [seen.found for line in lines for seen in line.emails]
    return find_in_text(raw) or find_in_link(raw.strip())


def _types(value: dict[str, Any]) -> frozenset[str]:
    """The last words of JSON-LD's and GraphQL's types."""
    raw = [value.get("@type"), value.get("__typename")]
    flat = [text for one in raw for text in (one if isinstance(one, list) else [one]) if isinstance(text, str)]
    return frozenset(key_words(text.rpartition("/")[2].rpartition(":")[2]) for text in flat)


def _heading(value: dict[str, Any]) -> str:
    """The string of an object that says what the lists in it hold."""
    for key, inner in value.items():
        if isinstance(inner, str) and is_one_of(key, "shapes", "headings") and 0 < len(inner) <= _LONGEST_HEADING:
            return plain_text(inner)
    return ""


def _is_off_heading(heading: str) -> bool:
    return bool(heading) and (is_off(heading) or is_off_kind(heading)) and not says_staff(heading)


def _below(step: Step, key: str | int, *, is_member: bool) -> Step:
    off, staff = step.is_off, step.lists_staff
    if isinstance(key, str):
        off, staff = off or _is_off_key(key), staff or _is_staff_key(key)
    place = is_member and isinstance(step.key, str) and is_one_of(step.key, "lists", "places")
    return Step(step, key, step.depth + 1, is_member, off, staff, place)


@lru_cache(maxsize=4096)
def _is_staff_key(key: str) -> bool:
    return is_one_of(key, "lists", "staff") or says_staff(key_words(key))


@lru_cache(maxsize=4096)
def _is_off_key(key: str) -> bool:
    if is_one_of(key, "lists", "off"):
        return True
    return not _is_staff_key(key) and bool(phrases("sections", "off").search(key_words(key)))


def _render(step: Step) -> str:
    parts: list[str] = []
    for one in step.chain():
        if isinstance(one.key, int):
            parts.append(f"[{one.key}]")
        elif one.parent is None:
            parts.append(one.key)
        else:
            parts.append(f".{one.key}" if one.key.isidentifier() else f"[{one.key!r}]")
    return "".join(parts)
