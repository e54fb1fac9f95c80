"""A page as its reader sees it: lines of text in order, each with the addresses and links beside it.

This is the first step of reading a staff page. The markup is parsed once; the result is a flat list of `Line`s and a
tree of `Node`s that says which range of lines each element holds. All later steps work on these two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import cast
from urllib.parse import urljoin

from lxml import html

from extraction.staff import emails
from extraction.staff.emails import FoundEmail
from extraction.staff.markup import parse_html, played_tag
from extraction.staff.spacing import join_pieces, split_at_gaps
from extraction.staff.vocabulary import words

MOST_ELEMENTS = 250_000
DEEPEST_NODE = 200
"""What is nested deeper is read as if it stood at this depth."""

_SPACES = re.compile(r"[\s\u200b\ufeff]+")
_INLINE = words("markup", "inline")
_SILENT = words("markup", "silent")
_SHEET_EDGES = words("markup", "sheet_edges")
_CELLS = ("th", "td")
_FORM_ADDRESSES = words("markup", "form_addresses")
_FORM_TEXTS = words("markup", "form_texts")
_DOMAIN_ATTRIBUTES = words("markup", "domain_attributes")
_LABELS = ("alt", "aria-label")
_COMMON_ATTRIBUTES = frozenset(("class", "id", "href", "style", "src", "target", "title", "rel", "type", "role"))
"""Those that hold neither a label nor an address of their own."""
_AT_PICTURES = ("@", "at", "[at]", "(at)")
_MAILS = re.compile(r"mail|swrot13|&#64;|['\"]@['\"]", re.IGNORECASE)
"""What a script that writes an address has."""
_LINE_BREAKS = frozenset(("br", "hr"))
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MENUS = frozenset(("nav", "footer"))
_MENU_ROLES = frozenset(("navigation", "menu", "menubar", "contentinfo"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


@lru_cache(maxsize=8192)
def _signature(tag: str, classes: tuple[str, ...]) -> str:
    return ".".join((tag, *(c for c in classes if not any(x.isdigit() for x in c))))


@dataclass(slots=True, eq=False)
class Node:
    """An element and the range of lines (`start` to before `end`) that stand in it."""

    tag: str
    classes: tuple[str, ...]
    parent: Node | None
    element: html.HtmlElement
    start: int
    end: int = 0
    children: list[Node] = field(default_factory=list["Node"])
    depth: int = 0
    veil: Node | None = None
    """The outermost hidden element around it, itself included."""
    heading: int = 0
    """1 to 6 inside h1 to h6."""
    in_menu: bool = False
    is_preformatted: bool = False
    """Whether a line break of the source is one of the page."""

    @property
    def signature(self) -> str:
        """Tag and class words; words with digits are generated and say nothing."""
        return _signature(self.tag, self.classes)

    @property
    def path(self) -> str:
        """The XPath of the element."""
        return self.element.getroottree().getpath(self.element)

    def ancestors(self) -> list[Node]:
        """This node and all above it, from the inside out."""
        chain: list[Node] = []
        node: Node | None = self
        while node is not None:
            chain.append(node)
            node = node.parent
        return chain


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text inside one element."""

    text: str
    node: Node


@dataclass(frozen=True, slots=True)
class Link:
    """An anchor that stands on a line."""

    href: str
    text: str
    node: Node


@dataclass(frozen=True, slots=True)
class SeenEmail:
    """An address on a line, and the element that holds it."""

    found: FoundEmail
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of text as a browser would break it."""

    number: int
    text: str
    pieces: tuple[Piece, ...]
    node: Node
    """The innermost element around all pieces."""
    emails: tuple[SeenEmail, ...]
    links: tuple[Link, ...]
    has_form_link: bool

    @property
    def heading(self) -> int:
        """1 to 6 for a line of h1 to h6, else 0."""
        return self.node.heading

    @property
    def in_menu(self) -> bool:
        """Whether it stands in navigation or in the footer."""
        return self.node.in_menu


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed page."""

    url: str
    title: str
    lines: tuple[Line, ...]
    root: Node | None
    tables: tuple[Node, ...]
    base_url: str
    text_length: int
    labels: tuple[str, ...] = ()
    """What pictures and blocks tell a screen reader."""
    shown_labels: frozenset[str] = frozenset()
    """Those of the labels that are lines of the document."""

    def block_text(self, start: int, end: int) -> str:
        """The text of a range of lines."""
        return " ".join(line.text for line in self.lines[start:end] if line.text)

    def absolute(self, href: str) -> str | None:
        """The address of a link; None for what cannot be fetched."""
        try:
            url = urljoin(self.base_url, href.strip())
        except ValueError:
            return None
        return url if url.startswith(("http://", "https://")) else None


def read_document(
    page: bytes | str, url: str, *, encoding: str | None = None, shown_labels: frozenset[str] = frozenset()
) -> Document:
    """Parse a page, however damaged it is. Each label that is to be shown becomes a line of its own."""
    root = parse_html(page, encoding=encoding)
    if root is None:
        return Document(url, "", (), None, (), url, 0)
    return _Walk(root, url, shown_labels).read()


