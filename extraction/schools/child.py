"""The caged processes: `python -m extraction.schools.child` forks them. Started by `cage`, never by hand.

Loading what a reading needs takes as long as ten pages. So one process loads it, knows no secrets and opens no file,
and a child is forked for each document: it limits itself, opens the file, and writes messages to its output.
"""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from extraction.errors import ExtractionError
from extraction.forking.server import point, serve_control
from extraction.schools.messages import Banded, Done, Drawing, Failed, Message, Outlined, Parted, Read, Request, Turn
from extraction.schools.outline import check_page_count, open_document, outline_of
from extraction.schools.reader import ReadingOptions, load_tables, read_banded, read_opened

_IDLE_SECONDS = 60
"""After so long without a document the process that forks gives its memory back."""

_LARGEST_FILE = 16 * 2**20
"""Bytes that the child may write into any one file; it has nothing to write."""


def main() -> None:
    """Fork a process for each request until nobody asks any more; in each, answer it."""
    gc.disable()  # a collection before the fork would leave holes that the children then write to
    load_tables()
    gc.freeze()  # the collections of the children leave alone what all share
    request = serve_control(idle_seconds=_IDLE_SECONDS)
    if request is not None:
        gc.enable()
        _answer(msgspec.json.decode(request, type=Request))
        os._exit(0)  # ending the interpreter takes a tenth of a second, for nothing


def _answer(request: Request) -> None:
    out = _private_output()
    os.environ.clear()
    os.environ.update(request.environment)
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
        import traceback  # noqa: PLC0415  seldom needed, and loads much

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


def _private_output() -> BinaryIO:
    """The pipe to the parent, out of reach of libraries that print."""
    pipe = os.dup(1)
    point(os.open(os.devnull, os.O_WRONLY), 1, 2)
    return os.fdopen(pipe, "wb")


if __name__ == "__main__":
    main()
