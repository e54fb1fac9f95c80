"""Parquet: typed columns in row groups of a bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from control_api.exports.formats.known import Sheet
from control_api.exports.layout import Kind, Value

GROUP_ROWS = 32_768
"""Rows that are held until they are written: about 10 MB."""
_TYPES: dict[Kind, Any] = {
    Kind.TEXT: pa.string(),
    Kind.TEXTS: pa.list_(pa.string()),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.YES_NO: pa.bool_(),
}


class ParquetFileWriter:
    """Writes row groups; the footer, without which nobody can read the file, comes at its end."""

    def __init__(self, sheet: Sheet) -> None:
        fields = [pa.field(field.header, _TYPES[field.kind]) for field in sheet.layout.fields]
        metadata = {"title": sheet.layout.title, "notices": "\n".join(sheet.notices)}
        self.schema: Any = pa.schema(fields, metadata=metadata)
        self.writer: Any = pq.ParquetWriter(sheet.out, self.schema, compression="zstd")
        self.held: list[Any] = []
        self.rows = 0

    def write(self, rows: Sequence[Sequence[Value]]) -> None:
        """Adds rows."""
        if not rows:
            return
        columns = zip(*rows, strict=True)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, self.schema, strict=True)]
        self.held.append(pa.record_batch(arrays, schema=self.schema))
        self.rows += len(rows)
        if self.rows >= GROUP_ROWS:
            self._write_group()

    def finish(self) -> None:
        """Writes the last rows and the footer."""
        self._write_group()
        self.writer.close()

    def abandon(self) -> None:
        """Closes the file's writer."""
        self.held.clear()
        self.writer.close()

    def _write_group(self) -> None:
        if self.held:
            table = pa.Table.from_batches(self.held, self.schema)
            self.writer.write_table(table, row_group_size=len(table))
        self.held, self.rows = [], 0
