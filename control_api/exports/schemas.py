"""What a finished export says of its file."""

from __future__ import annotations

import msgspec


class ExportedFile(msgspec.Struct, frozen=True):
    """The file of an export, as the `result` of its job names it."""

    blob: str
    filename: str = "leads.csv"
    rows: int | None = None
