"""Every layout in `cases/`: one page, and what it says. The names are invented, the markup is that of real systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from extraction.staff.page import read_staff_page
from extraction.staff.records import StaffPage

CASES = Path(__file__).parent / "cases"


def load(name: str) -> tuple[dict[str, Any], StaffPage]:
    expected = json.loads((CASES / name / "expected.json").read_text("utf-8"))
    return expected, read_staff_page((CASES / name / "page.html").read_bytes(), expected["url"])


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_a_layout_is_read_as_a_person_would_read_it(name: str) -> None:
    expected, page = load(name)
    assert page.outcome == expected["outcome"], page.reason
    people = [msgspec.to_builtins(person) for person in page.people]
    assert [person["name"] for person in people] == [person["name"] for person in expected["people"]]
    for person, wanted in zip(people, expected["people"], strict=True):
        defaults = {"role": "unknown", "email_state": "none"}
        assert {key: person.get(key, defaults.get(key)) for key in wanted} == wanted
    for key in ("next_pages", "profiles"):
        if key in expected:
            assert list(getattr(page, key)) == expected[key]
    assert expected.get("reason", "") in page.reason
    if "method" in expected:
        assert page.method == expected["method"]


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_every_visible_value_of_a_person_stands_in_the_snippet(name: str) -> None:
    _, page = load(name)
    for person in page.people:
        assert all(word in person.snippet for word in person.name.split())
        assert not person.title or person.title in person.snippet
        assert not person.department or person.department in person.snippet
        assert not person.phone or person.phone in person.snippet
        assert person.path.startswith(("/html", "script"))
        assert 0 < person.confidence <= 1
