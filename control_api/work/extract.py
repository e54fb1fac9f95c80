"""`extract_schools`: reads a document page by page; the page is the unit of checkpoint, progress and event."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select

from control_api.jobs.schemas import ExtractSchools
from control_api.work.asking import asking_report, page_source
from control_api.work.attempt import Attempt, WorkError
from control_api.work.linking import link_in_job
from control_api.work.page_report import MOST_PAGES, PageReport, page_report, why_nothing
from extraction.errors import PdfError
from extraction.places import county_of
from extraction.schools.records import PageReading, SchoolRow
from storage.documents import blob_name, get_document
from storage.jobs import JobState
from storage.leases import Settlement, fenced
from storage.models import DocumentSchool
from storage.schools import ListedSchool, ReadPage, store_page
from storage.sightings import Sighting


async def extract_schools(attempt: Attempt) -> Settlement:
    """Reads the pages behind the checkpoint, each stored with progress and event in one fenced transaction."""
    params = msgspec.convert(attempt.lease.params, ExtractSchools)
    async with attempt.database.tenant(attempt.lease.organization_id) as connection:
        document = await get_document(connection, params.document_id)
    first = int(attempt.lease.checkpoint.get("page", 0)) + 1
    if first <= document.pages:
        with attempt.blobs.local_file(blob_name(document.sha256)) as path:
            try:
                whole = await _read_from(attempt, path, first, params.state or document.state, params, document.pages)
            except PdfError as error:
                raise WorkError(error.code, error.message) from error
        if not whole:
            return Settlement(JobState.QUEUED)
    schools, report = await _summary(attempt, params)
    asked = await asking_report(attempt)
    if not schools:
        raise WorkError("PDF_EXTRACTION_ERROR", why_nothing(report))
    links = await link_in_job(attempt, params.document_id)
    told = {**msgspec.to_builtins(report), **asked, **({"links": links} if links is not None else {})}
    result = {"document_id": str(params.document_id), "schools": schools, **told}
    return Settlement(JobState.SUCCEEDED, result=result)


async def _read_from(
    attempt: Attempt, path: Path, first: int, state: str | None, params: ExtractSchools, pages: int
) -> bool:
    """Reads from page `first` on; False when stopped before the end."""
    async with page_source(attempt, path, state) as source:
        with closing(source.pages(first, attempt.lease.checkpoint.get("thread"))) as readings:
            while (reading := await _next(readings)) is not None:
                better = await source.improved(reading)
                checkpoint = {"page": better.page, "thread": better.thread, **source.checkpoint}
                await _store(attempt, params, better, pages, checkpoint)
                if attempt.stop.is_set() and reading.page < pages:
                    return False
    return True


async def _next(readings: Iterator[PageReading]) -> PageReading | None:
    """The next page, read in a thread. Cancelled, it still waits for that page: only then can the child be ended."""
    step = asyncio.ensure_future(asyncio.to_thread(next, readings, None))
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        await asyncio.wait({step})
        raise


async def _store(
    attempt: Attempt, params: ExtractSchools, reading: PageReading, pages: int, checkpoint: dict[str, Any]
) -> None:
    lease = attempt.lease
    page = ReadPage(
        params.document_id,
        reading.page,
        reading.method,
        reading.confidence,
        reading.rows_expected,
        list(reading.warnings),
        [_listed(row) for row in reading.rows],
    )
    async with fenced(attempt.database, lease) as step:
        await store_page(
            step.connection,
            page,
            organization_id=lease.organization_id,
            job_id=lease.job_id,
            attempt=lease.attempt,
            seen_at=datetime.now(UTC),
        )
        await step.advance(done=reading.page, total=pages, checkpoint=checkpoint)
        await step.event(
            "page_read",
            page=reading.page,
            pages=pages,
            done=reading.page,
            total=pages,
            rows=len(reading.rows),
            rows_expected=reading.rows_expected,
            method=reading.method,
            confidence=reading.confidence,
            warnings=list(reading.warnings),
        )


def _listed(row: SchoolRow) -> ListedSchool:
    return ListedSchool(
        row.page,
        row.row,
        row.confidence,
        [
            Sighting(
                field,
                printed.text,
                # The school's own name and district are kept as printed; other fields by what they mean.
                printed.text if field in {"name", "district"} else printed.value,
                printed.confidence,
                box=[printed.box.left, printed.box.top, printed.box.right, printed.box.bottom] if printed.box else None,
                snippet=f"derived from {printed.derived_from}" if printed.derived_from else None,
            )
            for field, printed in row.fields.items()
        ],
        county_fips=_county_fips(row),
    )


def _county_fips(row: SchoolRow) -> str | None:
    # As printed: "Fairfax City" and "Fairfax County" are two places of one state.
    state, county = row.value("state"), row.text("county")
    known = county_of(state, county) if state and county else None
    return known.fips if known else None


async def _summary(attempt: Attempt, params: ExtractSchools) -> tuple[int, PageReport]:
    """How many schools the document names, and what came of its pages."""
    async with attempt.database.tenant(attempt.lease.organization_id) as connection:
        schools = await connection.scalar(
            select(func.count(DocumentSchool.school_id.distinct())).where(
                DocumentSchool.document_id == params.document_id
            )
        )
        report = await page_report(connection, params.document_id, most_pages=MOST_PAGES)
    return int(schools or 0), report
