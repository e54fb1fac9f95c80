"""A file in the making: rows go in, in batches; it grows on disk, and is there under its name only when it is whole.

records → layout → writer of the format → a file in a folder of its own → the blob store, or an answer's bytes
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import tempfile
import threading
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from control_api.exports.formats.known import AS_SHOWN, Format, Look, Sheet, Writer, open_writer
from control_api.exports.layout import Layout
from control_api.exports.notices import notice_lines
from storage.exports import FileFacts

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is to be like."""

    layout: Layout
    format: Format
    look: Look = AS_SHOWN
    with_notices: bool = True
    """Whether the notices on published contacts go with it."""


class Draft:
    """One file in the making, a context: its folder goes when the block ends, however that is.

    What was written can be taken as bytes while the file grows; `facts` are those of the bytes that were taken.
    """

    def __init__(self, kind: FileKind) -> None:
        self.kind = kind
        self.rows = 0
        self.size_bytes = 0
        self._hash = hashlib.sha256()
        self._held = contextlib.ExitStack()
        self._unfinished = contextlib.ExitStack()
        # A thread goes on with its batch when the task that waits for it is cancelled.
        self._writing = threading.Lock()

    async def __aenter__(self) -> Self:
        """The draft with its first bytes."""
        await asyncio.to_thread(self._open)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes and removes the file."""
        # Shielded: who is being cancelled cannot wait for the thread, which then ends by itself.
        await asyncio.shield(asyncio.to_thread(self._close))

    async def add(self, records: Sequence[object]) -> None:
        """Writes records behind those that are there."""
        await asyncio.to_thread(self._add, records)

    async def finish(self) -> None:
        """Completes the file."""
        await asyncio.to_thread(self._finish)

    async def taken(self) -> AsyncGenerator[bytes]:
        """What was written since it was asked for the last time, in pieces."""
        while chunk := await asyncio.to_thread(self._read):
            yield chunk

    async def take_all(self) -> Path:
        """The finished file; `facts` are then its own."""
        async for _ in self.taken():
            pass
        return self.path

    @property
    def facts(self) -> FileFacts:
        """Of what was taken: rows, size, SHA-256."""
        return FileFacts(self.rows, self.size_bytes, self._hash.hexdigest())

    def _open(self) -> None:
        with contextlib.ExitStack() as opened:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="title1-export-")))
            self.path = folder / f"file.{self.kind.format}"
            self.out: BinaryIO = opened.enter_context(self.path.open("wb"))
            self._source: BinaryIO = opened.enter_context(self.path.open("rb"))
            notices = tuple(notice_lines()) if self.kind.with_notices else ()
            self.writer: Writer = open_writer(
                self.kind.format, Sheet(self.kind.layout, self.out, folder, self.kind.look, notices)
            )
            self._unfinished.callback(self.writer.abandon)
            self._held = opened.pop_all()

    def _add(self, records: Sequence[Any]) -> None:
        with self._writing:
            self.writer.write(self.kind.layout.rows(records))
            self.rows += len(records)
            self.out.flush()

    def _finish(self) -> None:
        with self._writing:
            self.writer.finish()
            self._unfinished.pop_all()
            self.out.flush()

    def _read(self) -> bytes:
        chunk = self._source.read(CHUNK_BYTES)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        return chunk

    def _close(self) -> None:
        with self._writing, self._held, self._unfinished:
            pass
