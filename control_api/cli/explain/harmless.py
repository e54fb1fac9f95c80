"""A web page made harmless: its text and structure stay, everything that acts, loads or leads elsewhere is gone.

What may stay is listed; all else becomes a plain box. The page's own styles go too, so that they cannot cover or
imitate what is shown around it.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urljoin

from lxml import html

from extraction.staff.vocabulary import words

_BOXES = ("article", "center", "div", "figure", "footer", "header", "nav", "section", "span")
_LISTS = ("dd", "dl", "dt", "li", "ol", "ul")
_TABLES = ("caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr")
_TEXTS = ("address", "b", "blockquote", "br", "em", "hr", "i", "p", "pre", "small", "strong", "sub", "sup", "u")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_KEPT = frozenset((*_BOXES, *_LISTS, *_TABLES, *_TEXTS, *_HEADINGS))
_DROPPED = frozenset(
    ("head", "iframe", "link", "math", "meta", "noembed", "noframes", "script", "style", "svg", "template", "title")
)
"""What is left out with its text."""
_FIELDS = ("input", "select", "textarea")
_SPANS = ("colspan", "rowspan")
_LARGEST_SPAN = 1000
_LINKS = ("http://", "https://", "mailto:", "tel:")
_LONGEST_HINT = 300
"""Characters of a link's address or a picture's text that are shown."""

Element = html.HtmlElement


def harmless_copy(root: Element, base_url: str, wanted: Collection[Element]) -> tuple[Element, dict[Element, Element]]:
    """A page without scripts, forms, styles, frames, pictures and addresses to load or follow.

    Args:
        root: The page's tree, which stays as it is.
        base_url: What its links are relative to. They lead nowhere, but their hints say where they led.
        wanted: Elements whose copies are asked for.

    Returns:
        The copy, a `div`, and the copies of those of the wanted elements that are in it.
    """
    top = html.Element("div")
    twins = {root: top} if root in wanted else {}
    copies = [(root, top)]
    while copies:
        source, copy = copies.pop()
        copy.text = (copy.text or "") + (source.text or "")
        for child in source:
            tag = child.tag.lower() if isinstance(child.tag, str) else ""
            if not tag or tag in _DROPPED:
                _add_text(copy, child.tail)
                continue
            twin = _twin(child, tag, base_url)
            twin.tail = child.tail
            copy.append(twin)
            if child in wanted:
                twins[child] = twin
            if tag not in _FIELDS:
                copies.append((child, twin))
    return top, twins


def _twin(element: Element, tag: str, base_url: str) -> Element:
    """An element that looks alike, with nothing but what is known to do nothing."""
    is_inline = tag in words("markup", "inline") or tag in ("button", "img", *_FIELDS)
    twin = html.Element(tag if tag in _KEPT else "span" if is_inline else "div")
    for name in _SPANS:
        value = element.get(name) or ""
        if tag in ("td", "th") and value.isascii() and value.isdecimal() and len(value) < 5:
            twin.set(name, str(min(int(value), _LARGEST_SPAN)))
    if tag == "a" and (href := element.get("href")):
        twin.set("data-kind", "link")
        if where := _address(href, base_url):
            twin.set("title", where[:_LONGEST_HINT])
    elif tag == "img":
        twin.set("data-kind", "picture")
        twin.text = (element.get("alt") or "")[:_LONGEST_HINT]
    elif tag in ("button", *_FIELDS):
        twin.set("data-kind", "field")
    return twin


def _address(href: str, base_url: str) -> str | None:
    try:
        where = urljoin(base_url, href.strip())
    except ValueError:
        return None
    return where if where.lower().startswith(_LINKS) else None


def _add_text(element: Element, text: str | None) -> None:
    """Text behind all that an element holds so far."""
    if not text:
        return
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text
