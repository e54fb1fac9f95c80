"""Page space: where a point of a PDF page stands on the page as it is displayed.

PDF coordinates start at the lower left corner and ignore the page's /Rotate and /CropBox. Everything behind this
module (words, rulings, boxes of evidence) is in points from the upper left corner of the displayed page instead.
"""

from __future__ import annotations

import msgspec
import pypdfium2 as pdfium

from extraction.evidence import Box


class Matrix(msgspec.Struct, frozen=True, array_like=True):
    """An affine map: x' = a·x + c·y + e, y' = b·x + d·y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where (x, y) goes."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """The upright box around where a rectangle goes. Every page map turns by right angles only."""
        x0, x1 = self.a * left + self.c * bottom + self.e, self.a * right + self.c * top + self.e
        y0, y1 = self.b * left + self.d * bottom + self.f, self.b * right + self.d * top + self.f
        return Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))

    def after(self, first: Matrix) -> Matrix:
        """The map that applies `first` and then this one."""
        return Matrix(
            self.a * first.a + self.c * first.b,
            self.b * first.a + self.d * first.b,
            self.a * first.c + self.c * first.d,
            self.b * first.c + self.d * first.d,
            self.a * first.e + self.c * first.f + self.e,
            self.b * first.e + self.d * first.f + self.f,
        )


class PageSpace(msgspec.Struct, frozen=True):
    """The displayed page and the map from PDF coordinates onto it."""

    width: float
    height: float
    rotation: int
    """Clockwise, in degrees: 0, 90, 180 or 270."""
    matrix: Matrix


def turned_space(space: PageSpace, direction: int) -> tuple[PageSpace, PageSpace]:
    """The page turned until lines that run in `direction` (90, 180 or 270 degrees) run from left to right.

    Returns the turned space, and the displayed page with the map from the turned one back onto it.
    """
    wide, high = space.width, space.height
    turns = {
        90: (Matrix(0, -1, 1, 0, 0, wide), Matrix(0, 1, -1, 0, wide, 0)),
        180: (Matrix(-1, 0, 0, -1, wide, high), Matrix(-1, 0, 0, -1, wide, high)),
        270: (Matrix(0, 1, -1, 0, high, 0), Matrix(0, -1, 1, 0, 0, high)),
    }
    there, back = turns[direction]
    if direction != 180:
        wide, high = high, wide
    rotation = (space.rotation - direction) % 360
    return (
        PageSpace(wide, high, rotation, there.after(space.matrix)),
        PageSpace(space.width, space.height, space.rotation, back),
    )


def page_space(page: pdfium.PdfPage) -> PageSpace:
    """The displayed space of a page, its rotation undone and its crop box cut."""
    left, bottom, right, top = page.get_bbox()
    rotation = int(page.get_rotation())
    maps = {
        0: Matrix(1, 0, 0, -1, -left, top),
        90: Matrix(0, 1, 1, 0, -bottom, -left),
        180: Matrix(-1, 0, 0, 1, right, -bottom),
        270: Matrix(0, -1, -1, 0, top, right),
    }
    wide, high = right - left, top - bottom
    if rotation in {90, 270}:
        wide, high = high, wide
    return PageSpace(wide, high, rotation, maps[rotation])
