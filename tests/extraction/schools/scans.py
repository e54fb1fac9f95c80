"""Lists of schools on glass: papers printed, laid askew or on their side, copied with grain, and saved as pictures."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence

import numpy as np
import pypdfium2 as pdfium
from fpdf import FPDF
from PIL import Image

from extraction.schools.sheets import read_sheet
from tests.extraction.schools.papers import Row

HEADER = ("District", "School Name", "City", "ZIP", "Title I Status", "Enrollment")
WIDTHS = (135, 150, 80, 45, 90, 60)

_PLACES = (("Trenton", "08608"), ("Newark", "07102"), ("Camden", "08102"), ("Salem", "08079"), ("Paterson", "07501"))
_DISTRICTS = ("Cedar Falls Public Schools", "Harrowgate School District", "Penrith County Schools")
_FIRST = ("Quill", "Bracken", "Dun", "Harrow", "Ash", "Thorn", "Maple", "Fern", "Stone", "Win")
_LAST = ("feather", "ridge", "marrow", "gate", "worth", "bury", "dale", "hurst", "brook", "field")
_KINDS = ("Elementary", "Middle School", "High School", "Academy", "Elementary School")
_STATUSES = ("Schoolwide", "Targeted Assistance", "Not Served")


def schools(count: int) -> list[Row]:
    """Different schools, the same ones at each call."""
    chosen = random.Random(count)
    names = [f"{first}{last}" for first in _FIRST for last in _LAST]
    chosen.shuffle(names)
    rows: list[Row] = []
    for number, name in enumerate(names[:count]):
        city, code = chosen.choice(_PLACES)
        district = _DISTRICTS[number * len(_DISTRICTS) // count]
        row = (district, f"{name} {chosen.choice(_KINDS)}", city, code, chosen.choice(_STATUSES))
        rows.append((*row, str(chosen.randint(100, 999))))
    return rows


def scan(
    pdf: FPDF, *, skew: float = 0, turn: int = 0, dpi: int = 200, grain: float = 0, dots: float = 0, paper: int = 250
) -> FPDF:
    """The pages as pictures.

    Args:
        pdf: What was printed.
        skew: Degrees by which its lines rise to the right.
        turn: Degrees to the left by which the sheet lay turned: 0, 90, 180 or 270.
        dpi: How finely it was scanned.
        grain: Grey levels by which pixels stray.
        dots: Share of pixels that dirt made black or white.
        paper: Grey level of the paper.
    """
    document = pdfium.PdfDocument(bytes(pdf.output()))
    scanned = FPDF(unit="pt")
    scanned.set_auto_page_break(False)
    for page in document:
        picture = _picture(page, dpi).rotate(skew, Image.Resampling.BICUBIC, fillcolor=255)
        picture = picture.rotate(turn, expand=True)
        dirty = _soiled(np.array(picture, np.float32) * np.float32(paper / 255), grain, dots)
        width, height = (side * 72 / dpi for side in picture.size)
        scanned.add_page(format=(width, height))
        stored = io.BytesIO()
        Image.fromarray(dirty).save(stored, "jpeg", quality=80)
        scanned.image(stored, 0, 0, width, height)
    document.close()
    return scanned


def with_hidden_text(scanned: FPDF, printed: FPDF, *, misread: float) -> FPDF:
    """The first page of a level scan with the words that a program once read behind it, a share of letters wrong."""
    chance = random.Random(5)
    document = pdfium.PdfDocument(bytes(printed.output()))
    scanned.page = 1
    scanned.set_font("helvetica", size=8)
    for word in read_sheet(document, 1).words:
        text = "".join(chance.choice("eoclf1rS") if chance.random() < misread else char for char in word.text)
        with scanned.local_context(text_mode="INVISIBLE"):
            scanned.text(word.box.left, word.box.bottom - 2, text)
    document.close()
    return scanned


def draw_shaded(pdf: FPDF, rows: Sequence[Row], widths: Sequence[float], *, dark: bool) -> None:
    """A table without lines, whose header stands on a bar (light letters on dark) and whose odd rows are shaded."""
    pdf.add_page()
    for number, row in enumerate([HEADER, *rows]):
        y = 60.0 + 16 * number
        if number == 0:
            pdf.set_fill_color(30 if dark else 200)
            pdf.rect(30, y - 11, sum(widths), 16, style="F")
        elif number % 2:
            pdf.set_fill_color(225)
            pdf.rect(30, y - 11, sum(widths), 16, style="F")
        pdf.set_text_color(255 if number == 0 and dark else 0)
        x = 34.0
        for text, width in zip(row, widths, strict=True):
            pdf.text(x, y, text)
            x += width
    pdf.set_text_color(0)


def _picture(page: pdfium.PdfPage, dpi: int) -> Image.Image:
    bitmap = page.render(scale=dpi / 72, grayscale=True)  # pyright: ignore[reportArgumentType]
    pixels = np.array(bitmap.to_numpy(), np.uint8)
    return Image.fromarray(pixels.reshape(pixels.shape[:2]))


def _soiled(pixels: np.typing.NDArray[np.float32], grain: float, dots: float) -> np.typing.NDArray[np.uint8]:
    chance = np.random.default_rng(7)
    soiled = pixels + chance.normal(0, grain, pixels.shape) if grain else pixels
    if dots:
        hit = chance.random(pixels.shape) < dots
        soiled = np.where(hit, chance.choice((0.0, 255.0), pixels.shape), soiled)
    return np.clip(soiled, 0, 255).astype(np.uint8)
