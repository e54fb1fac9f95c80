"""From the bytes of a page to its elements, however damaged it is."""

from __future__ import annotations

import re

from lxml import etree, html

LARGEST_PAGE = 6_000_000
"""Characters; the largest directory that was measured has 0.4 million."""

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,20})", re.IGNORECASE)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def parse_html(page: bytes | str, *, encoding: str | None = None) -> html.HtmlElement | None:
    """The element tree of a page; None where there is nothing to parse."""
    text = _decode(page, encoding) if isinstance(page, bytes) else page[:LARGEST_PAGE]
    text = _CONTROL.sub("", _XML_DECLARATION.sub("", text))
    if not text.strip():
        return None
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def _decode(page: bytes, encoding: str | None) -> str:
    page = page[:LARGEST_PAGE]
    declared = _DECLARED.search(page[:4096])
    names = ["utf-8", "cp1252"]
    if declared:
        names.insert(0, declared[1].decode())
    if encoding:
        names.insert(0, encoding)
    for mark, name in _BYTE_ORDER_MARKS:
        if page.startswith(mark):
            names.insert(0, name)
    for name in names:
        try:
            return page.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return page.decode("utf-8", "replace")
