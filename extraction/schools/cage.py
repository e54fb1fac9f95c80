"""The cage: PDFs are read in a child process that cannot take more than its share.

A PDF is a program written by a stranger. 51 KB can ask for 2 GB and a minute; 281 KB for an hour. So the child limits
its memory and CPU time by the kernel's means, and those of the process that it forks to read ahead; the parent watches
the clock, and when a limit is met the whole process group is killed. What was read before stays valid: readings arrive
page by page.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import selectors
import signal
import time
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import msgspec
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

import extraction
from extraction.errors import PdfError
from extraction.forking.client import ForkServerProcess, framed
from extraction.schools.file_kind import check_is_pdf
from extraction.schools.headers import ColumnPlan
from extraction.schools.marks import Mark, MarkedPage
from extraction.schools.messages import Banded, Done, Drawing, Failed, Message, Outlined, Parted, Read, Request, Turn
from extraction.schools.ocr.scans import OcrOptions
from extraction.schools.records import DocumentOutline, PageReading
from extraction.staff.papers.parts import PaperPage

if TYPE_CHECKING:
    from extraction.schools.asking.bands import BandedPage

logger = logging.getLogger(__name__)

_OUTLINE_SECONDS = 20
_END_SECONDS = 20
"""How long a killed child may take to be gone."""

_servers: dict[int, ForkServerProcess] = {}
"""By the process that asks them."""

_LARGEST_MESSAGE = 16 * 2**20
"""Bytes of one page's reading; a full page of a dense list makes 150 KB."""

_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "TESSDATA_PREFIX"),
    "COVERAGE_PROCESS_CONFIG",
)
"""The only environment variables the child sees: it parses what strangers send and needs no secrets."""


class CageLimits(BaseSettings):
    """What one PDF may cost."""

    model_config = SettingsConfigDict(env_prefix="TITLE1_PDF_", frozen=True)

    memory_mb: int = Field(default=1024, ge=256, description="Address space of each of its two processes.")
    cpu_seconds: int = Field(default=300, ge=1, description="CPU time of each of its two processes.")
    wall_seconds: float = Field(default=600, gt=0, description="Time spent waiting for one document.")
    page_seconds: float = Field(default=30, gt=0, description="Time spent waiting for one page.")
    max_pages: int = Field(default=5000, ge=1, description="Pages of one document.")
    max_bytes: int = Field(default=50 * 2**20, ge=1, description="Size of the file.")
    result_bytes: int = Field(default=512 * 2**20, ge=1, description="Size of all that is read from one document.")
    ocr_dpi: int = Field(default=200, ge=100, le=400, description="How finely a scanned page is drawn to be read.")
    ocr_seconds: float = Field(default=25, gt=0, description="Time for reading the picture of one page.")
    image_pixels: int = Field(default=12_000_000, ge=10_000, le=25_000_000, description="Size of a page's picture.")


def inspect_pdf(path: Path, limits: CageLimits | None = None) -> DocumentOutline:
    """Read the structure of a PDF, before any page.

    Raises:
        PdfError: The file is no PDF that can be read; the message says why and what to do.
    """
    limits = limits or CageLimits()
    check_is_pdf(path, limits.max_bytes)
    limits = limits.model_copy(
        update={
            "wall_seconds": min(_OUTLINE_SECONDS, limits.wall_seconds),
            "cpu_seconds": min(_OUTLINE_SECONDS, limits.cpu_seconds),
        }
    )
    with _Cage(_request("outline", path, limits), limits) as cage:
        return next(message.outline for message in list(cage.messages()) if isinstance(message, Outlined))


def read_pages(
    path: Path,
    *,
    first: int = 1,
    pages: Collection[int] | None = None,
    state: str | None = None,
    explain: bool = False,
    plan: ColumnPlan | None = None,
    thread: str | None = None,
    limits: CageLimits | None = None,
) -> Generator[PageReading]:
    """Read the pages of a PDF in a caged child; each is yielded as soon as it is read.

    Closing the iterator kills the child. Time that the caller spends between two pages does not count.

    Args:
        path: The file.
        first: The first page to report; the rows are those of a reading from page 1.
        pages: Report only these pages.
        state: The state of all schools, for lists that do not name it.
        explain: Give each reading a sketch of how the page was seen.
        plan: What the columns hold, if it is known from elsewhere; taken where it explains a page better.
        thread: That of an earlier page's reading; the pages up to it are not read again.
        limits: What the document may cost.

    Raises:
        PdfError: The file cannot be read, or a limit was met; the message names the limit and the page.
    """
    limits = limits or CageLimits()
    check_is_pdf(path, limits.max_bytes)
    wanted = None if pages is None else tuple(sorted(set(pages)))
    request = _request("read", path, limits, first=first, pages=wanted, state=state, explain=explain)
    return _readings(msgspec.structs.replace(request, plan=plan, thread=thread), limits)


