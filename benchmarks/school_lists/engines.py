"""One engine reads the tables of one document: `python benchmarks/school_lists/engines.py ENGINE FILE PAGES`.

This runs in a process of its own for each engine and document, so that speed and memory are that engine's alone, and
under the interpreter that has the engine; of this project it needs nothing, unless the engine is ours. It prints one
JSON object: the rows as cells, the seconds that passed, those of processor time (its own and its children's), and the
peak of memory.
"""

from __future__ import annotations

import importlib
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NOT_INSTALLED = 3
"""The exit status of an engine that is not there."""

_COLUMN_GAP = re.compile(r" {2,}")
"""What parts columns in text that is laid out with spaces."""

Rows = list[list[str]]


def main() -> None:
    """Reads the document and prints what it cost."""
    engine, file, pages = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    read = ENGINES[engine]
    try:
        for module in NEEDS[engine]:
            importlib.import_module(module)
    except ImportError:
        sys.exit(NOT_INSTALLED)
    if any(shutil.which(program) is None for program in PROGRAMS.get(engine, ())):
        sys.exit(NOT_INSTALLED)
    if engine in LOADED_BY:
        LOADED_BY[engine](file)
    began, before = time.perf_counter(), _processor_seconds()
    rows = read(file, pages)
    passed, spent = time.perf_counter() - began, _processor_seconds() - before
    if engine in ENDED_BY:
        ENDED_BY[engine]()
    peak_mb = max(_peak_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    told = {"rows": rows, "seconds": passed, "processor_seconds": spent, "peak_mb": peak_mb}
    json.dump(told, sys.stdout)


def _processor_seconds() -> float:
    """What this process and its children took of the processor: the same on a busy machine as on an idle one."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    ended = sum(usage.ru_utime + usage.ru_stime for usage in used)
    if "psutil" not in sys.modules:
        return ended
    running = [child.cpu_times() for child in sys.modules["psutil"].Process().children()]
    return ended + sum(t.user + t.system + t.children_user + t.children_system for t in running)


def _peak_mb() -> float:
    """The peak of this process's own memory. `ru_maxrss` starts with what the process had that started this one."""
    status = Path("/proc/self/status")
    own = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text("ascii"), re.MULTILINE) if status.exists() else None
    return int(own[1]) / 1024 if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _title1(file: Path, pages: int) -> Rows:
    reader = importlib.import_module("extraction.schools.reader")
    return _printed(reader.read_document(file, pages=range(1, pages + 1)))


def _title1_alone(file: Path, pages: int) -> Rows:
    reader = importlib.import_module("extraction.schools.reader")
    return _printed(reader.read_document(file, pages=range(1, pages + 1), ahead=False))


def _title1_caged(file: Path, pages: int) -> Rows:
    cage = importlib.import_module("extraction.schools.cage")
    return _printed(cage.read_pages(file, pages=range(1, pages + 1)))


def _printed(readings: Any) -> Rows:
    return [[value.text for value in row.fields.values()] for reading in readings for row in reading.rows]


def _pdfplumber(file: Path, pages: int) -> Rows:
    rows: Rows = []
    with _module("pdfplumber").open(file) as document:
        for page in document.pages[:pages]:
            rows += [[cell or "" for cell in row] for table in page.extract_tables() for row in table]
            page.close()
    return rows


def _title1_words(file: Path, pages: int) -> Rows:
    sheets, outline = _module("extraction.schools.sheets"), _module("extraction.schools.outline")
    document = outline.open_document(file)
    for number in range(1, pages + 1):
        sheets.read_sheet(document, number)
    document.close()
    return []


def _pdfplumber_words(file: Path, pages: int) -> Rows:
    with _module("pdfplumber").open(file) as document:
        for page in document.pages[:pages]:
            page.extract_words()
            page.close()
    return []


def _camelot(flavor: str) -> Callable[[Path, int], Rows]:
    def read(file: Path, pages: int) -> Rows:
        tables = _module("camelot").read_pdf(str(file), pages=f"1-{pages}", flavor=flavor, suppress_stdout=True)
        return [[str(cell) for cell in row] for table in tables for row in table.df.to_numpy().tolist()]

    return read


