"""The asker: reads a document's doubtful pages again with a model's help, page by page.

First the document's column plan is asked for, once, and applied by the parser itself to all pages that follow; rows are
asked for only where that did not help. Whatever goes wrong with the model costs the page nothing but a warning.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec

from extraction.errors import PdfError
from extraction.llm.client import LlmClient
from extraction.llm.errors import LlmError
from extraction.schools.asking.bands import BandedPage
from extraction.schools.asking.column_question import column_plan, column_question
from extraction.schools.asking.doubt import is_better, is_doubtful, lacks_status
from extraction.schools.asking.grounded_rows import GroundedRows, grounded_rows
from extraction.schools.asking.row_question import NumberedBand, ToldRows, portions, row_question, told_rows
from extraction.schools.asking.turning import PageTurner
from extraction.schools.cage import CageLimits, band_page, read_pages, render_page
from extraction.schools.document_state import NamedState
from extraction.schools.headers import ColumnPlan
from extraction.schools.reader import placed_school
from extraction.schools.records import PageReading

_IMAGE_DPI = 150
_PLAN_QUESTIONS = 3
"""A document may hold tables of several shapes; each shape is asked about once."""
_PATIENCE = 3
"""Failures in a row after which nothing more is asked: the server is down, or the budget is spent."""

T = TypeVar("T")


class AskedTotals(msgspec.Struct, frozen=True, omit_defaults=True):
    """What asking has brought so far."""

    pages_asked: int = 0
    """Pages about which anything was asked."""
    pages_by_plan: int = 0
    """Pages that a plan made better in place; the pages after them were read with it from the start."""
    pages_by_rows: int = 0
    dropped_values: int = 0
    """Values of answers that their row does not print."""
    dropped_rows: int = 0
    """Rows of answers whose name their row does not print."""


class AskerMemory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What must survive the process, so that another one goes on as if nothing had happened."""

    plan: ColumnPlan | None = None
    shapes: tuple[tuple[int, ...], ...] = ()
    """Tables whose columns were asked about."""
    status_looked_for: bool = False
    totals: AskedTotals = AskedTotals()


