"""What of the items is kept, and in which form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.exceptions import DropItem
from scrapy.utils.test import get_crawler

from crawler.feeds import FeedRows, _unformulated
from crawler.items import CandidateItem, PageItem, Signal, TargetItem
from crawler.pipelines.check import CheckPipeline
from crawler.pipelines.normalize import NormalizePipeline, normalized_person, plain_text
from extraction.staff.records import Person

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def page(*people: Person, target: str = "1", url: str = "http://pine.test/staff") -> PageItem:
    return PageItem(target, url, 200, "staff", "a table", NOW, list(people))


@pytest.fixture
def check() -> CheckPipeline:
    crawler = get_crawler()
    crawler._apply_settings()
    return CheckPipeline.from_crawler(crawler)


def test_people_without_a_name_and_addresses_that_are_none_are_dropped_and_counted(check: CheckPipeline) -> None:
    kept = check.process_item(
        page(
            Person("Maria Alvarez", email="m@pine.test", email_state="published", email_method="mailto"),
            Person("--"),
            Person("John Okafor", email="call me", email_state="published", profile_url="javascript:alert(1)"),
        )
    )
    assert [(person.name, person.email, person.email_state, person.profile_url) for person in kept.people] == [
        ("Maria Alvarez", "m@pine.test", "published", None),
        ("John Okafor", None, "none", None),
    ]
    stats = check._crawler.stats
    assert [stats.get_value(f"check/{what}") for what in ("no_name", "email", "profile_url")] == [1, 1, 1]


@pytest.mark.parametrize(
    "item",
    [
        {"name": "a dict"},
        page(target=""),
        page(url="about:blank"),
        CandidateItem("1", "ftp://x.test/", "nces", 0.5, [], NOW, 200),
        CandidateItem("1", "http://x.test/", "nces", 1.5, [], NOW, 200),
        TargetItem("", "done", "staff", ""),
    ],
)
def test_items_that_mean_nothing_are_dropped(item: Any, check: CheckPipeline) -> None:
    with pytest.raises(DropItem):
        check.process_item(item)


def test_texts_are_brought_to_one_form() -> None:
    item = page(Person("Rene\u0301e\u00a0 O\x00Hara", email="R.OHara@Pine.TEST", title=" \u200b ", snippet="x" * 900))
    person = NormalizePipeline().process_item(item).people[0]
    assert (person.name, person.email, person.title) == ("Renée OHara", "r.ohara@pine.test", None)
    assert len(person.snippet) == 300
    candidate = CandidateItem("1", "http://x.test/", "nces", 0.5, [Signal("name", 20, "a\ud800b\n c")], NOW, 200)
    assert NormalizePipeline().process_item(candidate).signals[0].detail == "ab c"
    assert NormalizePipeline().process_item(TargetItem("1", "done", "staff", "x" * 2000)).reason == "x" * 1000


@given(st.text())
def test_normalizing_twice_changes_nothing(text: str) -> None:
    once = plain_text(text, 100)
    assert plain_text(once, 100) == once
    once.encode("utf-8")
    assert "\0" not in once


def test_lists_of_texts_are_brought_to_one_form_too() -> None:
    person = normalized_person(Person("René Ash", credentials=("M.\u00a0Ed.", "\u200b"), grades=("K", "1")))
    assert (person.name, person.credentials, person.grades) == ("René Ash", ("M. Ed.",), ("K", "1"))


def test_a_person_in_order_stays_the_same_object() -> None:
    person = Person("Maria Alvarez", email="m@pine.test", credentials=("Ed.D.",), subjects=("math", "algebra"))
    assert normalized_person(person) is person


def test_a_spreadsheet_runs_nothing() -> None:
    assert [_unformulated(value) for value in ("=1+1", "@x", "-Lee", "Lee", 0.5)] == [
        "'=1+1",
        "'@x",
        "'-Lee",
        "Lee",
        0.5,
    ]


def test_only_the_best_candidate_is_told() -> None:
    crawler = get_crawler()
    crawler.spidercls.name = "website_discovery"
    feed = FeedRows(crawler)
    for score in (0.2, 0.9, 0.4):
        signal = Signal("name", 20, str(score))
        assert feed.rows(CandidateItem("1", f"http://x.test/{score}/", "nces", score, [signal], NOW, 200)) == []
    (told,) = feed.rows(TargetItem("1", "done", "accepted", "", "http://x.test/0.9/", 0.9))
    assert (told["candidate"], told["signals"]) == ("http://x.test/0.9/", ["name +20: 0.9"])
    assert feed.rows("something else") == []
