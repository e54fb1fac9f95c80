"""From the markup of a page to its lines and elements, in one pass: the first step of reading a staff page."""

from __future__ import annotations

import re
from typing import cast
from urllib.parse import urljoin

import msgspec
from lxml import html

from extraction.staff import emails
from extraction.staff.document import Document, Line, Link, Node, Piece, SeenEmail
from extraction.staff.emails import FoundEmail
from extraction.staff.markup import parse_html, played_tag
from extraction.staff.spacing import join_pieces, single_spaced, split_at_gaps, squeeze
from extraction.staff.vocabulary import words

MOST_ELEMENTS = 250_000
DEEPEST_NODE = 200
"""What is nested deeper is read as if it stood at this depth."""

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
_TELLING = frozenset(("a", "input"))
"""Elements of which a common attribute may hold an address."""
_AT_PICTURES = ("@", "at", "[at]", "(at)")
_MAILS = re.compile(r"mail|swrot13|&#64;|['\"]@['\"]", re.IGNORECASE)
"""What a script that writes an address has."""
_WORDLESS = frozenset(("br", "hr", "button"))
"""Elements whose text is no text of the page; that of a button says what it does."""
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MENUS = frozenset(("nav", "footer"))
_MENU_ROLES = frozenset(("navigation", "menu", "menubar", "contentinfo"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def read_document(
    page: bytes | str, url: str, *, encoding: str | None = None, shown_labels: frozenset[str] = frozenset()
) -> Document:
    """Parse a page, however damaged it is. Each label that is to be shown becomes a line of its own."""
    root = parse_html(page, encoding=encoding)
    if root is None:
        return Document(url, "", (), None, (), url, 0)
    return _Walk(root, url, shown_labels).read()


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
            if node is None:
                if around is not None:
                    self._add_text(element.tail, around)
            elif len(element):
                stack.append((None, node))
                stack.extend([(child, node) for child in reversed(element)])
            else:
                self._close(node)

    def _open(self, element: html.HtmlElement, parent: Node | None) -> Node | None:
        """Enter an element; None when nothing inside is read."""
        tag = cast("str", element.tag)  # the parser has made it lower case
        if tag == "script":
            self._read_script(element, parent)
            return None
        attributes = dict(element.items())
        if tag in _SILENT or (tag in _CELLS and not _SHEET_EDGES.isdisjoint(attributes.get("class", "").split())):
            return None
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
        if tag in _TELLING or not attributes.keys() <= _COMMON_ATTRIBUTES:
            self._read_attributes(node, attributes)
        if text := element.text:
            self._add_text(text, node)
        return node

    def _close(self, node: Node) -> None:
        element, is_inline = node.element, node.tag in _INLINE
        if node.tag in ("a", "button"):
            text = squeeze(element.text_content() if len(element) else element.text or "")
            if text.lower() in _FORM_TEXTS:
                self._add_form(node)
            self._add_link(node, text)
        if not is_inline:
            self._break_line()
        # An inline element ends inside the line that is still open.
        node.end = len(self.lines) + (1 if is_inline and (self.pieces or self.emails) else 0)
        if node.parent is not None and (tail := element.tail):
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
        if not text or (not self.pieces and text.isspace()) or node.tag in _WORDLESS:
            return
        if not node.is_preformatted and "\u00a0" not in text:
            self._add_piece(text, node)
            return
        for number, line in enumerate(text.split("\n") if node.is_preformatted else (text,)):
            if number:
                self._break_line()
            for part in split_at_gaps(line, is_preformatted=node.is_preformatted):
                self._add_piece(part, node)

    def _add_piece(self, text: str, node: Node) -> None:
        squeezed = single_spaced(text)
        if (squeezed and self.pieces) or squeezed.strip():
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
                self.lines[node.start] = msgspec.structs.replace(line, links=(*line.links, link))

    def _add_form(self, node: Node) -> None:
        """Mark the open line; a button, which is no text, marks the line before it in the same element."""
        self.form_link = bool(self.pieces)
        if not self.pieces and node.parent is not None and len(self.lines) > node.parent.start:
            self.lines[-1] = msgspec.structs.replace(self.lines[-1], has_form_link=True)

    def _break_line(self) -> None:
        pieces = self.pieces
        if not (pieces or self.emails or self.links):
            self.form_link = False
            return
        if len(pieces) == 1:
            # Most lines; what a line begins with is never white space alone.
            piece = pieces[0]
            node, text, visible = piece.node, piece.text.strip(), (piece,)
            self._add_emails(emails.find_in_text(text), node)
        else:
            node, text, visible = self._joined(pieces)
        self.lines.append(
            Line(
                len(self.lines),
                text,
                visible,
                node,
                tuple(self.emails),
                tuple(self.links),
                has_form_link=self.form_link,
            )
        )
        self.pieces, self.emails, self.links, self.form_link = [], [], [], False

    def _joined(self, pieces: list[Piece]) -> tuple[Node, str, tuple[Piece, ...]]:
        """The element, the text and the pieces that are shown of a line, which has several or nothing but addresses."""
        visible = tuple([piece for piece in pieces if piece.text.strip()])
        node = _common_node(visible) or next(thing.node for thing in (*self.emails, *self.links))
        for piece in visible:
            self._add_emails(emails.find_in_text(piece.text), piece.node)
        if len(visible) > 1 and any(piece.node.veil is not node.veil for piece in visible):
            # What is hidden inside of a line that is shown belongs to no word of it.
            pieces = [piece for piece in pieces if piece.node.veil is node.veil]
            visible = tuple([piece for piece in visible if piece.node.veil is node.veil])
        text = squeeze(join_pieces([piece.text for piece in pieces]))
        # A single piece was looked through already.
        if len(pieces) > 1 and not any(seen.node.veil is node.veil for seen in self.emails):
            self._add_emails(emails.find_in_text(text), node)
        return node, text, visible


def _new_node(tag: str, element: html.HtmlElement, attributes: dict[str, str], parent: Node | None, start: int) -> Node:
    classes = tuple(attributes["class"].split()) if "class" in attributes else ()
    if parent is None:
        node = Node(tag, classes, None, element, start)
    else:
        if parent.depth >= DEEPEST_NODE and parent.parent is not None:
            parent = parent.parent
        depth, preformatted = parent.depth + 1, parent.is_preformatted
        node = Node(
            tag, classes, parent, element, start, depth, parent.veil, parent.heading, parent.in_menu, preformatted
        )
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