def squeeze(text: str) -> str:
    """The text with every run of white space as one space."""
    return _narrowed(text).strip()


def _narrowed(text: str) -> str:
    # Most texts have single spaces only: what can be printed has no other white space, and nothing of no width.
    return text if "  " not in text and text.isprintable() else _SPACES.sub(" ", text)


class _Walk:
    """One pass over the tree with an explicit stack, so that nesting has no depth limit."""

    def __init__(self, root: html.HtmlElement, url: str, shown_labels: frozenset[str]) -> None:
        self.root = root
        self.shown_labels = shown_labels
        self.labels: list[str] = []
        self.url = url
        self.lines: list[Line] = []
        self.tables: list[Node] = []
        self.pieces: list[Piece] = []
        self.emails: list[SeenEmail] = []
        self.links: list[Link] = []
        self.form_link = False
        self.top: Node | None = None

    def read(self) -> Document:
        title = self.root.findtext(".//title") or ""
        base = self.root.find(".//base")
        href = base.get("href") if base is not None else None
        self._walk()
        self._break_line()
        try:
            base_url = urljoin(self.url, href) if href else self.url
        except ValueError:
            base_url = self.url
        return Document(
            url=self.url,
            title=squeeze(title),
            lines=tuple(self.lines),
            root=self.top,
            tables=tuple(self.tables),
            base_url=base_url,
            text_length=sum(len(line.text) for line in self.lines),
            labels=tuple(self.labels),
            shown_labels=self.shown_labels,
        )

    def _walk(self) -> None:
        # An element to enter with its parent, or a node to leave; the parser has taken comments out.
        stack: list[tuple[html.HtmlElement | None, Node | None]] = [(self.root, None)]
        count = 0
        while stack:
            element, around = stack.pop()
            if element is None:
                self._close(cast("Node", around))
                continue
            count += 1
            node = self._open(element, around) if count <= MOST_ELEMENTS else None
            if node is not None:
                stack.append((None, node))
                if len(element):
                    stack.extend([(child, node) for child in reversed(element)])
            elif around is not None:
                self._add_text(element.tail, around)

    def _open(self, element: html.HtmlElement, parent: Node | None) -> Node | None:
        """Enter an element; None when nothing inside is read."""
        tag = str(element.tag).lower()
        if tag == "script":
            self._read_script(element, parent)
            return None
        if tag in _SILENT or (tag in _CELLS and not _SHEET_EDGES.isdisjoint((element.get("class") or "").split())):
            return None
        attributes = dict(element.items())
        if tag == "button" or "role" in attributes:
            tag = played_tag(tag, element)
        if tag not in _INLINE:
            self._break_line()
        node = _new_node(tag, element, attributes, parent, len(self.lines))
        if node.parent is None:
            self.top = node
        else:
            node.parent.children.append(node)
        if tag == "table":
            self.tables.append(node)
        if attributes:
            self._read_attributes(node, attributes)
        if tag != "button" and (text := element.text):
            self._add_text(text, node)
        return node

    def _close(self, node: Node) -> None:
        if node.tag in ("a", "button"):
            text = squeeze(node.element.text_content())
            if text.lower() in _FORM_TEXTS:
                self._add_form(node)
            self._add_link(node, text)
        if node.tag not in _INLINE:
            self._break_line()
        # An inline element ends inside the line that is still open.
        node.end = len(self.lines) + (1 if node.tag in _INLINE and (self.pieces or self.emails) else 0)
        if node.parent is not None and (tail := node.element.tail):
            self._add_text(tail, node.parent)

    def _read_attributes(self, node: Node, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            if name in _COMMON_ATTRIBUTES:
                continue
            if "mail" in name or (name[:2] == "on" and "mail" in value.lower()):
                self._add_emails(emails.find_in_attribute(name, value), node)
            elif name in _LABELS and value:
                self._read_label(value, node)
            if name in _DOMAIN_ATTRIBUTES:
                self._add_emails(emails.find_in_parts(attributes), node)
        if node.tag == "input" and attributes.get("type", "").lower() == "hidden":
            self._add_emails(emails.find_in_hidden_field(attributes.get("value", "")), node)
        elif node.tag == "a" and (href := attributes.get("href")):
            found = emails.find_in_link(href)
            self._add_emails(found, node)
            self.form_link = self.form_link or (not found and _is_form_link(href))

    def _read_label(self, label: str, node: Node) -> None:
        if node.tag == "img" and label.strip() in _AT_PICTURES:
            self.pieces.append(Piece("@", node))
        if node.in_menu:
            return
        self.labels.append(label)
        if self.shown_labels and (text := squeeze(label)) in self.shown_labels:
            self._break_line()
            self.pieces.append(Piece(text, node))
            self._break_line()

    def _read_script(self, element: html.HtmlElement, parent: Node | None) -> None:
        text = element.text or ""
        if parent is not None and _MAILS.search(text):
            self._add_emails(emails.find_in_script(text), parent)

    def _add_emails(self, found: list[FoundEmail], node: Node) -> None:
        if found:
            self.emails.extend([SeenEmail(email, node) for email in found])

    def _add_text(self, text: str | None, node: Node) -> None:
        if node.tag in _LINE_BREAKS or not text or node.tag == "button":
            return
        if not self.pieces and text.isspace():
            return
        if not node.is_preformatted and "\u00a0" not in text:
            squeezed = _narrowed(text)
            if self.pieces or squeezed.strip():
                self.pieces.append(Piece(squeezed, node))
            return
        for number, line in enumerate(text.split("\n") if node.is_preformatted else (text,)):
            if number:
                self._break_line()
            for part in split_at_gaps(line, is_preformatted=node.is_preformatted):
                self._add_piece(part, node)

    def _add_piece(self, text: str, node: Node) -> None:
        squeezed = _narrowed(text)
        if squeezed.strip() or (self.pieces and squeezed):
            self.pieces.append(Piece(squeezed, node))

    def _add_link(self, node: Node, text: str) -> None:
        href = node.element.get("href")
        if href and not href.lower().startswith(("mailto:", "tel:", "javascript:")) and "email-protection" not in href:
            link = Link(href, text, node)
            if self.pieces or self.emails or node.start >= len(self.lines):
                self.links.append(link)
            else:
                # A link around whole blocks belongs to the first line inside it.
                line = self.lines[node.start]
                self.lines[node.start] = replace(line, links=(*line.links, link))

    def _add_form(self, node: Node) -> None:
        """Mark the open line; a button, which is no text, marks the line before it in the same element."""
        self.form_link = bool(self.pieces)
        if not self.pieces and node.parent is not None and len(self.lines) > node.parent.start:
            self.lines[-1] = replace(self.lines[-1], has_form_link=True)

    def _break_line(self) -> None:
        if not (self.pieces or self.emails or self.links):
            self.form_link = False
            return
        visible = tuple([piece for piece in self.pieces if piece.text.strip()])
        node = _common_node(visible) or next((thing.node for thing in (*self.emails, *self.links)), None)
        if node is not None:
            for piece in visible:
                self._add_emails(emails.find_in_text(piece.text), piece.node)
            shown = self.pieces
            if len(visible) > 1 and any(piece.node.veil is not node.veil for piece in visible):
                # What is hidden inside of a line that is shown belongs to no word of it.
                shown = [piece for piece in shown if piece.node.veil is node.veil]
                visible = tuple([piece for piece in visible if piece.node.veil is node.veil])
            text = squeeze(shown[0].text if len(shown) == 1 else join_pieces([piece.text for piece in shown]))
            # A single piece was looked through already.
            if len(shown) > 1 and not any(seen.node.veil is node.veil for seen in self.emails):
                self._add_emails(emails.find_in_text(text), node)
            self.lines.append(
                Line(
                    number=len(self.lines),
                    text=text,
                    pieces=visible,
                    node=node,
                    emails=tuple(self.emails),
                    links=tuple(self.links),
                    has_form_link=self.form_link,
                )
            )
        self.pieces, self.emails, self.links, self.form_link = [], [], [], False


def _new_node(tag: str, element: html.HtmlElement, attributes: dict[str, str], parent: Node | None, start: int) -> Node:
    if parent is not None and parent.depth >= DEEPEST_NODE:
        parent = parent.parent
    node = Node(tag, tuple(attributes["class"].split()) if "class" in attributes else (), parent, element, start)
    if parent is not None:
        node.depth = parent.depth + 1
        node.veil = parent.veil
        node.heading = parent.heading
        node.in_menu = parent.in_menu
        node.is_preformatted = parent.is_preformatted
    if attributes:
        if node.veil is None and _is_hidden(attributes):
            node.veil = node
        if attributes.get("role") in _MENU_ROLES:
            node.in_menu = True
    if tag in _HEADINGS:
        node.heading = _HEADINGS[tag]
    elif tag in _MENUS:
        node.in_menu = True
    elif tag == "pre":
        node.is_preformatted = True
    return node


def _common_node(pieces: tuple[Piece, ...]) -> Node | None:
    if not pieces:
        return None
    common: Node | None = pieces[0].node
    for piece in pieces[1:]:
        node: Node | None = piece.node
        while node is not common and node is not None and common is not None:
            if node.depth >= common.depth:
                node = node.parent
            else:
                common = common.parent
        common = node
    return common


def _is_hidden(attributes: dict[str, str]) -> bool:
    style = attributes.get("style")
    return "hidden" in attributes or bool(style and _HIDDEN_STYLE.search(style))


def _is_form_link(href: str) -> bool:
    href = href.lower()
    return any(part in href for part in _FORM_ADDRESSES)
