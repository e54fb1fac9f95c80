"""What of an answer is believed: only what the person's own block prints, and nobody who is no staff."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.llm.questions import Answer
from extraction.staff.asking.asker import people_after
from extraction.staff.asking.blocks import DoubtfulBlock
from extraction.staff.asking.doubt import doubtful_blocks
from extraction.staff.asking.grounding import Revision, revised
from extraction.staff.asking.printed import BlockWords
from extraction.staff.asking.question import (
    BLOCKS_AT_ONCE,
    PEOPLE_SCHEMA,
    ToldPerson,
    portions,
    staff_question,
    told_people,
)
from extraction.staff.emails import FoundEmail
from extraction.staff.records import Person
from tests.extraction.staff.asking.pages import ALONE, BARELY, UNCLEAR, UNREAD, person, read

ENTRY = DoubtfulBlock(
    "unread",
    (
        "MRS. HESTER VANDERMOOR (Hettie)",
        "Lead Teacher,",
        "Science - Room 12",
        "423-555-0144 ext. 7",
        "Fax 423-555-0199",
    ),
    path="/html/body/div",
    headings=("Our Staff",),
    emails=(FoundEmail("hvandermoor@quillfern.test", "mailto"),),
    lists_staff=True,
)


def told(name: str, kind: str = "staff", **values: Any) -> ToldPerson:
    return msgspec.convert(person(name, kind, **values), ToldPerson)


def block(page: str, number: int = 0) -> DoubtfulBlock:
    return doubtful_blocks(read(page))[number]


def test_a_value_is_what_the_page_prints_in_its_spelling() -> None:
    words = BlockWords(("Dr. ANA  O’Brien-Ruiz", "P.E. Teacher", "Coach (Track)", "Roe, Jane"))
    assert words.find("p.e. teacher") == "P.E. Teacher"
    assert words.find("coach (track)") == "Coach (Track)"
    assert words.find("Teacher Coach") == "Teacher Coach"
    assert words.find("Track Coach") is None
    assert words.find("Teach") is None
    assert words.find("—") is None
    assert words.find_name("Ana O'Brien-Ruiz") == "ANA O’Brien-Ruiz"
    assert words.find_name("Jane Roe") == "Roe, Jane"
    assert words.find_name("Jane Doe") is None
    assert words.find_name("Ana Roe") is None


def test_a_name_of_two_lines_is_the_whole_of_both() -> None:
    words = BlockWords(("Hester", "Vandermoor", "Lead Teacher"))
    assert words.find_name("Hester Vandermoor") == "Hester Vandermoor"
    assert words.find_name("Vandermoor Lead") is None


@given(st.lists(st.text(max_size=30), max_size=5), st.text(max_size=40))
def test_nothing_is_found_that_is_not_printed(lines: list[str], value: str) -> None:
    words = BlockWords(tuple(lines))
    printed = " ".join(" ".join(lines).split())
    for found in (words.find(value), words.find_name(value)):
        assert found is None or all(word in printed for word in found.split())


def test_an_entry_that_nobody_read_becomes_a_person_with_what_it_prints() -> None:
    answer = told(
        "Mrs. Hester Vandermoor",
        title="Lead Teacher",
        department="Science",
        email="HVandermoor@quillfern.test",
        phone="(423) 555-0144",
    )
    revision = revised(ENTRY, [answer])
    (added,) = revision.people
    assert (added.name, added.first, added.last, added.honorific) == (
        "MRS. HESTER VANDERMOOR",
        "HESTER",
        "VANDERMOOR",
        "MRS.",
    )
    assert (added.title, added.role, added.department, added.subjects) == (
        "Lead Teacher",
        "teacher",
        "Science",
        ("science",),
    )
    assert (added.email, added.email_method, added.email_state) == ("hvandermoor@quillfern.test", "mailto", "published")
    assert (added.phone_e164, added.extension) == ("+14235550144", "7")
    assert (added.method, added.path, added.headings) == ("llm", "/html/body/div", ("Our Staff",))
    assert 0.5 < added.confidence <= 0.7
    assert all(value in added.snippet for value in (added.name, "Lead Teacher", "Science"))
    assert (revision.result, revision.dropped_values, revision.dropped_people) == ("added", 0, 0)


def test_what_the_block_does_not_print_is_dropped_and_counted() -> None:
    answer = told(
        "Hester Vandermoor",
        title="Department Chair",
        department="Mathematics",
        email="hester.vandermoor@quillfern.test",
        phone="423-555-0199",
    )
    revision = revised(ENTRY, [answer])
    (added,) = revision.people
    assert (added.title, added.department, added.email, added.phone) == (None, None, None, None)
    assert revision.dropped_values == 4, "the fax is no number of hers either"


def test_an_invented_name_is_nobody() -> None:
    revision = revised(ENTRY, [told("Hester Vandermeer", title="Lead Teacher"), told("Jane Hester")])
    assert (revision.people, revision.result, revision.dropped_people) == ((), "as_it_was", 2)


@pytest.mark.parametrize("kind", ["student", "board", "parent", "nobody"])
def test_nobody_but_staff_is_added(kind: str) -> None:
    assert revised(ENTRY, [told("Hester Vandermoor", kind, title="Lead Teacher")]).people == ()


def test_whose_own_title_is_none_at_the_school_is_not_staff_whatever_the_model_says() -> None:
    entry = msgspec.structs.replace(ENTRY, lines=("Hester Vandermoor", "Board Member", "PTA"))
    assert revised(entry, [told("Hester Vandermoor", title="Board Member")]).people == ()
    assert revised(entry, [told("Hester Vandermoor", department="PTA")]).people == ()
    barred = msgspec.structs.replace(ENTRY, barred=("MRS. HESTER VANDERMOOR",))
    assert revised(barred, [told("Mrs. Hester Vandermoor", title="Lead Teacher")]).people == ()


def test_a_name_alone_is_too_little_for_a_model_to_add() -> None:
    entry = DoubtfulBlock("unread", ("Tickets at the door from Odalys Brightwater",), path="/html")
    revision = revised(entry, [told("Odalys Brightwater")])
    assert (revision.people, revision.dropped_people) == ((), 1)


def test_words_that_no_name_has_are_one_only_beside_an_address_of_it() -> None:
    entry = msgspec.structs.replace(ENTRY, lines=("Winter Break", "Lead Teacher"))
    answer = told("Winter Break", title="Lead Teacher", email="wbreak@quillfern.test")
    assert revised(entry, [answer]).people == ()
    spelled = msgspec.structs.replace(entry, emails=(FoundEmail("wbreak@quillfern.test", "mailto"),))
    (added,) = revised(spelled, [answer]).people
    assert (added.first, added.last, added.email) == ("Winter", "Break", "wbreak@quillfern.test")


def test_an_address_of_several_people_is_only_theirs_whom_it_spells() -> None:
    entry = msgspec.structs.replace(ENTRY, lines=("Hester Vandermoor, Teacher", "Odalys Brightwater, Teacher"))
    address = "hvandermoor@quillfern.test"
    people = [told(name, title="Teacher", email=address) for name in ("Hester Vandermoor", "Odalys Brightwater")]
    found = {one.name: one.email for one in revised(entry, people).people}
    assert found == {"Hester Vandermoor": address, "Odalys Brightwater": None}


def test_somebody_who_stood_alone_is_confirmed_or_stays_out() -> None:
    alone = block(ALONE)
    (confirmed,) = revised(alone, [told("Rosalind Aldermere", title="Principal")]).people
    assert (confirmed.title, confirmed.role, confirmed.method) == ("Principal", "principal", "llm")
    assert confirmed.confidence <= 0.7
    assert confirmed.path == "/html/body/div"
    for answer in ([], [told("Rosalind Aldermere", "nobody")], [told("Rosalind Aldermere", "student")]):
        assert revised(alone, answer).people == ()


def test_who_was_kept_with_nothing_to_spare_is_dropped_by_a_word() -> None:
    barely = block(BARELY)
    assert barely.person is not None
    for kind in ("nobody", "parent", "student", "board"):
        assert revised(barely, [told("Annette Beckham", kind)]).result == "dropped"
    confirmed = revised(barely, [told("Annette Beckham")])
    assert (confirmed.result, confirmed.people[0].confidence) == ("confirmed", barely.person.confidence)
    for answer in ([], [told("Somebody Else", "student")]):
        assert revised(barely, answer).people == (barely.person,), "to be left out, they must be named"


def test_who_was_kept_for_sure_is_corrected_and_dropped_only_as_no_staff() -> None:
    unclear = block(UNCLEAR)
    revision = revised(unclear, [told("Tobias Quennell", title="ACT", department="Drama")])
    (changed,) = revision.people
    assert (revision.result, changed.title, changed.department) == ("changed", "ACT", None)
    assert (changed.email, changed.method) == ("tquennell@quillfern.test", "llm")
    assert revision.dropped_values == 1
    assert revised(unclear, []).people == (unclear.person,)
    assert revised(unclear, [told("Tobias Quennell", "nobody")]).people == (unclear.person,)
    assert revised(unclear, [told("Tobias Quennell", "student")]).people == ()


def test_a_name_is_parted_otherwise_and_never_loses_what_stands_before_it() -> None:
    lines = ("Mrs. Hester Vandermoor Lark Hollow",)
    long = Person(
        "Mrs. Hester Vandermoor Lark Hollow", first="Hester", last="Hollow", honorific="Mrs.", snippet=lines[0]
    )
    misread = DoubtfulBlock("barely_kept", lines, path="/html", person=long, kept=True)
    (changed,) = revised(misread, [told("Mrs. Hester Vandermoor", department="Lark Hollow")]).people
    assert (changed.name, changed.last, changed.department) == ("Mrs. Hester Vandermoor", "Vandermoor", "Lark Hollow")
    right = msgspec.structs.replace(changed, department=None, method="")
    for name in ("Hester Vandermoor", "Hester"):
        (same,) = revised(msgspec.structs.replace(misread, person=right), [told(name)]).people
        assert (same.name, same.honorific) == ("Mrs. Hester Vandermoor", "Mrs.")


def test_a_title_does_not_hold_the_name() -> None:
    revision = revised(ENTRY, [told("Hester Vandermoor", title="Hester Vandermoor (Hettie) Lead Teacher")])
    assert [(one.title, revision.dropped_values) for one in revision.people] == [(None, 1)]


def test_a_title_that_is_a_department_moves() -> None:
    unclear = block(UNCLEAR)
    assert unclear.person is not None
    misread = msgspec.structs.replace(unclear, person=msgspec.structs.replace(unclear.person, title="ACT"))
    (changed,) = revised(misread, [told("Tobias Quennell", department="ACT")]).people
    assert (changed.title, changed.department) == (None, "ACT")


def test_of_swapped_blocks_nothing_is_believed() -> None:
    first, second = doubtful_blocks(read(UNREAD))
    answers = told("Odalys Brightwater", email="obrightwater@quillfern.test"), told("Brook Rivers")
    assert [revised(first, [answers[1]]).people, revised(second, [answers[0]]).people] == [(), ()]
    mixed = revised(second, [told("Brook Rivers", email="obrightwater@quillfern.test", phone="423-555-0107")])
    assert [(one.email, one.phone) for one in mixed.people] == [(None, "423-555-0107")]


def test_people_after_are_in_their_place_and_each_once() -> None:
    page = read(BARELY).page
    blocks = doubtful_blocks(read(BARELY))
    revisions = [revised(one, [told(one.lines[0], "nobody")]) for one in blocks[:2]]
    assert people_after(page.people, revisions) == list(page.people[2:])
    assert people_after(page.people[3:], revisions) == list(page.people[3:]), "they are not ours to change"
    again = Revision(blocks[2], "added", (page.people[2], page.people[8]))
    assert people_after(page.people, [again]) == list(page.people)


def test_the_question_has_the_blocks_and_not_the_page() -> None:
    blocks = doubtful_blocks(read(UNREAD))
    (portion,) = portions(blocks)
    question = staff_question(portion)
    assert question.data == (
        "# Our Staff\n"
        "[1] The front office is run by Odalys Brightwater | obrightwater@quillfern.test\n"
        "[2] Art II and pottery with Brook Rivers | 423-555-0107"
    )
    assert "Wren" not in question.data
    linked = msgspec.structs.replace(ENTRY, lines=("Hester | [2] Vandermoor",))
    assert staff_question([(1, linked)]).data.endswith(
        "[1] Hester / [2] Vandermoor | addresses: hvandermoor@quillfern.test"
    )


def test_many_blocks_are_asked_about_in_portions() -> None:
    numbered = portions([ENTRY] * (2 * BLOCKS_AT_ONCE + 1))
    assert [len(portion) for portion in numbered] == [BLOCKS_AT_ONCE, BLOCKS_AT_ONCE, 1]
    assert numbered[2][0][0] == 2 * BLOCKS_AT_ONCE + 1


def test_an_answer_is_read_entry_by_entry() -> None:
    whole = {"block": 1, "people": [person("Hester Vandermoor")]}
    text = msgspec.json.encode(
        {
            "blocks": [
                whole,
                {"block": 1, "people": []},
                {"block": 7, "people": []},
                {"block": 2, "people": [{"name": "No kind"}]},
                {"block": 2, "people": [person("Odalys Brightwater", "ghost")]},
                "nonsense",
            ]
        }
    ).decode()
    assert told_people(Answer(text), portions([ENTRY, ENTRY])[0]) == {1: (told("Hester Vandermoor"),)}
    assert told_people(Answer(text[:40]), portions([ENTRY])[0]) == {}


def test_the_schema_and_the_answer_name_the_same_fields() -> None:
    items = PEOPLE_SCHEMA["properties"]["blocks"]["items"]["properties"]["people"]["items"]
    assert items["required"] == list(items["properties"]) == list(ToldPerson.__struct_fields__)
