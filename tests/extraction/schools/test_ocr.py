"""A scan is read like any other list, however the paper lay on the glass; without the means, it says what to get."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from PIL import Image

from extraction.evidence import Box
from extraction.schools.cage import CageLimits, read_pages
from extraction.schools.ocr import engine
from extraction.schools.ocr.display import hull
from extraction.schools.ocr.drawn_lines import lift_lines
from extraction.schools.ocr.engine import OcrError, Reading, missing_parts, read_picture
from extraction.schools.ocr.picture import Picture, cleaned, draw, ink_of
from extraction.schools.ocr.recognized import words_of
from extraction.schools.ocr.runs import runs_of
from extraction.schools.ocr.scans import is_scan
from extraction.schools.ocr.straighten import runs_down, straighten
from extraction.schools.page_space import Matrix
from extraction.schools.reader import read_document
from extraction.schools.records import FieldName, PageReading
from extraction.schools.rulings import Ruling, Rulings
from tests.extraction.schools.papers import Row, draw_plain, draw_ruled, paper, write
from tests.extraction.schools.scans import HEADER, WIDTHS, draw_shaded, scan, schools, with_hidden_text

with_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs the program tesseract")

FIELDS: tuple[FieldName, ...] = ("district", "name", "city", "zip", "title1_status", "enrollment")
ROWS = schools(15)


def printed(draw: Callable[..., None], **style: object) -> FPDF:
    pdf = paper()
    draw(pdf, HEADER, ROWS, WIDTHS, **style)
    return pdf


def draw_double(pdf: FPDF, header: Row, rows: Sequence[Row], widths: Sequence[float]) -> None:
    draw_ruled(pdf, header, rows, widths, double=True)


def read(pdf: FPDF) -> PageReading:
    [page] = read_document(bytes(pdf.output()))
    return page


def shares(page: PageReading, rows: Sequence[Row]) -> tuple[float, float]:
    """Names found, and values right of the schools found."""
    found = {row.text("name"): row for row in page.rows}
    hits = [row for row in rows if row[1] in found]
    right = [found[row[1]].text(field) == text for row in hits for field, text in zip(FIELDS, row, strict=True)]
    return len(hits) / len(rows), sum(right) / len(right) if right else 0.0


@with_tesseract
@pytest.mark.parametrize(
    ("draw", "glass", "method"),
    [
        (draw_ruled, {"skew": 1.5}, "ruled"),
        (draw_ruled, {"skew": -1, "turn": 90}, "ruled"),
        (draw_ruled, {"skew": 0.7, "dpi": 150, "grain": 12}, "ruled"),
        (draw_double, {"skew": 1}, "ruled"),
        (draw_plain, {"skew": -3}, "columns"),
        (draw_plain, {"turn": 180, "skew": 1}, "columns"),
        (draw_plain, {"turn": 270}, "columns"),
        (draw_plain, {"grain": 8, "dots": 0.0005, "paper": 225}, "columns"),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_a_scanned_list_is_read(draw: Callable[..., None], glass: dict[str, float], method: str) -> None:
    page = read(scan(printed(draw), **glass))  # pyright: ignore[reportArgumentType]
    names, values = shares(page, ROWS)
    assert (page.method, page.scanned, page.rows_expected) == (method, True, len(ROWS))
    assert names >= 0.95
    assert values >= 0.95
    assert 0.6 < page.confidence < 1.0
    assert all(row.confidence < 1.0 for row in page.rows)


@with_tesseract
@pytest.mark.parametrize("dark", [True, False])
def test_letters_on_a_shade_are_read_light_or_dark(dark: bool) -> None:
    pdf = paper()
    draw_shaded(pdf, ROWS, WIDTHS, dark=dark)
    page = read(scan(pdf, skew=0.5))
    names, _ = shares(page, ROWS)
    assert names >= 0.95
    assert {"name", "district", "city", "zip"} <= set(page.rows[0].fields)


@with_tesseract
@pytest.mark.parametrize("glass", [{"skew": 2}, {"turn": 90}])
def test_evidence_points_at_the_spot_on_the_page_as_it_is_displayed(glass: dict[str, float]) -> None:
    pdf = paper()
    draw_ruled(pdf, HEADER, ROWS, WIDTHS)
    upright = read(pdf)
    document = scan(pdf, **glass)  # pyright: ignore[reportArgumentType]
    page = read(document)
    wide, high = (792.0, 612.0) if glass.get("turn") == 90 else (612.0, 792.0)
    there = {row.text("name"): row for row in upright.rows}
    met = 0
    for row in page.rows:
        box = row.fields["name"].box
        before = there.get(row.text("name"))
        if before is None or box is None or (origin := before.fields["name"].box) is None:
            continue
        x, y = _laid(origin, glass, wide, high)
        assert box.left - 3 < x < box.right + 3
        assert box.top - 3 < y < box.bottom + 3
        met += 1
    assert met >= 0.95 * len(ROWS)


def _laid(box: Box, glass: dict[str, float], wide: float, high: float) -> tuple[float, float]:
    """Where the middle of a box of the upright page lies on the scan."""
    angle = np.radians(glass.get("skew", 0))
    x, y = (box.left + box.right) / 2 - 306, (box.top + box.bottom) / 2 - 396
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    x, y = {0: (x, y), 90: (y, -x), 180: (-x, -y)}[int(glass.get("turn", 0))]
    return x + wide / 2, y + high / 2


@with_tesseract
def test_a_stamp_over_a_scan_does_not_hide_it() -> None:
    stamped = scan(printed(draw_ruled))
    stamped.set_font("helvetica", size=9)
    stamped.text(400, 30, "RECEIVED 03/14/2019")
    page = read(stamped)
    assert page.scanned
    assert shares(page, ROWS)[0] >= 0.95


@with_tesseract
@pytest.mark.parametrize(("misread", "scanned"), [(0.0, False), (0.1, True), (0.25, True), (0.6, True)])
def test_the_words_hidden_behind_a_scan_are_taken_unless_they_are_garbled(misread: float, scanned: bool) -> None:
    listing = printed(draw_ruled)
    page = read(with_hidden_text(scan(listing), listing, misread=misread))
    assert page.scanned == scanned
    assert shares(page, ROWS)[0] >= 0.95


def test_garbled_words_behind_a_scan_that_cannot_be_read_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listing = printed(draw_ruled)
    hidden = with_hidden_text(scan(listing), listing, misread=0.6)
    monkeypatch.setenv("PATH", str(tmp_path))
    page = read(hidden)
    assert (page.method, page.rows, page.scanned) == ("needs_ocr", (), False)
    assert "apt-get install tesseract-ocr" in page.warnings[0]


@with_tesseract
def test_an_unknown_tongue_on_a_coloured_ground_is_no_scan(tmp_path: Path) -> None:
    """Its picture gives no more known words than its text."""
    pdf = paper()
    pdf.add_page()
    Image.new("L", (60, 80), 240).save(tmp_path / "ground.png")
    pdf.image(tmp_path / "ground.png", 0, 0, 612, 792)
    for line in range(30):
        pdf.text(50, 60 + 20 * line, "Quarantaquattro scuole elencate secondo provincia numero iscritti")
    assert not read(pdf).scanned


@with_tesseract
def test_a_scan_is_read_within_the_limits_of_the_cage(tmp_path: Path) -> None:
    path = write(scan(printed(draw_ruled), skew=1), tmp_path / "scan.pdf")
    [page] = list(read_pages(path, limits=CageLimits(memory_mb=1024, page_seconds=100, ocr_seconds=90)))
    assert shares(page, ROWS)[0] >= 0.95


def test_a_scan_without_the_program_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    page = read(scan(printed(draw_plain), dpi=72))
    assert (page.method, page.rows, page.scanned) == ("needs_ocr", (), False)
    assert "apt-get install tesseract-ocr" in page.warnings[0]


def test_a_scan_without_the_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engine, "_LIBRARY", "a_library_that_is_not_here")
    page = read(scan(printed(draw_plain), dpi=72))
    assert 'pip install "title1[ocr]"' in page.warnings[0]
    assert [part.name for part in missing_parts()] == ["a_library_that_is_not_here", "tesseract"]


def test_a_short_page_on_a_coloured_picture_is_read_by_its_text_where_no_scan_can_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pdf = paper()
    pdf.add_page()
    Image.new("L", (60, 80), 240).save(tmp_path / "ground.png")
    pdf.image(tmp_path / "ground.png", 0, 0, 612, 792)
    for line, (left, right) in enumerate([("School Name", "City"), *[(row[1], row[2]) for row in ROWS[:3]]]):
        pdf.text(50, 60 + 20 * line, left)
        pdf.text(250, 60 + 20 * line, right)
    monkeypatch.setenv("PATH", str(tmp_path))
    page = read(pdf)
    assert [row.text("name") for row in page.rows] == [row[1] for row in ROWS[:3]]


def fake_program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "tesseract"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, monkeypatch, "exec sleep 600")
    with pytest.raises(OcrError, match="longer than 1 s"):
        read_picture(b"P5 1 1 255\n\0", 200, seconds=1)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("cat >/dev/null; echo 'Error opening data file eng.traineddata' >&2; exit 1", "tesseract-ocr-eng"),
        ("cat >/dev/null; kill -9 $$", "TITLE1_PDF_MEMORY_MB"),
        ("cat >/dev/null; exit 3", "status 3"),
    ],
)
def test_a_program_that_fails_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    fake_program(tmp_path, monkeypatch, script)
    with pytest.raises(OcrError, match=words):
        read_picture(b"P5 1 1 255\n\0", 200, seconds=30)


def test_the_table_of_words_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = "level\\tpage\\n1\\t1\\t0\\t0\\t0\\t0\\t0\\t0\\t9\\t9\\t-1\\t\\n"
    table += "5\\t1\\t1\\t1\\t2\\t1\\t10\\t20\\t30\\t8\\t96.5\\tAlder\\n"
    fake_program(tmp_path, monkeypatch, f"cat >/dev/null; printf '{table}'")
    assert read_picture(b"P5 1 1 255\n\0", 200, seconds=30) == [Reading("Alder", 10, 20, 40, 28, 0.965, (1, 1, 2))]


def test_what_is_a_scan() -> None:
    empty, text = paper(), paper()
    empty.add_page()
    draw_plain(text, HEADER, ROWS, WIDTHS)
    pages = [bytes(pdf.output()) for pdf in (empty, text, scan(text, dpi=50))]
    seen: list[bool] = []
    for content in pages:
        document = pdfium.PdfDocument(content)
        page = document[0]
        textpage = page.get_textpage()
        seen.append(is_scan(page, textpage.count_chars()))
        textpage.close()
        page.close()
        document.close()
    assert seen == [False, False, True]


def picture_of(pdf: FPDF) -> Picture:
    document = pdfium.PdfDocument(bytes(pdf.output()))
    try:
        page = document[0]
        picture = cleaned(draw(page, 150))
        page.close()
        return picture
    finally:
        document.close()


@pytest.mark.parametrize("skew", [-4, -1.3, -0.2, 0, 0.6, 2.5, 4.5])
@pytest.mark.parametrize("draw", [draw_ruled, draw_plain])
def test_the_skew_is_found(draw: Callable[..., None], skew: float) -> None:
    picture = picture_of(scan(printed(draw), skew=skew, dpi=150, grain=6))
    assert straighten(picture, 0).skew == pytest.approx(-skew, abs=0.1)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("draw", [draw_ruled, draw_plain])
def test_text_that_runs_down_the_page_is_told_from_text_that_runs_across(draw: Callable[..., None], turn: int) -> None:
    assert runs_down(picture_of(scan(printed(draw), turn=turn, skew=1, dpi=150))) == (turn in {90, 270})


@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (1, (300, 0)), (2, (300, 200)), (3, (0, 200))])
def test_a_turned_picture_knows_its_way_back(turn: int, corner: tuple[float, float]) -> None:
    blank = Picture(np.full((200, 300), 255, np.uint8), 72)
    assert straighten(blank, turn).back.point(0, 0) == corner


def test_the_hull_of_a_turned_box_is_upright() -> None:
    assert hull(Box(10, 20, 30, 25), Matrix(0, 1, -1, 0, 100, 0)) == Box(75, 10, 80, 30)


def test_lines_are_lifted_and_letters_stay() -> None:
    with_lines, without = paper(), paper()
    draw_ruled(with_lines, HEADER, ROWS, WIDTHS)
    without.add_page()
    lifted, rulings = lift_lines(picture_of(with_lines))
    assert len(rulings.horizontals) == len(ROWS) + 2
    assert [round(ruling.at) for ruling in rulings.verticals] == [30, 165, 315, 395, 440, 530, 590]
    document = read(with_lines)
    for row in document.rows:
        box = row.fields["name"].box
        assert box is not None
        left, top, right, bottom = (round(edge * 150 / 72) for edge in (box.left, box.top, box.right, box.bottom))
        assert ink_of(lifted.grey)[top:bottom, left:right].mean() > 0.05


def test_an_empty_sheet_has_no_ink_and_grain_is_wiped_off() -> None:
    grain = np.random.default_rng(3).normal(235, 6, (400, 400)).clip(0, 255).astype(np.uint8)
    assert not ink_of(cleaned(Picture(grain, 200)).grey).any()


def test_runs_go_over_breaks_only_between_strokes() -> None:
    row = np.zeros((1, 60), np.bool_)
    row[0, [*range(20), *range(22, 45)]] = True
    row[0, 50:53] = True
    assert runs_of(row, 30, piece=10, break_allowed=2).ends.tolist() == [45]
    assert runs_of(row, 30, piece=10).ends.tolist() == []
    assert runs_of(row, 3).starts.tolist() == [0, 22, 50]


LINE = (1, 1, 1)


def test_words_stand_on_their_line_whatever_letters_they_have() -> None:
    readings = [
        Reading("Ags", 0, 0, 40, 93, 0.9, LINE),
        Reading("aus", 50, 20, 90, 72, 0.9, LINE),
        Reading("Hill", 100, 0, 140, 72, 0.9, LINE),
        Reading("-", 150, 46, 160, 54, 0.9, LINE),
    ]
    words = words_of(readings, Rulings(), 1.0)
    assert [word.text for word in words] == ["Ags", "aus", "Hill", "-"]
    assert max(word.middle for word in words) - min(word.middle for word in words) < 10
    assert {word.sure for word in words} == {0.9}


@pytest.mark.parametrize(
    ("text", "sure", "read_as"),
    [
        ("|", 0.9, ["I"]),
        ("|", 0.3, []),
        ("|Alder", 0.9, ["Alder"]),
        ("Schoo|", 0.9, ["School"]),
        ("~", 0.4, []),
        ("&", 0.9, ["&"]),
        ("Alder", 0.05, ["Alder"]),
        ("x", 0.05, []),
    ],
)
def test_what_a_reading_is_taken_for(text: str, sure: float, read_as: list[str]) -> None:
    around = Reading("Alder", 0, 0, 60, 16, 0.9, LINE)
    words = words_of([around, Reading(text, 70, 0, 80, 16, sure, LINE)], Rulings(), 1.0)
    assert [word.text for word in words[1:]] == read_as


def test_a_word_that_a_border_runs_through_is_two() -> None:
    borders = Rulings(verticals=(Ruling(50, 0, 100),))
    words = words_of([Reading("Alder08608", 0, 10, 100, 26, 0.9, LINE)], borders, 1.0)
    assert [word.text for word in words] == ["Alder", "08608"]
    assert words[0].box.right < 50 < words[1].box.left
