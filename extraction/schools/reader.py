"""Reads a document page by page: sheet → layouts → the best reading.

This runs inside the cage (`child`), or in a process that reads one document at a time: pdfium is not thread-safe.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec
import pypdfium2 as pdfium

from extraction.errors import PdfError
from extraction.evidence import Printed
from extraction.places import state_code, zip_place
from extraction.schools.confidence import signals_of
from extraction.schools.document_state import NamedState, named_state
from extraction.schools.grids import Layout
from extraction.schools.headers import ColumnPlan
from extraction.schools.layouts import LAYOUTS
from extraction.schools.outline import open_document
from extraction.schools.records import FieldName, PageReading, SchoolRow
from extraction.schools.rows import read_grid
from extraction.schools.sheets import Sheet, read_sheet

_GOOD_ENOUGH = 0.85
"""A layout that reads a page this surely is taken without trying the others."""


class _Attempt(msgspec.Struct, frozen=True):
    """What one layout made of a page."""

    method: str
    schools: tuple[SchoolRow, ...]
    plan: ColumnPlan | None
    carried: dict[FieldName, Printed]
    expected: int
    confidence: float
    warnings: tuple[str, ...]

    @property
    def worth(self) -> float:
        """More rows are better, surer ones much more so: a wrong layout often makes more rows, out of pieces."""
        return self.confidence**3 * len(self.schools)


class _Thread:
    """What earlier pages of a document say about later ones."""

    def __init__(self, state: NamedState | None) -> None:
        self.plan: ColumnPlan | None = None
        self.carried: dict[FieldName, Printed] = {}
        self.state = state


def read_document(
    pdf: bytes | Path, *, first: int = 1, pages: Collection[int] | None = None, state: str | None = None
) -> Iterator[PageReading]:
    """Read the pages of a PDF, in order.

    Args:
        pdf: The file, or its bytes.
        first: The first page to report. Earlier pages are read all the same, because their headers and group
            headings say what the later rows mean: a resumed reading gives the very rows of an uninterrupted one.
        pages: Report only these pages.
        state: The state of all schools, for lists that do not name it.

    Raises:
        PdfError: pdfium cannot open the file.
    """
    document = open_document(pdf)
    try:
        for number, reading in read_opened(document, last=max(pages) if pages else None, state=state):
            if reading is not None and number >= first and (pages is None or number in pages):
                yield reading
    finally:
        document.close()


def read_opened(
    document: pdfium.PdfDocument, *, last: int | None = None, state: str | None = None
) -> Iterator[tuple[int, PageReading | None]]:
    """Read an open document up to page `last`: (number, None) as a page is begun, (number, reading) as it is read."""
    total = len(document)
    thread = _Thread(_given_state(state) or _metadata_state(document))
    for number in range(1, min(total, last or total) + 1):
        yield number, None
        try:
            sheet = read_sheet(document, number)
        except pdfium.PdfiumError as error:
            warning = f"page {number} is damaged ({error}); its rows are missing"
            yield number, PageReading(number, total, "no_table", warnings=(warning,))
            continue
        yield number, _read_page(sheet, total, thread)


def _read_page(sheet: Sheet, total: int, thread: _Thread) -> PageReading:
    """The best reading of one page; what it says about the next ones is kept in `thread`."""
    if sheet.chars == 0:
        warning = f"page {sheet.number} holds no text (a scan or an empty page); it needs OCR"
        return PageReading(sheet.number, total, "needs_ocr", warnings=(warning,))
    if sheet.cut:
        warning = f"page {sheet.number} holds more text than any list; it was not read"
        return PageReading(sheet.number, total, "no_table", warnings=(warning,))
    attempt = _best_attempt(sheet, thread)
    if thread.state is None:
        thread.state = _title_state(sheet, attempt)
    if attempt is None:
        warning = f"no list of schools was recognized on page {sheet.number}"
        return PageReading(sheet.number, total, "no_table", warnings=(warning,))
    if attempt.plan is not None and attempt.plan.placed:
        thread.plan = attempt.plan
    thread.carried = {field: _from_heading(value, sheet.number) for field, value in attempt.carried.items()}
    schools = tuple(_placed(school, thread.state) for school in attempt.schools)
    return PageReading(
        page=sheet.number,
        pages_total=total,
        method=attempt.method,
        rows=schools,
        confidence=attempt.confidence,
        rows_expected=attempt.expected,
        warnings=attempt.warnings,
    )


def _from_heading(value: Printed, page: int) -> Printed:
    """A heading's value for rows of later pages, where its box would point at nothing."""
    if value.box is None:
        return value
    return msgspec.structs.replace(value, box=None, derived_from=f"heading on page {page}")


