"""Sequence numbers: a list that counts its rows tells which of them were not read, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.schools.sequence import (
    Gap,
    SequenceReading,
    SequenceWatch,
    sequence_column,
    sequence_number,
)


def school(number: int) -> str:
    return f"School {number}"


def read(watch: SequenceWatch, numbers: Iterable[int | str | None]) -> SequenceReading:
    for number in numbers:
        watch.see(None if number is None else str(number), f"School {number}")
    reading = watch.end_page()
    assert reading is not None
    return reading


def missing(reading: SequenceReading) -> list[int]:
    return [number for gap in reading.gaps for number in range(gap.first, gap.last + 1)]


def test_a_gap_names_its_numbers_and_the_schools_around_it() -> None:
    reading = read(SequenceWatch(), [15, 16, 19, 20])
    assert reading.gaps == (Gap(17, 18, "School 16", "School 19"),)
    assert reading.warnings == ("numbers 17 and 18 of the list are missing between “School 16” and “School 19”",)
    assert reading.rows_expected == 6


@pytest.mark.parametrize(
    ("gap", "warning"),
    [
        (Gap(17, 17, "A", "B"), "number 17 of the list is missing between “A” and “B”"),
        (Gap(17, 25, "A", "B"), "numbers 17 to 25 of the list are missing between “A” and “B”"),
        (Gap(1, 2, None, "B"), "numbers 1 and 2 of the list are missing before “B”"),
    ],
)
def test_what_a_warning_says(gap: Gap, warning: str) -> None:
    assert gap.warning == warning


def test_numbers_run_on_over_pages() -> None:
    watch = SequenceWatch()
    assert read(watch, range(1, 41)) == SequenceReading(40, ())
    assert watch.last == 40
    reading = read(watch, range(43, 81))
    assert missing(reading) == [41, 42]
    assert reading.gaps[0].after == "School 40"
    assert reading.rows_expected == 40
    assert read(watch, range(81, 100)) == SequenceReading(19, ())


def test_a_lost_page_is_a_gap() -> None:
    watch = SequenceWatch()
    read(watch, range(1, 41))
    assert missing(read(watch, range(81, 121))) == list(range(41, 81))


def test_numbers_may_begin_anew_on_every_page_and_in_every_group() -> None:
    watch = SequenceWatch()
    assert read(watch, range(1, 41)).gaps == ()
    assert read(watch, [*range(1, 5), *range(1, 4), 1, 1, 2, 4]).gaps == (Gap(3, 3, "School 2", "School 4"),)


def test_a_group_whose_first_row_is_missing_is_noticed() -> None:
    reading = read(SequenceWatch(), [*range(1, 9), *range(3, 6)])
    assert reading.gaps == (Gap(1, 2, None, "School 3"),)


def test_a_list_that_begins_in_the_middle_is_part_of_another() -> None:
    watch = SequenceWatch()
    assert read(watch, range(214, 230)).gaps == ()
    assert missing(read(SequenceWatch(), range(3, 20))) == [1, 2]


def test_two_columns_of_records_read_across_are_whole() -> None:
    across = [number for row in range(1, 21) for number in (row, row + 20)]
    assert read(SequenceWatch(), across).gaps == ()
    assert missing(read(SequenceWatch(), [number for number in across if number not in {7, 33}])) == [7, 33]


def test_a_misread_number_makes_no_gap() -> None:
    assert read(SequenceWatch(), [1, 2, 8, 4, 5, 6, 7, 8, 9]).gaps == ()
    assert read(SequenceWatch(), [*range(1, 20), 2017, *range(20, 30)]).gaps == ()


def test_a_last_number_far_from_all_others_waits_for_the_next_page() -> None:
    watch = SequenceWatch()
    assert read(watch, [*range(1, 20), 61]).gaps == ()
    assert missing(read(watch, range(62, 80))) == list(range(20, 61))
    watch = SequenceWatch()
    assert read(watch, [*range(1, 20), 2017]).gaps == ()
    assert read(watch, range(20, 40)).gaps == ()


def test_a_record_on_two_lines_has_its_number_twice() -> None:
    assert read(SequenceWatch(), [1, 1, 2, 2, 2, 3]).gaps == ()


def test_a_numbered_row_without_a_school_is_missing() -> None:
    watch = SequenceWatch()
    for number, name in (("1", "A"), ("2", None), ("3 4", "C"), (None, "Note"), ("5", "E")):
        watch.see(number, name)
    reading = watch.end_page()
    assert reading is not None
    # Row 4 ran into row 3.
    assert missing(reading) == [2, 4]
    assert reading.rows_expected == 5


def test_a_page_without_numbers_says_nothing() -> None:
    watch = SequenceWatch()
    watch.see("A-12", "School")
    assert watch.end_page() is None
    assert watch.last is None


@given(st.integers(1, 400), st.integers(5, 60), st.data())
def test_exactly_the_rows_left_out_are_told(count: int, per_page: int, data: st.DataObject) -> None:
    # Not the last row, which nothing follows, and few enough in a row that none of the rest stands alone.
    left_out = {number for number in data.draw(st.sets(st.integers(2, count + 1))) if number % 5 and number < count}
    watch, told = SequenceWatch(), list[int]()
    for first in range(1, count + 1, per_page):
        page = [number for number in range(first, min(first + per_page, count + 1)) if number not in left_out]
        for number in page:
            watch.see(f"{number}.", school(number))
        if (reading := watch.end_page()) is not None:
            told += missing(reading)
            assert reading.rows_expected == len(page) + len(missing(reading))
    assert told == sorted(left_out)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("17", 17),
        (" 17. ", 17),
        ("(17)", 17),
        ("17)", 17),
        ("#17", 17),
        ("17 18", 17),
        ("017", None),
        ("0", None),
        ("17-18", None),
        ("1,024", None),
        ("17.5", None),
        ("123456", None),
        ("PS 9", None),
        ("", None),
    ],
)
def test_sequence_numbers(text: str, number: int | None) -> None:
    assert sequence_number(text) == number


def rows(*columns: Sequence[object]) -> list[list[str | None]]:
    return [[None if cell is None else str(cell) for cell in row] for row in zip(*columns, strict=True)]


NAMES = [school(number) for number in range(8)]
COUNT = [1, 2, 3, 5, 6, 7, 8, 9]
ENROLLMENT = [410, 388, 96, 512, 77, 300, 641, 209]
CODES = [301, 302, 303, 304, 305, 306, 307, 309]


@pytest.mark.parametrize(
    ("columns", "headings", "follows", "found"),
    [
        ((COUNT, NAMES, ENROLLMENT), ("No.", "School", "Enrollment"), None, 0),
        ((COUNT, NAMES, ENROLLMENT), None, None, 0),
        ((ENROLLMENT, NAMES, COUNT), ("Enrollment", "School", "S.No."), None, 2),
        ((CODES, NAMES), ("Si.No.", "School"), None, 0),
        ((CODES, NAMES), ("#", "School"), None, 0),
        ((CODES, NAMES), ("School No.", "School"), None, None),
        ((COUNT, NAMES), ("Code", "School"), None, None),
        ((CODES, NAMES), None, None, None),
        ((CODES, NAMES), None, 300, 0),
        ((CODES, NAMES), None, 40, None),
        ((ENROLLMENT, NAMES), ("No.", "School"), None, None),
        (([1, 2, 3, 1, 2, None, 1, 2], NAMES), None, None, 0),
        ((["PK", "K", 1, 2, 3, "PK", "K", 1], NAMES), None, None, None),
        (([f"0{number}" for number in range(1, 9)], NAMES), None, None, None),
        (([1, 2, *[None] * 6], NAMES), ("No.", "School"), None, None),
    ],
)
def test_the_column_that_counts(
    columns: Sequence[Sequence[object]], headings: Sequence[str] | None, follows: int | None, found: int | None
) -> None:
    assert sequence_column(rows(*columns), headings, follows=follows) == found


def test_an_empty_page_has_no_column() -> None:
    assert sequence_column([]) is None
