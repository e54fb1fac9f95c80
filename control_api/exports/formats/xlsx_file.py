"""XLSX: a workbook whose rows go to disk as they come, and into the file at its end.

Cells are typed: a text is a text whatever it begins with, so it is never evaluated. What looks like a formula is marked
as quoted, too (the apostrophe that Excel shows in its input line only), so that it stays text when somebody edits it.
XlsxWriter with `constant_memory` was chosen: 8,100 rows of 28 columns a second and 21 MB for 100,000 of them, against
6,500 and 47 MB of openpyxl's `write_only`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from xlsxwriter import Workbook

from control_api.exports.csv_lines import is_formula
from control_api.exports.csv_lines import plain as as_text
from control_api.exports.formats.known import Sheet
from control_api.exports.layout import Field, Kind, Value

SHEET_ROWS = 1_048_576
"""Rows of a sheet, its header included; Excel knows no more."""
CELL_LETTERS = 32_767
"""Of a text, in units of UTF-16; Excel refuses a file with more."""
_WIDEST = 80


class XlsxFileWriter:
    """Writes as many sheets as the rows need, and one with the notices."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        options = {"constant_memory": True, "tmpdir": str(sheet.folder), "strings_to_urls": False}
        self.book: Any = Workbook(sheet.out, options)
        self.book.use_zip64()
        self.header: Any = self.book.add_format({"bold": True, "bottom": 1})
        self.quoted: Any = None if sheet.look.raw else self.book.add_format({"quote_prefix": True})
        self.time: Any = self.book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.number: Any = self.book.add_format({"num_format": "0.####"})
        self.sheets = 0
        self._next_sheet()

    def write(self, rows: Sequence[Sequence[Value]]) -> None:
        """Adds rows."""
        for row in rows:
            if self.row == SHEET_ROWS:
                self._next_sheet()
            for column, (write, value) in enumerate(zip(self.cells, row, strict=True)):
                if value is not None:
                    write(self.row, column, value)
            self.row += 1

    def finish(self) -> None:
        """Packs the sheets into the file."""
        self._write_notices()
        self.book.close()

    def abandon(self) -> None:
        """Closes the rows' files, which go with the folder."""
        for page in self.book.worksheets():
            with contextlib.suppress(OSError):
                page.row_data_fh.close()

    def _next_sheet(self) -> None:
        self.sheets += 1
        title = self.sheet.layout.title
        self.page: Any = self.book.add_worksheet(title if self.sheets == 1 else f"{title} {self.sheets}")
        self.page.freeze_panes(1, 0)
        for column, field in enumerate(self.sheet.layout.fields):
            self.page.set_column(column, column, field.width)
            self.page.write_string(0, column, field.header, self.header)
        self.cells = [self._cell(self.page, field) for field in self.sheet.layout.fields]
        self.row = 1

    def _cell(self, page: Any, field: Field) -> Callable[[int, int, Value], object]:
        """How a column's values become cells of a page."""
        match field.kind:
            case Kind.WHOLE:
                return page.write_number
            case Kind.NUMBER:
                return lambda row, column, value: page.write_number(row, column, value, self.number)
            case Kind.TIME:
                return lambda row, column, value: page.write_datetime(row, column, _as_utc(value), self.time)
            case Kind.YES_NO:
                return page.write_boolean
            case _:
                return self._write_text

    def _write_text(self, row: int, column: int, value: Value) -> None:
        text = _cut(as_text(value))
        if text:
            self.page.write_string(row, column, text, self.quoted if is_formula(text) else None)

    def _write_notices(self) -> None:
        if not self.sheet.notices:
            return
        self.book.set_properties({"title": self.sheet.layout.title, "comments": "\n".join(self.sheet.notices)})
        page = self.book.add_worksheet("Notices")
        page.set_column(0, 0, _WIDEST, self.book.add_format({"text_wrap": True}))
        for row, line in enumerate(self.sheet.notices):
            page.write_string(row, 0, line)


def _as_utc(value: datetime) -> datetime:
    # A spreadsheet knows no zones: its times are those of UTC.
    return value.astimezone(UTC).replace(tzinfo=None)


def _cut(text: str) -> str:
    """As much of a text as a cell takes."""
    if len(text) <= CELL_LETTERS // 2:
        return text
    return text.encode("utf-16-le")[: 2 * CELL_LETTERS].decode("utf-16-le", "ignore")
