"""Reads a document page by page: sheet → layouts → the best reading.

This runs inside the cage (`child`), or in a process that reads one document at a time: pdfium is not thread-safe.
Sheets may be read ahead by a second process (`ahead`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pypdfium2 as pdfium

from extraction.errors import PdfError
from extraction.evidence import Printed
from extraction.places import county_of, state_code, zip_place
from extraction.schools.ahead import SheetRead, read_ahead, worth_reading_ahead
from extraction.schools.asking.bands import BandedPage, banded_page
from extraction.schools.confidence import county_warnings, signals_of
from extraction.schools.damage import mended, respelled
from extraction.schools.document_state import NamedState, named_state
from extraction.schools.grids import Layout
from extraction.schools.groups import group_field
from extraction.schools.headers import ColumnPlan
from extraction.schools.layouts import LAYOUTS, NamesUnderHeadings
from extraction.schools.legends import legend_of
from extraction.schools.ocr.display import on_display
from extraction.schools.ocr.engine import OcrError
from extraction.schools.ocr.scans import OcrOptions, read_scan
from extraction.schools.outline import open_document
from extraction.schools.records import FieldName, PageReading, SchoolRow
from extraction.schools.rows import Known, read_grid
from extraction.schools.sequence import SequenceWatch
from extraction.schools.sheets import Sheet, read_sheet
from extraction.schools.sketches import ReadGrid, sketch_of
from extraction.schools.thread import ReadingThread, kept_thread, program, thread_before
from extraction.schools.vocabulary import plain

_GOOD_ENOUGH = 0.92
"""A layout that reads a page this surely is taken without trying the others."""

_AS_BEFORE = 0.05
_LEAST_SURE = 0.8
"""So is one that did best on an earlier page, where it is hardly less sure than it was there."""


class _Attempt(msgspec.Struct, frozen=True):
    """What one layout made of a page."""

    method: str
    schools: tuple[SchoolRow, ...]
    plan: ColumnPlan | None
    carried: dict[FieldName, Printed]
    expected: int
    confidence: float
    warnings: tuple[str, ...]
    grids: tuple[ReadGrid, ...]
    numbers: tuple[tuple[str | None, str | None], ...]

    @property
    def content(self) -> float:
        """More values are better, surer ones much more so: a wrong layout often makes more rows, out of pieces.

        A row that only repeats another one (a polling place for each precinct) says nothing new.
        """
        told = {tuple((field, printed.text) for field, printed in school.fields.items()) for school in self.schools}
        return self.confidence**3 * sum(map(len, told))


_MOST_CODES = 100
"""Codes that a document explains; the longest legend seen has a dozen."""


class _Thread:
    """The thread of a reading under way. `given` is a plan from outside."""

    def __init__(self, before: ReadingThread, given: ColumnPlan | None = None) -> None:
        self.plan = before.plan
        self.given = given
        self.carried: dict[FieldName, Printed] = before.carried
        self.legend = before.legend
        self.watch = SequenceWatch(before.numbers)
        self.method = before.method
        self.enough = before.enough
        self.state = before.state
        self.grids: tuple[ReadGrid, ...] = ()
        """Of the page that was read last."""

    def learn(self, legend: dict[str, str]) -> None:
        """Note codes that a page explains."""
        self.legend = dict(list((self.legend | legend).items())[:_MOST_CODES])

    def after(self, page: int) -> ReadingThread:
        """All of it that matters behind a page."""
        return ReadingThread(
            page=page,
            plan=self.plan,
            carried=self.carried,
            legend=self.legend,
            numbers=self.watch.memory,
            method=self.method,
            enough=self.enough,
            state=self.state,
        )


class ReadingOptions(msgspec.Struct, frozen=True):
    """What is known of a document from elsewhere, and how it is to be read."""

    state: str | None = None
    """The state of all schools, for lists that do not name it."""
    plan: ColumnPlan | None = None
    """What the columns hold; taken for the pages that it explains better than what they say themselves."""
    explain: bool = False
    """Give each reading a sketch of the page."""
    ocr: OcrOptions = OcrOptions()


def read_document(
    pdf: bytes | Path,
    *,
    first: int = 1,
    pages: Collection[int] | None = None,
    state: str | None = None,
    thread: str | None = None,
    ahead: bool | None = None,
) -> Iterator[PageReading]:
    """Read the pages of a PDF, in order.

    Args:
        pdf: The file, or its bytes.
        first: The first page to report. Earlier pages are read all the same, because their headers and group
            headings say what the later rows mean: a resumed reading gives the very rows of an uninterrupted one.
        pages: Report only these pages.
        state: The state of all schools, for lists that do not name it.
        thread: That of an earlier page's reading; the pages up to it are not read again.
        ahead: Whether to read sheets ahead in a process forked from this one, where that helps. By default, if no
            other thread is there, which a fork would leave in the middle of something.

    Raises:
        PdfError: pdfium cannot open the file.
    """
    document = open_document(pdf)
    try:
        begin, last = max(first, min(pages or (1,))), max(pages) if pages else None
        source = pdf if (threading.active_count() == 1 if ahead is None else ahead) else None
        options = ReadingOptions(state)
        for number, reading in read_opened(document, options, source, first=begin, last=last, thread=thread):
            if reading is not None and number >= first and (pages is None or number in pages):
                yield reading
    finally:
        document.close()


def read_opened(
    document: pdfium.PdfDocument,
    options: ReadingOptions,
    source: bytes | Path | None = None,
    *,
    first: int = 1,
    last: int | None = None,
    thread: str | None = None,
) -> Iterator[tuple[int, PageReading | None]]:
    """Read an open document up to page `last`: (number, None) as a page is begun, (number, reading) as it is read.

    It begins behind the page of the `thread`, if that is of use to one who wants the pages from `first` on; else at 1.
    Where the document was opened from is its `source`; with it, sheets are read ahead by a process forked from this
    one, if that helps.
    """
    total = len(document)
    given = _given_state(options.state)
    before = thread_before(thread, first)
    numbers = range(before.page + 1 if before else 1, min(total, last or total) + 1)
    with closing(_sheets_ahead(source, numbers, options.ocr)) as sheets:
        load_tables()
        running = _Thread(before or ReadingThread(0, state=given or _metadata_state(document)), options.plan)
        for number in numbers:
            yield number, None
            try:
                read = next(sheets, None) or _read_sheet(document, number, options.ocr)
                reading = _shown(_read_page(read.sheet, total, running), read, running if options.explain else None)
            except pdfium.PdfiumError as error:
                warning = f"page {number} is damaged ({error}); its rows are missing"
                reading = PageReading(number, total, "no_table", warnings=(warning,))
            yield number, msgspec.structs.replace(reading, thread=kept_thread(running.after(number)))


def _sheets_ahead(source: bytes | Path | None, numbers: range, ocr: OcrOptions) -> Generator[SheetRead | None]:
    """Sheets that another process has read; none of them where it would not help."""
    if source is None or not worth_reading_ahead(len(numbers)):
        return (None for _ in numbers)

    def reopened() -> Callable[[int], SheetRead]:
        document = open_document(source)
        return lambda number: _read_sheet(document, number, ocr)

    return read_ahead(numbers, reopened)


def load_tables() -> None:
    """Load what most lists need, once in a process; where sheets are read ahead, while the first one is."""
    program()
    group_field("Some County")


def _shown(reading: PageReading, read: SheetRead, explained: _Thread | None) -> PageReading:
    """The reading as it is told: on the page as displayed, with a sketch if it is to be explained."""
    sheet = read.sheet
    if read.unread and not reading.rows:
        warning = f"page {sheet.number} is a scan and was not read: {read.unread}"
        reading = PageReading(sheet.number, reading.pages_total, "needs_ocr", warnings=(warning,))
    if explained is not None:
        reading = msgspec.structs.replace(reading, sketch=sketch_of(sheet, explained.grids))
    return on_display(reading, sheet)


def read_banded(document: pdfium.PdfDocument, number: int, *, ocr: OcrOptions | None = None) -> BandedPage:
    """One page of an open document as it is asked about.

    Raises:
        PdfError: There is no such page, or it is damaged.
    """
    if not 0 < number <= len(document):
        raise PdfError(f"There is no page {number}; the document has {len(document)}.")
    try:
        return banded_page(_read_sheet(document, number, ocr or OcrOptions()).sheet)
    except pdfium.PdfiumError as error:
        raise PdfError(f"Page {number} is damaged ({error}).") from error


def _read_sheet(document: pdfium.PdfDocument, number: int, ocr: OcrOptions) -> SheetRead:
    """A page's sheet, from its picture if it is a scan."""
    sheet = mended(read_sheet(document, number))
    try:
        scan = read_scan(document, sheet, ocr)
        return SheetRead(respelled(scan) if scan is not None else sheet)
    except OcrError as error:
        return SheetRead(sheet, error.message)


