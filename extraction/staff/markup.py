"""From the bytes of a page to its elements, however damaged it is."""

from __future__ import annotations

import re

from lxml import etree, html

LARGEST_PAGE = 6_000_000
"""Characters; the largest directory that was measured has 0.4 million."""

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,20})", re.IGNORECASE)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_OF_A_TABLE = {"table": "table", "grid": "table", "row": "tr", "cell": "td", "gridcell": "td", "columnheader": "th"}
"""What ARIA calls the parts of a table, and the elements that they stand for."""
_PLAIN = frozenset(("div", "span", "li", "ul"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_ONE_CLASS = etree.ElementDefaultClassLookup(element=html.HtmlElement)
"""lxml's own choice of a class for each kind of element is made in Python, element by element, and nobody needs it."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def parse_html(page: bytes | str, *, encoding: str | None = None) -> html.HtmlElement | None:
    """The element tree of a page; None where there is nothing to parse."""
    text = _decode(page, encoding) if isinstance(page, bytes) else page[:LARGEST_PAGE]
    text = _CONTROL.sub("", _XML_DECLARATION.sub("", text))
    if not text.strip():
        return None
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def played_tag(tag: str, element: html.HtmlElement) -> str:
    """The tag of an element, or that of which it plays the role: a part of a table, the text of a heading."""
    if tag in _PLAIN:
        return _OF_A_TABLE.get(element.get("role") or "", tag)
    if tag == "button":
        # The button that opens a part of an accordion has its heading.
        above = element.getparent()
        return "span" if above is not None and str(above.tag) in _HEADINGS else tag
    return tag


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
