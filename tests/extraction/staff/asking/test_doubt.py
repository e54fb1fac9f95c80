"""Which blocks are doubtful, and that a page where everything is clear has none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from extraction.staff.asking.blocks import LONGEST_LINE, MOST_BLOCKS, MOST_LINES
from extraction.staff.asking.doubt import doubtful_blocks
from extraction.staff.page import read_with_verdicts
from tests.extraction.staff.asking.pages import ALONE, BARELY, SURE, UNCLEAR, UNREAD, read

CASES = Path(__file__).parents[1] / "cases"


def doubts(page: str) -> list[tuple[str, str | None]]:
    blocks = doubtful_blocks(read(page))
    return [(block.doubt, block.person.name if block.person else None) for block in blocks]


def test_a_clear_page_has_no_doubtful_block() -> None:
    assert doubts(SURE) == []
    assert doubts("<title>Lunch</title><h1>Menu</h1><p>Monday: pizza.</p>") == []
    assert doubts("") == []


def test_of_the_pages_that_the_readers_know_hardly_any_is_doubtful() -> None:
    asked = []
    for case in sorted(CASES.iterdir()):
        url = json.loads((case / "expected.json").read_text("utf-8"))["url"]
        if doubtful_blocks(read_with_verdicts((case / "page.html").read_bytes(), url)):
            asked.append(case.name)
    assert len(asked) <= 0.03 * len(list(CASES.iterdir())), asked


def test_somebody_who_stands_alone_is_asked_about() -> None:
    (block,) = doubtful_blocks(read(ALONE))
    assert (block.doubt, block.kept, block.lines) == ("alone", False, ("Rosalind Aldermere", "Principal"))
    assert block.headings == ("Welcome to a new school year!",)
    assert block.path == "/html/body/div"


def test_names_with_nothing_to_spare_are_asked_about_and_those_with_a_role_are_not() -> None:
    assert doubts(BARELY) == [
        ("barely_kept", name)
        for name in ("Annette Beckham", "Louis Neal", "Helen Meade", "Walter Osgood", "Grace Tully", "Martin Shaw")
    ]


def test_words_that_nobody_took_beside_somebody_without_a_role() -> None:
    assert doubts(UNCLEAR) == [("unclear_title", "Tobias Quennell"), ("unclear_title", "Imelda Farrowby")]


def test_little_missing_is_asked_about_and_much_missing_is_not() -> None:
    page = '<title>Quillfern</title><body><h1>Good morning</h1><p>{}</p><p><a href="/lunch">Menu</a></p>'
    assert doubts(page.format('<a href="/bio/7">Rosalind Aldermere</a>')) == [("little_missing", "Rosalind Aldermere")]
    assert doubts(page.format("Rosalind Aldermere")) == []


def test_somebody_who_is_listed_elsewhere_on_the_page_is_not_asked_about() -> None:
    page = SURE + '<h2>Hello from</h2><p><a href="/bio/7">{}</a></p><p><a href="/lunch">Menu</a></p>'
    page = page.replace("Our Staff", "Quillfern").replace("Staff Directory", "Quillfern")
    assert doubts(page.format("Beatrice Underhill")) == [("little_missing", "Beatrice Underhill")]
    assert doubts(page.format("Rosalind Aldermere")) == []


def test_entries_that_nobody_read_are_found_by_address_and_number_and_never_below_an_off_heading() -> None:
    blocks = doubtful_blocks(read(UNREAD))
    assert [(block.doubt, block.lines[0], [found.address for found in block.emails]) for block in blocks] == [
        ("unread", "The front office is run by Odalys Brightwater", ["obrightwater@quillfern.test"]),
        ("unread", "Art II and pottery with Brook Rivers", []),
    ]
    assert all(block.person is None and block.lists_staff for block in blocks)


def test_a_page_about_students_has_nothing_to_ask() -> None:
    roster = UNREAD.replace("Our Staff", "Student Council")
    assert doubts(roster) == []


def test_an_address_that_is_hidden_is_not_shown_to_anybody() -> None:
    trap = '<p style="display:none">trap@quillfern.test</p>'
    blocks = doubtful_blocks(read(UNREAD.replace("<p>obright", f"{trap}<p>obright")))
    assert [found.address for block in blocks for found in block.emails] == ["obrightwater@quillfern.test"]


def test_a_page_without_staff_in_its_words_needs_several_addresses() -> None:
    contacts = [
        f"<div><p>Write to {name} for tickets</p><p>{name.split()[1].lower()}@quillfern.test</p></div>"
        for name in ("Odalys Brightwater", "Percival Lockridge", "Hester Vandermoor")
    ]
    plain = "<title>Quillfern</title><body><h1>Concert</h1>"
    assert doubts(plain + contacts[0]) == []
    assert [doubt for doubt, _ in doubts(plain + "".join(contacts))] == ["unread"] * 3


def test_what_is_asked_about_is_bounded() -> None:
    long = "<p>" + "word " * 400 + "</p>"
    cards = "".join(
        f"<div><p>Thanks go to Odalys {chr(65 + i // 26)}rightwater{chr(97 + i % 26)}</p>"
        f"<p>o{i}@quillfern.test</p>{long * 3}</div>"
        for i in range(90)
    )
    blocks = doubtful_blocks(read(f"<title>Our Staff</title><body><h1>Our Staff</h1>{cards}"))
    assert len(blocks) == MOST_BLOCKS
    assert all(len(block.lines) <= MOST_LINES for block in blocks)
    assert max(len(line) for block in blocks for line in block.lines) <= LONGEST_LINE


def test_a_flat_list_is_parted_at_its_addresses() -> None:
    entries = "".join(
        f"<p>Write to {name}</p><p>{name.split()[1].lower()}@quillfern.test</p>"
        for name in ("Odalys Brightwater", "Percival Lockridge", "Hester Vandermoor")
    )
    blocks = doubtful_blocks(read(f"<title>Our Staff</title><body><h1>Our Staff</h1>{entries}"))
    assert [block.lines for block in blocks] == [
        ("Write to Odalys Brightwater", "brightwater@quillfern.test"),
        ("Write to Percival Lockridge", "lockridge@quillfern.test"),
        ("Write to Hester Vandermoor", "vandermoor@quillfern.test"),
    ]


@pytest.mark.parametrize("page", [ALONE, UNREAD, UNCLEAR, BARELY])
def test_blocks_hold_what_the_page_prints(page: str) -> None:
    reading = read(page)
    printed = [line.text for line in reading.document.lines]
    for block in doubtful_blocks(reading):
        assert block.lines
        assert all(line in printed for line in block.lines)
