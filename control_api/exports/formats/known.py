"""The formats that there are, and the writer of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from control_api.exports.layout import Layout, Value


class Format(StrEnum):
    """A format; its word is also the ending of its files' names."""

    CSV = "csv"
    """UTF-8, RFC 4180; formulas defused unless `raw`."""
    JSON = "json"
    """One array of objects, with evidence."""
    JSONL = "jsonl"
    """An object a line, with evidence."""
    XLSX = "xlsx"
    """A workbook: typed cells, a frozen header, the notices on a sheet of their own."""
    PARQUET = "parquet"
    """Typed columns in row groups, the notices in the metadata."""

    @property
    def media_type(self) -> str:
        """As a response's `Content-Type` has it."""
        return _MEDIA_TYPES[self]

    @property
    def nested(self) -> bool:
        """Whether a value may be a list of objects."""
        return self in {Format.JSON, Format.JSONL}

    @property
    def holds_notices(self) -> bool:
        """Whether the notices stand in the file itself."""
        return self in {Format.XLSX, Format.PARQUET}


_MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.JSON: "application/json",
    Format.JSONL: "application/jsonl",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class Look:
    """How values are written."""

    raw: bool = False
    """Text as it is, also where a spreadsheet might evaluate it."""
    bom: bool = False
    """CSV begins with a byte order mark, by which Excel knows UTF-8; other programs stumble over it."""


AS_SHOWN = Look()
"""For people and their spreadsheets."""


class Writer(Protocol):
    """Writes one file. Its calls block; use a thread."""

    def write(self, rows: Sequence[Sequence[Value]]) -> None:
        """Adds rows."""
        ...

    def finish(self) -> None:
        """Completes the file."""
        ...

    def abandon(self) -> None:
        """Lets go of what the file needed; it is never completed."""
        ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a writer is given."""

    layout: Layout
    out: BinaryIO
    """Where the file grows: a writer only appends to it, between two calls nothing of it changes."""
    folder: Path
    """For what is needed meanwhile; who opened the writer removes it."""
    look: Look
    notices: tuple[str, ...] = ()
    """Lines that go with the file, where the format has a place for them."""


def open_writer(file_format: Format, sheet: Sheet) -> Writer:
    """The writer of a format, at the beginning of its file."""
    return _WRITERS[file_format](sheet)


def _csv(sheet: Sheet) -> Writer:
    from control_api.exports.formats.csv_file import CsvWriter  # noqa: PLC0415  a process loads what it writes

    return CsvWriter(sheet)


def _json(sheet: Sheet) -> Writer:
    from control_api.exports.formats.json_file import JsonWriter  # noqa: PLC0415

    return JsonWriter(sheet)


def _jsonl(sheet: Sheet) -> Writer:
    from control_api.exports.formats.json_file import JsonLinesWriter  # noqa: PLC0415

    return JsonLinesWriter(sheet)


def _xlsx(sheet: Sheet) -> Writer:
    from control_api.exports.formats.xlsx_file import XlsxFileWriter  # noqa: PLC0415

    return XlsxFileWriter(sheet)


def _parquet(sheet: Sheet) -> Writer:
    # 60 MB of memory and half a second, for those only who want it.
    from control_api.exports.formats.parquet_file import ParquetFileWriter  # noqa: PLC0415

    return ParquetFileWriter(sheet)


_WRITERS: dict[Format, Callable[[Sheet], Writer]] = {
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.JSONL: _jsonl,
    Format.XLSX: _xlsx,
    Format.PARQUET: _parquet,
}
