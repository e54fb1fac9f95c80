"""Straightening: a picture turned upright, and the way back to the page as it is displayed.

Paper is fed sideways, upside down and a little askew. Lines of text have an unmistakable profile: counted along them,
rows of ink alternate with rows of paper. The angle at which they alternate most sharply is the one at which they run.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from extraction.schools.ocr.picture import Grey, Mask, Picture, ink_of
from extraction.schools.ocr.runs import runs_of
from extraction.schools.page_space import Matrix

MAX_SKEW = 5.0
"""Degrees. Feeders do not draw paper in more askew; text in italics or a drawing would only look so."""

_STEADY = 0.04
"""Degrees; less moves no letter of a letter page by more than a pixel at 200 dpi."""

_MAX_POINTS = 60_000
"""Ink pixels that are looked at; more give no other angle."""

_LETTER_INCHES = 0.14
"""Ink in one straight run longer than this is a line or a bar, no letter of a list."""

_WHITE = 255


class Straightened(msgspec.Struct, frozen=True):
    """An upright picture."""

    picture: Picture
    turn: int
    """Quarter turns to the left that it took."""
    skew: float
    """Degrees by which its lines fell to the right."""
    back: Matrix
    """From points of the upright picture to points of the displayed page."""


def runs_down(picture: Picture) -> bool:
    """Whether the text runs down or up the page instead of across."""
    letters = without_lines(ink_of(picture.grey), picture.dpi)
    across, down = _points(letters), _points(letters.T)
    return _sharpness(down, _best_angle(down, coarse=True)) > _sharpness(across, _best_angle(across, coarse=True))


def straighten(picture: Picture, turn: int) -> Straightened:
    """The picture after `turn` quarter turns to the left and with its lines made level."""
    turned = np.rot90(picture.grey, turn)
    skew = _best_angle(_points(ink_of(turned)))
    if abs(skew) < _STEADY:
        skew = 0.0
    level = _rotated(turned, skew)
    back = _turned_back(picture, turn).after(_rotated_back(level, turned, skew, picture.points))
    return Straightened(Picture(level, picture.dpi), turn, skew, back)


def without_lines(ink: Mask, dpi: float) -> Mask:
    """The letters alone: borders of a table run both ways and say nothing about the text."""
    longest = round(_LETTER_INCHES * dpi)
    lines = runs_of(ink, longest).mask(ink.shape) | runs_of(ink.T, longest).mask(ink.T.shape).T
    return ink & ~lines


def _rotated(grey: Grey, skew: float) -> Grey:
    """The picture rotated to the left by `skew` degrees, on paper large enough to hold its corners."""
    if not skew:
        return np.ascontiguousarray(grey)
    image = Image.fromarray(np.ascontiguousarray(grey))
    rotated = image.rotate(skew, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=_WHITE)
    return np.array(rotated, dtype=np.uint8)


def _rotated_back(level: Grey, turned: Grey, skew: float, points: float) -> Matrix:
    angle = math.radians(skew)
    cos, sin = math.cos(angle), math.sin(angle)
    height, width = (side * points / 2 for side in level.shape)
    to_height, to_width = (side * points / 2 for side in turned.shape)
    return Matrix(cos, sin, -sin, cos, to_width - cos * width + sin * height, to_height - sin * width - cos * height)


def _turned_back(picture: Picture, turn: int) -> Matrix:
    height, width = (side * picture.points for side in picture.grey.shape)
    return {
        0: Matrix(),
        1: Matrix(0, 1, -1, 0, width, 0),
        2: Matrix(-1, 0, 0, -1, width, height),
        3: Matrix(0, -1, 1, 0, 0, height),
    }[turn]


Points = tuple[NDArray[np.float64], NDArray[np.float64]]


def _points(ink: Mask) -> Points:
    """Where the ink is, as (x, y) in pixels; evenly thinned out where there is much."""
    ys, xs = np.nonzero(ink)
    # An odd step, so that the thinning does not fall in with a raster.
    step = max(1, len(ys) // _MAX_POINTS) | 1
    return xs[::step].astype(np.float64), ys[::step].astype(np.float64)


def _best_angle(points: Points, *, coarse: bool = False) -> float:
    """The angle in degrees at which the ink lies in the sharpest lines; ties go to the smaller one."""
    if len(points[0]) < 50:
        return 0.0
    best, reach, step = 0.0, MAX_SKEW, 0.5
    while True:
        angles = best + np.arange(-round(reach / step), round(reach / step) + 1) * step
        best = float(max(angles, key=lambda angle: (_sharpness(points, float(angle)), -abs(angle))))
        if coarse or step < 0.02:
            return best
        reach, step = step, step / 5


def _sharpness(points: Points, angle: float) -> float:
    """How sharply rows of ink alternate with rows of paper along lines that fall by `angle` degrees."""
    xs, ys = points
    if not len(xs):
        return 0.0
    rows = ys - xs * math.tan(math.radians(angle))
    counts = np.bincount((rows - rows.min()).astype(np.int64)).astype(np.float64)
    return float(np.square(np.diff(counts)).sum()) / len(xs)
