"""What `title1 extract staff` reads: a web page, a PDF, or a published spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass

from extraction.staff.documents import csv_page, names_csv
from extraction.staff.explanation import StaffExplanation, explain_staff_page
from extraction.staff.page import StaffReading, read_with_verdicts
from extraction.staff.papers.reader import Paper, explain_paper, is_pdf, open_paper, page_of_paper
from extraction.staff.records import StaffPage


@dataclass(frozen=True, slots=True)
class StaffFile:
    """A file or an answer, and what its readers made of it."""

    markup: bytes | str
    """The page; of a PDF or a spreadsheet the HTML that was made of it."""
    reading: StaffReading
    paper: Paper | None

    def told(self, page: StaffPage) -> StaffPage:
        """What `page` says of the markup, said of the file: people of a PDF stand on its pages."""
        return page_of_paper(page, self.paper) if self.paper else page

    def explanation(self) -> StaffExplanation:
        """How the file was read."""
        explained = explain_staff_page(self.reading)
        return explain_paper(self.paper, explained) if self.paper else explained


def open_staff_file(body: bytes, url: str, encoding: str | None) -> StaffFile:
    """Read a file, whatever it is.

    Raises:
        PdfError: It is a PDF that cannot be read, or met a limit.
    """
    paper = open_paper(body) if is_pdf(body) else None
    markup = paper.html if paper else csv_page(body) if names_csv(url) else body
    return StaffFile(markup, read_with_verdicts(markup, url, encoding=encoding), paper)
