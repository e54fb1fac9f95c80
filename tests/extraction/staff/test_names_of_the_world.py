"""Names of many cultures, printed in many ways, are taken apart as they were put together."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extraction.staff.names import PersonName, parse_name

CULTURES: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_name("cultures.toml").read_text("utf-8"))
GIVEN = [name for culture in CULTURES.values() for name in culture["given"]]
FAMILIES = [name for culture in CULTURES.values() for name in culture["family"]]

HONORIFICS = [
    "Mr.",
    "Mrs.",
    "Ms.",
    "Mx.",
    "Dr.",
    "Señora",
    "Sr.",
    "Coach",
    "Chaplain",
    "Rev.",
    "Rev. Dr.",
    "Mme",
    "Mdm",
]
SUFFIXES = ["Jr.", "Sr.", "II", "III", "IV"]
CREDENTIALS = ["Ed.D.", "Ph.D.", "PhD", "NBCT", "M.Ed.", "LCSW", "CCC-SLP", "RN", "Ed.S.", "MSW", "OTR/L", "BCBA"]
NICKNAMES = ['"Bo"', "“Didi”", "(Kit)", "[Lou]", "'Tex'"]
MIDDLES = ["M.", "Q", "J.R.", "Ann", "Ruth-Marie"]


def parsed(text: str) -> PersonName:
    name = parse_name(text)
    assert name is not None, text
    assert name.text == text
    return name


def test_there_are_enough_names_of_enough_cultures() -> None:
    assert len(CULTURES) >= 15
    assert len(set(GIVEN)) >= 150
    assert len(set(FAMILIES)) >= 150


@settings(max_examples=400)
@given(
    st.sampled_from(GIVEN),
    st.sampled_from(FAMILIES),
    st.sampled_from([None, *MIDDLES]),
    st.sampled_from([None, *HONORIFICS]),
    st.sampled_from([None, *SUFFIXES]),
    st.lists(st.sampled_from(CREDENTIALS), max_size=3, unique=True),
    st.sampled_from([None, *NICKNAMES]),
)
def test_what_is_printed_is_taken_apart_again(
    first: str,
    last: str,
    middle: str | None,
    honorific: str | None,
    suffix: str | None,
    credentials: list[str],
    nickname: str | None,
) -> None:
    def joined(*parts: str | None) -> str:
        return " ".join(part for part in parts if part)

    behind = "".join(f", {credential}" for credential in credentials)
    texts = [
        joined(honorific, first, nickname, middle, last, suffix) + behind,
        joined(honorific, first, middle, nickname, last) + (f", {suffix}" if suffix else "") + behind,
        f"{last}, {joined(honorific, first, middle, nickname, suffix)}{behind}",
        f"{joined(last, suffix)}, {joined(honorific, first, nickname, middle)}{behind}",
    ]
    if honorific != "Sr.":  # which behind a name is no Sister
        called = f"({honorific})" if honorific else None
        texts.append(f"{last}, {joined(first, middle, nickname, called, suffix)}{behind}")
    for text in texts:
        name = parsed(text)
        assert (name.first, name.middle, name.last) == (first, middle, last), text
        assert (name.honorific, name.suffix, name.credentials) == (honorific, suffix, tuple(credentials)), text
        assert name.nickname == (nickname[1:-1] if nickname else None), text


# "Ms. Della Rovere" and "Mr. Mac Giolla" may have Della and Mac for given names.
@given(
    st.sampled_from([name for name in FAMILIES if name not in ("Della Rovere", "Mac Giolla")]),
    st.sampled_from(HONORIFICS),
)
def test_one_name_behind_an_honorific_is_the_family_s(last: str, honorific: str) -> None:
    # "Ashdown, Sr." is somebody's father.
    behind = "Mr." if honorific == "Sr." else honorific
    for text, printed in ((f"{honorific} {last}", honorific), (f"{last}, {behind}", behind)):
        name = parsed(text)
        assert (name.honorific, name.first, name.middle, name.last) == (printed, None, None, last), text


# In capitals the E between two surnames is an initial, and six letters are the fewest that read as a name.
@given(st.sampled_from(GIVEN), st.sampled_from([name for name in FAMILIES if " e " not in name]))
def test_capitals_change_nothing_and_are_kept(first: str, last: str) -> None:
    for written in (f"{first} {last}".upper(), f"{first} {last}".title()):
        if len(written) > 6:
            name = parsed(written)
            assert f"{name.first} {name.last}" == written


@pytest.mark.parametrize(
    ("text", "first", "middle", "last"),
    [
        # The family first, as Vietnamese, Hmong, Chinese and Korean names are printed at home.
        ("Nguyễn Thị Ánh", "Ánh", "Thị", "Nguyễn"),
        ("Tran Van Long", "Long", "Van", "Tran"),
        ("NGUYEN MINH ANH", "ANH", "MINH", "NGUYEN"),
        ("Tran, Thi Mai", "Mai", "Thi", "Tran"),
        ("Vang Pao", "Pao", None, "Vang"),
        ("Tan Wei Ling", "Wei Ling", None, "Tan"),
        ("Kim Min-jun", "Min-jun", None, "Kim"),
        # The family last, as most of them print it here.
        ("Anh Nguyen", "Anh", None, "Nguyen"),
        ("Hong Van Nguyen", "Hong", "Van", "Nguyen"),
        ("Pa Houa Vang", "Pa Houa", None, "Vang"),
        ("Mai Lee Xiong", "Mai Lee", None, "Xiong"),
        ("Wei Ling Tan", "Wei Ling", None, "Tan"),
        ("Kathy Lee Vang", "Kathy", "Lee", "Vang"),
        ("Kim Long", "Kim", None, "Long"),
        # Two words that are one given name, in any order of given and family name.
        ("Jo Ann Ostrander", "Jo Ann", None, "Ostrander"),
        ("Ostrander, Jo Ann M.", "Jo Ann", "M.", "Ostrander"),
        ("García Lozano, María José", "María José", None, "García Lozano"),
        ("Maria Elena Salas", "Maria", "Elena", "Salas"),
        ("Xiu Ying Qiu", "Xiu Ying", None, "Qiu"),
        ("Vang, Mai See", "Mai See", None, "Vang"),
        # Two surnames.
        ("Maria Garcia Lopez", "Maria", None, "Garcia Lopez"),
        ("Maria del Carmen Garcia Lopez", "Maria", "del Carmen", "Garcia Lopez"),
        ("Garcia Lopez, Maria Elena", "Maria", "Elena", "Garcia Lopez"),
        ("Jennifer Garcia Tuttle", "Jennifer", "Garcia", "Tuttle"),
        ("Jane Underhill Tuttle", "Jane", "Underhill", "Tuttle"),
        ("Ana Cruz y Soto", "Ana", None, "Cruz y Soto"),
        # Particles and what only looks like one.
        ("Mary St. Clair", "Mary", None, "St. Clair"),
        ("Maria E Lopez", "Maria", "E", "Lopez"),
        ("Yusuf Abd al-Rahman", "Yusuf", None, "Abd al-Rahman"),
        ("ʻAkauʻola, Sione", "Sione", None, "ʻAkauʻola"),
        ("Ó Súilleabháin, Seán", "Seán", None, "Ó Súilleabháin"),
        ("Ana dos Santos", "Ana", None, "dos Santos"),
        ("Jane mcDowell", "Jane", None, "mcDowell"),
        ("Pat deSilva", "Pat", None, "deSilva"),
        ("Doe, Jane, M.", "Jane", "M.", "Doe"),
        ("J. Robert Underhill", "J.", "Robert", "Underhill"),
    ],
)
def test_order_and_length_of_names(text: str, first: str, middle: str | None, last: str) -> None:
    name = parsed(text)
    assert (name.first, name.middle, name.last) == (first, middle, last)


@pytest.mark.parametrize("text", ["Jane Doe (she/her)", "Doe, Jane (They/Them)", "Jane Doe (A-Br)"])
def test_pronouns_and_letters_of_the_alphabet_are_no_part_of_the_name(text: str) -> None:
    name = parsed(text)
    assert (name.first, name.last, name.nickname) == ("Jane", "Doe", None)


@pytest.mark.parametrize(
    "text",
    [
        "Jane Doe (Principal)",
        "Jane Doe (Grade 2)",
        "Jane Doe [Room 4]",
        "Jane/John Doe",
        "Jane Doe, XYZZY, RN",
        "Doe, , Jane",
    ],
)
def test_brackets_and_commas_with_anything_else_make_it_no_name(text: str) -> None:
    assert parse_name(text) is None
