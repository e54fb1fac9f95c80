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
from control_api.work.attempt import Attempt, WorkError
from extraction.errors import PdfError
from extraction.schools.cage import read_pages
from extraction.schools.records import PageReading, SchoolRow
from storage.documents import blob_name, get_document
from storage.jobs import JobState
from storage.leases import Settlement, fenced
from storage.models import DocumentPage, DocumentSchool
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
    result = await _summary(attempt, params)
    if not result["schools"]:
        raise WorkError("PDF_EXTRACTION_ERROR", _why_nothing(result))
    return Settlement(JobState.SUCCEEDED, result=result)


async def _read_from(
    attempt: Attempt, path: Path, first: int, state: str | None, params: ExtractSchools, pages: int
) -> bool:
    """Reads from page `first` on; False when stopped before the end."""
    with closing(read_pages(path, first=first, state=state)) as readings:
        while (reading := await _next(readings)) is not None:
            await _store(attempt, params, reading, pages)
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


async def _store(attempt: Attempt, params: ExtractSchools, reading: PageReading, pages: int) -> None:
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
        await step.advance(done=reading.page, total=pages, checkpoint={"page": reading.page})
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
    )


async def _summary(attempt: Attempt, params: ExtractSchools) -> dict[str, Any]:
    async with attempt.database.tenant(attempt.lease.organization_id) as connection:
        schools = await connection.scalar(
            select(func.count(DocumentSchool.school_id.distinct())).where(
                DocumentSchool.document_id == params.document_id
            )
        )
        pages = (
            await connection.execute(
                select(
                    DocumentPage.page,
                    DocumentPage.method,
                    DocumentPage.confidence,
                    DocumentPage.rows_found,
                    DocumentPage.rows_expected,
                    DocumentPage.warnings,
                )
                .where(DocumentPage.document_id == params.document_id)
                .order_by(DocumentPage.page)
            )
        ).all()
    return {
        "document_id": str(params.document_id),
        "schools": int(schools or 0),
        "rows": sum(page.rows_found for page in pages),
        "rows_expected": sum(page.rows_expected or page.rows_found for page in pages),
        "pages": [dict(page._mapping) for page in pages],
    }


def _why_nothing(result: dict[str, Any]) -> str:
    methods = {page["method"] for page in result["pages"]}
    if methods <= {"needs_ocr"}:
        return (
            "The document is a scan without text: it needs OCR. "
            "Ask the publisher for the original PDF, or run it through an OCR program first."
        )
    warnings = [warning for page in result["pages"] for warning in page["warnings"]]
    return f"No list of schools was recognized on the document's {len(result['pages'])} pages." + (
        f" First warning: {warnings[0]}" if warnings else ""
    )
