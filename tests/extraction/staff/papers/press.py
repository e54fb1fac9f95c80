"""The press of the papers: words set at places of a page, in points from its top left corner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fpdf import FPDF

Row = Sequence[str]
_CREATED = datetime(2026, 8, 3, 8, 0, tzinfo=UTC)


class Press(FPDF):
    """A letter page in points, on which nothing breaks by itself."""

    def __init__(self, title: str = "") -> None:
        super().__init__(unit="pt", format="letter")
        self.set_auto_page_break(auto=False)
        self.set_creation_date(_CREATED)
        if title:
            self.set_title(title)
        self.set_font("helvetica", "", 10)
        self.add_page()

    def put(self, x: float, y: float, text: str, *, size: float = 10, bold: bool = False) -> None:
        """Prints a text with its base line at `y`."""
        self.set_font("helvetica", "B" if bold else "", size)
        self.text(x, y, text)

    def rows(
        self, y: float, lefts: Sequence[float], rows: Sequence[Row], *, step: float = 15, bold: bool = False
    ) -> float:
        """Prints rows of values that begin at `lefts`, and returns where the next one would stand."""
        for row in rows:
            for x, text in zip(lefts, row, strict=True):
                if text:
                    self.put(x, y, text, bold=bold)
            y += step
        return y

    def lines(self, x: float, y: float, lines: Sequence[str], *, step: float = 13, bold_first: bool = False) -> float:
        """Prints lines below each other, and returns where the next one would stand."""
        for at, line in enumerate(lines):
            self.put(x, y, line, bold=bold_first and not at)
            y += step
        return y

    def grid(self, y: float, widths: Sequence[float], rows: Sequence[Row]) -> float:
        """Prints a ruled table whose cells wrap, and returns where it ends."""
        self.set_y(y)
        self.set_font("helvetica", "", 9)
        with self.table(
            col_widths=tuple(widths), width=sum(widths), align="LEFT", text_align="LEFT", first_row_as_headings=False
        ) as table:
            for row in rows:
                table.row(row)
        return float(self.get_y())

    def pdf(self) -> bytes:
        """The file."""
        return bytes(self.output())
