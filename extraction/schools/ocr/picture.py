"""The picture of a page: grey pixels, and which of them are ink."""

from __future__ import annotations

import io
import math

import msgspec
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]
"""Rows of pixels, 0 black to 255 white."""

Mask = NDArray[np.bool_]
"""Rows of pixels that are something or not."""

MAX_PIXELS = 16_000_000
"""Pixels of one picture: a letter page at 400 dpi. Larger pages (posters) are drawn coarser."""

_WHITE = 255
_LEAST_CONTRAST = 40
"""Grey levels between ink and paper. Less is the grain of an empty page."""

_GROUND_INCHES = 0.16
"""Side of the square in which ink prevails where the ground itself is dark. Bold 10-point letters fill 0.4 of it."""

_ENLARGED = 2
_TINT = 0.5
"""Share of the way from ink to paper from which on a pixel is white."""

_LETTER_INCHES = 0.06
"""Half the width of a bold letter: paper is never further away, on the ground it stands on."""

_COARSE = 4
"""Pixels of the picture for one of the map of dark grounds."""


class Picture(msgspec.Struct, frozen=True):
    """What a page looks like."""

    grey: Grey
    dpi: float

    @property
    def points(self) -> float:
        """Points for a pixel."""
        return 72.0 / self.dpi

    def file(self) -> bytes:
        """The picture as a file (BMP), which every program for pictures reads, tesseract faster than any other."""
        stored = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(self.grey)).save(stored, "bmp")
        return stored.getvalue()


def draw(page: pdfium.PdfPage, dpi: float) -> Picture:
    """Draw a page as it is displayed, coarser than asked for where it is larger than any paper."""
    width, height = page.get_size()
    scale = min(dpi / 72, math.sqrt(MAX_PIXELS / max(1.0, width * height)))
    bitmap = page.render(scale=scale, grayscale=True)  # pyright: ignore[reportArgumentType]
    try:
        pixels = np.array(bitmap.to_numpy(), dtype=np.uint8, copy=True)
    finally:
        bitmap.close()
    return Picture(pixels[:, :, 0] if pixels.ndim == 3 else pixels, scale * 72)


def ink_of(grey: Grey) -> Mask:
    """The pixels that are ink: darker than the level that parts dark from light best. None on an empty page."""
    shades = _shades(grey)
    return np.zeros(grey.shape, np.bool_) if shades is None else grey <= shades.level


def cleaned(picture: Picture) -> Picture:
    """The picture with dark ink on light ground everywhere, and without the grain of the scanner."""
    grey = picture.grey.copy()
    ground, rim = _dark_ground(ink_of(grey), picture.dpi)
    if ground.any():
        inside = grey[ground]
        shades = _shades(inside)
        # One grey all over is a bar or the border that a copier left: nothing is printed in it.
        if shades is None:
            grey[ground] = _WHITE
        elif (inside <= shades.level).mean() > 0.5:
            grey[ground] = _WHITE - inside
        grey[rim] = _WHITE
    grey = _flattened(grey, picture.dpi)
    grey[_specks(ink_of(grey))] = _WHITE
    return Picture(grey, picture.dpi)


def _flattened(grey: Grey, dpi: float) -> Grey:
    """The picture as on white paper: shaded rows, yellowed paper and the shadow of a fold are its ground."""
    light = _greatest_around(_coarse(grey), max(1, round(_LETTER_INCHES * dpi / _COARSE)))
    gain = (_WHITE / np.maximum(light, 1)).repeat(_COARSE, 0).repeat(_COARSE, 1)
    flat = grey.copy()
    part = flat[: gain.shape[0], : gain.shape[1]]
    gain *= part
    part[:] = np.minimum(gain, _WHITE, out=gain)
    return flat


def enlarged(picture: Picture) -> Picture:
    """The picture for the engine: twice as large, and white where only the paper's tint or a shade is.

    The engine was taught on letters 30 pixels high or more; those of a list at 200 dpi have 20. Measured on a
    150-dpi scan: .93 of the words right as drawn, .98 enlarged, for half the time again.
    """
    image = Image.fromarray(np.ascontiguousarray(picture.grey))
    shades = _shades(picture.grey)
    if shades is not None:
        white = shades.level + _TINT * (shades.paper - shades.level)
        told = np.clip((np.arange(256) - shades.ink) / (white - shades.ink), 0, 1) * _WHITE
        image = image.point(told.astype(np.uint8).tolist())
    image = image.resize((_ENLARGED * image.width, _ENLARGED * image.height), Image.Resampling.BICUBIC)
    return Picture(np.array(image, dtype=np.uint8), picture.dpi * _ENLARGED)


