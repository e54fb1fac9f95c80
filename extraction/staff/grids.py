"""The cells of a table, laid out by HTML's table model: what spans rows or columns stands in all of them."""

from __future__ import annotations

from dataclasses import dataclass

from extraction.staff.document import Document, Line, Node

MOST_COLUMNS = 40
_LONGEST_CARRIED = 600
"""Characters of a cell that are repeated in each row it spans, so that reading stays linear in the size of the page."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A table cell and the lines in it; both are empty in all but the first of the columns that it spans."""

    node: Node
    lines: tuple[Line, ...]
    text: str
    """On one line."""
    height: int = 1
    """Rows that it spans; 0 for all to the end."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row with a cell in every place up to its last one."""

    node: Node
    cells: tuple[Cell, ...]


Carried = dict[int, tuple[Cell, int]]
"""By column, the cells that reach into the rows below, and how many of them."""


def lay_out(table: Node, document: Document) -> list[Row]:
    """The rows of a table without those that have no cell. A span ends with its row group at the latest."""
    rows: list[Row] = []
    carried: Carried = {}
    group: Node | None = None
    for node in _rows(table):
        if node.parent is not group:
            carried, group = {}, node.parent
        row, carried = _fill(node, carried, document)
        if row.cells:
            rows.append(row)
    return rows


def _rows(table: Node) -> list[Node]:
    found: list[Node] = []
    stack = list(reversed(table.children))
    while stack:
        node = stack.pop()
        if node.tag == "tr":
            found.append(node)
        else:
            stack.extend(reversed(node.children))
    return found


def _fill(row: Node, above: Carried, document: Document) -> tuple[Row, Carried]:
    """A row below the cells that reach into it, and what reaches into the next one."""
    places = {column: cell for column, (cell, _) in above.items()}
    below = {column: (cell, left - 1) for column, (cell, left) in above.items() if left > 1}
    column = 0
    for node in row.children:
        if node.tag not in ("td", "th"):
            continue
        while column in places:
            column += 1
        width, height = _span(node, "colspan"), _span(node, "rowspan")
        lines = document.lines[node.start : node.end]
        cell = Cell(node, lines, " ".join([line.text for line in lines if line.text]), height)
        for place in range(column, min(column + max(1, width), MOST_COLUMNS)):
            if place in places:
                continue
            places[place] = cell if place == column else Cell(node, (), "")
            if height != 1:
                repeated = places[place] if len(cell.text) <= _LONGEST_CARRIED else Cell(node, (), "")
                below[place] = (repeated, height - 1 if height else 1 << 30)
        column += max(1, width)
    if not places:
        return Row(row, ()), below
    gap = Cell(row, (), "")
    return Row(row, tuple([places.get(place, gap) for place in range(max(places) + 1)])), below


def _span(node: Node, name: str) -> int:
    """How many rows or columns a cell takes; 0 rows are all that are left of the group."""
    value = (node.element.get(name) or "").strip()
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 6 else 1
