"""PDFs that a stranger might send to hurt: each is a few kilobytes, and asks for minutes or gigabytes."""

from __future__ import annotations

import zlib


def pdf_of(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of numbered objects; the first one is the catalog."""
    body = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets: list[int] = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(body)


def deflated(content: bytes) -> bytes:
    packed = zlib.compress(content, 9)
    return b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed) + packed + b"\nendstream"


def pages_sharing(stream: bytes, pages: int) -> bytes:
    """A PDF whose pages all show one content stream."""
    kids = b" ".join(b"%d 0 R" % (5 + page) for page in range(pages))
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 3 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >>"
    )
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids),
            stream,
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            *[page] * pages,
        ]
    )


def text_operators(megabytes: float) -> bytes:
    """Text, over and over: 20 MB of it pack into 51 KB."""
    line = b"BT /F1 8 Tf 20 400 Td (Lincoln Elementary School 123 Main Street) Tj ET\n"
    return deflated(line * int(megabytes * 2**20 / len(line)))


def spaces(megabytes: int) -> bytes:
    """A stream that is nothing but large."""
    return deflated(b" " * (megabytes * 2**20))


def without_pages() -> bytes:
    return pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 0 /Kids [] >>"])


def nested_forms(depth: int, fan: int) -> bytes:
    """Forms that each draw the next one several times: fan ** depth drawings."""
    forms: list[bytes] = []
    for level in range(depth):
        inner = b"/X Do\n" * fan if level + 1 < depth else b"10 10 m 90 90 l S\n"
        resources = b"/Resources << /XObject << /X %d 0 R >> >>" % (6 + level) if level + 1 < depth else b""
        forms.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] %s /Length %d >>\nstream\n" % (resources, len(inner))
            + inner
            + b"\nendstream"
        )
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /XObject << /X 5 0 R >> >> >>"
    )
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            page,
            b"<< /Length 5 >>\nstream\n/X Do\nendstream",
            *forms,
        ]
    )
