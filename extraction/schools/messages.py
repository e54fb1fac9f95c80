"""What the cage and its child say to each other: JSON Lines, one request in, messages out."""

from __future__ import annotations

from typing import Literal

import msgspec

from extraction.schools.records import DocumentOutline, PageReading


class Request(msgspec.Struct, frozen=True):
    """What the child is to do, and the limits it puts upon itself before it opens the file."""

    task: Literal["outline", "read"]
    path: str
    memory_bytes: int
    cpu_seconds: int
    max_pages: int
    parent: int
    """Process id of the one who asks."""
    bound: bool
    """Whether the kernel shall kill the child when the asking thread ends (so only asked for by a main thread)."""
    first: int = 1
    pages: tuple[int, ...] | None = None
    state: str | None = None


class Turn(msgspec.Struct, frozen=True, tag="turn"):
    """The child turns to a page."""

    page: int


class Read(msgspec.Struct, frozen=True, tag="read"):
    """A page was read."""

    reading: PageReading


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


Message = Turn | Read | Outlined | Failed | Done
