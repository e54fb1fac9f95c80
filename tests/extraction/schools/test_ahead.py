"""Sheets read ahead give what a reading without them gives, whatever becomes of the process that reads them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import psutil
import pytest

from extraction.schools.ahead import ReadsSheet, SheetRead, read_ahead, worth_reading_ahead
from extraction.schools.cage import read_pages
from extraction.schools.reader import read_document
from extraction.schools.rulings import Rulings
from extraction.schools.sheets import Sheet
from tests.extraction.schools.papers import HEADER, SCHOOLS, WIDTHS, draw_ruled, paper, write
from tests.processes import forked, running

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
"""The runner of tests may have threads; none of them is in the middle of anything while a test forks."""

CHILD = "extraction.schools.child"
PAGES = range(1, 13)


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    """A list whose later pages need what earlier ones say."""
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    for _ in PAGES[1:]:
        draw_ruled(pdf, None, SCHOOLS, WIDTHS)
    pdf.set_title("Title I schools of Ohio")
    return write(pdf, tmp_path / "list.pdf")


def children() -> list[psutil.Process]:
    """Those that this process has forked; the cage's server stays."""
    servers = running(CHILD)
    return [child for child in psutil.Process().children() if child not in servers]


def as_told(listing: Path, *, ahead: bool) -> list[bytes]:
    return [msgspec.json.encode(reading) for reading in read_document(listing, ahead=ahead)]


def numbered(number: int) -> SheetRead:
    empty = Sheet(number, 612.0, 792.0, (), Rulings(), 0, (), cut=False, column_gap=4.0)
    return SheetRead(empty, f"page {number}")


def given(reads: ReadsSheet) -> Callable[[], ReadsSheet]:
    return lambda: reads


def test_a_reading_ahead_is_the_same_to_the_byte(listing: Path) -> None:
    if not worth_reading_ahead(len(PAGES)):
        pytest.skip("there is one processor: nothing is read ahead")
    assert as_told(listing, ahead=True) == as_told(listing, ahead=False)
    assert children() == []


def test_a_reading_goes_on_without_its_second_process(listing: Path) -> None:
    with closing(read_pages(listing)) as readings:
        told = [msgspec.json.encode(next(readings))]
        for process in forked(CHILD)[1:]:
            process.kill()
        told += [msgspec.json.encode(reading) for reading in readings]
    assert told == as_told(listing, ahead=False)


def test_the_second_process_ends_with_the_one_that_reads(listing: Path) -> None:
    with closing(read_pages(listing)) as readings:
        next(readings)
        child, *others = forked(CHILD)
        child.kill()
        assert others or not worth_reading_ahead(len(PAGES))
        _, alive = psutil.wait_procs(others, timeout=20)
        assert alive == []


def test_sheets_come_in_order_and_pages_that_fail_are_left_to_the_first_process() -> None:
    def reads(number: int) -> SheetRead:
        if number == 2:
            raise MemoryError
        return numbered(number)

    with closing(read_ahead(range(1, 4), given(reads))) as sheets:
        assert list(sheets) == [numbered(1), None, numbered(3)]
    assert children() == []


def test_a_process_that_crashes_leaves_the_rest_to_the_first_one() -> None:
    def reads(number: int) -> SheetRead:
        if number == 2:
            psutil.Process().kill()
        return numbered(number)

    with closing(read_ahead(range(1, 4), given(reads))) as sheets:
        assert list(sheets) == [numbered(1), None, None]


def test_a_document_that_cannot_be_opened_again_is_left_to_the_first_process() -> None:
    def reopened() -> ReadsSheet:
        raise OSError("gone")

    with closing(read_ahead(range(1, 3), reopened)) as sheets:
        assert list(sheets) == [None, None]


def test_closing_ends_a_process_that_nobody_has_asked_yet() -> None:
    sheets = read_ahead(range(1, 10_000), given(numbered))
    [process] = children()
    sheets.close()
    assert not process.is_running()
