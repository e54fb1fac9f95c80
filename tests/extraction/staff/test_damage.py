"""Damaged, hostile and odd pages: read as far as they can be, in bounded time, without an error."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.staff.page import read_staff_page
from extraction.staff.paging import next_pages
from extraction.staff.walk import read_document

URL = "https://www.wexford.example/staff"
CARD = "<div class=card><h4>{name}</h4><p>{title}</p><a href='mailto:{mail}'>Email</a></div>"
CARDS = "".join(
    CARD.format(name=name, title=title, mail=mail)
    for name, title, mail in (
        ("Odalys Brightwater", "Principal", "ob@wexford.example"),
        ("Benedikt Böhm", "Band Director", "bbohm@wexford.example"),
        ("Zoë Núñez", "Nurse", "znunez@wexford.example"),
    )
)
NAMES = ["Odalys Brightwater", "Benedikt Böhm", "Zoë Núñez"]


def names(page: bytes | str, encoding: str | None = None) -> list[str]:
    return [person.name for person in read_staff_page(page, URL, encoding=encoding).people]


@pytest.mark.parametrize(
    "page",
    [
        CARDS.encode(),
        b"\xef\xbb\xbf" + CARDS.encode(),
        b"\xff\xfe" + CARDS.encode("utf-16-le"),
        b"<meta charset=iso-8859-1>" + CARDS.encode("iso-8859-1"),
        b"<meta charset=no-such-thing>" + CARDS.encode(),
        CARDS.encode("cp1252"),
        CARDS.replace("Principal", "Princi\x00pal").encode(),
        ('<?xml version="1.0" encoding="latin-1"?>' + CARDS).encode(),
        CARDS.replace("</div>", "").replace("</p>", "").encode(),
        CARDS,
    ],
)
def test_encodings_and_broken_markup_lose_nobody(page: bytes | str) -> None:
    assert names(page) == NAMES


def test_the_charset_of_the_http_header_decides() -> None:
    assert names(b"<meta charset=utf-8>" + CARDS.encode("cp1250", "replace"), "cp1250")[1] == "Benedikt Böhm"


@pytest.mark.parametrize("page", [b"", b"   ", b"\x00\x00", "", b"<!-- nothing -->", b"<?php", b"<html></html>"])
def test_pages_without_content_list_nobody(page: bytes | str) -> None:
    result = read_staff_page(page, URL)
    assert (result.outcome, result.people) == ("no_staff", ())
    assert result.reason


@given(
    st.lists(
        st.sampled_from(
            [
                "<div>",
                "</div>",
                "<table>",
                "<tr>",
                "<td>",
                "<ul><li>",
                "<b>",
                "</b>",
                "<br>",
                "Jane Doe ",
                "Principal ",
                "jd@wexford.example ",
                "<a href='x'>",
                "</a>",
                "<h2>",
                "Staff ",
                "<dl><dt>",
                "<dd>",
            ]
        ),
        max_size=60,
    )
)
def test_any_nesting_is_read(parts: list[str]) -> None:
    for person in read_staff_page("".join(parts), URL).people:
        assert person.name in person.snippet


@given(
    st.recursive(st.sampled_from(["x", "<br>", "<p>y</p>"]), lambda inner: st.lists(inner, max_size=5), max_leaves=30)
)
def test_the_path_of_an_element_is_that_of_libxml2(tree: object) -> None:
    """Each list becomes a `div` or a `section`, by its length."""

    def markup(part: object) -> str:
        if not isinstance(part, list):
            return str(part)
        parts = cast("list[object]", part)
        tag = "div" if len(parts) % 2 else "section"
        return f"<{tag}>{''.join(map(markup, parts))}</{tag}>"

    document = read_document(f"<body><script></script>{markup(tree)}</body>", URL)
    assert document.root is not None
    nodes = [document.root]
    for node in nodes:
        nodes.extend(node.children)
        assert node.path == node.element.getroottree().getpath(node.element)


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 30_000 + "Jane Doe",
        "<table><tr>" + "<td>Jane Doe</td>" * 20_000,
        "<ul>" * 150 + "<li>Jane Doe</li>" * 3_000,
        "<p>" + "a" * 400_000,
        "<p>" + "a@" * 50_000,
        "<p>" + "Jane-" * 40_000,
        "<p>" + "x (at) " * 20_000,
        "<p>Jane Doe, Teacher</p>" * 4_000,
        "<td colspan=999999999>Jane Doe</td>",
    ],
)
@pytest.mark.timeout(60)  # a reader of quadratic cost takes minutes for some of these; how fast it is, benchmarks say
def test_hostile_pages_are_read_to_their_end(page: str) -> None:
    assert {person.name for person in read_staff_page(page, URL).people} <= {"Jane Doe"}


def test_pages_turn_within_the_same_list_only() -> None:
    links = (
        "<a href='?page=2'>2</a><a href='?page=3'>3</a><a href='/news?page=2'>2</a><a href='/staff/page/4/'>4</a>"
        "<a href='https://other.example/staff?page=2'>Next</a><a href='?sort=name&page=2'>Sort</a>"
        "<a rel='next' href='?page=2'>More</a>"
        "<a href='?page=x'>?</a><a href='http://[bad'>Next</a>"
    )
    document = read_document(links, URL)
    assert next_pages(document) == (f"{URL}?page=2", f"{URL}?page=3", f"{URL}/page/4/")
    head = "<html><head><link rel=next href='/staff/page/2'></head><body>x</body></html>"
    assert next_pages(read_document(head, URL)) == (f"{URL}/page/2",)


def test_the_longest_list_is_bounded() -> None:
    page = "<a class='fsLastPageLink' data-page='900' href='?const_page=900'>900</a>"
    assert len(next_pages(read_document(page, URL))) == 60


def test_an_address_elsewhere_in_the_page_is_not_given_to_a_person() -> None:
    page = (
        "<p>Write to ob@wexford.example</p><h1>Staff</h1>"
        + CARD.format(name="Odalys Brightwater", title="Principal", mail="")
        + CARD.format(name="Tobin Vanterpool", title="Nurse", mail="tv@wexford.example")
    )
    people = read_staff_page(page, URL).people
    assert [(person.name, person.email) for person in people] == [
        ("Odalys Brightwater", None),
        ("Tobin Vanterpool", "tv@wexford.example"),
    ]


def test_one_name_alone_is_no_staff_page() -> None:
    page = "<h1>About Us</h1><div><h4>Odalys Brightwater</h4><p>Principal</p></div>"
    assert read_staff_page(page, "https://wexford.example/about").outcome == "no_staff"


def test_a_person_who_stands_twice_is_stored_once() -> None:
    bare = "<div class=card><h4>Odalys Brightwater</h4><p>Principal</p></div>"
    people = read_staff_page("<h1>Staff</h1>" + bare + CARDS + CARDS, URL).people
    assert [(p.name, p.email) for p in people] == [
        (NAMES[0], "ob@wexford.example"),
        (NAMES[1], "bbohm@wexford.example"),
        (NAMES[2], "znunez@wexford.example"),
    ]
