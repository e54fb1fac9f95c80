"""JSON: typed values, empty ones too, so that every object has every key."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from control_api.exports.formats.known import Sheet
from control_api.exports.layout import Value


class JsonLinesWriter:
    """Writes an object a line."""

    def __init__(self, sheet: Sheet) -> None:
        self.out = sheet.out
        self.headers = sheet.layout.headers
        self.encoder = msgspec.json.Encoder(decimal_format="number")

    def write(self, rows: Sequence[Sequence[Value]]) -> None:
        """Adds rows."""
        self.out.write(self.encoder.encode_lines([self._record(row) for row in rows]))

    def finish(self) -> None:
        """Nothing comes behind the last line."""

    def abandon(self) -> None:
        """Nothing is held."""

    def _record(self, row: Sequence[Value]) -> dict[str, Value]:
        return dict(zip(self.headers, row, strict=True))


class JsonWriter(JsonLinesWriter):
    """Writes one array; a file that broke off does not parse."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self.between = b"[\n"

    def write(self, rows: Sequence[Sequence[Value]]) -> None:
        """Adds rows."""
        for row in rows:
            self.out.write(self.between + self.encoder.encode(self._record(row)))
            self.between = b",\n"

    def finish(self) -> None:
        """Closes the array."""
        self.out.write(b"[]\n" if self.between == b"[\n" else b"\n]\n")
