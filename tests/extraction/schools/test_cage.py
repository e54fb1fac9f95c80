"""No PDF takes more than its share, and each refusal names its cause."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from fpdf.enums import EncryptionMethod

from extraction.errors import PdfError
from extraction.forking.client import ForkServerProcess
from extraction.schools import cage
from extraction.schools.ahead import worth_reading_ahead
from extraction.schools.cage import CageLimits, inspect_pdf, read_pages
from extraction.schools.reader import read_document
from extraction.schools.records import PageReading
from tests.extraction.schools import bombs
from tests.extraction.schools.papers import HEADER, SCHOOLS, WIDTHS, draw_plain, draw_ruled, paper, write
from tests.processes import forked, started

CHILD = "extraction.schools.child"


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    pdf = paper()
    for _ in range(3):
        draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    pdf.set_title("Title I schools of Ohio")
    pdf.set_producer("A press")
    return write(pdf, tmp_path / "list.pdf")


@pytest.fixture
def long_list(tmp_path: Path) -> Path:
    """So many pages that a child waits for its reader."""
    pdf = paper()
    for _ in range(60):
        draw_plain(pdf, HEADER, SCHOOLS * 4, WIDTHS)
    return write(pdf, tmp_path / "long.pdf")


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[bytes], Path]:
    def store(content: bytes) -> Path:
        path = tmp_path / "sent.pdf"
        path.write_bytes(content)
        return path

    return store


def test_the_outline_tells_pages_title_and_state(listing: Path) -> None:
    outline = inspect_pdf(listing)
    assert (outline.pages, outline.title, outline.state) == (3, "Title I schools of Ohio", "OH")
    assert outline.producer == "A press"


def test_pages_come_through_the_cage_as_they_are_read_in_process(listing: Path) -> None:
    assert list(read_pages(listing)) == list(read_document(listing))
    assert list(read_pages(listing, pages=[])) == []
    [page] = read_pages(listing, state="Kansas", first=2, pages={1, 3})
    assert page.page == 3
    assert {row.value("state") for row in page.rows} == {"KS"}


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "web page"),
        (b"School,City\nAlder,Trenton\n", "plain text"),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "Office file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "PNG"),
        (b"\x00\x01\x02\xff\xfe\xfd" * 9, "unknown kind"),
        (bombs.without_pages(), "no pages"),
        (bombs.pages_sharing(bombs.text_operators(0.01), 2)[:-60], "cut off"),
        (b"%PDF-1.7\nnothing of a PDF follows\n%%EOF\n", "damaged"),
    ],
)
def test_what_is_no_readable_pdf_is_refused_with_its_cause(
    stored: Callable[[bytes], Path], content: bytes, cause: str
) -> None:
    path = stored(content)
    with pytest.raises(PdfError, match=cause):
        inspect_pdf(path)
    with pytest.raises(PdfError, match=cause):
        list(read_pages(path))


def test_a_linearized_pdf_that_was_cut_off_is_refused(stored: Callable[[bytes], Path]) -> None:
    whole = b"%PDF-1.7\n1 0 obj\n<< /Linearized 1 /L 90000 /H [ 1 2 ] >>\nendobj\n%%EOF\n"
    with pytest.raises(PdfError, match="cut off"):
        inspect_pdf(stored(whole + b" " * 900))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PdfError, match="cannot be opened"):
        inspect_pdf(tmp_path / "gone.pdf")


def test_an_encrypted_pdf_asks_for_a_copy_without_password(tmp_path: Path) -> None:
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    pdf.set_encryption(owner_password="owner", user_password="reader", encryption_method=EncryptionMethod.RC4)
    path = write(pdf, tmp_path / "locked.pdf")
    with pytest.raises(PdfError, match="password"):
        inspect_pdf(path)


def test_a_pdf_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    pdf = paper()
    draw_ruled(pdf, HEADER, SCHOOLS, WIDTHS)
    pdf.set_encryption(owner_password="owner", encryption_method=EncryptionMethod.RC4)
    path = write(pdf, tmp_path / "restricted.pdf")
    assert inspect_pdf(path).pages == 1
    assert len(next(read_pages(path)).rows) == len(SCHOOLS)


def test_limits_of_size_and_pages_are_named(listing: Path) -> None:
    with pytest.raises(PdfError, match="TITLE1_PDF_MAX_BYTES"):
        inspect_pdf(listing, CageLimits(max_bytes=100))
    with pytest.raises(PdfError, match="TITLE1_PDF_MAX_PAGES"):
        inspect_pdf(listing, CageLimits(max_pages=2))
    with pytest.raises(PdfError, match="TITLE1_PDF_MAX_PAGES"):
        list(read_pages(listing, limits=CageLimits(max_pages=2)))


def test_a_state_that_does_not_exist_is_refused(listing: Path) -> None:
    with pytest.raises(PdfError, match="no state"):
        list(read_pages(listing, state="Ohoi"))


def test_a_stream_that_unpacks_to_400_mb_meets_the_memory_limit(stored: Callable[[bytes], Path]) -> None:
    path = stored(bombs.pages_sharing(bombs.spaces(400), 1))
    with pytest.raises(PdfError, match="at page 1: it needs more than 400 MB"):
        list(read_pages(path, limits=CageLimits(memory_mb=400)))


def test_twenty_megabytes_of_text_on_a_page_are_not_read_or_are_stopped(stored: Callable[[bytes], Path]) -> None:
    path = stored(bombs.pages_sharing(bombs.text_operators(20), 1))
    [page] = read_pages(path, limits=CageLimits(page_seconds=60))
    assert (page.method, page.rows) == ("no_table", ())
    with pytest.raises(PdfError, match="CPU time"):
        list(read_pages(path, limits=CageLimits(cpu_seconds=1)))


def test_two_thousand_pages_that_share_a_heavy_stream_meet_the_cpu_limit(stored: Callable[[bytes], Path]) -> None:
    path = stored(bombs.pages_sharing(bombs.text_operators(1), 2000))
    read: list[PageReading] = []
    with pytest.raises(PdfError, match=r"at page \d+: it took more than 2 s of CPU time"):
        read.extend(read_pages(path, limits=CageLimits(cpu_seconds=2)))


def test_forms_that_multiply_are_stopped(stored: Callable[[bytes], Path]) -> None:
    path = stored(bombs.nested_forms(7, 12))
    with pytest.raises(PdfError, match="stopped"):
        list(read_pages(path, limits=CageLimits(memory_mb=300, page_seconds=8)))


@pytest.mark.parametrize("stopped", ["the child", "the one that reads ahead"])
def test_a_slow_page_meets_the_clock_and_earlier_pages_stay_valid(long_list: Path, stopped: str) -> None:
    if stopped != "the child" and not worth_reading_ahead(60):
        pytest.skip("there is one processor: nothing is read ahead")
    reading = read_pages(long_list, limits=CageLimits(page_seconds=6, wall_seconds=40))
    valid = [next(reading)]
    [child] = started(CHILD).children()
    slow = child if stopped == "the child" else child.children()[0]
    slow.suspend()
    with pytest.raises(PdfError, match=r"stopped at page \d+: .*TITLE1_PDF_PAGE_SECONDS"):
        valid.extend(reading)
    assert all(len(page.rows) == 4 * len(SCHOOLS) for page in valid)
    _, alive = psutil.wait_procs([child, slow], timeout=20)
    assert alive == []


def test_the_wall_clock_is_named(listing: Path) -> None:
    with pytest.raises(PdfError, match="TITLE1_PDF_WALL_SECONDS"):
        list(read_pages(listing, limits=CageLimits(wall_seconds=0.01)))


def test_a_document_of_endless_results_is_stopped(listing: Path) -> None:
    with pytest.raises(PdfError, match="TITLE1_PDF_RESULT_BYTES"):
        list(read_pages(listing, limits=CageLimits(result_bytes=500)))


def test_a_child_that_dies_is_not_taken_for_done(long_list: Path) -> None:
    reading = read_pages(long_list)
    next(reading)
    for child in forked(CHILD):
        child.send_signal(signal.SIGSEGV)
    with pytest.raises(PdfError, match="crashes the reader"):
        list(reading)


def test_closing_the_reading_kills_the_child(long_list: Path) -> None:
    reading = read_pages(long_list)
    next(reading)
    assert forked(CHILD)
    reading.close()
    assert forked(CHILD) == []


def test_the_child_sees_no_secrets(long_list: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-invented")
    reading = read_pages(long_list)
    next(reading)
    [child] = started(CHILD).children()
    try:
        assert "OPENAI_API_KEY" not in child.environ()
    finally:
        reading.close()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_the_child_ends_when_its_parent_is_killed(long_list: Path) -> None:
    script = (
        "import sys, time, pathlib, psutil\n"
        "from extraction.schools.cage import read_pages\n"
        "reading = read_pages(pathlib.Path(sys.argv[1])); next(reading)\n"
        "print(psutil.Process().children()[0].children()[0].pid, flush=True); time.sleep(60)\n"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(long_list)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait(10)
    deadline = time.monotonic() + 5
    while psutil.pid_exists(child) and time.monotonic() < deadline:
        if psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    assert not psutil.pid_exists(child)


def test_a_reading_whose_server_was_killed_says_so_and_the_next_one_starts_another(long_list: Path) -> None:
    reading = read_pages(long_list)
    next(reading)
    server, processes = started(CHILD), forked(CHILD)
    server.suspend()  # so that no page more is told of
    server.kill()
    with pytest.raises(PdfError, match=r"ended from outside\. Try again"):
        list(reading)
    assert psutil.wait_procs(processes, timeout=20)[1] == []
    assert len(list(read_pages(long_list))) == 60
    assert started(CHILD) != server


def test_a_document_that_comes_as_the_idle_server_ends_is_read_by_another(
    listing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(read_pages(listing))
    server = started(CHILD)
    connect = ForkServerProcess.connect

    def ends_just_then(asked: ForkServerProcess, output: int) -> socket.socket:
        line = connect(asked, output)
        if server.is_running():
            server.kill()
        return line

    server.suspend()
    monkeypatch.setattr(ForkServerProcess, "connect", ends_just_then)
    assert len(list(read_pages(listing))) == 3
    assert started(CHILD) != server


def test_a_server_that_hangs_is_ended_with_its_child(long_list: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "_END_SECONDS", 0.5)
    reading = read_pages(long_list)
    next(reading)
    server, processes = started(CHILD), forked(CHILD)
    server.suspend()
    reading.close()
    assert psutil.wait_procs([server, *processes], timeout=20)[1] == []