def band_page(path: Path, page: int, *, limits: CageLimits | None = None) -> BandedPage:
    """One page (from 1) parted into columns and bands, without saying what they mean.

    Raises:
        PdfError: There is no such page, it cannot be read, or a limit was met.
    """
    from extraction.schools.asking.bands import BandedPage  # noqa: PLC0415  loads pdfium, which only the child needs

    limits = limits or CageLimits()
    check_is_pdf(path, limits.max_bytes)
    with _Cage(_request("bands", path, limits, pages=(page,)), limits) as cage:
        found = [message.page for message in cage.messages() if isinstance(message, Banded)]
    return msgspec.json.decode(found[0], type=BandedPage)


def paper_pages(path: Path, *, limits: CageLimits | None = None) -> Generator[PaperPage]:
    """The pages of a staff paper, each parted into headings, blocks of lines and tables, as soon as it is read.

    Raises:
        PdfError: The file cannot be read, or a limit was met; the message names the limit and the page.
    """
    limits = limits or CageLimits()
    check_is_pdf(path, limits.max_bytes)
    with _Cage(_request("paper", path, limits), limits) as cage:
        for message in cage.messages():
            if isinstance(message, Parted):
                yield message.page


def render_page(
    path: Path, page: int, *, dpi: int = 110, marks: Sequence[Mark] = (), limits: CageLimits | None = None
) -> bytes:
    """One page (from 1) as a PNG, as it is displayed, with marks drawn on it.

    Raises:
        PdfError: There is no such page, it cannot be drawn, or a limit was met.
    """
    drawings = list(render_pages(path, [MarkedPage(page, tuple(marks))], dpi=dpi, limits=limits))
    return drawings[0].png


def render_pages(
    path: Path, wanted: Sequence[MarkedPage], *, dpi: int = 110, limits: CageLimits | None = None
) -> Generator[Drawing]:
    """Draw pages in a caged child; each is yielded as soon as it is drawn.

    Raises:
        PdfError: There is no such page, it cannot be drawn, or a limit was met.
    """
    limits = limits or CageLimits()
    check_is_pdf(path, limits.max_bytes)
    request = msgspec.structs.replace(
        _request("draw", path, limits), drawings=tuple(wanted), dpi=dpi, image_pixels=limits.image_pixels
    )
    return _drawn(request, limits)


def release() -> None:
    """End the process that forks the children of this one, which else waits a minute for another document."""
    _server().close(_END_SECONDS)


def _drawn(request: Request, limits: CageLimits) -> Generator[Drawing]:
    if not request.drawings:
        return
    with _Cage(request, limits) as cage:
        for message in cage.messages():
            if isinstance(message, Drawing):
                yield message


def _readings(request: Request, limits: CageLimits) -> Generator[PageReading]:
    if request.pages == ():
        return
    with _Cage(request, limits) as cage:
        for message in cage.messages():
            if isinstance(message, Read):
                yield message.reading


def _request(
    task: Literal["outline", "read", "draw", "bands", "paper"],
    path: Path,
    limits: CageLimits,
    *,
    first: int = 1,
    pages: tuple[int, ...] | None = None,
    state: str | None = None,
    explain: bool = False,
) -> Request:
    return Request(
        task=task,
        path=str(path.resolve()),
        memory_bytes=limits.memory_mb * 2**20,
        cpu_seconds=limits.cpu_seconds,
        max_pages=limits.max_pages,
        environment=_environment(os.environ),
        first=first,
        pages=pages,
        state=state,
        explain=explain,
        ocr=OcrOptions(limits.ocr_dpi, limits.ocr_seconds),
    )


