"""What of an answer is noted for asking later whether it has changed."""

from __future__ import annotations

import pytest
from scrapy.http import Response

from crawler.answers import LONGEST_VALIDATOR, validators_of

DATE = "Tue, 03 Mar 2026 07:08:09 GMT"


@pytest.mark.parametrize(
    "tag", ['"5f-gzip"', 'W/"0815"', '""', '"a,b"', '"sha256:/+="', '"' + "x" * (LONGEST_VALIDATOR - 2) + '"']
)
def test_a_tag_is_noted_as_it_is_printed(tag: str) -> None:
    assert validators_of(Response("http://a.test/", headers={"ETag": tag, "Last-Modified": DATE})) == (tag, DATE)


def test_a_tag_of_old_letters_comes_back_as_the_same_bytes() -> None:
    (tag, _) = validators_of(Response("http://a.test/", headers={"ETag": b'"caf\xe9"'}))
    assert tag is not None
    assert tag.encode("latin-1") == b'"caf\xe9"'


@pytest.mark.parametrize(
    "tag", ["", "*", "5f", '"a"b"', '"a", "b"', 'w/"5f"', '"a b"', '"a\tb"', '"' + "x" * LONGEST_VALIDATOR + '"']
)
def test_what_is_no_tag_could_match_other_pages_and_is_not_noted(tag: str) -> None:
    assert validators_of(Response("http://a.test/", headers={"ETag": tag})) == (None, None)


@pytest.mark.parametrize("date", ["0", "yesterday", "Tue, 3 Mar 2026", f"{DATE}, {DATE}", DATE.replace("GMT", "CET")])
def test_what_is_no_date_is_not_noted(date: str) -> None:
    assert validators_of(Response("http://a.test/", headers={"Last-Modified": date})) == (None, None)


@pytest.mark.parametrize("said", [["no-store"], ["private, No-Store"], ["private", "no-store"]])
def test_what_its_server_lets_nobody_store_is_asked_for_in_full(said: list[str]) -> None:
    headers = {"ETag": '"1"', "Last-Modified": DATE, "Cache-Control": said}
    assert validators_of(Response("http://a.test/", headers=headers)) == (None, None)
    assert validators_of(Response("http://a.test/", headers=headers | {"Cache-Control": "no-cache"})) == ('"1"', DATE)
