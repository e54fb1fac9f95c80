"""What kind of file was sent: the checks that need no parser, made before a PDF enters the cage."""

from __future__ import annotations

import re
from pathlib import Path

from extraction.errors import PdfError

_HEAD = 1024
"""Bytes at the start within which readers accept the mark of a PDF."""

_TAIL = 8192
"""Bytes at the end within which the end mark stands, with room for what mail gateways append."""

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or an Office file (DOCX, XLSX). Save it as PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Office file (DOC, XLS). Save it as PDF"),
    (b"\x89PNG", "a PNG picture. Save it as PDF"),
    (b"\xff\xd8\xff", "a JPEG picture. Save it as PDF"),
    (b"GIF8", "a GIF picture. Save it as PDF"),
    (b"II*\x00", "a TIFF picture. Save it as PDF"),
    (b"MM\x00*", "a TIFF picture. Save it as PDF"),
    (b"{\\rtf", "an RTF document. Save it as PDF"),
    (b"%!PS", "a PostScript file. Convert it to PDF"),
    (b"\x1f\x8b", "a gzip archive. Unpack it"),
    (b"\x7fELF", "a program. Send a PDF"),
    (b"MZ", "a program. Send a PDF"),
)
_MARKUP = re.compile(rb"^\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body|\?xml|!--)", re.IGNORECASE)
_LINEARIZED = re.compile(rb"/Linearized\b[^>]*?/L\s+(\d+)|/L\s+(\d+)[^>]*?/Linearized\b")


def check_is_pdf(path: Path, max_bytes: int) -> None:
    """Refuse what is plainly no whole PDF, and say what it is instead.

    Raises:
        PdfError: The file is missing, empty, too large, another kind of file, or cut off.
    """
    try:
        size = path.stat().st_size
        if size == 0:
            raise PdfError("The file is empty. Download or export it again.")
        if size > max_bytes:
            raise PdfError(
                f"The file has {size / 2**20:.1f} MB; at most {max_bytes / 2**20:.1f} MB are read"
                " (TITLE1_PDF_MAX_BYTES). Split it, or send only the pages with the list."
            )
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
    except OSError as error:
        raise PdfError(f"The file cannot be opened: {error.strerror or error}.") from error
    if b"%PDF-" not in head:
        raise PdfError(f"The file is not a PDF; it looks like {_looks_like(head)}.")
    _check_is_whole(head, tail, size)


def _check_is_whole(head: bytes, tail: bytes, size: int) -> None:
    """A PDF that was cut off opens in many readers, with its last pages silently missing."""
    linearized = _LINEARIZED.search(head)
    announced = int(linearized[1] or linearized[2]) if linearized else 0
    if b"%%EOF" not in tail or size < announced:
        raise PdfError("The PDF is cut off: its end is missing. Download it again.")


def _looks_like(head: bytes) -> str:
    for mark, kind in _KINDS:
        if head.startswith(mark):
            return kind
    if _MARKUP.match(head):
        return "a web page (HTML). Open the link in a browser and save the PDF itself"
    text = head.decode("utf-8", "replace")
    if text.count("\ufffd") <= 1 and "\x00" not in text:
        return "plain text (CSV?). Send the list as PDF"
    return "binary content of an unknown kind. Send the list as PDF"