def _read_page(sheet: Sheet, total: int, thread: _Thread) -> PageReading:
    """The best reading of one page; what it says about the next ones is kept in `thread`."""
    thread.grids = ()
    if sheet.chars == 0:
        return PageReading(sheet.number, total, "empty")
    if sheet.cut:
        warning = f"page {sheet.number} holds more text than any list; it was not read"
        return PageReading(sheet.number, total, "no_table", warnings=(warning,))
    thread.learn(legend_of(line.text for line in sheet.lines))
    attempt = _best_attempt(sheet, thread)
    if thread.state is None:
        thread.state = _title_state(sheet, attempt)
    if attempt is None:
        warning = f"no list of schools was recognized on page {sheet.number}"
        return PageReading(sheet.number, total, "no_table", warnings=(warning,))
    if attempt.plan is not None and attempt.plan.given is None:
        # Names without columns are known again on the next page; other unplaced plans say nothing about it.
        names_only = thread.plan is None and attempt.method == NamesUnderHeadings.name
        thread.plan = attempt.plan if attempt.plan.placed or names_only else thread.plan
    thread.grids = attempt.grids
    thread.carried = {field: _from_heading(value, sheet.number) for field, value in attempt.carried.items()}
    schools = tuple(placed_school(school, thread.state) for school in attempt.schools)
    for number, name in attempt.numbers:
        thread.watch.see(number, name)
    counted = thread.watch.end_page()
    return PageReading(
        page=sheet.number,
        pages_total=total,
        method=attempt.method,
        rows=schools,
        confidence=attempt.confidence,
        rows_expected=max(attempt.expected, counted.rows_expected if counted else 0),
        warnings=(*attempt.warnings, *(counted.warnings if counted else ()), *county_warnings(schools)),
        damage=sheet.damage,
    )


