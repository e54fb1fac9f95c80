"""Recognition: from the picture of a page to its sheet, step by step.

Drawn, cleaned, turned upright and level, its lines lifted off, enlarged, read; the words and the lines make the sheet.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pypdfium2 as pdfium

from extraction.schools.ocr.drawn_lines import lift_lines
from extraction.schools.ocr.engine import Reading, read_picture
from extraction.schools.ocr.picture import Picture, cleaned, draw, enlarged, ink_of
from extraction.schools.ocr.recognized import words_of
from extraction.schools.ocr.straighten import runs_down, straighten, without_lines
from extraction.schools.page_space import PageSpace, page_space
from extraction.schools.sheets import Sheet, column_gap, lines_of

_SURE_ENOUGH = 0.7
"""Mean sureness of the letters of an upright page: .8 on a bad copy, .97 on a good one. On its head it is .2 to .5."""

_SAMPLE_INCHES = 0.9
"""Height of the strip that is read to see which way up a page is: five lines or more."""


def recognize(page: pdfium.PdfPage, number: int, *, dpi: int, seconds: float) -> Sheet:
    """The sheet of a page that is a picture.

    Raises:
        OcrError: The engine failed, or it took longer than `seconds`.
    """
    return _Recognition(page, number, dpi, time.monotonic() + seconds).sheet()


class _Recognition:
    """One page on its way to a sheet."""

    def __init__(self, page: pdfium.PdfPage, number: int, dpi: int, end: float) -> None:
        self._space = page_space(page)
        self._number = number
        self._end = end
        self._picture = cleaned(draw(page, dpi))

    def sheet(self) -> Sheet:
        """The page read upright.

        Most sheets lie upright, so this is tried at once; the others are told by a strip of them, read both ways up,
        because a whole page on its head takes the engine longest.
        """
        if runs_down(self._picture):
            return self._read(self._surest_turn((1, 3, 0, 2)))[1]
        sure, sheet = self._read(0)
        if sure >= _SURE_ENOUGH or not sheet.lines:
            return sheet
        turn = self._surest_turn((0, 2, 1, 3))
        return max((sure, sheet), self._read(turn), key=lambda read: read[0])[1] if turn else sheet

    def _read(self, turn: int) -> tuple[float, Sheet]:
        upright = straighten(self._picture, turn)
        lifted, rulings = lift_lines(upright.picture)
        readings, points = self._readings(lifted)
        lines = lines_of(words_of(readings, rulings, points))
        height, width = (side * lifted.points for side in lifted.grey.shape)
        sheet = Sheet(
            number=self._number,
            width=width,
            height=height,
            lines=lines,
            rulings=rulings,
            chars=sum(len(word.text) for line in lines for word in line.words),
            turned_words=(),
            cut=False,
            column_gap=column_gap(lines),
            shown=PageSpace(self._space.width, self._space.height, 90 * turn, upright.back),
        )
        return _sureness(readings), sheet

    def _surest_turn(self, turns: Sequence[int]) -> int:
        best, best_sure = turns[0], -1.0
        for turn in turns:
            lifted, _ = lift_lines(straighten(self._picture, turn).picture)
            sure = _sureness(self._readings(_sample(lifted))[0])
            if sure > best_sure:
                best, best_sure = turn, sure
            if sure >= _SURE_ENOUGH:
                break
        return best

    def _readings(self, picture: Picture) -> tuple[list[Reading], float]:
        """What the engine reads, and the points of its pixels."""
        large = enlarged(picture)
        left = max(1.0, self._end - time.monotonic())
        return read_picture(large.file(), round(large.dpi), seconds=left), large.points


def _sample(picture: Picture) -> Picture:
    """The strip of the picture that holds most letters."""
    high = round(_SAMPLE_INCHES * picture.dpi)
    letters = without_lines(ink_of(picture.grey), picture.dpi).sum(axis=1)
    sums = np.concatenate(([0], np.cumsum(letters)))
    first = int(np.argmax(sums[high:] - sums[:-high])) if len(letters) > high else 0
    return Picture(picture.grey[first : first + high], picture.dpi)


def _sureness(readings: Sequence[Reading]) -> float:
    """How sure the engine is of the page's letters: stains and single marks hardly count."""
    letters = [(sum(map(str.isalnum, reading.text)), reading.sure) for reading in readings]
    total = sum(count for count, _ in letters)
    return sum(count * sure for count, sure in letters) / total if total else 0.0
