"""The structure of a PDF: whether it opens, how many pages it has, what it says about itself.

pypdf reads the structure and pdfium confirms it, because either one opens files that the other does not. Runs in the
cage.
"""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2 as pdfium

from extraction.errors import PdfError
from extraction.schools.document_state import named_state
from extraction.schools.records import DocumentOutline

_TITLE_CHARS = 600
"""Characters of the first page that may be its title; behind them come rows, which name streets and schools."""


def outline_of(path: Path, max_pages: int) -> DocumentOutline:
    """The structure of a PDF.

    Raises:
        PdfError: It is encrypted, has no pages or too many, or is damaged.
    """
    document = open_document(path)
    try:
        pages = len(document)
        listed = _pages_listed(path)
        if pages == 0:
            raise PdfError("The PDF has no pages. Export it again from its source.")
        if listed is not None and listed > pages:
            raise PdfError(
                f"The PDF lists {listed} pages, but only {pages} can be opened: it is damaged. Get it again."
            )
        check_page_count(pages, max_pages)
        metadata = document.get_metadata_dict(skip_empty=True)
        title, subject = metadata.get("Title", "").strip(), metadata.get("Subject", "").strip()
        state = named_state([title, subject], "metadata") or named_state(_first_lines(document), "title")
        return DocumentOutline(
            pages=pages,
            title=title or None,
            producer=metadata.get("Producer", "").strip() or None,
            state=state.code if state else None,
        )
    finally:
        document.close()


def check_page_count(pages: int, max_pages: int) -> None:
    """Refuse a document of too many pages."""
    if pages > max_pages:
        raise PdfError(
            f"The PDF has {pages:,} pages; at most {max_pages:,} are read. Split it, or raise TITLE1_PDF_MAX_PAGES."
        )


def open_document(pdf: bytes | Path) -> pdfium.PdfDocument:
    """Open a PDF for reading; the caller closes it.

    Raises:
        PdfError: It is encrypted, has no pages, or is damaged.
    """
    try:
        return pdfium.PdfDocument(pdf)
    except pdfium.PdfiumError as error:
        if "password" in str(error).casefold():
            raise PdfError(
                "The PDF is encrypted and opens only with a password. Save a copy without the password and send that."
            ) from error
        if _pages_listed(pdf) == 0:
            raise PdfError("The PDF has no pages. Export it again from its source.") from error
        raise PdfError(
            "The PDF is damaged: its structure cannot be read. Download it again, or print it to a new PDF."
        ) from error


def _pages_listed(pdf: bytes | Path) -> int | None:
    """The pages that pypdf counts; None where it cannot read a file that pdfium can."""
    # Loading pypdf takes longer than reading five pages, and sound documents are read without it.
    import pypdf  # noqa: PLC0415
    import pypdf.errors  # noqa: PLC0415

    try:
        with pypdf.PdfReader(io.BytesIO(pdf) if isinstance(pdf, bytes) else pdf) as reader:
            return len(reader.pages)
    except (pypdf.errors.PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # pypdf raises bare Python errors on damaged objects; pdfium's word stands then.
        return None


def _first_lines(document: pdfium.PdfDocument) -> list[str]:
    page = document[0]
    textpage = page.get_textpage()
    try:
        return textpage.get_text_range(0, min(_TITLE_CHARS, textpage.count_chars())).splitlines()
    finally:
        textpage.close()
        page.close()
