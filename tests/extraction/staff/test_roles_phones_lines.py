"""Titles become roles, numbers become E.164, and lines say what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.staff.cms import systems
from extraction.staff.lines import bare_text, is_prose, is_title, is_vacancy, labelled, split_text
from extraction.staff.phones import find_phones
from extraction.staff.roles import UNKNOWN, role_keys, role_of
from extraction.staff.sections import is_off, says_staff
from extraction.staff.vocabulary import given_names, phrase_pattern, table, words

TIERS = ("phrases", "words", "hints")
ENTRIES = [(role["key"], text) for tier in TIERS for role in table("roles")["role"] for text in role.get(tier, ())]


@given(
    st.lists(st.sampled_from([text for _, text in ENTRIES]), min_size=1, max_size=3), st.sampled_from((" ", "/", "x"))
)
def test_a_role_is_the_first_of_the_table_whose_words_occur(texts: list[str], between: str) -> None:
    title = between.join(text.removesuffix("*") for text in texts).title()
    assert role_of(title) == next((key for key, text in ENTRIES if phrase_pattern([text]).search(title)), UNKNOWN)


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Principal", "principal"),
        ("Vice Principal / Athletic Director", "assistant_principal"),
        ("Secretary to the Principal", "secretary"),
        ("Superintendent of Schools", "superintendent"),
        ("Assistant Superintendent", "assistant_superintendent"),
        ("Title I Coordinator", "title_i_coordinator"),
        ("Director of Federal Programs", "title_i_coordinator"),
        ("Instructional Coach", "curriculum"),
        ("Instructional Technology Specialist", "instructional_technology"),
        ("Network Administrator", "it_admin"),
        ("Media Specialist", "librarian_media"),
        ("School Counselor", "counselor"),
        ("School Psychologist", "school_psychologist"),
        ("School Nurse, RN", "nurse"),
        ("Licensed Social Worker", "social_worker"),
        ("Special Education Teacher", "special_ed"),
        ("ESL Teacher", "el_esl"),
        ("Reading Interventionist", "reading_specialist"),
        ("Math Coach", "math_coach"),
        ("3rd Grade", "teacher"),
        ("Algebra II", "teacher"),
        ("Band Director", "arts"),
        ("PE", "pe"),
        ("Welding", "cte"),
        ("Ag Mechanics", "cte"),
        ("Auto Mechanics", "cte"),
        ("Mechanic", "transportation"),
        ("Classroom Aide", "paraprofessional"),
        ("Registrar", "registrar"),
        ("Payroll", "business_finance"),
        ("Bus Driver", "transportation"),
        ("Cafeteria Manager", "food_service"),
        ("Head Custodian", "custodial"),
        ("Varsity Football Coach", "athletics"),
        ("Parent Liaison", "family_engagement"),
        ("Board President", "board_member"),
        ("Director of Communications", "other"),
        ("Wizard", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_title_has_its_role(title: str | None, role: str) -> None:
    assert role_of(title) == role


def test_titles_as_directories_print_them_have_their_roles() -> None:
    lines = Path(__file__).with_name("titles.tsv").read_text("utf-8").splitlines()
    pairs = [tuple(line.split("\t")) for line in lines if not line.startswith("#")]
    assert len(pairs) == len(set(pairs)) >= 300
    assert {role for _, role in pairs} == {*role_keys(), UNKNOWN}
    wrong = [(title, role, role_of(title)) for title, role in pairs if role_of(title) != role]
    assert wrong == []


def test_roles_are_listed_once_and_every_one_can_be_reached() -> None:
    keys = role_keys()
    assert len(keys) == len(set(keys)) >= 30
    for entry in table("roles")["role"]:
        words = [word for tier in ("phrases", "words", "hints") for word in entry.get(tier, [])]
        assert len(words) == len(set(words)), entry["key"]
        assert any(role_of(word.rstrip("*")) == entry["key"] for word in words), entry["key"]
        assert all(role_of(word.rstrip("*")) == entry["key"] for word in entry.get("phrases", [])), entry["key"]


def test_word_lists_are_lower_case_and_do_not_contradict_each_other() -> None:
    stop = words("names", "stop_words")
    assert all(word == word.lower() for word in stop)
    assert words("names", "surname_words") <= stop
    assert len(given_names()) > 900
    assert not {name for name in given_names() if name in stop}
    kinds = table("columns")
    header_words = [word for kind, entries in kinds.items() if kind != "off" for word in entries]
    assert len(header_words) == len(set(header_words))
    assert {system.key for system in systems()} >= {"finalsite", "blackboard", "edlio", "smart_sites"}


@pytest.mark.parametrize(
    ("text", "e164", "extension"),
    [
        ("(515) 555-0142", "+15155550142", None),
        ("515.555.0142 ext. 12", "+15155550142", "12"),
        ("Call 1-515-555-0142, x 344 today", "+15155550142", "344"),
        ("(123)-123-1111", "+11231231111", None),
        ("Ext. 6217", None, "6217"),
        ("5155550142", "+15155550142", None),
        ("(515) 555-0142 x123", "+15155550142", "123"),
        ("515-555-0142 ext. 123", "+15155550142", "123"),
        ("515-555-0142 Ext: 123", "+15155550142", "123"),
        ("515-555-0142, extension 123", "+15155550142", "123"),
        ("515-555-0142 (x-123)", "+15155550142", "123"),
        ("515-555-0142 #12", "+15155550142", "12"),
        ("555-0100 #12", None, "12"),
        ("555-0142", None, None),
        ("555.0142 ext 7", None, "7"),
    ],
)
def test_numbers_are_found_with_their_extension(text: str, e164: str | None, extension: str | None) -> None:
    found = find_phones(text)
    assert [(phone.e164, phone.extension) for phone in found] == [(e164, extension)]
    assert found[0].printed in text


@pytest.mark.parametrize(
    "text",
    [
        "2025-2026",
        "Room 114",
        "12/05/2026",
        "ZIP 50309-1234",
        "id 12345678901234",
        "555-01",
        "101-2345-6",
        "#555-0142",
        "PO-555-0142",
    ],
)
def test_other_digits_are_no_numbers(text: str) -> None:
    assert find_phones(text) == []


def test_a_number_with_area_code_hides_those_without() -> None:
    assert [phone.printed for phone in find_phones("(515) 555-0142 or 555-0143")] == ["(515) 555-0142"]


@given(st.text(max_size=120))
def test_lines_of_any_text_are_read_without_error(text: str) -> None:
    find_phones(text)
    bare_text(text)
    labelled(text)
    split = split_text(text)
    assert split is None or split[0].last


def test_lines_are_told_apart() -> None:
    assert labelled("Titles: Spanish") == ("title", "Spanish")
    assert labelled("Motto: Courage") is None
    assert is_title("K-2")
    assert not is_title("She has been a teacher here for ten years.")
    assert is_prose("“I love to see children grow.”")
    assert is_vacancy("Vacant (Apply now)")
    assert is_vacancy("TBD")
    assert not is_vacancy("Tobias Dunne")
    assert bare_text("Odalys Brightwater, ob@wexford.example, Phone: (515) 555-0142") == "Odalys Brightwater"


@pytest.mark.parametrize(
    ("text", "name", "title"),
    [
        ("Beckham, Hannah - CTE", "Beckham, Hannah", "CTE"),
        ("Odalys Brightwater, Principal", "Odalys Brightwater", "Principal"),
        ("Principal: Odalys Brightwater", "Odalys Brightwater", "Principal"),
        ("Odalys Brightwater (Grade 2)", "Odalys Brightwater", "Grade 2"),
        ("Odalys Brightwater | Nurse", "Odalys Brightwater", "Nurse"),
        ("De La Cruz, Ana – 3rd Grade", "De La Cruz, Ana", "3rd Grade"),
        ("Yellow Horse, Marlon – Speech Therapist", "Yellow Horse, Marlon", "Speech Therapist"),
        ("St. Clair, Gökçe - Nurse", "St. Clair, Gökçe", "Nurse"),
        ("dos Santos, Ximena R. – Principal", "dos Santos, Ximena R.", "Principal"),
        ("Odalys Brightwater, Music – Grade 4", "Odalys Brightwater", "Music – Grade 4"),
        ("Sven Aldrich, Rose Hill, Grade 5", "Sven Aldrich", "Rose Hill, Grade 5"),
    ],
)
def test_a_line_with_name_and_title_is_split(text: str, name: str, title: str) -> None:
    split = split_text(text)
    assert split is not None
    assert (split[0].text, split[1]) == (name, title)


@pytest.mark.parametrize(
    "text", ["Austin, Texas, USA", "By Rosalind Achterberg, who is a parent of two and likes our school"]
)
def test_other_lines_are_not(text: str) -> None:
    assert split_text(text) is None


def test_headings_open_and_close_collection() -> None:
    assert is_off("Board of Education")
    assert is_off("PTSA Officers")
    assert is_off("Class of 2027")
    assert not is_off("Board Secretary and Office")
    assert is_off("News")
    assert not is_off("Faculty of Newport News High School")
    assert not is_off("Lincoln Memorial Elementary School")
    assert says_staff("Meet Our Staff")
    assert not says_staff("Lost and Found")
