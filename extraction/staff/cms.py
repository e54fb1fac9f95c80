"""Staff lists of the content management systems that schools use, by the class names in `cms.toml`.

These readers only point at the name and the title; everything else is read as in any other block. A system that is not
in the table costs nothing but this certainty: the general miners read it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from extraction.staff.document import Document, Node
from extraction.staff.drafts import Draft
from extraction.staff.lines import bare_text, is_vacancy, labelled, split_text
from extraction.staff.vocabulary import table

_SUPPORT = 2.0


class CmsMarks(msgspec.Struct, frozen=True):
    """The class names of one system."""

    key: str
    item: str
    name: tuple[str, ...]
    title: tuple[str, ...] = ()
    department: tuple[str, ...] = ()
    location: tuple[str, ...] = ()


def mine_cms(document: Document) -> list[Draft]:
    """The people of all blocks that a known system marks."""
    by_item = _marks_by_item()
    drafts: list[Draft] = []
    for node in _nodes(document.root):
        for item in by_item.keys() & node.classes if node.classes else ():
            draft = next((d for marks in by_item[item] if (d := _read(node, marks, document))), None)
            if draft:
                drafts.append(draft)
    return drafts


@cache
def systems() -> tuple[CmsMarks, ...]:
    """The table of systems."""
    entries: list[dict[str, Any]] = table("cms")["system"]
    return tuple(msgspec.convert(entry, CmsMarks) for entry in entries)


@cache
def _marks_by_item() -> dict[str, tuple[CmsMarks, ...]]:
    return {marks.item: tuple(m for m in systems() if m.item == marks.item) for marks in systems()}


def _read(node: Node, marks: CmsMarks, document: Document) -> Draft | None:
    named = _first(node, marks.name, document)
    if named is None:
        return None
    name_node, text = named
    found = split_text(text)
    if found is None or is_vacancy(text):
        return None
    name, title_beside = found
    title = _first(node, marks.title, document)
    department, location = (_first(node, wanted, document) for wanted in (marks.department, marks.location))
    return Draft(
        name=name,
        node=node,
        name_node=name_node,
        start=node.start,
        end=node.end,
        method=marks.key,
        title=_value(title) or title_beside,
        department=_value(department),
        location=_value(location),
        support=_SUPPORT,
    )


def _first(node: Node, classes: tuple[str, ...], document: Document) -> tuple[Node, str] | None:
    """The first element below `node` with one of the classes that holds text."""
    for wanted in classes:
        for inner in _nodes(node):
            if wanted in inner.classes and (text := _text(inner, document)):
                return inner, text
    return None


def _text(node: Node, document: Document) -> str:
    lines = document.lines[node.start : max(node.end, node.start + 1)]
    inside = ["".join(piece.text for piece in line.pieces if node in piece.node.ancestors()).strip() for line in lines]
    return " ".join(" ".join(text.split()) for text in inside if text)


def _value(found: tuple[Node, str] | None) -> str | None:
    if found is None:
        return None
    label = labelled(found[1])
    return (label[1] if label else bare_text(found[1])) or None


def _nodes(root: Node | None) -> list[Node]:
    found: list[Node] = []
    stack = [root] if root else []
    while stack:
        node = stack.pop()
        found.append(node)
        if node.children:
            stack.extend(reversed(node.children))
    return found
