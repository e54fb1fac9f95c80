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

from extraction.schools.fields import grade_span

_LONGEST_TEXT = 400_000
_MOST_LINKS = 3_000
_PHONE = re.compile(r"(?<!\d)(?:\+?1[\s.-]?)?\(?([2-9]\d{2})\)?[\s./-]{0,3}(\d{3})[\s.-]{0,3}(\d{4})(?!\d)")
_PLACE = re.compile(r"([A-Z][A-Za-z.' ]{2,28}),?\s+([A-Z]{2})\.?,?\s+(\d{5})(?:-\d{4})?\b")
_GRADES = re.compile(
    r"(?i)\bgrades?:?\s+((?:pre-?k|pk|tk|kg|k|kindergarten|\d{1,2}(?:st|nd|rd|th)?)\s*(?:-|–|—|to|through|thru)\s*"
    r"(?:k|kindergarten|\d{1,2})(?:th)?)\b"
)
_LONGEST_NEAR = 200
_MOST_NEAR = 3
_BLOCKS = frozenset({"li", "tr", "td", "article", "section", "div", "p"})
_MOST_BLOCKS = 6
_VISIBLE = etree.XPath(
    "//text()[not(parent::script or parent::style or parent::noscript or parent::template or parent::title)]"
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as a reader sees it, with its absolute address."""

    url: str
    text: str
    near: str = ""
    """What stands around it in its own small block, where a text such as "Visit site" says nothing by itself."""


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
    grades: tuple[str, ...] = ()
    """The spans of grades it speaks of, as "KG-05"."""
    asks_password: bool = False
    """Whether it has a field for a password."""


def read_facts(html: bytes | str, url: str, *, encoding: str | None = None) -> PageFacts:
    """Reads a page. A page that is no HTML at all has no facts."""
    root = _parsed(html, encoding)
    # Marks are plain ASCII, so any encoding will do for them.
    source = (html if isinstance(html, str) else html.decode("latin-1")).lower()
    if root is None:
        return PageFacts("", (), (), "", frozenset(), (), (), source)
    linked_data = _json_ld(root)
    machine = _open_graph(root)
    _collect_names(linked_data, machine)
    links = _links(root, url, linked_data)
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
        grades=tuple(dict.fromkeys(span for match in _GRADES.finditer(text) if (span := _span(match[1])))),
        asks_password=any((field.get("type") or "").lower() == "password" for field in root.iter("input")),
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


def _json_ld(root: HtmlElement) -> list[Any]:
    found: list[Any] = []
    for script in root.iter("script"):
        if (script.get("type") or "").lower() == "application/ld+json":
            try:
                found.append(msgspec.json.decode((script.text or "").strip()))
            except msgspec.MsgspecError:
                continue
    return found


def _collect_names(value: Any, names: list[str], depth: int = 0) -> None:
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


def _collect_parts(value: Any, found: list[tuple[str, str]], depth: int = 0) -> None:
    """Collects address and name of the organizations that a page says are parts of its own, or that it lists."""
    if depth > 8 or len(found) >= _MOST_LINKS:
        return
    if isinstance(value, list):
        for entry in value:
            _collect_parts(entry, found, depth + 1)
    elif isinstance(value, dict):
        url, name = value.get("url") or value.get("@id"), value.get("name")
        if isinstance(url, str) and isinstance(name, str):
            found.append((url, _joined(name)))
        for key in (
            "@graph",
            "mainEntity",
            "subOrganization",
            "department",
            "member",
            "itemListElement",
            "item",
            "hasPart",
        ):
            _collect_parts(value.get(key), found, depth + 1)


def _links(root: HtmlElement, url: str, machine: list[Any]) -> list[Link]:
    """Returns the anchors of all levels of its menus, the choices of its pickers, and what it lists for machines."""
    named: list[tuple[str, str, str]] = []
    for anchor in root.iter("a", "area"):
        if len(named) >= _MOST_LINKS:
            break
        target = (anchor.get("href") or "").strip()
        if target:
            named.append((target, _label(anchor), _near(anchor)))
    for choice in root.iter("option"):
        target = (choice.get("data-url") or choice.get("data-href") or choice.get("value") or "").strip()
        if re.match(r"https?://|/(?!/)", target):
            named.append((target, _joined(choice.text_content()), ""))
    parts: list[tuple[str, str]] = []
    _collect_parts(machine, parts)
    named += [(target, name, "") for target, name in parts]
    found: list[Link] = []
    for target, text, near in named[:_MOST_LINKS]:
        try:
            found.append(Link(urljoin(url, target), text[:200], near))
        except ValueError:
            continue
    return found


def _label(anchor: HtmlElement) -> str:
    picture = next((image.get("alt") for image in anchor.iter("img") if image.get("alt")), None)
    said = (anchor.text_content(), anchor.get("aria-label"), anchor.get("title"), picture, anchor.get("alt"))
    return next((text for label in said if label and (text := _joined(label))), "")


def _near(anchor: HtmlElement) -> str:
    """Returns the text of the largest small block around a link: a card or a row, never a whole list."""
    best = ""
    for place, block in enumerate(anchor.iterancestors()):
        if place >= _MOST_BLOCKS or not isinstance(block.tag, str):
            break
        if block.tag not in _BLOCKS:
            continue
        pieces: list[str] = []
        length = 0
        for piece in block.itertext():
            length += len(piece.strip())
            if length > _LONGEST_NEAR:
                return best
            pieces.append(piece)
        if sum(1 for _ in zip(range(_MOST_NEAR + 1), block.iter("a"), strict=False)) > _MOST_NEAR:
            return best
        best = _joined(" ".join(pieces))
    return best


def _span(text: str) -> str | None:
    return grade_span(text.replace("kindergarten", "K").replace("Kindergarten", "K"))


def _visible_text(root: HtmlElement) -> str:
    pieces = cast("list[str]", _VISIBLE(root))
    return _joined(" ".join(pieces))[:_LONGEST_TEXT]


def _joined(text: str) -> str:
    return " ".join(text.split())
