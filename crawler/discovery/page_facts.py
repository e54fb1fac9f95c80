"""What a candidate's page says that speaks for or against it: read once from the HTML, then weighed in `scoring`.

Pure: bytes in, facts out. Nothing here knows which school is looked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urljoin

import lxml.html
import msgspec
from lxml import etree
from lxml.html import HtmlElement

_LONGEST_TEXT = 400_000
_MOST_LINKS = 3_000
_PHONE = re.compile(r"(?<!\d)(?:\+?1[\s.-]?)?\(?([2-9]\d{2})\)?[\s./-]{0,3}(\d{3})[\s.-]{0,3}(\d{4})(?!\d)")
_PLACE = re.compile(r"([A-Z][A-Za-z.' ]{2,28}),?\s+([A-Z]{2})\.?,?\s+(\d{5})(?:-\d{4})?\b")
_VISIBLE = etree.XPath(
    "//text()[not(parent::script or parent::style or parent::noscript or parent::template or parent::title)]"
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as a reader sees it, with its absolute address."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What one page says."""

    title: str
    headings: tuple[str, ...]
    """The texts of its first-level headings."""
    site_names: tuple[str, ...]
    """What the site calls itself to machines: og:site_name, og:title, JSON-LD names of organizations."""
    text: str
    """Its visible text, single-spaced."""
    phones: frozenset[str]
    """Ten digits each."""
    places: tuple[tuple[str, str, str], ...]
    """City, state code and ZIP code of the addresses it prints."""
    links: tuple[Link, ...]
    source: str
    """The page's source in lower case, for the marks of its content system."""


def read_facts(html: bytes | str, url: str, *, encoding: str | None = None) -> PageFacts:
    """Reads a page. A page that is no HTML at all has no facts."""
    root = _parsed(html, encoding)
    # Marks are plain ASCII, so any encoding will do for them.
    source = (html if isinstance(html, str) else html.decode("latin-1")).lower()
    if root is None:
        return PageFacts("", (), (), "", frozenset(), (), (), source)
    machine = (*_open_graph(root), *_json_ld_names(root))
    links = _links(root, url)
    text = _visible_text(root)
    dialled = " ".join(link.url.partition(":")[2] for link in links if link.url.startswith("tel:"))
    return PageFacts(
        title=_joined(root.findtext(".//title") or ""),
        headings=tuple(said for heading in root.iter("h1") if (said := _joined(heading.text_content()))),
        site_names=tuple(dict.fromkeys(name for name in machine if name)),
        text=text,
        phones=frozenset("".join(match.groups()) for match in _PHONE.finditer(f"{text} {dialled}")),
        places=tuple((match[1].strip(), match[2], match[3]) for match in _PLACE.finditer(text)),
        links=tuple(links),
        source=source,
    )


def _parsed(html: bytes | str, encoding: str | None) -> HtmlElement | None:
    content = html.encode("utf-8", errors="replace") if isinstance(html, str) else html
    if isinstance(html, str):
        encoding = "utf-8"
    try:
        parser = lxml.html.HTMLParser(encoding=encoding, huge_tree=False)
    except LookupError:
        parser = lxml.html.HTMLParser(huge_tree=False)
    try:
        return lxml.html.document_fromstring(content.replace(b"\0", b""), parser=parser)
    except (etree.ParserError, ValueError):
        return None


def _open_graph(root: HtmlElement) -> list[str]:
    wanted = {"og:site_name", "og:title", "application-name"}
    return [
        _joined(meta.get("content", ""))
        for meta in root.iter("meta")
        if (meta.get("property") or meta.get("name") or "").lower() in wanted
    ]


def _json_ld_names(root: HtmlElement) -> list[str]:
    names: list[str] = []
    for script in root.iter("script"):
        if (script.get("type") or "").lower() == "application/ld+json":
            try:
                _collect_names(msgspec.json.decode((script.text or "").strip()), names, 0)
            except msgspec.MsgspecError:
                continue
    return names


def _collect_names(value: Any, names: list[str], depth: int) -> None:
    if depth > 6:
        return
    if isinstance(value, list):
        for entry in value:
            _collect_names(entry, names, depth + 1)
    elif isinstance(value, dict):
        kinds = value.get("@type", "")
        if re.search(r"School|Organization|WebSite", str(kinds)) and isinstance(value.get("name"), str):
            names.append(_joined(value["name"]))
        for key in ("@graph", "publisher", "mainEntity", "about"):
            _collect_names(value.get(key), names, depth + 1)


def _links(root: HtmlElement, url: str) -> list[Link]:
    found: list[Link] = []
    for anchor in root.iter("a"):
        target = (anchor.get("href") or "").strip()
        if target and len(found) < _MOST_LINKS:
            try:
                absolute = urljoin(url, target)
            except ValueError:
                continue
            found.append(Link(absolute, _joined(anchor.text_content() or anchor.get("title") or "")[:200]))
    return found


def _visible_text(root: HtmlElement) -> str:
    pieces = cast("list[str]", _VISIBLE(root))
    return _joined(" ".join(pieces))[:_LONGEST_TEXT]


def _joined(text: str) -> str:
    return " ".join(text.split())
