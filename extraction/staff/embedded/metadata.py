"""People whom a page marks on its elements: microdata (`itemprop`) and RDFa Lite (`property`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lxml import html

from extraction.staff.document import Document, Node
from extraction.staff.embedded.blocks import DataBlock
from extraction.staff.embedded.keys import is_one_of
from extraction.staff.sections import Sections
from extraction.staff.spacing import squeeze

MOST_PEOPLE = 5_000
_LINKED = frozenset(("url", "email"))
"""Properties whose value is the address of the link and not its text."""
_SCOPES = "descendant-or-self::*[contains(@itemtype, 'schema.org/Person') or contains(@typeof, 'Person')]"


def find_metadata(document: Document, sections: Sections) -> Iterator[DataBlock]:
    """Each marked person as a value like that of JSON-LD, but for those below headings that are off."""
    if document.root is None:
        return
    scopes = document.root.element.xpath(_SCOPES)
    nodes = _nodes_of(document.root, set(scopes)) if scopes else {}
    for scope in scopes[:MOST_PEOPLE]:
        attribute, method = ("itemprop", "microdata") if scope.get("itemtype") else ("property", "rdfa")
        node, role = nodes.get(scope), scope.get(attribute) or ""
        if is_one_of(_bare(role), "lists", "off") or (node is not None and _is_off(node, document, sections)):
            continue
        yield DataBlock(
            scope.getroottree().getpath(scope), method, {"@type": "Person", **_properties(scope, attribute)}
        )


def _is_off(node: Node, document: Document, sections: Sections) -> bool:
    return node.start < len(document.lines) and sections.at(node.start).is_off


def _nodes_of(root: Node, wanted: set[html.HtmlElement]) -> dict[html.HtmlElement, Node]:
    found: dict[html.HtmlElement, Node] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node.element in wanted:
            found[node.element] = node
        stack.extend(node.children)
    return found


def _properties(scope: html.HtmlElement, attribute: str) -> dict[str, list[str]]:
    """The properties of a scope; those of the things inside of it are their own."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    stack = list(reversed(scope))
    while stack:
        element = stack.pop()
        if not isinstance(element.tag, str):
            continue
        inner = element.get("itemscope") is not None or element.get("typeof") is not None
        if not inner:
            stack.extend(reversed(element))
        for name in (element.get(attribute) or "").split()[:4]:
            values[_bare(name)].append("" if inner else _value(element, _bare(name)))
    return values


def _bare(name: str) -> str:
    """The name of a property without its vocabulary ("schema:jobTitle")."""
    return name.rpartition("/")[2].rpartition(":")[2]


def _value(element: html.HtmlElement, name: str) -> str:
    content, href = element.get("content"), element.get("href")
    if content is not None:
        return content
    if href and name in _LINKED:
        return href
    return squeeze(" ".join(element.itertext()))
