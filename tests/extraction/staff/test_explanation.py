"""How a page was read: what is told is what was decided, and every reason names what it rests on."""

from __future__ import annotations

import json
from math import fsum
from pathlib import Path

import pytest

from extraction.staff.drafts import ENOUGH_EVIDENCE
from extraction.staff.explanation import Block, StaffExplanation, explain_staff_page
from extraction.staff.page import read_staff_page, read_with_verdicts

CASES = Path(__file__).parent / "cases"


def explain(case: str) -> StaffExplanation:
    url = json.loads((CASES / case / "expected.json").read_text("utf-8"))["url"]
    return explain_staff_page(read_with_verdicts((CASES / case / "page.html").read_bytes(), url))


def blocks_of(case: str) -> dict[str, Block]:
    return {block.name: block for block in explain(case).blocks}


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_an_explanation_tells_what_was_decided(case: str) -> None:
    url = json.loads((CASES / case / "expected.json").read_text("utf-8"))["url"]
    explanation = explain(case)
    assert explanation.page == read_staff_page((CASES / case / "page.html").read_bytes(), url)
    kept = [block for block in explanation.blocks if block.kept]
    assert sorted(block.name for block in kept) == sorted(person.name for person in explanation.page.people)
    assert [block.number for block in explanation.blocks] == list(range(1, len(explanation.blocks) + 1))
    for block in explanation.blocks:
        assert block.kept is not bool(block.reason)
        if block.evidence is not None:
            assert block.evidence == fsum(weight for _, weight in block.weights)
            assert (block.evidence < ENOUGH_EVIDENCE) is (block.reason == "too little evidence")
        if block.same_as:
            assert explanation.blocks[block.same_as - 1].kept


def test_what_stands_below_an_off_heading_names_its_words() -> None:
    blocks = blocks_of("mixed_staff_pta_student_council")
    principal, officer = blocks["Darrell Begaye"], blocks["Ramona Castellanos"]
    assert principal.kept
    assert principal.reader == "lines"
    assert principal.values["email"] == "darrell.begaye@mulberrygap.example"
    assert dict(principal.weights)["title of a known role"] == 1.5
    assert principal.headings == ("School Directory", "Staff")
    assert officer.reason == "section off: “PTA” in the heading “PTA Officers 2025-2026”"
    assert officer.headings[-1] == "PTA Officers 2025-2026"
    assert blocks["Ava Thornbury"].reason == "section off: “Student Council” in the heading “Student Council”"


def test_rows_of_a_table_below_an_off_heading_keep_their_reader() -> None:
    blocks = blocks_of("table_with_board_section")
    assert blocks["Odalys Brightwater"].reader == blocks["Percival Lockridge"].reader == "table"
    assert blocks["Percival Lockridge"].reason == "section off: “PTA” in the heading “PTA Board”"
    assert blocks["Percival Lockridge"].evidence is None


def test_the_words_of_a_title_or_an_address_switch_a_page_off() -> None:
    explanation = explain("none_varsity_roster")
    assert {block.reason for block in explanation.blocks} == {
        "section off: “Roster” in the page's title “Boys Varsity Basketball Roster”"
    }


def test_posts_that_nobody_holds_are_told() -> None:
    blocks = blocks_of("table_vacancies_and_rooms")
    assert blocks["Vacant"].reason == "vacancy: “Vacant” is nobody"
    assert blocks["Vacant"].reader == "none"
    assert blocks["Position Open"].paths == ("/html/body/div[1]/main/table/tr[19]/td[1]",)


def test_copies_name_the_block_that_is_kept() -> None:
    first, copy = (b for b in explain("desktop_and_mobile_copies").blocks if b.name == "Sunita Deshpande")
    assert (first.kept, first.reader) == (True, "table")
    assert (copy.kept, copy.reader, copy.same_as) == (False, "cards", first.number)
    assert copy.reason.startswith("same person as “Sunita Deshpande”")


def test_a_shared_address_is_told_beside_each_of_its_people() -> None:
    for block in explain("shared_office_address").blocks:
        assert block.notes == ("office@wexford.example stands beside 3 people and fits none.",)
        assert "email" not in block.values


def test_data_is_explained_behind_the_text() -> None:
    blocks = explain("data_merged_with_html").blocks
    text = [block for block in blocks if block.reader == "cards"]
    data = [block for block in blocks if block.reader == "script_json"]
    assert blocks == (*text, *data)
    assert [block.same_as for block in data] == [1, 2, 3, 3, None]
    assert data[-1].kept
    assert data[-1].paths == ("script[1] $.staff[4]",)


def page(body: str, title: str = "Quillfern") -> StaffExplanation:
    return explain_staff_page(
        read_with_verdicts(f"<title>{title}</title><body>{body}", "https://quillfern.test/welcome")
    )


def test_too_little_evidence_shows_the_sum_beside_what_is_enough() -> None:
    (block,) = page(
        "<table><tr><th>Name</th><th>Room</th></tr><tr><td>Odalys Brightwater</td><td>7</td></tr></table>"
    ).blocks
    assert block.reason == "too little evidence"
    assert block.evidence is not None
    assert 0 < block.evidence < ENOUGH_EVIDENCE


def test_one_name_on_a_page_needs_a_title_and_a_contact() -> None:
    (block,) = page("<h1>Our Staff</h1><p>Rosalind Aldermere - Principal</p>").blocks
    assert block.reason == "alone on the page, without title, known role and contact together"
    assert block.evidence is not None
    assert block.evidence >= ENOUGH_EVIDENCE


def test_the_post_of_somebody_elsewhere_and_a_vacant_one() -> None:
    entries = "".join(
        f"<li>{name} - {title} - {name.split()[1].lower()}@quillfern.test</li>"
        for name, title in (
            ("Rosalind Aldermere", "Principal"),
            ("Tobias Quennell", "Board Member"),
            ("Imelda Farrowby", "Vacant"),
        )
    )
    found = {block.name: block for block in page(f"<ul>{entries}</ul>").blocks}
    assert found["Tobias Quennell"].reason == "title off: “Board Member” is no post at the school"
    assert found["Imelda Farrowby"].notes == ("“Vacant” says that the post is vacant.",)
