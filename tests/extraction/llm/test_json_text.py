"""JSON in what models write."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.llm.json_text import json_in, whole_items
from extraction.llm.questions import fenced

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": [1, 2]}\n```', {"a": [1, 2]}),
        ('Here {you are}: {"a": {"b": null}} bye', {"a": {"b": None}}),
        ('{"a": {"b": 1}', None),
        ("[1, 2]", None),
        ("", None),
        ("{" * 5000, None),
    ],
)
def test_the_object_is_found(text: str, value: object) -> None:
    assert json_in(text) == value


@given(st.lists(VALUES, max_size=6), st.integers(min_value=0))
def test_of_a_cut_list_no_item_is_invented_and_no_whole_one_lost(items: list[object], at: int) -> None:
    text = json.dumps({"rows": items})
    cut = text[: at % (len(text) + 1)]
    found = whole_items(cut, "rows")
    assert found == items[: len(found)]
    whole = sum(len(json.dumps({"rows": items[:count]})) - 1 <= len(cut) for count in range(1, len(items) + 1))
    assert len(found) >= whole


@given(st.text())
def test_data_cannot_end_its_own_fence(data: str) -> None:
    first, *_, last = fenced(data).split("\n")
    assert first not in data
    assert last not in data
