"""A page as its reader sees it: lines of text in order, each with the addresses and links beside it.

A flat list of `Line`s, and a tree of `Node`s that says which range of lines each element holds. `walk` makes both of a
page's markup; all later steps of reading a staff page work on these two.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import cast
from urllib.parse import urljoin

import msgspec
from lxml import html

from extraction.staff.emails import FoundEmail


@lru_cache(maxsize=8192)
def _signature(tag: str, classes: tuple[str, ...]) -> str:
    return ".".join((tag, *(c for c in classes if not any(x.isdigit() for x in c))))


# Structs rather than dataclasses: a page has thousands, and these are made in C. Only nodes are in circles of
# references; what refers to them is left out of collections (`gc=False`), which took a tenth of the time.
class Node(msgspec.Struct, eq=False):
    """An element and the range of lines (`start` to before `end`) that stand in it."""

    tag: str
    classes: tuple[str, ...]
    parent: Node | None
    element: html.HtmlElement
    start: int
    depth: int = 0
    veil: Node | None = None
    """The outermost hidden element around it, itself included."""
    heading: int = 0
    """1 to 6 inside h1 to h6."""
    in_menu: bool = False
    is_preformatted: bool = False
    """Whether a line break of the source is one of the page."""
    end: int = 0
    children: list[Node] = []
    steps: dict[html.HtmlElement, str] | None = None
    """How XPath tells the elements inside apart, once it was asked for."""

    @property
    def signature(self) -> str:
        """Tag and class words; words with digits are generated and say nothing."""
        return _signature(self.tag, self.classes)

    @property
    def path(self) -> str:
        """The XPath of the element, as libxml2 writes it."""
        above = self.parent
        if above is None or above.element is not self.element.getparent():
            return self.element.getroottree().getpath(self.element)
        # libxml2 counts the siblings for each element anew: with 50,000 rows that took longer than all else together.
        if above.steps is None:
            above.steps = _steps_in(above.element)
        return f"{above.path}/{above.steps[self.element]}"

    def ancestors(self) -> list[Node]:
        """This node and all above it, from the inside out."""
        chain: list[Node] = []
        node: Node | None = self
        while node is not None:
            chain.append(node)
            node = node.parent
        return chain


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A run of text inside one element."""

    text: str
    node: Node


class Link(msgspec.Struct, frozen=True, gc=False):
    """An anchor that stands on a line."""

    href: str
    text: str
    node: Node


class SeenEmail(msgspec.Struct, frozen=True, gc=False):
    """An address on a line, and the element that holds it."""

    found: FoundEmail
    node: Node


class Line(msgspec.Struct, frozen=True, eq=False, gc=False):
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


class Document(msgspec.Struct, frozen=True, eq=False):
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


def _steps_in(element: html.HtmlElement) -> dict[html.HtmlElement, str]:
    """The last step of the XPath of each element inside: its tag, with its number where siblings have the same tag."""
    tags = Counter(child.tag for child in element)
    seen: Counter[str] = Counter()
    steps: dict[html.HtmlElement, str] = {}
    for child in element:
        tag = cast("str", child.tag)
        seen[tag] += 1
        steps[child] = f"{tag}[{seen[tag]}]" if tags[tag] > 1 else tag
    return steps
