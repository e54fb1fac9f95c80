"""CSV as a download that is as large as it likes: read in batches, each in a short transaction of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from litestar.response import Stream

from control_api.exports.csv_lines import csv_header, csv_lines
from storage.search import PageKey

Batch = tuple[Sequence[object], PageKey | None]
"""Some records, and where the next ones begin; None at the end."""


async def csv_download(
    filename: str, columns: Sequence[str], read: Callable[[PageKey | None], Awaitable[Batch]]
) -> Stream:
    """A download of all batches that `read` gives. The first is read before the answer begins, so that it can fail."""
    first, after = await read(None)
    return Stream(
        _lines(columns, first, after, read),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"},
    )


async def _lines(
    columns: Sequence[str], first: Sequence[object], after: PageKey | None, read: Callable[[Any], Awaitable[Batch]]
) -> AsyncGenerator[bytes]:
    yield csv_header(columns) + csv_lines(columns, first)
    while after is not None:
        records, after = await read(after)
        if records:
            yield csv_lines(columns, records)
