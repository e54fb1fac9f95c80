"""What the cage and its child say to each other: JSON Lines, one request in, messages out."""

from __future__ import annotations

from typing import Literal

import msgspec

from extraction.schools.headers import ColumnPlan
from extraction.schools.marks import MarkedPage
from extraction.schools.ocr.scans import OcrOptions
from extraction.schools.records import DocumentOutline, PageReading
from extraction.staff.papers.parts import PaperPage


class Request(msgspec.Struct, frozen=True):
    """What the child is to do, and the limits it puts upon itself before it opens the file."""

    task: Literal["outline", "read", "draw", "bands", "paper"]
    path: str
    memory_bytes: int
    cpu_seconds: int
    max_pages: int
    environment: dict[str, str] = {}
    """All variables that the child sees."""
    first: int = 1
    pages: tuple[int, ...] | None = None
    thread: str | None = None
    """What a reading of the earlier pages knew; they are read again where it is missing or of no use."""
    state: str | None = None
    ocr: OcrOptions = OcrOptions()
    """How pages are read that are pictures."""
    explain: bool = False
    """Whether readings shall have a sketch of their page."""
    drawings: tuple[MarkedPage, ...] = ()
    """The pages to draw."""
    plan: ColumnPlan | None = None
    """What the columns hold, as a model told."""
    dpi: int = 0
    image_pixels: int = 0


class Turn(msgspec.Struct, frozen=True, tag="turn"):
    """The child turns to a page."""

    page: int


class Read(msgspec.Struct, frozen=True, tag="read"):
    """A page was read."""

    reading: PageReading


class Drawing(msgspec.Struct, frozen=True, tag="drawing"):
    """A page was drawn."""

    page: int
    png: bytes
    width: float
    height: float


class Banded(msgspec.Struct, frozen=True, tag="banded"):
    """A page was parted into columns and bands."""

    page: msgspec.Raw
    """A `BandedPage`, whose module loads pdfium; most of those who talk to the child never need it."""


class Parted(msgspec.Struct, frozen=True, tag="parted"):
    """A page of a staff paper was parted into headings, blocks and tables."""

    page: PaperPage


class Outlined(msgspec.Struct, frozen=True, tag="outlined"):
    """The structure was read."""

    outline: DocumentOutline


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The child gives up."""

    cause: Literal["document", "memory", "reader"]
    """The document is at fault; the memory limit was met; or our reader has a fault of its own."""
    message: str
    detail: str = ""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """All was said. An end without this word is a crash."""


Message = Turn | Read | Drawing | Banded | Parted | Outlined | Failed | Done