def _from_heading(value: Printed, page: int) -> Printed:
    """A heading's value for rows of later pages, where its box would point at nothing."""
    if value.box is None:
        return value
    return msgspec.structs.replace(value, box=None, derived_from=f"heading on page {page}")


def _best_attempt(sheet: Sheet, thread: _Thread) -> _Attempt | None:
    best: _Attempt | None = None
    for layout in sorted(LAYOUTS, key=lambda layout: layout.name != thread.method):
        attempt = _attempt(layout, sheet, thread, thread.plan)
        if attempt is None:
            continue
        if best is None or attempt.content > best.content:
            best = attempt
        if best.confidence >= _GOOD_ENOUGH:
            thread.method, thread.enough = best.method, _GOOD_ENOUGH
            break
        if best.method == thread.method and best.confidence >= thread.enough:
            break
    else:
        if best is not None and best.confidence >= _LEAST_SURE:
            thread.method, thread.enough = best.method, best.confidence - _AS_BEFORE
    return best if thread.given is None else _with_given_plan(best, sheet, thread, thread.given)


def _with_given_plan(best: _Attempt | None, sheet: Sheet, thread: _Thread, given: ColumnPlan) -> _Attempt | None:
    """The reading with a given plan, where it says more and says it surely; else the page's own."""
    headers = given.given.headers if given.given else ()
    # A header line that nobody knows for one would be joined with the row below it.
    body = [line for line in sheet.lines if plain(line.text) not in headers]
    sheet = msgspec.structs.replace(sheet, lines=tuple(body))
    for layout in LAYOUTS:
        told = _attempt(layout, sheet, thread, given)
        if told is not None and (best is None or told.content > best.content):
            best = msgspec.structs.replace(told, method=f"{layout.name}+plan")
    return best


def _attempt(layout: Layout, sheet: Sheet, thread: _Thread, plan: ColumnPlan | None) -> _Attempt | None:
    """Read all grids of one layout, each with what the ones before said."""
    carried = dict(thread.carried)
    schools: list[SchoolRow] = []
    warnings: list[str] = []
    meanings: list[float] = []
    grids: list[ReadGrid] = []
    numbers: list[tuple[str | None, str | None]] = []
    expected = placed = 0
    for grid in layout.grids(sheet, plan):
        known = Known(carried, thread.legend, thread.watch.last)
        reading = read_grid(grid, plan, known, sheet.number)
        if reading is None:
            continue
        grids.append((grid, reading.plan))
        meanings += [reading.meaning] * len(reading.schools)
        plan, carried = reading.plan, reading.carried
        schools += reading.schools
        expected += reading.expected
        placed += reading.words_placed
        warnings += reading.warnings
        numbers += reading.numbers
    if not schools:
        return None
    header = sum(meanings) / len(meanings)
    state = thread.state.code if thread.state else None
    signals = signals_of(sheet, schools, expected=expected, words_placed=placed, header=header, state=state)
    if expected > len(schools):
        warnings.append(f"{expected - len(schools)} of about {expected} rows could not be read")
    numbered = tuple(msgspec.structs.replace(school, row=row) for row, school in enumerate(schools, start=1))
    return _Attempt(
        method=layout.name,
        schools=numbered,
        plan=plan,
        carried=carried,
        expected=expected,
        confidence=signals.confidence,
        warnings=tuple(warnings),
        grids=tuple(grids),
        numbers=tuple(numbers),
    )


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


def placed_school(school: SchoolRow, state: NamedState | None) -> SchoolRow:
    """The school with its state, and its county by the name that the state's table of counties has."""
    here = _state_of(school, state)
    if here is None:
        return school
    fields: dict[FieldName, Printed] = {**school.fields, "state": here}
    county = fields.get("county")
    if county is not None and (known := county_of(here.value, county.text)):
        fields["county"] = msgspec.structs.replace(county, value=known.name)
    return msgspec.structs.replace(school, fields=fields)


def _state_of(school: SchoolRow, state: NamedState | None) -> Printed | None:
    """A school's own state, else the document's, else the one its ZIP lies in."""
    if (own := school.fields.get("state")) is not None:
        return own
    if state is not None:
        return state.printed()
    code = school.fields.get("zip")
    place = zip_place(code.value) if code is not None else None
    return Printed(code.text, place.state, None, 0.9, "zip") if code is not None and place is not None else None
