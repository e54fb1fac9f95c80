"""What was written down as an array of references comes back as it was, and no array makes the reader fail or wait."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from extraction.staff.embedded import devalue
from extraction.staff.embedded.devalue import revive
from extraction.staff.embedded.people import PeopleSearch

SCALAR = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=12)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=25,
)
WRAPPER = st.sampled_from(["Reactive", "ShallowReactive", "Ref", "ShallowRef", "Island", ""])


def flatten(value: Any, wrapper: str = "") -> list[Any]:
    """Write a value as the framework does: equal scalars once, objects in a wrapper, None as undefined."""
    entries: list[Any] = []
    known: dict[tuple[str, Any], int] = {}

    def put(inner: Any) -> int:
        if inner is None:
            return -1
        if not isinstance(inner, dict | list):
            key = (type(inner).__name__, inner)
            if key not in known:
                known[key] = len(entries)
                entries.append(inner)
            return known[key]
        number = len(entries)
        entries.append(None)
        if wrapper and isinstance(inner, dict):
            entries[number] = [wrapper, len(entries)]
            number_inside = len(entries)
            entries.append(None)
        else:
            number_inside = number
        entries[number_inside] = (
            {key: put(one) for key, one in inner.items()} if isinstance(inner, dict) else [put(one) for one in inner]
        )
        return number

    put(value)
    return entries


@given(VALUE.filter(lambda value: value is not None), WRAPPER)
def test_what_is_written_as_references_is_read_back(value: Any, wrapper: str) -> None:
    assert revive(json.loads(json.dumps(flatten(value, wrapper)))) == value


def test_dates_sets_maps_and_constants_are_plain_values() -> None:
    entries = [
        {"day": 1, "set": 2, "map": 4, "bare": 5, "big": 6, "none": -1, "odd": -9, "sparse": 7, "error": 8},
        ["Date", "2026-10-01T00:00:00.000Z"],
        ["Set", 3, 3],
        "x",
        ["Map", 3, 1],
        ["null", "key", 3],
        ["BigInt", "12"],
        [-7, 9, 4, 3],
        ["NuxtError", 5],
    ]
    assert revive(entries) == {
        "day": "2026-10-01T00:00:00.000Z",
        "set": ["x", "x"],
        "map": {"x": "2026-10-01T00:00:00.000Z"},
        "bare": {"key": "x"},
        "big": "12",
        "none": None,
        "odd": None,
        "sparse": ["x"],
        "error": {"key": "x"},
    }


def test_values_that_hold_themselves_are_read_once() -> None:
    value = revive([{"self": 0, "list": 1}, [0, 1, 2], ["Reactive", 0]])
    assert value["self"] is value
    assert value["list"][2] is value
    assert PeopleSearch(value).visited <= 6


def test_wrappers_of_each_other_are_nothing() -> None:
    assert revive([["Reactive", 1], ["Reactive", 0]]) == []
    assert revive([["Reactive", 9]]) == []


@given(
    st.recursive(
        SCALAR | st.sampled_from(["Reactive", "Set", "Map", "Date", "null"]),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=5),
        max_leaves=30,
    )
)
def test_no_array_makes_the_reader_fail(entries: Any) -> None:
    PeopleSearch(revive(entries))


def test_shared_values_cost_no_more_than_their_entries() -> None:
    # Each level holds the next ten times: written out it would be 10^40 values.
    entries: list[Any] = [[number + 1] * 10 for number in range(40)]
    assert PeopleSearch(revive([*entries, "end"])).visited <= 10 * len(entries) + 1


def test_longer_arrays_than_any_page_has_are_not_read() -> None:
    assert revive([0] * (devalue.MOST_ENTRIES + 1)) is None
