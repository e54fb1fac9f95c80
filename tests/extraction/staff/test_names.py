"""A name is told by its shape and by words that no name has; no list of names can shut anybody out."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.staff.make_census_names import table
from extraction.staff.names import DOUBTED, IN_COMPANY, parse_name
from extraction.staff.vocabulary import words

RESERVED = (
    words("names", "stop_words")
    | words("names", "honorifics")
    | words("names", "credentials")
    | words("names", "suffixes")
    | words("names", "particles")
    | words("names", "paired_surnames")
)
PART = st.from_regex(r"[A-Z][a-z]{2,9}", fullmatch=True).filter(lambda text: text.lower() not in RESERVED)
HYPHENED = st.builds("{}-{}".format, PART, PART)
SURNAME = st.one_of(PART, HYPHENED, st.builds("O'{}".format, PART), st.builds("de la {}".format, PART))


@given(
    PART,
    SURNAME,
    st.sampled_from(["", "Dr. ", "Mrs. ", "Mr "]),
    st.sampled_from(["", ", Ph.D.", ", M.Ed., NBCT", " Jr.", " III"]),
)
def test_what_is_formatted_as_a_name_is_parsed_back(first: str, last: str, honorific: str, behind: str) -> None:
    for text in (f"{honorific}{first} {last}{behind}", f"{last}, {honorific}{first}"):
        name = parse_name(text)
        assert name is not None, text
        assert (name.first, name.last) == (first, last), text
        assert name.text == text
        assert (name.honorific is not None) == bool(honorific)


@given(PART, PART, st.from_regex(r"[A-Z]\.", fullmatch=True), PART)
def test_middle_initials_and_nicknames_change_neither_first_nor_last(
    first: str, last: str, initial: str, nick: str
) -> None:
    for text in (f"{first} {initial} {last}", f'{first} "{nick}" {last}', f"{first} ({nick}) {last}"):
        name = parse_name(text)
        assert name is not None
        assert (name.first, name.last) == (first, last)


@given(st.text(max_size=70))
def test_any_text_is_a_name_or_not_but_never_an_error(text: str) -> None:
    name = parse_name(text)
    assert name is None or (name.last and 0 < name.likelihood <= 1)


@pytest.mark.parametrize(
    "text",
    [
        "Physical Education",
        "Math Teacher",
        "Assistant Principal",
        "Staff Directory",
        "Cross Country",
        "STEM Lab",
        "HVAC Shop",
        "Dean of Students",
        "Read More",
        "Room 114",
        "jane doe",
        "Jane",
        "Title I Program",
        "PTSA",
        "Mr. & Mrs. Smith",
        "Vacant",
        "Lunch Menus",
        "Board of Education",
        "Follow Us",
        "A B",
        "",
        "Special Education Co-Teacher",
        "www.school.org",
        "Home | About",
    ],
)
def test_what_stands_beside_names_is_none(text: str) -> None:
    assert parse_name(text) is None


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("HANNAH *FLORES", "HANNAH", "FLORES"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("de la Cruz, Maria", "Maria", "de la Cruz"),
        ("Mrs. Austin", None, "Austin"),
        ("Mrs. Cook", None, "Cook"),
        ("Dana West", "Dana", "West"),
        ("Pat Lora-Driver", "Pat", "Lora-Driver"),
        ("Francis Conte MPA CAP®", "Francis", "Conte"),
        ("Ed Stone", "Ed", "Stone"),
        ("Doe Jr., John", "John", "Doe"),
    ],
)
def test_parts_of_names_as_schools_print_them(text: str, first: str | None, last: str) -> None:
    name = parse_name(text)
    assert name is not None
    assert (name.first, name.last) == (first, last)


def test_a_name_with_a_word_of_the_trade_counts_only_among_names() -> None:
    name = parse_name("Otis Register")
    assert name is not None
    assert name.likelihood == IN_COMPANY


@pytest.mark.parametrize(
    ("text", "first", "last", "likelihood"),
    [
        ("Skip Day", "Skip", "Day", DOUBTED),
        ("Day, Skip", "Skip", "Day", DOUBTED),
        ("Della Page", "Della", "Page", DOUBTED),
        ("Chancellor, Della", "Della", "Chancellor", DOUBTED),
        ("Della Day Ashdown", "Della", "Ashdown", DOUBTED),
        ("See Vang", "See", "Vang", DOUBTED),
        # Titles as well.
        ("Art Bell", "Art", "Bell", IN_COMPANY),
        ("Della Nurse", "Della", "Nurse", IN_COMPANY),
        ("French, Art", "Art", "French", IN_COMPANY),
        # Of a given name that no list knows, it might be a place.
        ("Kehau Church", "Kehau", "Church", IN_COMPANY),
        ("Maple Street", "Maple", "Street", IN_COMPANY),
        # Sure for what stands around the word.
        ("Mai See Vang", "Mai See", "Vang", 0.5),
        ("Hope Street", "Hope", "Street", 0.9),
        ("Ms. Skip Day", "Skip", "Day", 0.95),
        ("Mrs. Page", None, "Page", 0.95),
        ("Della Nurse, M.Ed.", "Della", "Nurse", 0.95),
    ],
)
def test_a_word_that_names_seldom_are_makes_a_name_less_likely(
    text: str, first: str | None, last: str, likelihood: float
) -> None:
    name = parse_name(text)
    assert name is not None
    assert (name.first, name.last) == (first, last)
    assert name.likelihood == pytest.approx(likelihood) if likelihood <= DOUBTED else name.likelihood >= likelihood


@pytest.mark.parametrize(
    "text",
    [
        "Skip Navigation",
        "Art Club",
        "Home Page",
        "School Nurse",
        "Main Street",
        "Green Valley Church",
        "Page Two Menu",
        "Art II",
        "Studio Art",
        "Jazz Band",
        "Kelly Head Nurse",
        "Art I",
        "Lane C",
    ],
)
def test_words_that_are_names_make_no_name_of_a_label(text: str) -> None:
    assert parse_name(text) is None


def test_a_nickname_may_be_such_a_word_but_not_a_subject() -> None:
    name = parse_name('Robert "Skip" Ashdown')
    assert name is not None
    assert name.nickname == "Skip"
    assert parse_name("Jane Ashdown (Art)") is None


def test_nicknames_and_credentials_are_kept_apart() -> None:
    name = parse_name('Robert "Bob" Vanterpool, Ed.D.')
    assert name is not None
    assert (name.nickname, name.credentials) == ("Bob", ("Ed.D.",))


def test_suffixes_are_no_credentials() -> None:
    name = parse_name("Vanterpool, Robert L., III, Ph.D.")
    assert name is not None
    assert (name.middle, name.suffix, name.credentials) == ("L.", "III", ("Ph.D.",))


def test_the_table_of_the_census_is_that_of_its_package() -> None:
    pytest.importorskip("names")
    kept = files("extraction.staff").joinpath("census_given_names.txt").read_text("utf-8")
    assert kept == table()
