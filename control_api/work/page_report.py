"""What a job's result says of the pages of a document: figures for all of them, and those that want looking at.

A list may have thousands of pages; all of them, one by one, are at `GET /api/v1/documents/{id}/pages`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

MOST_PAGES = 50
"""Pages told one by one in a result."""
MOST_WARNINGS = 5
"""Warnings told of one of them."""


def page_report(pages: Iterable[Any]) -> dict[str, Any]:
    """The figures of a document's pages, given as rows of `document_page`.

    `methods` counts pages by how they were read; `confidence` is the mean of pages with rows, each weighing as much as
    it has rows; `pages` has the pages with a warning or fewer rows than expected, up to `MOST_PAGES` of the
    `pages_with_warnings`.
    """
    read = list(pages)
    rows = sum(page.rows_found for page in read)
    warned = [page for page in read if page.warnings or (page.rows_expected or 0) > page.rows_found]
    sure = sum(page.confidence * page.rows_found for page in read)
    return {
        "rows": rows,
        "rows_expected": sum(page.rows_expected or page.rows_found for page in read),
        "confidence": round(sure / rows, 3) if rows else None,
        "pages_read": len(read),
        "methods": dict(Counter(page.method for page in read).most_common()),
        "pages_with_warnings": len(warned),
        "pages": [_told(page) for page in warned[:MOST_PAGES]],
    }


def why_nothing(report: dict[str, Any]) -> str:
    """Why no school was found on any page, and what to do."""
    warnings = [warning for page in report["pages"] for warning in page["warnings"]]
    if set(report["methods"]) <= {"needs_ocr"}:
        return (
            "The document is a scan without text: it needs OCR, which `title1 doctor` says how to get here. "
            "Or ask the publisher for the original PDF."
        ) + (f" First warning: {warnings[0]}" if warnings else "")
    return f"No list of schools was recognized on the document's {report['pages_read']} pages." + (
        f" First warning: {warnings[0]}" if warnings else ""
    )


def _told(page: Any) -> dict[str, Any]:
    return {
        "page": page.page,
        "method": page.method,
        "confidence": page.confidence,
        "rows_found": page.rows_found,
        "rows_expected": page.rows_expected,
        "warnings": page.warnings[:MOST_WARNINGS],
    }
