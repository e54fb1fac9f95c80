"""Drawings: a page as a picture, with marks on it that show what was read where.

Runs in the cage, because drawing a page runs the same stranger's program as reading it. Pillow is loaded here only,
so that a child that reads does not wait for it.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pypdfium2 as pdfium
from PIL import Image, ImageDraw, ImageFont

from extraction.errors import PdfError
from extraction.evidence import Box
from extraction.schools.marks import LEAST_DPI, MOST_DPI, Mark, MarkKind

POINTS_AN_INCH = 72.0

_LARGEST_PNG = 11 * 2**20
"""Bytes; as base64 it still fits into one message of the cage. Only photographs come near."""

_ORDER: tuple[MarkKind, ...] = ("region", "column", "band", "field", "highlight")

Ink = tuple[int, int, int]


class _Pen(msgspec.Struct, frozen=True):
    """How a kind of mark is drawn: alphas from 0 to 255, the outline's width and margin in points."""

    ink: Ink
    fill: int
    line: int
    width: float
    margin: float = 0.0


_PENS: dict[MarkKind, _Pen] = {
    "region": _Pen((58, 66, 74), 0, 200, 0.9, 2.5),
    "column": _Pen((28, 79, 134), 0, 105, 0.6),
    "band": _Pen((29, 92, 77), 16, 0, 0.0),
    "field": _Pen((29, 92, 77), 24, 150, 0.6, 1.0),
    "highlight": _Pen((217, 119, 6), 66, 235, 1.3, 1.6),
}
_FIELD_INKS: tuple[Ink, ...] = (
    (29, 92, 77),
    (28, 79, 134),
    (146, 64, 14),
    (109, 40, 137),
    (15, 118, 134),
    (157, 23, 77),
    (77, 105, 17),
    (67, 56, 163),
)


class Drawn(msgspec.Struct, frozen=True):
    """A page as a PNG, and how large the page is."""

    png: bytes
    width: float
    """Of the displayed page, in points."""
    height: float


def draw_page(
    document: pdfium.PdfDocument, number: int, marks: Sequence[Mark], *, dpi: float, most_pixels: int
) -> Drawn:
    """Page `number` (from 1) of an open document as it is displayed, with marks.

    A page of which `dpi` would make more than `most_pixels` is drawn smaller.

    Raises:
        PdfError: There is no such page, or pdfium cannot open it.
    """
    if not 1 <= number <= len(document):
        raise PdfError(f"The PDF has {len(document)} pages; there is no page {number}.")
    try:
        page = document[number - 1]
    except pdfium.PdfiumError as error:
        raise PdfError(f"Page {number} is damaged and cannot be shown ({error}).") from error
    try:
        width, height = page.get_size()
        scale = _scale(width, height, dpi, most_pixels)
        bitmap = page.render(scale=scale, rev_byteorder=True)  # pyright: ignore[reportArgumentType]  its default is 1
        try:
            image = bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
    finally:
        page.close()
    if marks:
        image = _marked(image, marks, image.width / width)
    return Drawn(_png(image), width, height)


def _scale(width: float, height: float, dpi: float, most_pixels: int) -> float:
    """Pixels a point. A page may say that it is as large as a house."""
    wished = min(max(dpi, LEAST_DPI), MOST_DPI) / POINTS_AN_INCH
    return min(wished, (most_pixels / max(width * height, 1.0)) ** 0.5)


def _png(image: Image.Image) -> bytes:
    while True:
        written = io.BytesIO()
        image.save(written, "PNG")
        if written.tell() <= _LARGEST_PNG or min(image.size) < 64:
            return written.getvalue()
        image = image.resize((max(1, image.width * 7 // 10), max(1, image.height * 7 // 10)))


def _marked(image: Image.Image, marks: Sequence[Mark], scale: float) -> Image.Image:
    """The image under a transparent sheet with the marks, so that the print stays readable through them."""
    sheet = Image.new("RGBA", image.size, (255, 255, 255, 0))
    draw = ImageDraw.Draw(sheet)
    by_kind: dict[MarkKind, list[Mark]] = defaultdict(list)
    for mark in marks:
        by_kind[mark.kind].append(mark)
    inks = _inks(mark.label for mark in by_kind["field"])
    for kind in _ORDER:
        for at, mark in enumerate(by_kind[kind]):
            pen = _PENS[kind]
            if kind == "field":
                pen = msgspec.structs.replace(pen, ink=inks[mark.label])
            elif kind == "band":
                # Every other row is tinted, as on striped paper; headings more than both.
                pen = msgspec.structs.replace(pen, fill=46 if mark.label else pen.fill * (at % 2))
            _outline(draw, _pixels(mark.box, scale, pen.margin), pen, scale)
    font = ImageFont.load_default(max(8.0, 6.2 * scale))
    for mark in (*by_kind["column"], *by_kind["highlight"]):
        if mark.label:
            _label(draw, mark, _PENS[mark.kind], scale, font)
    return Image.alpha_composite(image.convert("RGBA"), sheet).convert("RGB")


def _inks(labels: Iterable[str]) -> dict[str, Ink]:
    """A colour a field, the same for all its values on the page."""
    return {label: _FIELD_INKS[at % len(_FIELD_INKS)] for at, label in enumerate(dict.fromkeys(labels))}


def _pixels(box: Box, scale: float, margin: float) -> tuple[float, float, float, float]:
    left, right = sorted((box.left, box.right))
    top, bottom = sorted((box.top, box.bottom))
    return (left - margin) * scale, (top - margin) * scale, (right + margin) * scale, (bottom + margin) * scale


def _outline(draw: ImageDraw.ImageDraw, corners: tuple[float, float, float, float], pen: _Pen, scale: float) -> None:
    draw.rectangle(
        corners,
        fill=(*pen.ink, pen.fill) if pen.fill else None,
        outline=(*pen.ink, pen.line) if pen.line else None,
        width=max(1, round(pen.width * scale)) if pen.line else 0,
    )


def _label(draw: ImageDraw.ImageDraw, mark: Mark, pen: _Pen, scale: float, font: Any) -> None:
    """A tab with the mark's name: below a column, where it hides no printed header, and above anything else."""
    left, top, right, bottom = _pixels(mark.box, scale, pen.margin)
    text = mark.label
    room = right - left - 4
    if mark.kind == "column":
        while len(text) > 1 and draw.textlength(text, font=font) > room:
            text = text[:-1]
    height = float(font.size) + 4
    at = bottom + 2.5 * scale if mark.kind == "column" else max(0.0, top - height)
    draw.rectangle((left, at, left + draw.textlength(text, font=font) + 5, at + height), fill=(*pen.ink, 225))
    draw.text((left + 2.5, at + height / 2), text, fill=(255, 255, 255, 255), font=font, anchor="lm")