def _best_attempt(sheet: Sheet, thread: _Thread) -> _Attempt | None:
    best: _Attempt | None = None
    for layout in LAYOUTS:
        attempt = _attempt(layout, sheet, thread)
        if attempt is None:
            continue
        if best is None or attempt.worth > best.worth:
            best = attempt
        if best.confidence >= _GOOD_ENOUGH:
            break
    return best


def _attempt(layout: Layout, sheet: Sheet, thread: _Thread) -> _Attempt | None:
    """Read all grids of one layout, each with what the ones before said."""
    plan, carried = thread.plan, dict(thread.carried)
    schools: list[SchoolRow] = []
    warnings: list[str] = []
    meanings: list[float] = []
    expected = placed = 0
    for grid in layout.grids(sheet, plan):
        reading = read_grid(grid, plan, carried, sheet.number)
        if reading is None:
            continue
        meanings += [reading.meaning] * len(reading.schools)
        plan, carried = reading.plan, reading.carried
        schools += reading.schools
        expected += reading.expected
        placed += reading.words_placed
        warnings += reading.warnings
    if not schools:
        return None
    header = sum(meanings) / len(meanings)
    signals = signals_of(sheet, schools, expected=expected, words_placed=placed, header=header)
    if expected > len(schools):
        warnings.append(f"{expected - len(schools)} of about {expected} rows could not be read")
    numbered = tuple(msgspec.structs.replace(school, row=row) for row, school in enumerate(schools, start=1))
    return _Attempt(layout.name, numbered, plan, carried, expected, signals.confidence, tuple(warnings))


def _given_state(state: str | None) -> NamedState | None:
    if state is None:
        return None
    code = state_code(state)
    if code is None:
        raise PdfError(f"{state!r} is no state of the United States. Give its two letters or its name.")
    return NamedState(code, state, "argument")


def _metadata_state(document: pdfium.PdfDocument) -> NamedState | None:
    metadata = document.get_metadata_dict(skip_empty=True)
    return named_state([metadata.get("Title", ""), metadata.get("Subject", "")], "metadata")


def _title_state(sheet: Sheet, attempt: _Attempt | None) -> NamedState | None:
    """The state that the lines around the table name. Rows name streets and schools ("Delaware Avenue School")."""
    if attempt is None:
        return named_state((line.text for line in sheet.lines[:12]), "title")
    top = min(school.box.top for school in attempt.schools)
    bottom = max(school.box.bottom for school in attempt.schools)
    outside = [line.text for line in sheet.lines if line.box.bottom <= top + 1 or line.box.top >= bottom - 1]
    return named_state(outside, "title")


def _placed(school: SchoolRow, state: NamedState | None) -> SchoolRow:
    """The school with its state: its own, else the document's, else the one its ZIP lies in."""
    if "state" in school.fields:
        return school
    printed = state.printed() if state else None
    code = school.fields.get("zip")
    if printed is None and code is not None and (place := zip_place(code.value)):
        printed = Printed(code.text, place.state, None, 0.9, "zip")
    if printed is None:
        return school
    return msgspec.structs.replace(school, fields={**school.fields, "state": printed})
