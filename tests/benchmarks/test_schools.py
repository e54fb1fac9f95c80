"""The benchmark of school lists counts right: what an engine misses, invents or cannot do is seen."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.school_lists.engines import ENGINES, NEEDS, NOT_INSTALLED
from benchmarks.school_lists.papers import LAYOUTS, invented_schools, print_papers
from benchmarks.schools import Document, Reading, Score, costs, documents_of, score
from extraction.schools.reader import read_document

NAMES = ("Alder Elementary", "Birch Academy", "P.S. 12", "Birch Academy")
ROWS = [["Vale", "Alder Elementary"], ["Vale", "Birch Academy"], ["P.S. 12", "Dale", ""], ["Dale", "Birch Academy"]]


def test_a_perfect_reading_scores_one() -> None:
    assert score(ROWS, NAMES) == Score(1.0, 1.0)


def test_letter_case_and_spaces_do_not_count() -> None:
    assert score([["VALE", "ALDER  ELEM\nENTARY"]], ["Alder Elementary"]) == Score(1.0, 1.0)


def test_a_missing_row_costs_recall() -> None:
    assert score(ROWS[1:], NAMES) == Score(0.75, 1.0)


def test_a_name_that_is_printed_twice_has_to_be_found_twice() -> None:
    assert score(ROWS[:3], NAMES) == Score(0.75, 1.0)
    assert score([*ROWS, ROWS[0]], NAMES) == Score(1.0, 1.0), "another time is no new name"


def test_an_invented_row_costs_precision() -> None:
    assert score([*ROWS, ["Vale", "Cedar High"]], NAMES) == Score(1.0, 0.8)


def test_a_name_in_pieces_or_among_other_text_is_not_found() -> None:
    assert score([["Vale", "Alder", "Elementary"], ["Birch Academy K-5", "Dale"]], NAMES) == Score(0.0, 0.0)


def test_a_row_of_one_cell_is_not_judged_but_its_name_is_found() -> None:
    assert score([["Alder Elementary"], ["Title I Schools"], [""]], ["Alder Elementary"]) == Score(1.0, 0.0)


def test_what_is_neither_right_nor_wrong_is_not_judged() -> None:
    assert score([*ROWS, ["Vale", "Fire Hall"]], NAMES, ["Fire Hall", "P.S. 12"]) == Score(1.0, 1.0)


def test_an_engine_is_compared_over_the_documents_that_both_could_read() -> None:
    readings = [
        Reading("title1", "a", 10, "read", 0.5, 60, Score(1.0, 1.0)),
        Reading("title1", "b", 10, "read", 0.5, 80, Score(0.5, 0.8)),
        Reading("pdfplumber", "a", 10, "read", 4.0, 90, Score(0.0, 0.0)),
        Reading("pdfplumber", "b", 10, "too slow"),
        Reading("tabula lattice", "a", 10, "not installed"),
    ]
    ours, theirs = costs(readings)
    assert (ours.documents, ours.recall, ours.precision, ours.peak_mb) == (2, 0.75, 0.9, 80)
    assert (ours.pages_per_second, ours.ratio) == (20, 8)
    assert (theirs.documents, theirs.pages_per_second, theirs.ratio) == (1, 2.5, 1)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    print_papers(folder, 1)
    return folder


@pytest.mark.parametrize("layout", ["ruled", "columns", "grouped", "blocks", "spanning", "turned"])
def test_the_truth_of_a_printed_paper_is_what_stands_on_it(printed: Path, layout: str) -> None:
    names = Counter(row["name"] for row in invented_schools(LAYOUTS[layout][0]))
    [page] = read_document(printed / f"{layout}-1.pdf")
    assert Counter(row.text("name") for row in page.rows) == names


def test_a_folders_truth_may_cover_its_first_pages_and_name_what_is_no_school(printed: Path, tmp_path: Path) -> None:
    (tmp_path / "pdf").mkdir()
    (tmp_path / "truth").mkdir()
    (tmp_path / "pdf" / "list.pdf").write_bytes((printed / "ruled-1.pdf").read_bytes())
    (tmp_path / "pdf" / "other.pdf").write_bytes((printed / "columns-1.pdf").read_bytes())
    (tmp_path / "truth" / "list.p1-3.csv").write_text("school_name,is_school\nAlder,yes\nFire Hall,no\n", "utf-8")
    scored, timed = documents_of(tmp_path)
    assert (scored.pages, scored.names, scored.neither) == (3, ("Alder",), {"Fire Hall"})
    assert timed == Document("other", tmp_path / "pdf" / "other.pdf", 1)


def test_the_program_runs_our_engine_and_says_what_is_not_installed(tmp_path: Path) -> None:
    assert NEEDS.keys() == ENGINES.keys()
    print_papers(tmp_path, 1)
    for path in tmp_path.glob("*.pdf"):
        if not path.name.startswith("ruled"):
            path.unlink()
    bare = tmp_path / "python"
    bare.write_text(f"#!/bin/sh\nexit {NOT_INSTALLED}\n", "utf-8")
    bare.chmod(0o755)
    command = [sys.executable, "-m", "benchmarks.schools", "--folder", str(tmp_path), "--peers-python", str(bare)]
    engines = ["--engine", "title1", "--engine", "camelot stream"]
    told = subprocess.run([*command, *engines], check=True, capture_output=True, text=True)
    assert "title1" in told.stdout
    assert "pages/s" in told.stdout
    assert "camelot stream" in told.stdout
    assert "not installed" in told.stdout
