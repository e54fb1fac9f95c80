"""Accuracy, speed and memory of the school list reader beside other engines that read tables, in one run.

The documents are eight layouts that this program prints itself, with their truth, or those of a folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import pypdfium2 as pdfium
from rich.console import Console
from rich.table import Table

from benchmarks.school_lists.engines import ENGINES, NOT_INSTALLED
from benchmarks.school_lists.papers import print_papers

_BASE = "pdfplumber"
_ENGINES_FILE = Path(__file__).parent / "school_lists" / "engines.py"
_WIDTH = 150
"""Columns of the printed tables, which a narrow terminal or a file would cut."""

_EXAMPLES = """\
examples:
  python benchmarks/schools.py                          eight layouts of 10 pages, with the engines installed here
  python benchmarks/schools.py --peers-python ~/peers/bin/python
                                                        the others run by another interpreter, which has them:
                                                        pip install pdfplumber camelot-py tabula-py pypdf pdfminer.six
  python benchmarks/schools.py --folder lists           lists/pdf/*.pdf, or lists/*.pdf; scored where there is a
                                                        lists/truth/NAME.csv (NAME.p1-24.csv: pages 1 to 24 only)
  python benchmarks/schools.py --folder lists --whole --runs 3
  python benchmarks/schools.py --engine title1 --engine pdfplumber --pages 100 --json
"""


class Document(msgspec.Struct, frozen=True):
    """A document to read. Without `names` only speed is measured."""

    name: str
    path: Path
    pages: int
    """Pages to read, from the first one on."""
    names: tuple[str, ...] | None = None
    neither: frozenset[str] = frozenset()
    """Names that are neither right nor wrong (polling places that are no schools)."""


class Score(msgspec.Struct, frozen=True):
    """How well the names of a document were read."""

    recall: float
    """Names that are one cell of the output each; letter case and spaces do not count."""
    precision: float
    """Rows with two or more filled cells that hold such a name."""


class Reading(msgspec.Struct, frozen=True):
    """What became of one document with one engine."""

    engine: str
    document: str
    pages: int
    outcome: Literal["read", "not installed", "too slow", "failed"]
    seconds: float = 0.0
    """That passed; loading the engine is not counted."""
    peak_mb: float = 0.0
    score: Score | None = None
    processor_seconds: float = 0.0
    """Of all its processes in that time."""


class Cost(msgspec.Struct, frozen=True):
    """An engine's sums over the documents it could read."""

    engine: str
    documents: int
    recall: float | None
    precision: float | None
    pages_per_second: float
    processor_ms: float
    """Of processor time, a page."""
    ratio: float | None
    """Pages a second by those of pdfplumber (of its words, for words), over the documents that both could read."""
    peak_mb: float


def main() -> None:
    """Reads every document with every engine and prints the figures."""
    wanted = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        if wanted.folder:
            documents = documents_of(wanted.folder, whole=wanted.whole)
        else:
            documents = _own_documents(Path(scratch), wanted.pages)
        if not documents:
            sys.exit("There is no PDF with text to read. Give --folder DIR with DIR/pdf/*.pdf or DIR/*.pdf.")
        readings: list[Reading] = []
        for engine in wanted.engine or ENGINES:
            for document in documents:
                reading = _fastest(engine, document, wanted)
                readings.append(reading)
                if reading.outcome == "not installed":
                    break
                print(f"{engine}: {document.name} {reading.outcome}", file=sys.stderr)
    if wanted.json:
        print(json.dumps({"readings": msgspec.to_builtins(readings), "engines": msgspec.to_builtins(costs(readings))}))
    else:
        _print(readings)


def score(rows: Sequence[Sequence[str]], names: Collection[str], neither: Collection[str] = ()) -> Score:
    """How well rows of cells give the names of a document. A name that stands twice has to be found twice."""
    wanted = Counter(_flat(name) for name in names)
    unjudged = {_flat(name) for name in neither} - wanted.keys()
    flat = [[text for cell in row if (text := _flat(cell))] for row in rows]
    found = Counter(cell for row in flat for cell in row if cell in wanted)
    judged = [row for row in flat if len(row) > 1 and unjudged.isdisjoint(row)]
    right = sum(not wanted.keys().isdisjoint(row) for row in judged)
    return Score(
        recall=(found & wanted).total() / wanted.total() if wanted else 0.0,
        precision=right / len(judged) if judged else 0.0,
    )


def costs(readings: Sequence[Reading]) -> list[Cost]:
    """Each engine's sums, in the order in which they ran."""
    finished = {(reading.engine, reading.document): reading for reading in readings if reading.outcome == "read"}
    summed: list[Cost] = []
    for engine in dict.fromkeys(reading.engine for reading in readings):
        read = [reading for reading in readings if reading.engine == engine and reading.outcome == "read"]
        if not read:
            continue
        scores = [reading.score for reading in read if reading.score]
        base = f"{_BASE} words" if engine.endswith(" words") else _BASE
        shared = [reading for reading in read if (base, reading.document) in finished]
        beside = [finished[base, reading.document] for reading in shared]
        summed.append(
            Cost(
                engine=engine,
                documents=len(read),
                recall=sum(score.recall for score in scores) / len(scores) if scores else None,
                precision=sum(score.precision for score in scores) / len(scores) if scores else None,
                pages_per_second=_pages_per_second(read),
                processor_ms=1000 * sum(r.processor_seconds for r in read) / max(sum(r.pages for r in read), 1),
                ratio=_pages_per_second(shared) / _pages_per_second(beside) if shared else None,
                peak_mb=max(reading.peak_mb for reading in read),
            )
        )
    return summed


def documents_of(folder: Path, *, whole: bool = False) -> list[Document]:
    """The PDFs of a folder with their truth, as far as it has one. Scans are left out: this is about text.

    Of a document whose truth is that of its first pages only these are read, unless they are to be read `whole`: then
    its names are not scored.
    """
    found: list[Document] = []
    inner = folder / "pdf"
    for path in sorted((inner if inner.is_dir() else folder).glob("*.pdf")):
        pages, has_text = _pages_and_text(path)
        if not has_text:
            print(f"{path.name} holds no text (a scan); left out", file=sys.stderr)
            continue
        truths = [file for file in sorted((folder / "truth").glob("*.csv")) if file.name.split(".")[0] == path.stem]
        known = _with_truth(path, pages, truths[0]) if truths else None
        partly = known is not None and known.pages < pages
        found.append(Document(path.stem, path, pages) if known is None or (whole and partly) else known)
    return found


def _with_truth(path: Path, pages: int, truth: Path) -> Document:
    if part := re.search(r"\.p1-(\d+)\.csv$", truth.name):
        pages = int(part[1])
    with truth.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    schools = [row["school_name"] for row in rows if row.get("is_school") != "no"]
    others = frozenset(row["school_name"] for row in rows if row.get("is_school") == "no")
    return Document(path.stem, path, pages, tuple(schools), others)


def _pages_and_text(path: Path) -> tuple[int, bool]:
    document = pdfium.PdfDocument(path)
    try:
        return len(document), any(page.get_textpage().count_chars() for page in document)
    finally:
        document.close()


def _own_documents(folder: Path, pages: int) -> list[Document]:
    return [Document(paper.layout, paper.path, pages, paper.names) for paper in print_papers(folder, pages)]


def _fastest(engine: str, document: Document, wanted: argparse.Namespace) -> Reading:
    """The fastest of the runs, in which other work on the machine had the least part."""
    runs: list[Reading] = []
    while len(runs) < wanted.runs and (not runs or runs[-1].outcome == "read"):
        runs.append(_read(engine, document, wanted.peers_python, wanted.seconds))
    return min(runs, key=lambda run: run.seconds) if runs[-1].outcome == "read" else runs[-1]


def _read(engine: str, document: Document, peers_python: str, seconds: float) -> Reading:
    """One document with one engine, in a process of its own."""
    ours = engine.startswith("title1")
    command = [sys.executable if ours else peers_python, str(_ENGINES_FILE), engine, str(document.path.resolve())]
    environment = dict(os.environ)
    if ours:
        environment["PYTHONPATH"] = str(Path(__file__).parent.parent)
    try:
        ended = subprocess.run(
            [*command, str(document.pages)], capture_output=True, timeout=seconds, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return Reading(engine, document.name, document.pages, "too slow")
    if ended.returncode == NOT_INSTALLED:
        return Reading(engine, document.name, document.pages, "not installed")
    if ended.returncode:
        print(ended.stderr.decode("utf-8", "replace")[-600:], file=sys.stderr)
        return Reading(engine, document.name, document.pages, "failed")
    told = json.loads(ended.stdout[ended.stdout.index(b"{") :])
    unscored = document.names is None or engine.endswith(" words")
    found = None if unscored else score(told["rows"], document.names or (), document.neither)
    spent = told["seconds"], told["peak_mb"], found, told["processor_seconds"]
    return Reading(engine, document.name, document.pages, "read", *spent)


def _pages_per_second(readings: Sequence[Reading]) -> float:
    return sum(reading.pages for reading in readings) / max(sum(reading.seconds for reading in readings), 1e-9)


def _flat(text: str) -> str:
    return "".join(text.split()).casefold()


def _print(readings: Sequence[Reading]) -> None:
    names = list(dict.fromkeys(reading.document for reading in readings))
    pages = sum({reading.document: reading.pages for reading in readings}.values())
    console = Console(width=max(Console().width, _WIDTH))
    table = Table(title=f"{len(names)} documents, {pages} pages; means of recall and precision of school names")
    for heading in ("engine", "documents", "recall", "precision", "pages/s", f"to {_BASE}", "CPU ms/page", "peak MB"):
        table.add_column(heading, justify="left" if heading == "engine" else "right")
    for cost in costs(readings):
        ratio = f"{cost.ratio:.1f} x" if cost.ratio is not None else ""
        figures = (f"{cost.pages_per_second:.1f}", ratio, f"{cost.processor_ms:.1f}", f"{cost.peak_mb:.0f}")
        table.add_row(cost.engine, str(cost.documents), _share(cost.recall), _share(cost.precision), *figures)
    console.print(table)
    any_score = any(reading.score for reading in readings)
    shown = [reading for reading in readings if reading.score or reading.outcome != "read" or not any_score]
    engines = list(dict.fromkeys(reading.engine for reading in shown))
    outcomes = {(reading.document, reading.engine): _outcome(reading) for reading in readings}
    detail = Table("document", title="recall/precision of each document" if any_score else "speed on each document")
    for engine in engines:
        detail.add_column(engine, justify="right")
    for name in names:
        detail.add_row(name, *(outcomes.get((name, engine), "") for engine in engines))
    console.print(detail)


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.2f}"


def _outcome(reading: Reading) -> str:
    if reading.outcome != "read":
        return reading.outcome
    if reading.score is None:
        return f"{_pages_per_second([reading]):.0f} pages/s"
    return f"{reading.score.recall:.2f}/{reading.score.precision:.2f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/schools.py",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, help="read the PDFs of this folder instead")
    parser.add_argument("--whole", action="store_true", help="all pages, also those whose truth is not known")
    parser.add_argument("--pages", type=int, default=10, help="pages of each printed document (default: 10)")
    chosen = f"only this one; may be repeated. One of: {', '.join(ENGINES)}"
    parser.add_argument("--engine", action="append", choices=list(ENGINES), metavar="ENGINE", help=chosen)
    parser.add_argument("--peers-python", default=sys.executable, help="the interpreter that has the other engines")
    parser.add_argument(
        "--runs", type=int, default=1, help="read each document so often; the fastest counts (default: 1)"
    )
    parser.add_argument("--seconds", type=float, default=120, help="limit for one document (default: 120)")
    parser.add_argument("--json", action="store_true", help="print all readings as JSON")
    wanted = parser.parse_args()
    if wanted.pages < 1 or wanted.runs < 1:
        parser.error("--pages and --runs must be 1 or more")
    return wanted


if __name__ == "__main__":
    main()