class Asker:
    """Asks about one document.

    Args:
        client: The model, its budget and its cache.
        path: The file.
        state: The state of all schools, for lists that do not name it.
        limits: What the document may cost to read.
        explain: Give readings a sketch of how the page was seen.
        memory: What an earlier process that read the document had learned.
    """

    def __init__(
        self,
        client: LlmClient,
        path: Path,
        *,
        state: str | None = None,
        limits: CageLimits | None = None,
        explain: bool = False,
        memory: AskerMemory | None = None,
    ) -> None:
        self.memory = memory or AskerMemory()
        self._client = client
        self._path = path
        self._state = state
        self._limits = limits
        self._explain = explain
        self._named = NamedState(state, state, "argument") if state else None
        self._failures = 0
        self._turner: PageTurner | None = None

    def pages(self, *, first: int = 1, pages: Collection[int] | None = None, thread: str | None = None) -> PageTurner:
        """The pages as the parser reads them; it goes over to a plan as soon as `improved` finds one.

        `thread` is that of the page before `first`, if it was kept.
        """

        def read_from(first: int, plan: ColumnPlan | None, thread: str | None) -> Generator[PageReading]:
            wanted = None if pages is None else [page for page in pages if page >= first]
            return self._read_pages(plan, thread, first=first, pages=wanted)

        self._turner = PageTurner(read_from, first, self.memory.plan, thread)
        return self._turner

    async def read(self, *, pages: Collection[int] | None = None) -> AsyncGenerator[PageReading]:
        """All pages, each improved where it needs to be."""
        with closing(self.pages(pages=pages)) as turner:
            while (reading := await in_thread(lambda: next(turner, None))) is not None:
                yield await self.improved(reading)

    async def improved(self, reading: PageReading) -> PageReading:
        """A page's reading, or a better one."""
        self._note_state(reading)
        doubtful = is_doubtful(reading, self._client.settings.below_confidence)
        looked_for = not doubtful and not self.memory.status_looked_for and lacks_status(reading)
        if self._failures >= _PATIENCE or not (doubtful or looked_for):
            return reading
        try:
            page = await in_thread(lambda: band_page(self._path, reading.page, limits=self._limits))
            if doubtful:
                better = await self._asked(page, reading) if page.is_tabular else reading
            else:
                self.memory = msgspec.structs.replace(self.memory, status_looked_for=True)
                better = reading
                if page.has_unknown_column:
                    better = await self._by_plan(page, reading, for_status=True)
        except LlmError as error:
            self._failures += 1
            return _warned(reading, error.message)
        except PdfError as error:
            return _warned(reading, f"the model was not asked: {error.message}")
        return better

    async def _asked(self, page: BandedPage, reading: PageReading) -> PageReading:
        self._count(pages_asked=1)
        by_plan = await self._by_plan(page, reading)
        if not is_doubtful(by_plan, self._client.settings.below_confidence):
            return by_plan
        try:
            return await self._by_rows(page, by_plan)
        except LlmError as error:
            self._failures += 1
            return _warned(by_plan, error.message)

    async def _by_plan(self, page: BandedPage, reading: PageReading, *, for_status: bool = False) -> PageReading:
        """The page read with the columns that the model tells, if its own signals say that this is better.

        A page that was read well is not read otherwise but for the status that it lacks.
        """
        memory = self.memory
        if memory.plan is not None or not page.columns or len(memory.shapes) >= _PLAN_QUESTIONS:
            return reading
        if page.shape in memory.shapes:
            return reading
        answer = await self._client.ask(column_question(page))
        self._failures = 0
        self.memory = memory = msgspec.structs.replace(self.memory, shapes=(*memory.shapes, page.shape))
        plan = column_plan(answer, page)
        if plan is None:
            return reading
        again = await in_thread(lambda: self._read_with(plan, reading.page))
        if again is None or not is_better(again, reading) or (for_status and lacks_status(again)):
            return reading
        self.memory = msgspec.structs.replace(memory, plan=plan)
        self._count(pages_by_plan=1)
        turner = self._turner
        if turner is not None and reading.page < reading.pages_total:
            await in_thread(lambda: turner.go_on_with(plan, again.thread))
        return again

    def _read_with(self, plan: ColumnPlan, page: int) -> PageReading | None:
        before = self._turner.before if self._turner is not None else None
        with closing(self._read_pages(plan, before, pages=[page])) as readings:
            return next(readings, None)

    def _read_pages(
        self, plan: ColumnPlan | None, thread: str | None, *, first: int = 1, pages: Collection[int] | None = None
    ) -> Generator[PageReading]:
        return read_pages(
            self._path,
            first=first,
            pages=pages,
            state=self._state,
            explain=self._explain,
            plan=plan,
            thread=thread,
            limits=self._limits,
        )

    async def _by_rows(self, page: BandedPage, reading: PageReading) -> PageReading:
        """The page made of the rows that the model tells, if more of them are printed than were read without it."""
        image = None
        if page.scanned:
            image = await in_thread(lambda: render_page(self._path, page.page, dpi=_IMAGE_DPI, limits=self._limits))
        rows: list[ToldRows] = []
        trouble: LlmError | None = None
        for portion in portions(list(enumerate(page.bands, start=1))):
            try:
                rows += await self._told(portion, image)
            except LlmError as error:
                trouble = error
                break
        if not rows and trouble is not None:
            raise trouble
        found = grounded_rows(page, ToldRows(tuple(row for told in rows for row in told.rows)))
        self._count(dropped_values=found.dropped_values, dropped_rows=found.dropped_rows)
        again = _reading_of(found, page, reading, self._named)
        if trouble is not None:
            again, reading = _warned(again, trouble.message), _warned(reading, trouble.message)
        if not is_better(again, reading):
            return reading
        self._count(pages_by_rows=1)
        return again

    async def _told(self, bands: Sequence[NumberedBand], image: bytes | None) -> list[ToldRows]:
        """What the model tells of some bands; those that it leaves out are asked for once more."""
        told = told_rows(await self._client.ask(row_question(bands, image)), bands)
        self._failures = 0
        missing = [(number, band) for number, band in bands if number not in told.bands]
        if not missing:
            return [told]
        try:
            return [told, told_rows(await self._client.ask(row_question(missing, image)), missing)]
        except LlmError:
            # What was answered is worth keeping; the missing rows are told by the count of rows expected.
            if told.rows:
                return [told]
            raise

    def _note_state(self, reading: PageReading) -> None:
        """Remember the state that the document itself names, for rows that the parser does not make."""
        if self._named is not None:
            return
        for row in reading.rows:
            state = row.fields.get("state")
            if state is not None and state.box is None and state.derived_from in {"title", "metadata"}:
                self._named = NamedState(state.value, state.text, state.derived_from)
                return

    def _count(self, **more: int) -> None:
        totals = msgspec.structs.asdict(self.memory.totals)
        counted = {name: totals[name] + number for name, number in more.items()}
        self.memory = msgspec.structs.replace(
            self.memory, totals=msgspec.structs.replace(self.memory.totals, **counted)
        )


async def in_thread(step: Callable[[], T]) -> T:
    """A step in a thread. Cancelled, it still waits for the step, which the cage bounds: no child may be left over."""
    running = asyncio.ensure_future(asyncio.to_thread(step))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


def _reading_of(found: GroundedRows, page: BandedPage, reading: PageReading, state: NamedState | None) -> PageReading:
    """The page with the rows found. It is as sure as the answer was true to the page."""
    schools = tuple(placed_school(school, state) for school in found.schools)
    values = sum(len(school.fields) for school in schools)
    kept = len(schools) / (len(schools) + found.lost_bands) if schools else 0.0
    true = values / (values + found.dropped_values) if values else 0.0
    expected = max(reading.rows_expected or 0, len(schools) + found.lost_bands)
    warnings: list[str] = []
    if found.dropped_rows or found.dropped_values:
        warnings.append(
            f"{found.dropped_rows} rows and {found.dropped_values} values of the model's answer are not printed in"
            " their rows and were dropped"
        )
    if expected > len(schools):
        warnings.append(f"{expected - len(schools)} of about {expected} rows could not be read")
    return PageReading(
        page=reading.page,
        pages_total=reading.pages_total,
        method="rows+model",
        rows=schools,
        confidence=round(0.8 * kept * true, 3),
        rows_expected=expected,
        warnings=tuple(warnings),
        damage=reading.damage,
        scanned=page.scanned,
        sketch=reading.sketch,
        thread=reading.thread,
    )


def _warned(reading: PageReading, warning: str) -> PageReading:
    return msgspec.structs.replace(reading, warnings=(*reading.warnings, warning))
