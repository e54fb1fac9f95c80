"""Names of schools: what is one name, what is another, and what words are worth."""

from __future__ import annotations

import pytest

from extraction.linkage.likeness import NameParts, WordWeights, likeness, word_likeness
from extraction.linkage.names import SchoolName, long_words

WEIGHTS = WordWeights([NameParts(SchoolName(name)) for name in ("Oak Ridge ES", "Pine Hollow ES", "Oak Hill MS")])


def alike(one: str, other: str) -> float:
    found = likeness(NameParts(SchoolName(one)), NameParts(SchoolName(other)), WEIGHTS)
    return 0.0 if found is None or found.level == "near" else found.words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pine Hollow ES", "Pine Hollow Elementary School"),
        ("Pine Hollow Ele Sch", "PINE HOLLOW ELEM."),
        ("St. Mary's Elem Sch", "Saint Marys Elementary"),
        ("P.S. 12", "PS 12"),
        ("P. S. 012", "Public School 12"),
        ("School #5", "School No. 5"),
        ("Marlow II", "Marlow 2"),
        ("M. L. King Jr. MS", "M L King Junior Middle School"),
        ("Cesar E. Chavez High", "CESAR CHAVEZ HS"),
        ("Mt. Zion El", "Mount Zion Elementary"),
        ("No. Marlow Elementary", "North Marlow Elementary"),
        ("Marlow E Elementary", "Marlow East Elementary"),
        ("Elm Street ES", "Elm Street Elementary School"),
        ("Elementary Lincoln", "Lincoln Elementary"),
        ("Lincoln, Abraham MS", "Abraham Lincoln Middle"),
        ("Oak Grove Primary", "Oakgrove Primary"),
        ("Marlow Jr/Sr High", "Marlow Junior-Senior High School"),
        ("Pine & Oak Acad", "Pine and Oak Academy"),
        ("José Martí Escuela", "Jose Marti Escuela"),
        ("Oak Hill Elemantary Scholo", "Oak Hill Elementary School"),
    ],
)
def test_one_name_in_two_spellings(one: str, other: str) -> None:
    assert alike(one, other) >= 0.9
    assert alike(other, one) >= 0.9


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pine Hollow Elementary", "Pine Hollow High School"),
        ("Pine Hollow Elementary", "Pine Ridge Elementary School"),
        ("P.S. 12", "P.S. 21"),
        ("North Marlow ES", "South Marlow ES"),
        ("Marlow Middle School", "Marlow Elementary School"),
        ("El Centro Elementary", "Centro Elementary"),
        ("Lincoln Heights ES", "Lincoln Creek ES"),
        ("High School", "Marlow High School"),
    ],
)
def test_two_names(one: str, other: str) -> None:
    assert alike(one, other) < 0.9
    assert alike(other, one) < 0.9


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("creek", "creek", 1, 1), ("crk", "creek", 0.8, 0.9), ("w", "walter", 0.9, 0.9),
        ("wash", "washington", 0.8, 0.9),
        ("lincoln", "lincon", 0.9, 0.9), ("oak", "elk", 0, 0), ("hill", "hall", 0.7, 0.8), ("brook", "ridge", 0, 0),
    ],
)  # fmt: skip
def test_words_may_be_short_or_misspelled(one: str, other: str, least: float, most: float) -> None:
    assert least <= word_likeness(one, other) == word_likeness(other, one) <= most


def test_rare_words_weigh_more() -> None:
    assert WEIGHTS["hollow"] > WEIGHTS["oak"] > WEIGHTS["academy"]
    assert WEIGHTS["never seen"] >= WEIGHTS["hollow"]
    assert WEIGHTS["j"] < WEIGHTS["oak"]


def test_initials_are_no_points_of_the_compass() -> None:
    assert long_words("Cesar E. Chavez") == ["cesar", "e", "chavez"]
    assert long_words("E. Marlow") == ["east", "marlow"]
    assert long_words("12 N Oak St") == ["12", "north", "oak", "saint"]
