"""Staff in tables: one row a person, columns known by their header words or by what most of their cells hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from extraction.staff.document import Document, Line, Node
from extraction.staff.drafts import Draft
from extraction.staff.lines import bare_text, is_noise, is_prose, is_title, is_vacancy, labelled, split_text
from extraction.staff.names import IN_COMPANY, PersonName, parse_name
from extraction.staff.vocabulary import table as load_table

_SPACED = re.compile(r"[^a-z]+")
_MOST_COLUMNS = 40
_NAME_SHARE = 0.5
"""Of the filled cells of a column, this share must read as names; vacancies and rooms take the rest."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell and the lines in it."""

    node: Node
    lines: tuple[Line, ...]
    text: str
    """On one line."""


_ENOUGH_VOTES = 150
"""Rows that are asked what the columns of a long table hold."""

Named = tuple[PersonName, str | None, Node]
"""A name, the title beside it, and the element around both."""


@dataclass(slots=True)
class Columns:
    """Which column holds what; -1 for none."""

    name: int = -1
    first: int = -1
    last: int = -1
    honorific: int = -1
    title: int = -1
    department: int = -1
    extension: int = -1
    has_header: bool = False
    others: list[int] = field(default_factory=list[int])
    """Columns that hold none of a title: addresses, numbers, rooms."""
    taught: list[int] = field(default_factory=list[int])
    """Columns beside the title's that say more of what somebody does."""


def mine_tables(document: Document) -> list[Draft]:
    """The people of all tables that list one person a row."""
    drafts: list[Draft] = []
    for table in document.tables:
        if not _holds_tables(table):
            drafts.extend(_mine_table(table, document))
    return drafts


def _holds_tables(table: Node) -> bool:
    stack = list(table.children)
    while stack:
        node = stack.pop()
        if node.tag == "table":
            return True
        stack.extend(node.children)
    return False


def _mine_table(table: Node, document: Document) -> list[Draft]:
    rows = [(row, _cells(row, document)) for row in _rows(table)]
    rows = [(row, cells) for row, cells in rows if cells]
    drafts: list[Draft] = []
    columns: Columns | None = None
    pending: list[tuple[Node, list[Cell]]] = []
    for row, cells in rows:
        header = _header(cells)
        if header is None:
            pending.append((row, cells))
            continue
        drafts.extend(_read_rows(pending, columns))
        pending, columns = [], header
        if _lists_others(cells):
            return drafts
    drafts.extend(_read_rows(pending, columns))
    return drafts


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


def _cells(row: Node, document: Document) -> list[Cell]:
    cells: list[Cell] = []
    for node in row.children:
        if node.tag not in ("td", "th"):
            continue
        lines = document.lines[node.start : node.end]
        cells.append(Cell(node, lines, " ".join([line.text for line in lines if line.text])))
        span = node.element.get("colspan") or "1"
        # A spanning cell stands in its first column; the others stay empty.
        extra = min(int(span), _MOST_COLUMNS) - 1 if span.isdecimal() and len(span) < 4 else 0
        cells.extend([Cell(node, (), "")] * max(0, extra))
    return cells[:_MOST_COLUMNS]


