"""Staff in tables: one row a person, columns known by their header words or by what most of their cells hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

import msgspec

from extraction.staff.document import Document, Node
from extraction.staff.drafts import Draft, email_fit
from extraction.staff.grids import Cell, Row, lay_out
from extraction.staff.headers import Columns, read_header
from extraction.staff.lines import (
    bare_text,
    is_noise,
    is_prose,
    is_title,
    is_vacancy,
    labelled,
    split_names,
    split_text,
)
from extraction.staff.names import IN_COMPANY, PersonName, parse_name, parse_single_name
from extraction.staff.vocabulary import words

_NAME_SHARE = 0.5
"""Of the filled cells of a column, this share must read as names; vacancies and rooms take the rest."""
_KNOWN_SHARE = 0.3
"""Where names stand in neighbouring columns, this share of each must have a given name that is known."""
_HONORIFIC_SHARE = 0.6
_MOST_LINES = 60
"""Of one person whose name spans several rows."""
_TURNED_SHARE = 0.8
_ENOUGH_VOTES = 150
"""Rows that are asked what the columns of a long table hold."""
UNLISTED = 0.5
"""The likelihood of a name of which no list knows the given name."""


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom a cell names."""

    name: PersonName
    title: str | None
    node: Node
    """The element around both."""
    place: int = 0
    """Which of the names of the cell it is."""


def mine_tables(document: Document, closed: set[int]) -> list[Draft]:
    """The people of all tables that list one person a row, or some side by side.

    The lines of tables whose header says that they list anything else are added to `closed`.
    """
    drafts: list[Draft] = []
    for table in document.tables:
        if not _holds_tables(table):
            drafts.extend(_mine_table(table, document, closed))
    return drafts


def _holds_tables(table: Node) -> bool:
    stack = list(table.children)
    while stack:
        node = stack.pop()
        if node.tag == "table":
            return True
        stack.extend(node.children)
    return False


def _mine_table(table: Node, document: Document, closed: set[int]) -> list[Draft]:
    drafts: list[Draft] = []
    columns: list[Columns] = []
    pending: list[Row] = []
    for row in lay_out(table, document):
        header = read_header(row.cells, is_first=not pending and not columns)
        if header is None:
            pending.append(row)
            continue
        drafts.extend(_read_rows(pending, columns))
        pending, columns = [], header
        if not header:
            closed.update(range(row.node.start, table.end))
            break
    drafts.extend(_read_rows(pending, columns))
    return drafts


