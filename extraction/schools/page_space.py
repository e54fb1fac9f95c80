"""Page space: where a point of a PDF page stands on the page as it is displayed.

PDF coordinates start at the lower left corner and ignore the page's /Rotate and /CropBox. Everything behind this
module (words, rulings, boxes of evidence) is in points from the upper left corner of the displayed page instead.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pypdfium2 as pdfium

from extraction.evidence import Box

Handle = Any
"""A pointer of pdfium's own; its bindings have no types for them."""


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
        x0, y0 = self.point(left, bottom)
        x1, y1 = self.point(right, top)
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
