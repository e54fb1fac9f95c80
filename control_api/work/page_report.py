"""What is said of the pages of a document: figures for all of them, and those that want looking at.

A job's result and `GET /api/v1/documents/{id}` tell it. A list may have thousands of pages, so the database counts
them; all of them, one by one, are at `GET /api/v1/documents/{id}/pages`.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.documents import odd_pages, page_figures

MOST_PAGES = 50
"""Pages told one by one in a job's result."""
MOST_WARNINGS = 5
"""Warnings told of one of them."""


class OddPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page with a warning, or with fewer rows than expected."""

    page: int
    method: str
    confidence: float
    rows_found: int
    rows_expected: int | None
    warnings: list[str]
    """The first few."""


class PageReport(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the pages that were read."""

    rows: int
    rows_expected: int
    confidence: float | None
    """The mean of pages with rows, each weighing as much as it has rows."""
    pages_read: int
    methods: dict[str, int]
    """Pages by how they were read, the most frequent first."""
    outcomes: dict[str, int]
    """Pages that are `complete`, have fewer rows than expected (`incomplete`), or none (`empty`)."""
    warnings: int
    pages_with_warnings: int
    """Pages with a warning, or with fewer rows than expected."""
    pages: list[OddPage]
    """The first of those."""


async def page_report(connection: AsyncConnection, document_id: UUID, *, most_pages: int) -> PageReport:
    """The figures of a document's pages, with at most `most_pages` odd ones told one by one."""
    figures = await page_figures(connection, document_id)
    odd = await odd_pages(connection, document_id, most=most_pages)
    rows = sum(of.rows for of in figures)
    return PageReport(
        rows=rows,
        rows_expected=sum(of.rows_expected for of in figures),
        confidence=round(sum(of.confidence for of in figures) / rows, 3) if rows else None,
        pages_read=sum(of.pages for of in figures),
        methods={of.method: of.pages for of in figures},
        outcomes={
            "complete": sum(of.pages - of.incomplete - of.empty for of in figures),
            "incomplete": sum(of.incomplete for of in figures),
            "empty": sum(of.empty for of in figures),
        },
        warnings=sum(of.warnings for of in figures),
        pages_with_warnings=sum(of.odd for of in figures),
        pages=[
            OddPage(
                page=page.page,
                method=page.method,
                confidence=page.confidence,
                rows_found=page.rows_found,
                rows_expected=page.rows_expected,
                warnings=page.warnings[:MOST_WARNINGS],
            )
            for page in odd
        ],
    )


def why_nothing(report: PageReport) -> str:
    """Why no school was found on any page, and what to do."""
    warnings = [warning for page in report.pages for warning in page.warnings]
    if set(report.methods) <= {"needs_ocr"}:
        return (
            "The document is a scan without text: it needs OCR, which `title1 doctor` says how to get here. "
            "Or ask the publisher for the original PDF."
        ) + (f" First warning: {warnings[0]}" if warnings else "")
    return f"No list of schools was recognized on the document's {report.pages_read} pages." + (
        f" First warning: {warnings[0]}" if warnings else ""
    )