def _header(cells: list[Cell]) -> Columns | None:
    """The columns that a row of header words names; None where the row is none."""
    keys = [_kind(cell.text) for cell in cells]
    filled = [cell for cell in cells if cell.text]
    known = [key for key in keys if key]
    needed = 1 if all(cell.node.tag == "th" for cell in cells) else max(2, (len(filled) + 1) // 2)
    if len(filled) < 2 or len(known) < needed or any(line.emails for cell in cells for line in cell.lines):
        return None
    if not any(key in ("name", "first", "last") for key in known):
        return None
    columns = Columns(has_header=True)
    for number, key in enumerate(keys):
        if key in ("name", "first", "last", "honorific", "title", "department", "extension"):
            if getattr(columns, key) < 0:
                setattr(columns, key, number)
            elif key == "title":
                # "Position", "Grade", "Subject": what the first leaves open.
                columns.taught.append(number)
        elif key:
            columns.others.append(number)
    return columns


def _kind(text: str) -> str | None:
    return _header_words().get(_SPACED.sub(" ", text.lower()).strip())


@cache
def _header_words() -> dict[str, str]:
    words = load_table("columns")
    return {word: kind for kind in words if kind != "off" for word in words[kind]}


def _lists_others(cells: list[Cell]) -> bool:
    off = load_table("columns")["off"]
    return any(_SPACED.sub(" ", cell.text.lower()).strip() in off for cell in cells)


def _read_rows(rows: list[tuple[Node, list[Cell]]], columns: Columns | None) -> list[Draft]:
    if not rows:
        return []
    every = max(1, len(rows) // _ENOUGH_VOTES)
    columns = _complete(columns or Columns(), [cells for _, cells in rows[::every]])
    if columns is None:
        return []
    named = [(row, cells, names) for row, cells in rows if (names := _row_names(cells, columns))]
    support = (0.8 if columns.has_header else 0.4) + (0.3 if len(named) >= 5 else 0.0)
    return [draft for row, cells, names in named for draft in _read_row(row, cells, names, columns, support)]


def _complete(columns: Columns, rows: list[list[Cell]]) -> Columns | None:
    """Fill by the cells' votes what no header word names; None where the rows list no people."""
    width = max(len(cells) for cells in rows)
    if columns.first >= 0 and columns.last >= 0:
        columns.name = -1
    elif not columns.has_header and _vote_split_names(columns, rows, width):
        pass
    elif not _vote_name(columns, rows, width):
        return None
    if columns.title < 0:
        columns.title = _vote_title(columns, rows, width)
    if columns.title < 0 <= columns.department and _title_share(rows, columns.department) >= 0.5:
        # "Department" over a column of "Principal", "Math Teacher": the word is loose, the cells are titles.
        columns.title = columns.department
    return columns


def _vote_name(columns: Columns, rows: list[list[Cell]], width: int) -> bool:
    shares = {number: _name_share(rows, number) for number in range(width) if number not in columns.others}
    if columns.name >= 0:
        if shares.get(columns.name, 0.0) >= 0.3:
            return True
        columns.name = -1
    best = max(shares, key=lambda number: shares[number], default=-1)
    if best < 0 or shares[best] < _NAME_SHARE or (not columns.has_header and len(rows) < 2):
        return False
    columns.name = best
    return True


def _name_share(rows: list[list[Cell]], number: int) -> float:
    filled = [cells[number] for cells in rows if number < len(cells) and cells[number].text]
    if not filled:
        return 0.0
    return sum(1 for cell in filled if any(found[0].likelihood > IN_COMPANY for found in _names_of(cell))) / len(filled)


def _vote_split_names(columns: Columns, rows: list[list[Cell]], width: int) -> bool:
    """Honorific, given name and surname in columns of their own, as pasted spreadsheets have them."""
    for number in range(width - 2):
        texts = [
            [cells[number + k].text for k in range(3)]
            for cells in rows
            if len(cells) > number + 2 and cells[number].text
        ]
        full = [parse_name(" ".join(three)) for three in texts]
        good = [name for name, three in zip(full, texts, strict=True) if name and name.honorific == three[0]]
        if len(good) >= 2 and len(good) >= 0.6 * len(texts):
            columns.honorific, columns.first, columns.last = number, number + 1, number + 2
            return True
    return False


def _vote_title(columns: Columns, rows: list[list[Cell]], width: int) -> int:
    used = {
        columns.name,
        columns.first,
        columns.last,
        columns.honorific,
        columns.department,
        columns.extension,
        *columns.others,
    }
    shares = {number: _title_share(rows, number) for number in range(width) if number not in used}
    best = max(shares, key=lambda number: shares[number], default=-1)
    # Under a header whose words are unknown, more of the cells must speak for themselves.
    return best if best >= 0 and shares[best] >= (0.6 if columns.has_header else 0.4) else -1


def _title_share(rows: list[list[Cell]], number: int) -> float:
    """The share of the filled cells of a column that read as titles; 0 where most are empty."""
    texts = [bare_text(cells[number].text) for cells in rows if number < len(cells)]
    filled = [text for text in texts if text and not is_noise(text)]
    return sum(map(is_title, filled)) / len(filled) if len(filled) >= 0.2 * len(rows) else 0.0


def _read_row(row: Node, cells: list[Cell], named: list[Named], columns: Columns, support: float) -> list[Draft]:
    title = _value(cells, columns.title)
    department = _value(cells, columns.department)
    extension = _value(cells, columns.extension)
    digits = re.search(r"\d{2,6}", extension) if extension else None
    taught = tuple(value for number in columns.taught if (value := _value(cells, number)))
    drafts: list[Draft] = []
    alone = len(named) == 1
    for name, own_title, node in named:
        drafts.append(
            Draft(
                name=name,
                node=row,
                name_node=node,
                start=row.start,
                end=row.end,
                method="table",
                title=own_title or title,
                department=department if alone else None,
                extension=digits[0] if digits and alone else None,
                taught=taught if alone else (),
                support=support,
            )
        )
    return drafts


def _row_names(cells: list[Cell], columns: Columns) -> list[Named]:
    if columns.name < 0:
        name = _joined_name(cells, columns)
        cell = cells[columns.last] if columns.last < len(cells) else None
        return [(name, None, cell.node)] if name and cell else []
    if columns.name >= len(cells):
        return []
    cell = cells[columns.name]
    return [] if is_vacancy(cell.text) else _names_of(cell)


def _names_of(cell: Cell) -> list[Named]:
    """The names of a cell with titles that stand beside them: one, or one a line."""
    if not cell.lines or len(cell.text) > 600:
        return []
    read = [(line, split_text(line.text)) for line in cell.lines if line.text]
    named = [(line, found) for line, found in read if found]
    whole = split_text(cell.text) if len(cell.text) <= 120 and len(named) < 2 else None
    if whole and (len(cell.lines) == 1 or whole[1] is None):
        return [(*whole, cell.node)]
    if not named:
        return []
    if len(named) == 1 and named[0][0] is read[0][0]:
        name, title = named[0][1]
        below = [bare_text(line.text) for line, found in read[1:] if not found]
        own = title or next((text for text in below if is_title(text)), None)
        return [(name, own, cell.node)]
    if len(named) < len(read):
        return []
    return [(*found, line.node) for line, found in named]


def _joined_name(cells: list[Cell], columns: Columns) -> PersonName | None:
    """A name whose parts stand in columns of their own."""
    if max(columns.first, columns.last) >= len(cells):
        return None
    parts = [cells[number].text for number in (columns.honorific, columns.first, columns.last) if number >= 0]
    return parse_name(" ".join(part for part in parts if part))


def _value(cells: list[Cell], number: int) -> str | None:
    if not 0 <= number < len(cells):
        return None
    text = cells[number].text.strip(" -–—")
    label = labelled(text)
    other = (label and label[0] == "ignored") or is_vacancy(text) or is_prose(text) or len(text) > 200
    return text if bare_text(text) and not other else None
