"""The picture of a page: grey pixels, and which of them are ink."""

from __future__ import annotations

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

    def graymap(self) -> bytes:
        """The picture as a file (PGM), which every program for pictures reads."""
        height, width = self.grey.shape
        return b"P5 %d %d 255\n" % (width, height) + np.ascontiguousarray(self.grey).tobytes()


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
    level = _level(grey)
    return np.zeros(grey.shape, np.bool_) if level is None else grey <= level


def cleaned(picture: Picture) -> Picture:
    """The picture with dark ink on light ground everywhere, and without the grain of the scanner."""
    grey = picture.grey.copy()
    ground, rim = _dark_ground(ink_of(grey), picture.dpi)
    if ground.any():
        inside = grey[ground]
        level = _level(inside)
        # One grey all over is a bar or the border that a copier left: nothing is printed in it.
        if level is None:
            grey[ground] = _WHITE
        elif (inside <= level).mean() > 0.5:
            grey[ground] = _WHITE - inside
        grey[rim] = _WHITE
    grey = _flattened(grey, picture.dpi)
    grey[_specks(ink_of(grey))] = _WHITE
    return Picture(grey, picture.dpi)


def _flattened(grey: Grey, dpi: float) -> Grey:
    """The picture as on white paper: shaded rows, yellowed paper and the shadow of a fold are its ground."""
    light = _greatest_around(_coarse(grey), max(1, round(_LETTER_INCHES * dpi / _COARSE)))
    ground = np.full(grey.shape, _WHITE, np.float32)
    fine = light.repeat(_COARSE, 0).repeat(_COARSE, 1)
    ground[: fine.shape[0], : fine.shape[1]] = fine
    return np.clip(grey * (_WHITE / np.maximum(ground, 1)), 0, _WHITE).astype(np.uint8)


def enlarged(picture: Picture) -> Picture:
    """The picture for the engine: twice as large, and white where only the paper's tint or a shade is.

    The engine was taught on letters 30 pixels high or more; those of a list at 200 dpi have 20. Measured on a
    150-dpi scan: .93 of the words right as drawn, .98 enlarged, for half the time again.
    """
    grey = picture.grey
    level = _level(grey)
    if level is not None:
        ink = grey <= level
        black, paper = grey[ink].mean(), grey[~ink].mean()
        white = level + _TINT * (paper - level)
        grey = (np.clip((grey.astype(np.float32) - black) / (white - black), 0, 1) * _WHITE).astype(np.uint8)
    height, width = grey.shape
    image = Image.fromarray(grey).resize((_ENLARGED * width, _ENLARGED * height), Image.Resampling.BICUBIC)
    return Picture(np.array(image, dtype=np.uint8), picture.dpi * _ENLARGED)


def _level(grey: Grey) -> int | None:
    """The grey level up to which a pixel is ink (Otsu's: where the two classes lie furthest apart)."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    total = counts.sum()
    if not total:
        return None
    levels = np.arange(256)
    dark = np.cumsum(counts)
    light = total - dark
    dark_mean = np.cumsum(counts * levels) / np.maximum(dark, 1)
    light_mean = ((counts * levels).sum() - np.cumsum(counts * levels)) / np.maximum(light, 1)
    spread = dark * light * (light_mean - dark_mean) ** 2
    # Clean pictures have one broad optimum; its middle keeps the soft rims of letters.
    best = np.flatnonzero(spread >= spread.max() * (1 - 1e-9))
    level = int(best[len(best) // 2])
    return level if light_mean[level] - dark_mean[level] >= _LEAST_CONTRAST else None


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
    return kept.reshape(rows, _COARSE, columns, _COARSE).mean((1, 3), dtype=np.float32)


def _greatest_around(values: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """The greatest value of the square around each."""
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if axis == side else (0, 0) for side in (0, 1)], mode="edge")
        values = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis).max(-1)
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