def _read_rows(rows: list[Row], header: list[Columns]) -> list[Draft]:
    if not rows:
        return []
    sample = [row.cells for row in rows[:: max(1, len(rows) // _ENOUGH_VOTES)]]
    parts = header or _parts(sample)
    if heads := _titles_of_columns(rows, parts):
        rows = rows[1:]
    found = [columns for part in parts if (columns := _complete(part, sample))]
    named = [[(row, names) for row in rows if (names := _row_names(row.cells, columns))] for columns in found]
    support = 0.3 if sum(map(len, named)) >= 5 else 0.0
    read = [(columns, _read_part(part, columns, support)) for part, columns in zip(named, found, strict=True)]
    return [_headed(draft, heads[columns.start]) if heads else draft for columns, part in read for draft in part]


def _titles_of_columns(rows: list[Row], parts: list[Columns]) -> tuple[Cell, ...]:
    """The first row where it has the title of all people below each of its cells, such as their grade; else nothing."""
    cells = rows[0].cells
    single = len(rows) > 1 and len(parts) > 1 and all(part.end - part.start == 1 for part in parts)
    return cells if single and len(cells) == len(parts) and all(is_title(cell.text) for cell in cells) else ()


def _headed(draft: Draft, head: Cell) -> Draft:
    """Somebody with the title at the head of the column, where there is no other."""
    return draft if draft.title else replace(draft, title=head.text, lines=(*head.lines, *draft.lines))


def _read_part(named: list[tuple[Row, list[Named]]], columns: Columns, support: float) -> list[Draft]:
    """The people of one part of the rows."""
    turned = sum(1 for _, found in named if "," in found[0].name.text)
    only_turned = turned >= 4 and turned >= _TURNED_SHARE * len(named)
    if only_turned and columns.name >= 0:
        named = [(row, _turn_pair(found, row.cells[columns.name])) for row, found in named]
    support += 0.8 if columns.has_header else 0.4
    drafts: list[Draft] = []
    last: Node | None = None
    for row, found in named:
        read = _read_row(row, found, columns, support)
        cell = row.cells[max(columns.name, columns.last)].node
        if cell is last and len(read) == 1:
            # The name spans several rows, which are all about one person.
            above = drafts[-1]
            below = [line for line in read[0].lines if line.number >= row.node.start]
            if len(above.lines) < _MOST_LINES:
                drafts[-1] = replace(above, lines=(*above.lines, *below))
            continue
        # Among "Doe, Jane" and "Roe, John", "Boiler Room" is nobody.
        kept = [one for one in read if not only_turned or _is_turned(one)]
        drafts.extend(kept)
        last = cell if kept else None
    return drafts


def _turn_pair(found: list[Named], cell: Cell) -> list[Named]:
    """Among "Doe, Jane" and "Roe, John", "Santos Luna, Ana Rosa" is no pair of names."""
    whole = parse_name(cell.text) if len(found) == 2 and len(cell.lines) == 1 and cell.text.count(",") == 1 else None
    return [Named(whole, None, cell.node)] if whole else found


def _is_turned(draft: Draft) -> bool:
    shown = draft.title or any(line.emails for line in draft.lines)
    return bool("," in draft.name.text or shown or draft.name.likelihood > UNLISTED)


def _parts(rows: list[tuple[Cell, ...]]) -> list[Columns]:
    """The parts of rows without a header: names at even distances are people side by side."""
    width = max(map(len, rows))
    shares = [_name_share(rows, number) for number in range(width)]
    names = [number for number, share in enumerate(shares) if share >= _NAME_SHARE]
    step = names[1] - names[0] if len(names) > 1 else 0
    even = all(b - a == step for a, b in pairwise(names))
    if not step or not even or names[0] >= step:
        return [Columns()]
    if step == 1 and any(_name_share(rows, number, UNLISTED) < _KNOWN_SHARE for number in names):
        # Teams and streets read as names too, but not with given names.
        return [Columns()]
    return [Columns(start, start + step) for start in range(0, step * len(names), step)]


def _complete(columns: Columns, rows: list[tuple[Cell, ...]]) -> Columns | None:
    """Fill by the cells' votes what no header word names; None where the rows list no people."""
    width = min(columns.end, max(map(len, rows)))
    if columns.honorific < 0:
        columns.honorific = _vote_honorific(columns, rows, width)
    if columns.title == columns.honorific:
        # "Title" over a column of "Mr.", "Dr.".
        columns.title = next((number for number in columns.titles if number != columns.honorific), -1)
    if columns.first >= 0 and columns.last >= 0:
        columns.name = -1
    elif not columns.has_header and _vote_split_names(columns, rows, width):
        pass
    elif not _vote_name(columns, rows, width):
        return None
    if columns.department < 0:
        columns.department = _vote_department(columns, rows, width)
    if columns.title < 0:
        columns.title = _vote_title(columns, rows, width)
    if columns.title < 0 <= columns.department and _title_share(rows, columns.department) >= 0.5:
        # "Department" over a column of "Principal", "Math Teacher": the word is loose, the cells are titles.
        columns.title = columns.department
    return columns


def _vote_honorific(columns: Columns, rows: list[tuple[Cell, ...]], width: int) -> int:
    known = words("names", "honorifics")
    for number in range(columns.start, width):
        filled = [cells[number].text for cells in rows if number < len(cells) and cells[number].text]
        # "Coach" and "Professor" are titles as well.
        good = sum(1 for text in filled if text.rstrip(".").lower() in known and not is_title(text))
        if good >= 2 and good >= _HONORIFIC_SHARE * len(filled):
            return number
    return -1


def _vote_department(columns: Columns, rows: list[tuple[Cell, ...]], width: int) -> int:
    """The column of words that stand beside several people each."""
    used = {columns.name, columns.first, columns.last, columns.honorific, columns.title, *columns.others}
    for number in range(columns.start, width):
        filled = [cells[number] for cells in rows if number < len(cells) and cells[number].text]
        spanning = sum(cell.height != 1 and not is_noise(bare_text(cell.text)) for cell in filled)
        if number not in used and spanning > 1 and spanning >= _NAME_SHARE * len(filled):
            return number
    return -1


def _vote_name(columns: Columns, rows: list[tuple[Cell, ...]], width: int) -> bool:
    skipped = {*columns.others, columns.honorific}
    shares = {number: _name_share(rows, number) for number in range(columns.start, width) if number not in skipped}
    if columns.name >= 0:
        if shares.get(columns.name, 0.0) >= 0.3:
            return True
        columns.name = -1
    best = max(shares, key=lambda number: shares[number], default=-1)
    if (
        best < 0
        or shares[best] < _NAME_SHARE
        or (not columns.has_header and len(rows) < 2 and not _runs_parallel(rows[0], best))
    ):
        return False
    columns.name = best
    return True


def _runs_parallel(cells: tuple[Cell, ...], number: int) -> bool:
    """Whether names below each other in one cell stand beside as many addresses in another one: rows without markup."""
    count = len(_names_of(cells[number]))
    beside = [sum(1 for line in cell.lines if line.emails) for cell in cells if cell is not cells[number]]
    return count > 1 and count in beside


def _name_share(rows: list[tuple[Cell, ...]], number: int, least: float = IN_COMPANY) -> float:
    """The share of the filled cells of a column that hold names likelier than `least`."""
    filled = [cells[number] for cells in rows if number < len(cells) and cells[number].text]
    if not filled:
        return 0.0
    return sum(1 for cell in filled if any(one.name.likelihood > least for one in _names_of(cell))) / len(filled)


def _vote_split_names(columns: Columns, rows: list[tuple[Cell, ...]], width: int) -> bool:
    """Honorific, given name and surname in columns of their own, as pasted spreadsheets have them."""
    for number in range(columns.start, width - 2):
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


def _vote_title(columns: Columns, rows: list[tuple[Cell, ...]], width: int) -> int:
    used = {
        columns.name,
        columns.first,
        columns.last,
        columns.honorific,
        columns.department,
        columns.extension,
        *columns.others,
    }
    shares = {number: _title_share(rows, number) for number in range(columns.start, width) if number not in used}
    best = max(shares, key=lambda number: shares[number], default=-1)
    # Under a header whose words are unknown, more of the cells must speak for themselves.
    return best if best >= 0 and shares[best] >= (0.6 if columns.has_header else 0.4) else -1


def _title_share(rows: list[tuple[Cell, ...]], number: int) -> float:
    """The share of the filled cells of a column that read as titles; 0 where most are empty."""
    texts = [bare_text(cells[number].text) for cells in rows if number < len(cells)]
    filled = [text for text in texts if text and not is_noise(text)]
    return sum(map(is_title, filled)) / len(filled) if len(filled) >= 0.2 * len(rows) else 0.0


def _read_row(row: Row, named: list[Named], columns: Columns, support: float) -> list[Draft]:
    cells = row.cells[columns.start : columns.end]
    alone = len(named) == 1
    number = columns.extension - columns.start
    # "Position", "Grade", "Subject": what the first leaves open.
    more = [n for n in columns.titles if n not in (columns.title, columns.honorific)]
    drafts: list[Draft] = []
    for one in named:
        # Names below each other in one cell, and as many values in the cells beside it.
        own = cells if alone else tuple([_nth_line(cell, one.place, len(named)) for cell in cells])
        extension = _value(own, number)
        digits = re.search(r"\d{2,6}", extension) if extension else None
        drafts.append(
            Draft(
                name=one.name,
                node=row.node,
                name_node=one.node,
                start=row.node.start,
                end=row.node.end,
                lines=tuple([line for cell in own for line in cell.lines]),
                method="table",
                title=one.title or _value(own, columns.title - columns.start),
                department=_value(own, columns.department - columns.start),
                location=_value(own, columns.location - columns.start),
                extension=digits[0] if digits and (alone or extension != _value(cells, number)) else None,
                taught=tuple([value for n in more if (value := _value(own, n - columns.start))]),
                support=support,
            )
        )
    return drafts


def _nth_line(cell: Cell, place: int, count: int) -> Cell:
    """The line of a cell beside the name at `place`; the whole cell where its lines are not as many as the names."""
    filled = [line for line in cell.lines if line.text or line.emails]
    return Cell(cell.node, (filled[place],), filled[place].text) if len(filled) == count else cell


def _row_names(cells: tuple[Cell, ...], columns: Columns) -> list[Named]:
    if max(columns.name, columns.first, columns.last) >= len(cells):
        return []
    if columns.name < 0:
        name = _joined_name(cells, (columns.honorific, columns.first, columns.last))
        # The columns say where the surname begins, which "Last, First" says as well.
        turned = parse_name(f"{cells[columns.last].text}, {cells[columns.first].text}")
        if name and turned:
            name = msgspec.structs.replace(turned, text=name.text, likelihood=name.likelihood, honorific=name.honorific)
        return [Named(name, None, cells[columns.last].node)] if name else []
    cell = cells[columns.name]
    if is_vacancy(cell.text):
        return []
    named = _names_of(cell)
    single = parse_single_name(cell.text) if columns.has_header and not named else None
    if single and any(email_fit(seen.found.address, single) for c in cells for line in c.lines for seen in line.emails):
        # Among names, with an address that spells it.
        return [Named(single, None, cell.node)]
    if columns.honorific >= 0 and len(named) == 1 and not named[0].name.honorific:
        name = _joined_name(cells, (columns.honorific, columns.name))
        return [Named(name, named[0].title, named[0].node)] if name else named
    return named


def _names_of(cell: Cell) -> list[Named]:
    """The names of a cell with titles that stand beside them: one, or one a line, or one behind the other."""
    if not cell.lines or len(cell.text) > 600:
        return []
    read = [(line, split_text(line.text)) for line in cell.lines if line.text]
    if several := split_names(cell.text):
        return [Named(name, title, cell.node, place) for place, (name, title) in enumerate(several)]
    named = [(line, found) for line, found in read if found]
    whole = split_text(cell.text) if len(cell.text) <= 120 and len(named) < 2 else None
    if whole and (len(cell.lines) == 1 or whole[1] is None):
        return [Named(*whole, cell.node)]
    if len(named) == 1 and named[0][0] is read[0][0]:
        name, title = named[0][1]
        below = [bare_text(line.text) for line, found in read[1:] if not found]
        own = title or next((text for text in below if is_title(text)), None)
        return [Named(name, own, cell.node)]
    if len(named) < len(read):
        return []
    return [Named(*found, line.node, place) for place, (line, found) in enumerate(named)]


def _joined_name(cells: tuple[Cell, ...], numbers: tuple[int, ...]) -> PersonName | None:
    """A name whose parts stand in columns of their own."""
    parts = [cells[number].text for number in numbers if number >= 0]
    return parse_name(" ".join(part for part in parts if part))


def _value(cells: tuple[Cell, ...], number: int) -> str | None:
    if not 0 <= number < len(cells):
        return None
    text = cells[number].text.strip(" -–—")
    label = labelled(text)
    other = (label and label[0] == "ignored") or is_vacancy(text) or is_prose(text) or len(text) > 200
    return text if bare_text(text) and not other else None