def _tabula(*, lattice: bool) -> Callable[[Path, int], Rows]:
    def read(file: Path, pages: int) -> Rows:
        tables = _module("tabula").read_pdf(
            str(file),
            pages=f"1-{pages}",
            lattice=lattice,
            stream=not lattice,
            multiple_tables=True,
            pandas_options={"header": None, "dtype": str},
            silent=True,
        )
        return [[str(cell) for cell in row] for table in tables for row in table.fillna("").to_numpy().tolist()]

    return read


def _pypdf(file: Path, pages: int) -> Rows:
    document = _module("pypdf").PdfReader(file)
    return _rows_of("\n".join(page.extract_text(extraction_mode="layout") for page in document.pages[:pages]))


def _pdfminer(file: Path, pages: int) -> Rows:
    """The lines of its text boxes; those at the same height are a row, for it knows no tables."""
    layout = importlib.import_module("pdfminer.layout")
    rows: Rows = []
    for page in importlib.import_module("pdfminer.high_level").extract_pages(file, maxpages=pages):
        lines = [line for box in page if isinstance(box, layout.LTTextBox) for line in box]
        at_height: dict[int, list[Any]] = {}
        for line in lines:
            at_height.setdefault(round(line.y0), []).append(line)
        for _, beside in sorted(at_height.items(), reverse=True):
            rows.append([line.get_text().strip() for line in sorted(beside, key=lambda line: line.x0)])
    return rows


def _poppler(file: Path, pages: int) -> Rows:
    command = ["pdftotext", "-layout", "-l", str(pages), str(file), "-"]
    return _rows_of(subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "replace"))


def _rows_of(text: str) -> Rows:
    return [_COLUMN_GAP.split(line.strip()) for line in text.splitlines() if line.strip()]


def _module(name: str) -> Any:
    return importlib.import_module(name)


ENGINES: dict[str, Callable[[Path, int], Rows]] = {
    "title1": _title1,
    "title1 alone": _title1_alone,
    "title1 caged": _title1_caged,
    "pdfplumber": _pdfplumber,
    "camelot lattice": _camelot("lattice"),
    "camelot stream": _camelot("stream"),
    "tabula lattice": _tabula(lattice=True),
    "tabula stream": _tabula(lattice=False),
    "pypdf layout": _pypdf,
    "pdfminer": _pdfminer,
    "poppler layout": _poppler,
    "title1 words": _title1_words,
    "pdfplumber words": _pdfplumber_words,
}
"""`title1` reads sheets ahead in a second process, as the cage does; "alone" it does not.

Those called "words" only find the words of a page and where they stand (ours its lines and rulings too)."""
LOADED_BY: dict[str, Callable[[Path], object]] = {
    "title1 caged": lambda file: _module("extraction.schools.cage").inspect_pdf(file),
}
"""What loads an engine that does not read in the process that has imported it: as a worker has it, once it has read."""

ENDED_BY: dict[str, Callable[[], object]] = {"title1 caged": lambda: _module("extraction.schools.cage").release()}
"""What ends the processes of an engine that keeps some, for their peak of memory is known only then."""

NEEDS: dict[str, tuple[str, ...]] = {
    "title1": ("extraction.schools.reader",),
    "title1 alone": ("extraction.schools.reader",),
    "title1 caged": ("extraction.schools.cage", "psutil"),
    "pdfplumber": ("pdfplumber",),
    "camelot lattice": ("camelot",),
    "camelot stream": ("camelot",),
    "tabula lattice": ("tabula",),
    "tabula stream": ("tabula",),
    "pypdf layout": ("pypdf",),
    "pdfminer": ("pdfminer", "pdfminer.high_level"),
    "poppler layout": (),
    "title1 words": ("extraction.schools.outline", "extraction.schools.sheets"),
    "pdfplumber words": ("pdfplumber",),
}
"""What each engine loads; loading is not counted."""
PROGRAMS = {"poppler layout": ("pdftotext",), "tabula lattice": ("java",), "tabula stream": ("java",)}


if __name__ == "__main__":
    main()
