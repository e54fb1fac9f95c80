"""Words that a broken text layer cut, joined, lost or spaced out are made whole, and counted."""

from __future__ import annotations

import msgspec
import pytest

from extraction.evidence import Box
from extraction.schools.damage import mended, respelled
from extraction.schools.rulings import Rulings
from extraction.schools.sheets import Sheet, lines_of
from extraction.schools.words import Word


def sheet(*texts: str, gap: float = 2.5) -> Sheet:
    """A page with these lines, letters five points wide."""
    words: list[Word] = []
    for row, text in enumerate(texts):
        left = 10.0
        for part in text.split(" "):
            words.append(Word(part, Box(left, 20.0 * row, left + 5 * len(part), 20.0 * row + 10)))
            left += 5 * len(part) + gap
    return Sheet(1, 600, 800, lines_of(words), Rulings(), 100, (), cut=False, column_gap=6.0)


def texts(page: Sheet) -> list[str]:
    return [line.text for line in page.lines]


@pytest.mark.parametrize(
    ("printed", "whole", "joined"),
    [
        ("Bapti st Church", "Baptist Church", 1),
        ("Sunfl ower Elementary", "Sunflower Elementary", 1),
        ("Saltfl at High School", "Saltflat High School", 1),
        ("Hatt i esburg High School", "Hattiesburg High School", 2),
        ("Griffi n Creek Elem", "Griffin Creek Elem", 1),
    ],
)
def test_a_word_that_a_ligature_cut_is_joined(printed: str, whole: str, joined: int) -> None:
    page = mended(sheet(printed))
    assert texts(page) == [whole]
    assert page.damage.joined == joined


@pytest.mark.parametrize(
    "sound",
    [
        "Scott of the Woods Academy",
        "Taft at Lincoln Middle School",
        "Alder Elementary School",
        "The staff left and went off to other schools after they met again",
    ],
)
def test_words_that_stand_alone_stay_alone(sound: str) -> None:
    page = mended(sheet(sound))
    assert texts(page) == [sound]
    assert page.damage.total == 0


def test_a_lost_ligature_is_restored_where_only_one_makes_a_known_word() -> None:
    page = mended(sheet("A\ufffd ala County", "Lafaye\ufffd e Middle School"))
    assert texts(page) == ["Attala County", "Lafayette Middle School"]
    assert (page.damage.restored, page.damage.lost) == (2, 0)


def test_a_lost_ligature_of_an_unknown_word_stays_lost_and_is_counted() -> None:
    page = mended(sheet("Qu\ufffdzz Elementary"))
    assert texts(page) == ["Qu\ufffdzz Elementary"]
    assert (page.damage.restored, page.damage.lost) == (0, 1)


def test_a_word_of_the_page_tells_what_is_lost_in_another() -> None:
    page = mended(sheet("Wi\ufffderby School", "Witterby School District"))
    assert texts(page)[0] == "Witterby School"


def test_letters_that_are_spaced_out_are_a_word() -> None:
    page = mended(sheet("S C H O O L", "A B", gap=4.0))
    assert texts(page) == ["SCHOOL", "A B"]
    assert page.damage.spaced == 1


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("Lincoin Elementary", "Lincoln Elementary"),
        ("Biaden Lakes Primary", "Bladen Lakes Primary"),
        ("Bladen-Lincoin Middie School", "Bladen-Lincoln Middle School"),
        ("Trinity Schoo!", "Trinity School"),
        ("Quillfiather School", "Quillfiather School"),
    ],
)
def test_a_doubtful_word_of_a_scan_is_spelled_as_the_known_one_that_looks_alike(read: str, meant: str) -> None:
    page = respelled(doubtful(sheet(read), 0.9))
    assert texts(page) == [meant]
    assert page.damage.restored == sum(a != b for a, b in zip(read.split(), meant.split(), strict=True))


def test_a_word_that_was_read_surely_is_left_as_it_is() -> None:
    page = respelled(doubtful(sheet("Lincoin Elementary"), 0.97))
    assert texts(page) == ["Lincoin Elementary"]


def doubtful(page: Sheet, sure: float) -> Sheet:
    words = [msgspec.structs.replace(word, sure=sure) for word in page.words]
    return msgspec.structs.replace(page, lines=lines_of(words), scanned=True)
