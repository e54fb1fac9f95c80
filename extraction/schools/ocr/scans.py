"""Scans: pages whose text is a picture, read into sheets.

A scan's sheet is upright and level, however the paper lay on the glass, so that the layouts need not know of it. How
it lies on the displayed page is kept in the sheet; `display` puts what was read back there.
"""

from __future__ import annotations

import msgspec
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from extraction.schools.damage import is_garbled, known_share, may_be_garbled
from extraction.schools.ocr.engine import check_installed
from extraction.schools.sheets import Sheet

_STAMP_CHARS = 160
"""Characters that a text layer may have over a picture of the page: a stamp, a page number, a fax header."""

_FULL_PAGE = 0.6
"""Share of the page that a picture covers where the page is a picture."""

_MAX_OBJECTS = 2_000
"""Objects of a page among which its picture is looked for; scans have a handful of strips."""


class OcrOptions(msgspec.Struct, frozen=True):
    """How scans are read."""

    dpi: int = 200
    """How finely a page is drawn. Lists are printed in 7 to 10 points; 150 loses names, 300 takes twice as long."""
    seconds: float = 25.0
    """Time for the picture of one page."""


def read_scan(document: pdfium.PdfDocument, sheet: Sheet, options: OcrOptions) -> Sheet | None:
    """The sheet of a scanned page in place of the one that its text layer gave; None for a page that has its text.

    Many a scan hides the words that a program once read behind its picture. They are taken, unless they are garbled and
    the picture gives more known ones.

    Raises:
        OcrError: What reads scans is not installed, failed, or took too long.
    """
    hidden = sheet.chars > _STAMP_CHARS
    if sheet.cut or (hidden and not (sheet.rulings.pictures and may_be_garbled(sheet.words))):
        return None
    page = document[sheet.number - 1]
    try:
        if not (_is_covered(page) and is_garbled(sheet.words) if hidden else is_scan(page, sheet.chars)):
            return None
        check_installed()
        # Loads numpy, with the first scan that is met: most documents have none.
        from extraction.schools.ocr.recognition import recognize  # noqa: PLC0415

        scan = recognize(page, sheet.number, dpi=options.dpi, seconds=options.seconds)
        return scan if not hidden or (known_share(scan.words) or 0) > (known_share(sheet.words) or 0) else None
    finally:
        page.close()


def is_scan(page: pdfium.PdfPage, chars: int) -> bool:
    """Whether a page has no text but that of its picture. An empty page has none."""
    if chars == 0:
        return pdfium_c.FPDFPage_CountObjects(page.raw) > 0
    return chars <= _STAMP_CHARS and _is_covered(page)


def _is_covered(page: pdfium.PdfPage) -> bool:
    """Whether pictures fill the page."""
    width, height = page.get_size()
    covered = 0.0
    for number, found in enumerate(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3)):
        if number >= _MAX_OBJECTS:
            break
        left, bottom, right, top = found.get_bounds()
        covered += max(0.0, right - left) * max(0.0, top - bottom)
    return covered >= _FULL_PAGE * width * height
