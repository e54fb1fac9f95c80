"""From records of some data to people, by the same rules as people of the page's text.

The values of each record are laid out as the lines of a block, so that `drafts.finish` weighs, checks and merges them
like any other. What is off and what speaks for a list, the data itself has said before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import html

from extraction.staff.document import Document, Line, Link, Node, Piece, SeenEmail
from extraction.staff.drafts import Draft
from extraction.staff.emails import FoundEmail
from extraction.staff.embedded.people import Listed

EMAIL_METHOD = "data"
_PERSONAL_SUPPORT = 0.6
_STAFF_SUPPORT = 1.0
"""As much as a column with a header word counts, and somewhat less than a heading that announces staff."""
_DIGITS = re.compile(r"\d{2,6}")


class DataNode(Node, eq=False):
    """A block that stands in data instead of in the tree of elements."""

    place: str = ""

    @property
    def path(self) -> str:
        """The block of data, and the JSON path in it."""
        return self.place


@dataclass(frozen=True, slots=True)
class Placed:
    """A record with the data block that it is from."""

    listed: Listed
    place: str
    method: str


class Layout:
    """The lines and drafts of records, below the main headings of their page."""

    def __init__(self, records: list[Placed], page: Document) -> None:
        self.lines: list[Line] = []
        self._element = html.Element("article")
        root = Node("body", (), None, self._element, 0)
        for line in page.lines:
            if line.heading == 1 and line.text:
                self._add(line.text, Node("h1", (), root, self._element, len(self.lines), depth=1, heading=1))
        self.drafts = [self._draft(record, root) for record in records]
        root.end = len(self.lines)
        self.document = Document(
            url=page.url,
            title=page.title,
            lines=tuple(self.lines),
            root=root,
            tables=(),
            base_url=page.base_url,
            text_length=sum(len(line.text) for line in self.lines),
        )

    def _draft(self, placed: Placed, root: Node) -> Draft:
        listed, record = placed.listed, placed.listed.record
        start = len(self.lines)
        place = f"{placed.place} {listed.path}"
        node = DataNode("article", (), root, self._element, start, depth=1, place=place)
        root.children.append(node)
        self._add(record.name.text, node, profile=record.profile)
        for text in (record.title, record.department):
            if text:
                self._add(text, node)
        for address in record.emails:
            self._add(address, node, email=address)
        for text in (*record.phones, record.extension):
            if text:
                self._add(text, node)
        node.end = len(self.lines)
        digits = _DIGITS.search(record.extension) if record.extension else None
        return Draft(
            name=record.name,
            node=node,
            name_node=node,
            start=start,
            end=node.end,
            method=placed.method,
            title=record.title,
            department=record.department,
            extension=digits[0] if digits else None,
            group=f"{placed.place} {'.'.join(listed.pattern)}",
            support=_PERSONAL_SUPPORT * record.is_personal + _STAFF_SUPPORT * listed.lists_staff,
        )

    def _add(self, text: str, node: Node, *, email: str | None = None, profile: str | None = None) -> None:
        self.lines.append(
            Line(
                number=len(self.lines),
                text=text,
                pieces=(Piece(text, node),),
                node=node,
                emails=(SeenEmail(FoundEmail(email, EMAIL_METHOD), node),) if email else (),
                links=(Link(profile, "", node),) if profile else (),
                has_form_link=False,
            )
        )
