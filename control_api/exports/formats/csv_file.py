"""CSV: lines that a spreadsheet shows as they are."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from control_api.exports.csv_lines import csv_bytes
from control_api.exports.formats.known import Sheet
from control_api.exports.layout import Value


class CsvWriter:
    """Writes a header and a line a row."""

    def __init__(self, sheet: Sheet) -> None:
        self.out = sheet.out
        self.raw = sheet.look.raw
        self.out.write((codecs.BOM_UTF8 if sheet.look.bom else b"") + csv_bytes([sheet.layout.headers]))

    def write(self, rows: Sequence[Sequence[Value]]) -> None:
        """Adds rows."""
        self.out.write(csv_bytes(rows, raw=self.raw))

    def finish(self) -> None:
        """Nothing comes behind the last line."""

    def abandon(self) -> None:
        """Nothing is held."""
