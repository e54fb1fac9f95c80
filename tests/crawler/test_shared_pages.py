"""Answers that several visits share: whose, which, for how long, and within which room."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.http import Response, TextResponse

from crawler.shared_pages import SHARED, SharedPages


def wish(path: str = "", *, method: str = "GET", shared: bool = True) -> Request:
    return Request(f"http://gv.test/{path}", method=method, meta={SHARED: True} if shared else {})


def told(path: str = "", body: bytes = b"schools", status: int = 200) -> Response:
    return TextResponse(f"http://gv.test/{path}", status=status, body=body)


def test_an_answer_is_given_again_as_a_copy() -> None:
    pages = SharedPages()
    kept = told()
    pages.keep(wish(), kept)
    again = pages.answer(wish())
    assert again is not None
    assert again is not kept
    assert (again.url, again.status, again.body) == (kept.url, kept.status, kept.body)
    assert isinstance(again, TextResponse)
    assert pages.answer(wish("other")) is None


def test_an_answer_is_that_of_who_is_given_it() -> None:
    """By its request, the engine knows whose visit goes on: another school's would go on twice, and this one never."""
    pages = SharedPages()
    first, second = wish(), wish()
    kept = told()
    pages.keep(first, kept)
    kept.request = first
    again = pages.answer(second)
    assert again is not None
    assert again.request is second


def test_only_who_is_content_with_it_gets_it() -> None:
    pages = SharedPages()
    pages.keep(wish(), told())
    assert pages.answer(wish(shared=False)) is None
    assert pages.answer(wish(method="POST")) is None


@pytest.mark.parametrize("status", [429, 500, 503, 403])
def test_what_may_be_another_answer_soon_is_not_kept(status: int) -> None:
    pages = SharedPages()
    pages.keep(wish(), told(status=status))
    assert pages.answer(wish()) is None


def test_what_its_server_lets_nobody_keep_is_not_kept() -> None:
    pages = SharedPages()
    pages.keep(wish(), told().replace(headers={"Cache-Control": "No-Store"}))
    assert pages.answer(wish()) is None


@pytest.mark.parametrize("status", [200, 301, 404])
def test_pages_redirects_and_missing_pages_are_kept(status: int) -> None:
    pages = SharedPages()
    pages.keep(wish(), told(status=status))
    assert pages.answer(wish()) is not None


def test_private_answers_are_not_kept() -> None:
    pages = SharedPages()
    pages.keep(wish(shared=False), told())
    pages.keep(wish("form", method="POST"), told("form"))
    assert pages.answer(wish()) is None
    assert pages.answer(wish("form")) is None


def test_an_hour_later_the_page_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("crawler.shared_pages.monotonic", lambda: now)
    pages = SharedPages()
    pages.keep(wish(), told())
    now += 3599
    assert pages.answer(wish()) is not None
    now += 2
    assert pages.answer(wish()) is None


def test_the_oldest_answers_make_room_and_a_huge_page_takes_none() -> None:
    pages = SharedPages(room=1600)
    for number in range(20):
        pages.keep(wish(str(number)), told(str(number), bytes(100)))
    held = [number for number in range(20) if pages.answer(wish(str(number))) is not None]
    assert held == list(range(4, 20))
    pages.keep(wish("huge"), told("huge", bytes(101)))
    assert pages.answer(wish("huge")) is None
    assert pages.answer(wish("19")) is not None
