"""`__NUXT_DATA__`: one flat array whose entries refer to each other by their index.

Entry 0 is the root. The members of an object or array are indices of other entries, so values can be shared and can
hold themselves. Negative indices are constants. An array that begins with a string is a tagged value: a date, a
set, or one of the wrappers of the framework (`["Reactive", 1]`), which are read as what they wrap.
"""

from __future__ import annotations

from typing import Any

MOST_ENTRIES = 500_000
"""Longer arrays are not read; the largest directory would have some 20,000."""
_CONSTANTS = {-1: None, -2: None, -3: None, -4: None, -5: None, -6: 0}
"""Undefined, a hole of an array, not a number, both infinities, minus zero."""
_PRIMITIVES = frozenset(("Date", "BigInt", "RegExp", "Object", "URL", "URLSearchParams", "ArrayBuffer"))
"""Tagged values whose payload stands beside the tag and is no index."""
_OWN_TAGS = _PRIMITIVES | {"Set", "Map", "null"}
"""Every other tag wraps the entry behind it."""


def revive(entries: Any) -> Any:
    """The value that a decoded array of entries stands for.

    The result shares values where the entries do, and may contain itself: who walks it must remember where it was.
    Anything that is no such array comes back as None.

    >>> revive([["Reactive", 1], {"name": 2}, "Ann Lee"])
    {'name': 'Ann Lee'}
    """
    if not isinstance(entries, list) or not entries or len(entries) > MOST_ENTRIES:
        return None
    targets = _follow(entries)
    values = [_empty(entry) for entry in entries]

    def at(index: Any) -> Any:
        if not isinstance(index, int) or isinstance(index, bool):
            return None
        if index < 0:
            return _CONSTANTS.get(index)
        return values[targets[index]] if index < len(entries) else None

    for entry, value in zip(entries, values, strict=True):
        if isinstance(entry, dict):
            value.update((key, at(index)) for key, index in entry.items())
        elif isinstance(entry, list):
            _fill(entry, value, at)
    return at(0)


def _follow(entries: list[Any]) -> list[int]:
    """For each entry the index of the entry that it is after all wrappers; itself when it is none."""
    targets = list(range(len(entries)))
    known: set[int] = set()
    for start in range(len(entries)):
        chain: list[int] = []
        on_chain: set[int] = set()
        number = start
        while number not in known and number not in on_chain and (inner := _wrapped(entries, number)) is not None:
            chain.append(number)
            on_chain.add(number)
            number = inner
        # Wrappers of nothing but each other end where they began.
        end = targets[number]
        for link in chain:
            targets[link] = end
        known.update(chain)
    return targets


def _wrapped(entries: list[Any], number: int) -> int | None:
    """The index in a wrapper such as `["ShallowRef", 7]`."""
    match entries[number]:
        case [str() as tag, int() as index] if tag not in _OWN_TAGS and not isinstance(index, bool):
            return index if 0 <= index < len(entries) else None
        case _:
            return None


def _empty(entry: Any) -> Any:
    """A scalar as it is; for an object, array or set its container, to be filled."""
    match entry:
        case dict():
            return {}
        case ["null" | "Map", *_]:
            return {}
        case [str() as tag, payload, *_] if tag in _PRIMITIVES:
            return payload if isinstance(payload, str) else None
        case list():
            return []
        case _:
            return entry


def _fill(entry: list[Any], value: Any, at: Any) -> None:
    match entry:
        case ["Set", *members]:
            value.extend(at(index) for index in members)
        case ["null", *members]:
            value.update((str(key), at(index)) for key, index in zip(members[::2], members[1::2], strict=False))
        case ["Map", *members]:
            keyed = ((at(key), at(index)) for key, index in zip(members[::2], members[1::2], strict=False))
            value.update((str(key), inner) for key, inner in keyed if isinstance(key, str | int))
        case [str(), *_]:
            return
        case [-7, _, *members]:
            # A sparse array: its length, then pairs of position and index.
            value.extend(at(index) for index in members[1::2])
        case _:
            value.extend(at(index) for index in entry)