class _Shades(msgspec.Struct, frozen=True):
    """Grey levels: up to which a pixel is ink, and the means of ink and paper."""

    level: int
    ink: float
    paper: float


def _shades(grey: Grey) -> _Shades | None:
    """Ink and paper parted where the two classes lie furthest apart (Otsu's level); None where there is no ink."""
    if not grey.size:
        return None
    # Pillow counts five times as fast as numpy.
    counts = np.array(Image.fromarray(np.ascontiguousarray(np.atleast_2d(grey))).histogram(), np.float64)
    levels = np.arange(256)
    dark = np.cumsum(counts)
    light = dark[-1] - dark
    dark_mean = np.cumsum(counts * levels) / np.maximum(dark, 1)
    light_mean = ((counts * levels).sum() - np.cumsum(counts * levels)) / np.maximum(light, 1)
    spread = dark * light * (light_mean - dark_mean) ** 2
    # Clean pictures have one broad optimum; its middle keeps the soft rims of letters.
    best = np.flatnonzero(spread >= spread.max() * (1 - 1e-9))
    level = int(best[len(best) // 2])
    found = _Shades(level, float(dark_mean[level]), float(light_mean[level]))
    return found if found.paper - found.ink >= _LEAST_CONTRAST else None


def _dark_ground(ink: Mask, dpi: float) -> tuple[Mask, Mask]:
    """Where ink is the ground (header rows with light letters, bars, borders that a copier left), and its rim."""
    reach = max(1, round(_GROUND_INCHES * dpi / _COARSE / 2))
    dark = _mean_around(_coarse(ink), reach) > 0.5
    # Light letters near the rim of a bar leave notches in it; filled up, the bar ends a little outside of its rim.
    filled = -_greatest_around(-_greatest_around(dark.astype(np.float32), reach + 1), reach)
    core = -_greatest_around(-filled, 2)
    return _fine(filled > 0.5, ink.shape), _fine((filled > 0.5) & (core < 0.5), ink.shape)


def _fine(coarse: Mask, shape: tuple[int, ...]) -> Mask:
    """The mask of the pixels for one of their squares."""
    found = np.zeros(shape, np.bool_)
    fine = coarse.repeat(_COARSE, 0).repeat(_COARSE, 1)
    found[: fine.shape[0], : fine.shape[1]] = fine
    return found


def _coarse(values: Grey | Mask) -> NDArray[np.float32]:
    """The means of small squares; what is left over at the right and at the bottom is left out."""
    rows, columns = values.shape[0] // _COARSE, values.shape[1] // _COARSE
    kept = values[: rows * _COARSE, : columns * _COARSE]
    # Rows first, along which memory runs: four times as fast as the mean over both at once.
    sums = kept.reshape(rows, _COARSE, -1).sum(1, dtype=np.uint16)
    return sums.reshape(rows, columns, _COARSE).sum(2, dtype=np.float32) / _COARSE**2


def _greatest_around(values: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """The greatest value of the square around each."""
    values = np.pad(values, reach, mode="edge")
    for _ in range(2 * reach):
        values = np.maximum(values[1:], values[:-1])
    for _ in range(2 * reach):
        values = np.maximum(values[:, 1:], values[:, :-1])
    return values


def _mean_around(values: NDArray[np.float32], reach: int) -> NDArray[np.float64]:
    """The mean of the square around each value; beyond the rim the values of the rim go on."""
    side = 2 * reach + 1
    padded = np.pad(values, reach + 1, mode="edge")
    sums = padded.cumsum(0, dtype=np.float64).cumsum(1)
    whole = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return whole[: values.shape[0], : values.shape[1]] / side**2


def _specks(ink: Mask) -> Mask:
    """Ink pixels that stand alone or in pairs: less than the dot of any i."""
    padded = np.pad(ink, 1).astype(np.uint8)
    across = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    around = across[:-2] + across[1:-1] + across[2:]
    return ink & (around <= 2)
