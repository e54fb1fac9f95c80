"""Sheets read ahead: while a page's rows are made out, the next pages are read in a second process.

Finding words and lines takes half of a page's time and needs nothing that earlier pages say, so it can go on beside
the rest: where there are two processors, a long list is read in little more than half of the time. What the second
process could not read is read again here, so that an error, a limit or a crash shows as it does without it.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
import struct
from collections.abc import Callable, Generator, Sequence
from typing import BinaryIO

import msgspec

from extraction.leash import end_with
from extraction.schools.sheets import Sheet

_PIPE_BYTES = 2**20
"""Room for sheets that wait to be asked for: those of about ten dense pages."""

_MOST_FILES = 1024
"""Files that the first process may have open; the second one closes its copies."""

_LENGTH = struct.Struct("!I")


class SheetRead(msgspec.Struct, frozen=True, array_like=True):
    """A page's sheet, and why its picture could not be read where it is a scan."""

    sheet: Sheet
    unread: str | None = None


ReadsSheet = Callable[[int], SheetRead]
"""Reads the page of that number, from 1."""


def worth_reading_ahead(pages: int) -> bool:
    """Whether a second process would help: it needs a processor of its own and pages to be ahead with."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return pages > 1 and processors > 1


def read_ahead(numbers: Sequence[int], reopened: Callable[[], ReadsSheet]) -> Generator[SheetRead | None]:
    """The sheets of these pages in order, read by a forked process as far ahead as its pipe has room.

    None stands for a page that it could not read. It begins at once and ends when the generator is closed.
    `reopened` is called there, for a document of its own: two processes must not share an open file's position.
    """
    source, sink = os.pipe()
    parent, child = os.getpid(), os.fork()
    if child == 0:
        try:
            _alone(parent, sink)
            _send(reopened(), numbers, sink)
        finally:
            os._exit(0)
    os.close(sink)
    sheets = _received(numbers, source, child)
    next(sheets)  # so that closing it ends the process, whether or not a sheet was asked for
    return sheets


def _received(numbers: Sequence[int], source: int, child: int) -> Generator[SheetRead | None]:
    decoder = msgspec.msgpack.Decoder(SheetRead)
    try:
        with open(source, "rb") as pipe:
            yield None
            for _ in numbers:
                frame = _next_frame(pipe)
                yield decoder.decode(frame) if frame else None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _next_frame(pipe: BinaryIO) -> bytes:
    """Empty for a page that was not read, and at the end of the pipe, even in the middle of a frame."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return b""
    (length,) = _LENGTH.unpack(head)
    frame = pipe.read(length)
    return frame if len(frame) == length else b""


def _alone(parent: int, sink: int) -> None:
    """Leave behind what belongs to the first process: its files, its end, its garbage."""
    end_with(parent)
    gc.freeze()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nothing, standard)
    os.closerange(3, sink)
    os.closerange(sink + 1, _MOST_FILES)
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux; without it there is room for less
        with contextlib.suppress(OSError):  # more than this user may have
            fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _send(read: ReadsSheet, numbers: Sequence[int], sink: int) -> None:
    encoder = msgspec.msgpack.Encoder()
    with open(sink, "wb", buffering=0, closefd=False) as pipe:
        for number in numbers:
            try:
                frame = encoder.encode(read(number))
            except Exception:  # noqa: BLE001  the first process meets it too, and tells
                frame = b""
            rest = memoryview(_LENGTH.pack(len(frame)) + frame)
            while rest:
                rest = rest[pipe.write(rest) :]
