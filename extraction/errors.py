"""What can be wrong with a document. Each error names the cause and the next step."""

from __future__ import annotations

from typing import ClassVar


class ExtractionError(Exception):
    """A document cannot be read. `message` is fit for the person who sent it."""

    code: ClassVar[str] = "EXTRACTION_ERROR"
    status: ClassVar[int] = 422

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PdfError(ExtractionError):
    """A PDF cannot be read: not a PDF, encrypted, empty, too large, or its reader was stopped at a limit."""

    code = "PDF_EXTRACTION_ERROR"


class UnknownPlaceError(ExtractionError):
    """A state, county or ZIP that does not exist was asked for."""

    code = "UNKNOWN_PLACE"
