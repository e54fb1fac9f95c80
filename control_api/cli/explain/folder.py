"""The folder of one document: a picture of each page, and `index.html`, which shows them beside their rows.

Pages are drawn and written in batches while they are read, so that a list of thousands of pages needs no more memory
than a short one. `index.html` appears at the end, whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from control_api.cli.errors import CliError
from control_api.cli.explain.markup import PageFacts, Picture, closing, opening, page_section
from extraction.errors import PdfError
from extraction.schools.cage import render_pages
from extraction.schools.marks import MarkedPage, marks_of
from extraction.schools.records import PageReading

PAGES_A_BATCH = 20
DPI = 110


def folder_of(path: Path, parent: Path, taken: set[Path]) -> Path:
    """The folder for a document's explanation: named like its file, with a number where two files share a name."""
    folder, copies = parent / path.stem, 1
    while folder in taken:
        copies += 1
        folder = parent / f"{path.stem}-{copies}"
    taken.add(folder)
    return folder


def explained(path: Path, readings: Iterable[PageReading], folder: Path) -> Iterator[PageReading]:
    """Passes readings on, without their sketches, and writes down how they came about.

    Raises:
        PdfError: reading was stopped; what was read before is explained all the same.
        CliError: the folder cannot be made.
        OSError: it cannot be written any more.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CliError(
            f"The folder {folder} cannot be made: {error.strerror}. Name another one to --explain."
        ) from error
    with _Explanation(path, folder) as explanation:
        waiting: list[PageReading] = []
        try:
            for reading in readings:
                waiting.append(reading)
                if len(waiting) == PAGES_A_BATCH:
                    explanation.add(waiting)
                    waiting = []
                yield msgspec.structs.replace(reading, sketch=None)
        except PdfError as error:
            explanation.stopped = error.message
            raise
        finally:
            explanation.add(waiting)


class _Explanation:
    """The page `index.html` while it grows."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._growing = folder / "index.html.part"
        self._facts: list[PageFacts] = []
        self.stopped: str | None = None

    def __enter__(self) -> Self:
        self._sections: IO[str] = self._growing.open("w", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sections.close()
        whole = self._folder / "index.html.whole"
        with whole.open("w", encoding="utf-8") as page, self._growing.open(encoding="utf-8") as sections:
            page.write(opening(self._path.name, self._facts, self.stopped))
            shutil.copyfileobj(sections, page)
            page.write(closing())
        whole.replace(self._folder / "index.html")
        self._growing.unlink()

    def add(self, readings: Sequence[PageReading]) -> None:
        """Draws pages and writes their sections."""
        pictures = self._drawn([MarkedPage(reading.page, marks_of(reading)) for reading in readings])
        for reading in readings:
            self._sections.write(page_section(reading, pictures[reading.page]))
            self._facts.append(PageFacts.of(reading))

    def _drawn(self, wanted: Sequence[MarkedPage]) -> dict[int, Picture]:
        """Every page's picture, or why there is none; a page that cannot be drawn does not stop those behind it."""
        pictures: dict[int, Picture] = {}
        while left := [page for page in wanted if page.page not in pictures]:
            try:
                for drawn in render_pages(self._path, left, dpi=DPI):
                    name = f"page-{drawn.page:04}.png"
                    (self._folder / name).write_bytes(drawn.png)
                    pictures[drawn.page] = Picture(name, drawn.width, drawn.height)
            except PdfError as error:
                failed = next(page.page for page in left if page.page not in pictures)
                pictures[failed] = Picture(None, 0.0, 0.0, error.message)
        return pictures
