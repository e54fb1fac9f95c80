"""Pictures of pages: drawn in the cage, a few at a time, and asked for again only when something changed.

A picture costs a process and part of a second, so that the number drawn at once is bounded, and a caller who already
has it gets 304 without any drawing: its ETag is made of all that goes into it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import ClassVar

import msgspec

from control_api.problems import ApiError
from extraction.evidence import Box
from extraction.schools.cage import render_page
from extraction.schools.marks import DRAWING_VERSION, Mark
from storage.blobs import Blobs

WAIT_SECONDS = 20.0


class BusyError(ApiError):
    """As many pages are being drawn as allowed, and none was finished in time."""

    code: ClassVar[str] = "BUSY"
    status: ClassVar[int] = 503


class PagePicture(msgspec.Struct, frozen=True):
    """What is to be drawn."""

    sha256: str
    """Of the document."""
    page: int
    dpi: int
    marks: tuple[Mark, ...]

    @property
    def etag(self) -> str:
        """The same for the same picture, in this version of the program."""
        content = msgspec.json.encode((DRAWING_VERSION, self))
        return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


class PictureDesk:
    """Draws pictures for all callers of one API process, at most so many at once."""

    def __init__(self, at_once: int, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._wait_seconds = wait_seconds

    async def draw(self, picture: PagePicture, blobs: Blobs, blob: str) -> bytes:
        """The picture as a PNG.

        Raises:
            BusyError: others kept the desk busy all the time.
            PdfError: the page cannot be drawn.
            NotFoundError: the document's bytes are gone.
        """
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise BusyError("Too many pages are being drawn just now; try again in a few seconds.") from error
        drawing = asyncio.create_task(asyncio.to_thread(_draw, picture, blobs, blob))
        drawing.add_done_callback(self._finished)
        # A caller who went away frees no place: the thread draws on until the cage is done or stopped.
        return await asyncio.shield(drawing)

    def _finished(self, drawing: asyncio.Task[bytes]) -> None:
        self._free.release()
        if not drawing.cancelled():
            drawing.exception()  # looked at, so that one nobody waits for any more is not complained of


def _draw(picture: PagePicture, blobs: Blobs, blob: str) -> bytes:
    with blobs.local_file(blob) as path:
        return render_page(path, picture.page, dpi=picture.dpi, marks=picture.marks)


def highlights(boxes: Sequence[Sequence[float]]) -> tuple[Mark, ...]:
    """Marks that lead the eye to values of one school."""
    return tuple(Mark(msgspec.convert(box, Box), "highlight") for box in boxes)
