"""Drawn lines of a picture: found as rulings, then erased, because they hide the letters beside them.

On the picture of a ruled table tesseract reads one name in ten; with the lines gone it reads nearly all.
"""

from __future__ import annotations

import numpy as np

from extraction.schools.ocr.picture import Mask, Picture, ink_of
from extraction.schools.ocr.runs import Runs, runs_of
from extraction.schools.rulings import Ruling, Rulings, merge

_STROKE_INCHES = 0.16
"""A longer straight stroke belongs to no letter of a list: the bar of a 10-point T is half as long."""

_PIECE_INCHES = 0.4
"""The shortest piece of a line: of strokes that follow each other, as worn toner leaves them.

The arches of bold letters touch in a bad copy: "mm" of a title is 0.3 long. Lines that are a little bent are found in
pieces of an inch and more.
"""

_THICKEST_INCHES = 0.06
"""Broader bars are no lines."""

_SIDE_INCHES = 0.14
"""The shortest side of a cell that is drawn by itself; a 12-point l is 0.12 high."""

_STACKED_INCHES = 2.0
"""Pixel columns with so much of them, counted over three, are the sides of cells."""

_BREAK_INCHES = 0.02
"""The longest break between two strokes."""

_WHITE = 255
_MAX_PIECES = 50_000
"""Pieces looked at; a full page of borders has 5,000, a photograph or a hatched drawing has many more."""


def lift_lines(picture: Picture) -> tuple[Picture, Rulings]:
    """The picture without its lines, and the lines in points of the picture."""
    ink = ink_of(picture.grey)
    across, horizontals = _lines(ink, picture.dpi)
    down, verticals = _lines(np.ascontiguousarray(ink.T), picture.dpi, sides_of_cells=True)
    grey = picture.grey.copy()
    # The soft rims of a line are left over otherwise; tesseract reads them as dashes and bars.
    grey[_grown(across)] = _WHITE
    grey.T[_grown(down)] = _WHITE
    return Picture(grey, picture.dpi), Rulings(horizontals, verticals)


def _lines(ink: Mask, dpi: float, *, sides_of_cells: bool = False) -> tuple[Mask, tuple[Ruling, ...]]:
    """The horizontal lines of a mask as pixels and as rulings."""
    inches = {"piece": round(_STROKE_INCHES * dpi), "break_allowed": round(_BREAK_INCHES * dpi)}
    found = runs_of(ink, round(_PIECE_INCHES * dpi), **inches)
    pixels = found.mask(ink.shape)
    if sides_of_cells:
        pixels |= _stacked(runs_of(ink, round(_SIDE_INCHES * dpi)), dpi).mask(ink.shape)
    bars = runs_of(pixels.T, round(_THICKEST_INCHES * dpi) + 1)
    if len(bars.rows):
        pixels &= ~bars.mask(pixels.T.shape).T
    found = runs_of(pixels, round((_SIDE_INCHES if sides_of_cells else _PIECE_INCHES) * dpi))
    pixels = found.mask(ink.shape)
    if len(found.rows) > _MAX_PIECES:
        return np.zeros(ink.shape, np.bool_), ()
    return pixels, merge(_pieces(found, 72 / dpi))


def _stacked(found: Runs, dpi: float) -> Runs:
    """The runs that stand in line with others, as the sides of cells do that are drawn one by one.

    Letters reach this length in titles only, and a title has not several inches of stems one above the other.
    """
    if not len(found.rows):
        return found
    lengths = np.bincount(found.rows, weights=found.ends - found.starts, minlength=int(found.rows.max()) + 2)
    around = lengths + np.concatenate(([0], lengths[:-1])) + np.concatenate((lengths[1:], [0]))
    kept = around[found.rows] >= _STACKED_INCHES * dpi
    return Runs(found.rows[kept], found.starts[kept], found.ends[kept])


def _pieces(found: Runs, points: float) -> list[Ruling]:
    return [
        Ruling((row + 0.5) * points, start * points, end * points)
        for row, start, end in zip(found.rows.tolist(), found.starts.tolist(), found.ends.tolist(), strict=True)
    ]


def _grown(pixels: Mask) -> Mask:
    """Horizontal lines with the pixel above and below."""
    grown = pixels.copy()
    grown[1:] |= pixels[:-1]
    grown[:-1] |= pixels[1:]
    return grown