class _Cage:
    """A child process, its pipe, and the clocks."""

    def __init__(self, request: Request, limits: CageLimits) -> None:
        self._request = request
        self._limits = limits
        self._waited = 0.0
        self._received = 0
        self._page: int | None = None
        self._buffer = bytearray()
        self._told = b""
        """Of the exit status."""

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def messages(self) -> Iterator[Message]:
        """What the child says, until it is done.

        Raises:
            PdfError: It failed, met a limit, or ended without being done.
        """
        decoder = msgspec.json.Decoder(Message)
        began_again = False
        while True:
            while (line := self._next_line()) is not None:
                message = decoder.decode(line)
                if isinstance(message, Done):
                    with contextlib.suppress(TimeoutError):
                        self._exit_status(2)  # it has nothing left to do but to end
                    return
                if isinstance(message, Failed):
                    raise self._failure(message)
                if isinstance(message, Turn):
                    self._page = message.page
                yield message
            status = self._exit_status(_END_SECONDS)
            if status is not None or self._received or began_again:
                raise self._crash(status)
            # The server ended, having waited long for a document, just when this one came.
            began_again = True
            self._end()
            self._begin()

    def _begin(self) -> None:
        self._source, sink = os.pipe()
        try:
            self._line = _server().connect(sink)
        finally:
            os.close(sink)
        # Where the server has ended already, that is told when messages are read.
        with contextlib.suppress(ConnectionError):
            self._line.sendall(framed(msgspec.json.encode(self._request)))

    def _end(self) -> None:
        self._kill()
        self._line.close()
        os.close(self._source)

    def _next_line(self) -> bytes | None:
        """The next whole line; None at the end of the pipe."""
        waited_here = 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(self._source, selectors.EVENT_READ)
            while (end := self._buffer.find(b"\n")) < 0:
                left = self._limits.wall_seconds - self._waited
                if self._received:  # until it turns to a first page, the child is only starting
                    left = min(left, self._limits.page_seconds - waited_here)
                started = time.monotonic()
                ready = selector.select(max(0.0, left))
                waited = time.monotonic() - started
                self._waited += waited
                waited_here += waited
                if not ready:
                    self._kill()
                    raise self._too_slow()
                piece = os.read(self._source, 2**18)
                if not piece:
                    return None
                self._take(piece)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _take(self, piece: bytes) -> None:
        self._buffer += piece
        self._received += len(piece)
        if len(self._buffer) > _LARGEST_MESSAGE + 2**18 or self._received > self._limits.result_bytes:
            self._kill()
            raise PdfError(
                f"Reading was stopped{self._where()}: the document gives more text than any list of schools"
                " (TITLE1_PDF_RESULT_BYTES). Send only the pages with the list."
            )

    def _too_slow(self) -> PdfError:
        limits = self._limits
        if self._waited >= limits.wall_seconds:
            took, name = limits.wall_seconds, "TITLE1_PDF_WALL_SECONDS"
        else:
            took, name = limits.page_seconds, "TITLE1_PDF_PAGE_SECONDS"
        return PdfError(
            f"Reading was stopped{self._where()}: it took longer than {took:g} s ({name})."
            " Print the list to a new PDF and send that, or raise the limit."
        )

    def _failure(self, failed: Failed) -> PdfError:
        if failed.cause == "document":
            return PdfError(failed.message)
        if failed.cause == "memory":
            return self._out_of_memory()
        logger.error("the reader of %s failed%s: %s", self._request.path, self._where(), failed.detail)
        return PdfError(
            f"Reading failed{self._where()} by a fault of the reader ({failed.message}). Please report this document."
        )

    def _crash(self, status: int | None) -> PdfError:
        if status is None:
            return PdfError(
                f"Reading was stopped{self._where()}: the process that reads PDFs was ended from outside. Try again."
            )
        if status in {-signal.SIGXCPU, -signal.SIGKILL}:
            return PdfError(
                f"Reading was stopped{self._where()}: it took more than {self._limits.cpu_seconds} s of CPU time"
                " (TITLE1_PDF_CPU_SECONDS). Print the list to a new PDF and send that, or raise the limit."
            )
        if status in {-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL, -signal.SIGSEGV, -signal.SIGBUS}:
            # pdfium aborts where it gets no memory; a crash for another reason cannot be told from it.
            return self._out_of_memory()
        return PdfError(
            f"Reading ended{self._where()} without a result (status {status}). Please report this document."
        )

    def _out_of_memory(self) -> PdfError:
        return PdfError(
            f"Reading was stopped{self._where()}: it needs more than {self._limits.memory_mb} MB of memory"
            " (TITLE1_PDF_MEMORY_MB), or its structure crashes the reader. Print the list to a new PDF and send that."
        )

    def _where(self) -> str:
        return f" at page {self._page}" if self._page is not None else ""

    def _kill(self) -> None:
        """Ends the child with all that it has started; a server that does not answer is ended with all its children."""
        with contextlib.suppress(OSError):  # it has ended
            self._line.sendall(bytes([signal.SIGKILL]))
        try:
            self._exit_status(_END_SECONDS)
        except TimeoutError:
            _server().kill()

    def _exit_status(self, seconds: float) -> int | None:
        """The child's exit status once it has ended; None where the server ended with it.

        Raises:
            TimeoutError: It has not ended after so many seconds.
        """
        self._line.settimeout(seconds)
        with contextlib.suppress(ConnectionError):
            while piece := self._line.recv(16):
                self._told += piece
        return int(self._told) if self._told else None


def _server() -> ForkServerProcess:
    """The server of this process: one that was forked from it must not use its sockets."""
    own = os.getpid()
    if own not in _servers:
        server = ForkServerProcess("extraction.schools.child", Path("/"), _environment(os.environ))
        if _servers.setdefault(own, server) is server:
            atexit.register(server.close, _END_SECONDS)
    return _servers[own]


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    passed = {name: ours[name] for name in _PASSED_ON if name in ours}
    root = str(Path(extraction.__file__).parent.parent)
    # Each thread of numpy's would reserve memory of its own, on a large machine more than the child may have.
    return {**passed, "PYTHONPATH": root, "PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"}
