"""The pages of an open PDF as parts of a staff paper. Runs in the cage: pdfium reads what strangers wrote."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from extraction.schools.damage import mended
from extraction.schools.ocr.scans import is_scan
from extraction.schools.sheets import Sheet, read_sheet
from extraction.staff.papers.layout import page_parts
from extraction.staff.papers.parts import PaperPage

_BOLD = re.compile(r"bold|black|heavy|demi", re.IGNORECASE)
_BOLD_WEIGHT = 600
"""From here on a font's weight is called semibold or bold."""
_LONGEST_FONT_NAME = 128


def paper_pages(document: pdfium.PdfDocument) -> Iterator[tuple[int, PaperPage | None]]:
    """(number, None) as a page is begun, (number, page) as it is read; a damaged page has no parts."""
    title = document.get_metadata_dict(skip_empty=True).get("Title", "").strip()
    for number in range(1, len(document) + 1):
        yield number, None
        try:
            page = _page(document, number, title if number == 1 else "")
        except pdfium.PdfiumError:
            page = PaperPage(number, ())
        yield number, page


def _page(document: pdfium.PdfDocument, number: int, title: str) -> PaperPage:
    sheet = mended(read_sheet(document, number))
    page = document[number - 1]
    try:
        if is_scan(page, sheet.chars):
            return PaperPage(number, (), title, scanned=True)
        return PaperPage(number, page_parts(sheet, _bold_words(page, sheet)), title)
    finally:
        page.close()


def _bold_words(page: pdfium.PdfPage, sheet: Sheet) -> frozenset[int]:
    """The words in bold print, by their place in drawing order."""
    textpage = page.get_textpage()
    try:
        return frozenset(word.order for word in sheet.words if _is_bold(textpage, word.order))
    finally:
        textpage.close()


def _is_bold(textpage: pdfium.PdfTextPage, char: int) -> bool:
    if pdfium_c.FPDFText_GetFontWeight(textpage.raw, char) >= _BOLD_WEIGHT:
        return True
    name, flags = ctypes.create_string_buffer(_LONGEST_FONT_NAME), ctypes.c_int()
    length = pdfium_c.FPDFText_GetFontInfo(textpage.raw, char, name, _LONGEST_FONT_NAME, flags)
    return 0 < length <= _LONGEST_FONT_NAME and bool(_BOLD.search(name.value.decode("utf-8", "replace")))
