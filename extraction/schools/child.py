"""The caged process: `python -m extraction.schools.child`. Started by `cage`, never by hand.

It reads one request from standard input, limits itself, opens the file, and writes messages to standard output.
Standard input stays open as a lifeline: when the parent is gone, its end closes and this process ends at once.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from extraction.errors import ExtractionError
from extraction.leash import end_with
from extraction.schools.messages import Banded, Done, Drawing, Failed, Message, Outlined, Parted, Read, Request, Turn
from extraction.schools.outline import check_page_count, open_document, outline_of
from extraction.schools.reader import ReadingOptions, read_banded, read_opened

_LARGEST_FILE = 16 * 2**20
"""Bytes that the child may write into any one file; it has nothing to write."""


def main() -> None:
    """Answer one request."""
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    _bind_to(request)
    out = _private_output()
    _limit(request)
    say = msgspec.json.Encoder()
    try:
        for message in _answers(request):
            out.write(say.encode(message) + b"\n")
            out.flush()
    except ExtractionError as error:
        out.write(say.encode(Failed("document", error.message)) + b"\n")
    except MemoryError:
        out.write(say.encode(Failed("memory", "")) + b"\n")
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:  # noqa: BLE001  the parent must hear of it; this process ends here
        detail = traceback.format_exc()[-4000:]
        out.write(say.encode(Failed("reader", f"{type(error).__name__}: {error}"[:500], detail)) + b"\n")
    out.flush()


def _answers(request: Request) -> Iterator[Message]:
    path = Path(request.path)
    if request.task == "outline":
        yield Outlined(outline_of(path, request.max_pages))
    elif request.task == "draw":
        yield from _drawings(request, path)
    elif request.task == "bands":
        yield from _bands(request, path)
    elif request.task == "paper":
        yield from _paper(request, path)
    else:
        yield Turn(1)
        document = open_document(path)
        try:
            check_page_count(len(document), request.max_pages)
            options = ReadingOptions(request.state, request.plan, request.explain, request.ocr)
            first = max(request.first, min(request.pages or (1,)))
            pages = read_opened(document, options, path, first=first, last=_last(request), thread=request.thread)
            for number, reading in pages:
                if reading is None:
                    yield Turn(number)
                elif number >= request.first and (request.pages is None or number in request.pages):
                    yield Read(reading)
        finally:
            document.close()
    yield Done()


def _drawings(request: Request, path: Path) -> Iterator[Message]:
    yield Turn(request.drawings[0].page)
    from extraction.schools.drawing import draw_page  # noqa: PLC0415  loads Pillow, which only drawing needs

    document = open_document(path)
    try:
        for wanted in request.drawings:
            yield Turn(wanted.page)
            drawn = draw_page(document, wanted.page, wanted.marks, dpi=request.dpi, most_pixels=request.image_pixels)
            yield Drawing(wanted.page, drawn.png, drawn.width, drawn.height)
    finally:
        document.close()


def _bands(request: Request, path: Path) -> Iterator[Message]:
    number = request.pages[0] if request.pages else 1
    yield Turn(number)
    document = open_document(path)
    try:
        yield Banded(msgspec.Raw(msgspec.json.encode(read_banded(document, number, ocr=request.ocr))))
    finally:
        document.close()


def _paper(request: Request, path: Path) -> Iterator[Message]:
    from extraction.staff.papers.pages import paper_pages  # noqa: PLC0415  loads the words of staff pages

    yield Turn(1)
    document = open_document(path)
    try:
        check_page_count(len(document), request.max_pages)
        for number, page in paper_pages(document):
            yield Turn(number) if page is None else Parted(page)
    finally:
        document.close()


def _last(request: Request) -> int | None:
    return max(request.pages) if request.pages else None


def _limit(request: Request) -> None:
    """Limits that the kernel keeps, whatever the file does to the parser."""
    _lower(resource.RLIMIT_AS, request.memory_bytes)
    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, request.cpu_seconds + int(used.ru_utime + used.ru_stime))
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, _LARGEST_FILE)


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # The hard CPU limit kills; one second later than the soft one, whose signal tells the parent the cause.
    resource.setrlimit(limit, (ceiling, ceiling + 1 if limit == resource.RLIMIT_CPU else ceiling))


def _bind_to(request: Request) -> None:
    """End with the parent, however it ends."""
    if request.bound:
        end_with(request.parent)
    threading.Thread(target=_wait_for_end, name="lifeline", daemon=True).start()


def _wait_for_end() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


def _private_output() -> BinaryIO:
    """The pipe to the parent, out of reach of libraries that print."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(pipe, "wb")


if __name__ == "__main__":
    main()
