"""Tables as agencies publish them: one large text file, plain or in a ZIP archive beside notes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from extraction.errors import ExtractionError


@contextmanager
def opened_table(path: Path, *, ending: str, largest: int, error: type[ExtractionError]) -> Generator[Iterable[str]]:
    """The lines of a table.

    Args:
        path: The file, or the ZIP archive that holds it.
        ending: How its name ends in an archive, such as ".csv"; of several such files the largest is the table.
        largest: Bytes that it may have when it is inflated.
        error: Raised where an archive holds no such file, or one that is too large.
    """
    if not zipfile.is_zipfile(path):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            yield lines
        return
    with zipfile.ZipFile(path) as archive:
        named = [info for info in archive.infolist() if info.filename.lower().endswith(ending)]
        member = max(named, key=lambda info: info.file_size, default=None)
        if member is None:
            raise error(f"The archive holds no {ending} file.")
        if member.file_size > largest:
            raise error(f"The {ending} file in the archive is larger than any such table.")
        with archive.open(member) as packed:
            yield io.TextIOWrapper(packed, encoding="utf-8-sig", errors="replace", newline="")
