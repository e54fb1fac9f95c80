"""A reading that goes on behind a page, in another process: the very same rows, and no page is read twice."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf.generic import NameObject

from extraction.schools.cage import read_pages
from extraction.schools.outline import open_document
from extraction.schools.reader import ReadingOptions, read_document, read_opened
from extraction.schools.records import PageReading
from extraction.schools.sequence import SequenceMemory, SequenceReading, SequenceWatch
from extraction.schools.thread import LARGEST, ReadingThread, kept_thread, thread_before
from tests.extraction.schools.papers import HEADER, SCHOOLS, WIDTHS, draw_plain, draw_ruled, paper
from tests.extraction.schools.scans import HEADER as SCANNED_HEADER
from tests.extraction.schools.scans import WIDTHS as SCANNED_WIDTHS
from tests.extraction.schools.scans import scan, schools
from tests.extraction.schools.test_cases import LAYOUTS, drawn, readings


def one_page(pdf: bytes, page: int, thread: str | None) -> PageReading:
    """The page in a process of its own, as it were: all that it knows of the others is the thread."""
    [reading] = read_document(pdf, first=page, pages=[page], thread=thread)
    return reading


def in_pieces(pdf: bytes, pages: int) -> list[PageReading]:
    read: list[PageReading] = []
    for page in range(1, pages + 1):
        read.append(one_page(pdf, page, read[-1].thread if read else None))
    return read


def first_page_read(pdf: bytes, first: int, thread: str | None) -> int:
    document = open_document(pdf)
    try:
        return next(number for number, _ in read_opened(document, ReadingOptions(), first=first, thread=thread))
    finally:
        document.close()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_reading_stopped_behind_every_page_gives_the_same(layout: str) -> None:
    whole = readings(layout)
    assert tuple(in_pieces(drawn(layout), len(whole))) == whole
    assert all(len(reading.thread or "") < 4_000 for reading in whole), "it is stored behind every page"


def test_pages_before_the_thread_are_not_read_again() -> None:
    pdf, whole = drawn("ruled_header_first_page"), readings("ruled_header_first_page")
    assert first_page_read(pdf, 3, whole[1].thread) == 3
    assert first_page_read(pdf, 3, whole[0].thread) == 2, "a page between the thread and the first one asked for"
    assert first_page_read(pdf, 2, whole[2].thread) == 1, "a thread of later pages says nothing of these"
    assert first_page_read(pdf, 3, None) == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda kept: json.dumps({**json.loads(kept), "program": "0" * 16}),
        lambda kept: json.dumps({**json.loads(kept), "thread": {"page": "two"}}),
        lambda kept: kept[:-9],
        lambda _: "",
    ],
    ids=["of another program", "of another form", "cut off", "empty"],
)
def test_a_thread_that_is_not_ours_is_refused_and_the_pages_are_read_again(spoilt: Callable[[str], str]) -> None:
    pdf, whole = drawn("ruled_header_first_page"), readings("ruled_header_first_page")
    kept = whole[1].thread
    assert kept is not None
    assert thread_before(kept, 3) is not None
    assert thread_before(spoilt(kept), 3) is None
    assert first_page_read(pdf, 3, spoilt(kept)) == 1
    assert one_page(pdf, 3, spoilt(kept)) == whole[2]


def test_a_thread_too_large_is_not_kept() -> None:
    thread = ReadingThread(1, legend={str(number): "schoolwide" for number in range(LARGEST // 10)})
    assert kept_thread(thread) is None
    assert kept_thread(ReadingThread(1)) is not None


def test_a_document_of_nothing_but_legends_is_not_remembered_whole() -> None:
    pdf = paper()
    for page in range(20):
        draw_plain(pdf, HEADER, SCHOOLS[:5], WIDTHS)
        for line in range(12):
            codes = [f"{letter}{page:02}{line:02} = Schoolwide" for letter in "ABC"]
            pdf.text(36, 400 + 14 * line, "   ".join(codes))
    known = [thread_before(reading.thread, reading.page + 1) for reading in read_document(bytes(pdf.output()))]
    sizes = [len(thread.legend) for thread in known if thread]
    assert len(sizes) == 20
    assert 36 < max(sizes) <= 100


def test_a_damaged_page_does_not_break_the_thread() -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(drawn("ruled_header_first_page")))
    writer.pages[1][NameObject("/Type")] = NameObject("/Font")
    broken = io.BytesIO()
    writer.write(broken)
    whole = list(read_document(broken.getvalue()))
    assert [bool(reading.warnings) for reading in whole] == [False, True, False]
    assert in_pieces(broken.getvalue(), len(whole)) == whole


def test_the_cage_goes_on_behind_a_page(tmp_path: Path) -> None:
    path, whole = tmp_path / "list.pdf", readings("grouped_by_district")
    path.write_bytes(drawn("grouped_by_district"))
    for behind in whole[:-1]:
        rest = tuple(read_pages(path, first=behind.page + 1, thread=behind.thread))
        assert rest == whole[behind.page :]


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs the program tesseract")
def test_a_scan_is_gone_on_with_behind_a_page() -> None:
    """Only the first page has a header."""
    rows = schools(24)
    pdf = paper()
    draw_ruled(pdf, SCANNED_HEADER, rows[:8], SCANNED_WIDTHS)
    draw_ruled(pdf, None, rows[8:16], SCANNED_WIDTHS)
    draw_ruled(pdf, None, rows[16:], SCANNED_WIDTHS)
    scanned = bytes(scan(pdf, skew=0.6).output())
    whole = list(read_document(scanned))
    assert [len(reading.rows) for reading in whole] == [8, 8, 8]
    assert one_page(scanned, 3, whole[1].thread) == whole[2]
    assert first_page_read(scanned, 3, whole[1].thread) == 3


ROWS = st.lists(st.tuples(st.integers(0, 300).map(str), st.sampled_from(["Ashford", "Birch", "Cove"])), max_size=12)


@given(st.lists(ROWS, max_size=8))
def test_numbers_are_followed_over_pages_whoever_reads_them(pages: list[list[tuple[str, str]]]) -> None:
    whole, memory = SequenceWatch(), SequenceMemory()
    for rows in pages:
        piece = SequenceWatch(msgspec.json.decode(msgspec.json.encode(memory), type=SequenceMemory))
        told: list[SequenceReading | None] = []
        for watch in (whole, piece):
            for number, name in rows:
                watch.see(number, name)
            told.append(watch.end_page())
        assert told[0] == told[1]
        assert whole.last == piece.last
        memory = piece.memory
        assert len(memory.run) + len(memory.held) <= 12
