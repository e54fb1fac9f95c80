"""Staff in repeated blocks: cards, lists, definition lists, and names that simply stand above their titles.

A line that names a person is found by its own text and by what the lines of the same markup hold. Its block is the
largest element around it that names nobody else; where all stand side by side in one element, the lines up to the next
name are the block.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict

from extraction.staff.document import Document, Line, Node
from extraction.staff.drafts import Draft, email_fit
from extraction.staff.flat import GROUP_SHARE, Block, add_contacts_below, spread_flat
from extraction.staff.lines import (
    SURE,
    Reading,
    bare_text,
    invites,
    is_noise,
    is_prose,
    is_title,
    is_vacancy,
    labelled,
    labelled_values,
    read_line,
    read_names,
    said_by_class,
)
from extraction.staff.names import IN_COMPANY, parse_name
from extraction.staff.phones import find_phones
from extraction.staff.sections import Sections, is_off
from extraction.staff.spacing import squeeze

_SURE_SHARE = 0.5
_LIST_MEAN = 0.65
"""The mean likelihood of names on one line from which on no other line must back them."""
_MOST_BLOCK_LINES = 30
_FEWEST_MENU_LINES = 4
_WHOLE_PAGE = frozenset(("html", "body", "main", "form"))


def mine_cards(document: Document, sections: Sections, taken: set[int]) -> list[Draft]:
    """The people of all repeated blocks, but for the lines that another reader took."""
    readings = _readings(document, sections, taken)
    readings = _choose(readings, document)
    blocks = _blocks(readings, document)
    _level_heights(blocks)
    spread_flat(blocks, document)
    add_contacts_below(blocks, document)
    return _drafts(blocks, document)


def _readings(document: Document, sections: Sections, taken: set[int]) -> list[Reading]:
    readings: list[Reading] = []
    menus = menu_lines(document)
    for line in document.lines:
        if line.number in taken or line.in_menu or line.number in menus or sections.at(line.number).is_off:
            continue
        readings.extend(readings_of(line))
    return readings


def readings_of(line: Line) -> list[Reading]:
    """The people whom a line names by its own text."""
    if several := read_names(line):
        return several
    reading = read_line(line)
    return [reading] if reading else []


def menu_lines(document: Document) -> set[int]:
    """The lines of lists that are nothing but links, of which few name a person."""
    found: set[int] = set()
    stack = [document.root] if document.root else []
    while stack:
        node = stack.pop()
        if node.end - node.start < _FEWEST_MENU_LINES:
            continue
        is_list = node.tag in ("ul", "ol")
        lines = [line for line in document.lines[node.start : node.end] if line.text] if is_list else []
        if len(lines) >= _FEWEST_MENU_LINES:
            linked = sum(1 for line in lines if line.links and not line.emails)
            named = sum(1 for line in lines if (name := parse_name(line.text)) and name.likelihood > IN_COMPANY)
            if linked >= 0.8 * len(lines) and named < 0.4 * len(lines):
                found.update(range(node.start, node.end))
                continue
        stack.extend(node.children)
    return found


def _group(node: Node) -> tuple[str, str]:
    return node.signature, node.parent.signature if node.parent else ""


def _choose(readings: list[Reading], document: Document) -> list[Reading]:
    """Keep what is a name by itself, or by its group, or by the address below it."""
    size = Counter(_group(piece.node) for line in document.lines for piece in line.pieces[:1])
    likely = {reading.line.number: reading for reading in readings if reading.name.likelihood > IN_COMPANY}
    named = Counter(_group(reading.node) for reading in likely.values())
    mass: defaultdict[tuple[str, str], float] = defaultdict(float)
    of_line: defaultdict[int, list[float]] = defaultdict(list)
    for reading in readings:
        of_line[reading.line.number].append(reading.name.likelihood)
    company = {number: sum(found) / len(found) for number, found in of_line.items()}
    for reading in readings:
        mass[_group(reading.node)] += reading.name.likelihood / len(of_line[reading.line.number])
    # Names that no list knows count half, so a group of them is taken when nearly all of its lines are such names.
    regular = {
        g for g in mass if size[g] >= 3 and (mass[g] >= _SURE_SHARE * size[g] or named[g] >= GROUP_SHARE * size[g])
    }
    labelled_names = {line.number for kind, _, line in labelled_values(document.lines) if kind == "name"}
    kept: list[Reading] = []
    last_sure, last_form = -100, None
    for reading in readings:
        group = _group(reading.node)
        number = reading.line.number
        sure = reading.name.likelihood >= SURE or number in labelled_names
        listed = len(of_line[number]) > 1 and company[number] >= _LIST_MEAN
        # Right below a sure name, a phrase that only might be one is its title, unless both lines have one form.
        form = (group, reading.title is not None)
        apart = number - last_sure > 1 or (reading.title is not None and form == last_form)
        if sure or listed or group in regular or (apart and _is_backed(reading, document)):
            kept.append(reading)
        last_sure, last_form = (number, form) if sure else (last_sure, last_form)
    return kept


def _is_backed(reading: Reading, document: Document) -> bool:
    """Whether what stands beside or below a phrase says that it is a name."""
    if reading.name.likelihood <= IN_COMPANY:
        return False
    if reading.title and is_title(reading.title):
        return True
    number = reading.line.number
    near = document.lines[number : number + 5]
    around = reading.node.parent
    above = document.lines[max(around.start, number - 4) : number] if around and around.tag not in _WHOLE_PAGE else ()
    if any(email_fit(seen.found.address, reading.name) == 2 for line in (*near, *above) for seen in line.emails):
        return True
    # A title below backs a name, but not when it is a link of its own: that is the next entry of a menu.
    return len(near) > 1 and is_title(near[1].text) and not near[1].links


def _blocks(readings: list[Reading], document: Document) -> list[Block]:
    numbers = [reading.line.number for reading in readings]
    runs = _runs(readings)
    on_line = Counter(numbers)
    blocks: list[Block] = []
    for index, reading in enumerate(readings):
        line, group = reading.line.number, _group(reading.node)
        if on_line[line] > 1 or _names_others(reading.node, runs[index], numbers):
            blocks.append(Block(reading, reading.node, 0, line, line + 1, group, on_line[line] > 1))
            continue
        node, height = reading.node, 0
        best, best_height = reading.node, 0
        while node.parent is not None:
            node, height = node.parent, height + 1
            if node.tag in _WHOLE_PAGE or node.end - node.start > _MOST_BLOCK_LINES:
                break
            if _names_others(node, runs[index], numbers) or _opens_section(node, reading, document):
                break
            best, best_height = node, height
        start, end = min(best.start, line), max(best.end, line + 1)
        blocks.append(Block(reading, best, best_height, start, end, group))
    return blocks


def _runs(readings: list[Reading]) -> list[tuple[int, int]]:
    """For each reading, the first and the last of the readings around it that name the same person."""
    runs: list[tuple[int, int]] = []
    start = 0
    for index in range(1, len(readings) + 1):
        if index == len(readings) or not readings[index].name.is_same_person(readings[start].name):
            runs.extend([(start, index - 1)] * (index - start))
            start = index
    return runs


def _names_others(node: Node, run: tuple[int, int], numbers: list[int]) -> bool:
    low, high = bisect_left(numbers, node.start), bisect_left(numbers, node.end)
    return low < run[0] or high - 1 > run[1]


def _opens_section(node: Node, reading: Reading, document: Document) -> bool:
    """Whether an element holds a heading over the name that is no title: it is a section then, not a block."""
    for line in document.lines[node.start : node.end]:
        if line.heading and line is not reading.line and line.text and not is_title(line.text):
            level = reading.line.heading
            if (
                is_off(line.text)
                or (level == 0 and line.number < reading.line.number)
                or (level and line.heading < level)
            ):
                return True
    return False


def _level_heights(blocks: list[Block]) -> None:
    """Blocks of one group are equally high: a lone card in its row does not take the row."""
    groups: defaultdict[tuple[str, str], list[Block]] = defaultdict(list)
    for block in blocks:
        groups[block.group].append(block)
    for group in groups.values():
        usual = Counter(block.height for block in group).most_common(1)[0][0] if len(group) > 2 else None
        for block in group:
            if usual is not None and block.height > usual:
                node = block.reading.node
                for _ in range(usual):
                    node = node.parent or node
                block.node, block.height = node, usual
                block.start, block.end = (
                    min(node.start, block.reading.line.number),
                    max(node.end, block.reading.line.number + 1),
                )


def _drafts(blocks: list[Block], document: Document) -> list[Draft]:
    for block in blocks:
        block.titles = _title_lines(block, document)
    places = Counter((block.group, _place(block, line)) for block in blocks for _, line in block.titles)
    sizes = Counter(block.group for block in blocks)
    drafts: list[Draft] = []
    for block in blocks:
        if is_vacancy(block.reading.name.text):
            continue
        size = sizes[block.group]
        is_named = said_by_class(block.reading.node) == "name"
        title = block.reading.title or _choose_title(block, places, size)
        if not title and block.reading.line.text in document.shown_labels:
            # A picture of somebody is not yet an entry of a list.
            continue
        drafts.append(
            Draft(
                name=block.reading.name,
                node=block.node,
                name_node=block.reading.node,
                start=block.start,
                end=block.end,
                lines=(*block.term, *document.lines[block.start : block.end]) if block.term else (),
                method="cards" if block.end - block.start > 1 else "lines",
                title=title,
                department=_said(block, document, "department"),
                location=_said(block, document, "school"),
                group="/".join(block.group),
                support=(0.8 if size >= 6 else 0.5 if size >= 3 else 0.0) + 0.5 * is_named + 0.3 * block.shares_line,
            )
        )
    return drafts


def _title_lines(block: Block, document: Document) -> list[tuple[str, Line]]:
    """The lines of a block that could be its title, as bare text."""
    found: list[tuple[str, Line]] = []
    lines = (*block.term, *document.lines[block.start : block.end])
    said = {line: (kind, text) for kind, text, line in labelled_values(lines)}
    for line in lines:
        if line is block.reading.line or not line.text or len(line.text) > 160:
            continue
        if line in said and said[line][0] == "title":
            return [(said[line][1], line)]
        if line in said or labelled(line.text) or is_noise(line.text) or is_prose(line.text) or invites(line.text):
            continue
        text = bare_text(line.text).strip()
        if (
            not text
            or is_noise(text)
            or squeeze(text) == block.reading.name.text
            or (find_phones(line.text) and len(text) < 4)
        ):
            continue
        found.append((text, line))
    return found


def _place(block: Block, line: Line) -> tuple[bool, str]:
    return line.number > block.reading.line.number, line.node.signature


def _choose_title(block: Block, places: Counter[tuple[tuple[str, str], tuple[bool, str]]], size: int) -> str | None:
    best: str | None = None
    best_score = 1.4
    for text, line in block.titles:
        distance = abs(line.number - block.reading.line.number)
        score = 2.0 * is_title(text) + 0.6 * (line.number > block.reading.line.number) + 0.5 * (distance == 1)
        score += {"title": 1.0, "department": -1.5, "school": -1.5}.get(_kind_by_class(line) or "", 0.0)
        score += 1.0 * (size >= 3 and places[block.group, _place(block, line)] >= 0.5 * size)
        score += 0.5 * (line.node.tag == "dt" and block.node.tag == "dd")
        score -= 0.15 * distance + 1.5 * (sum(c.isalpha() for c in text) < 3 and not is_title(text))
        if score > best_score:
            best, best_score = text, score
    return best


def _said(block: Block, document: Document, wanted: str) -> str | None:
    """The value of a kind in a block, behind its label or in an element whose class says so."""
    lines = document.lines[block.start : block.end]
    if text := next((text for kind, text, _ in labelled_values(lines) if kind == wanted), None):
        return text
    for line in lines:
        pieces = [piece.text for piece in line.pieces if said_by_class(piece.node) == wanted]
        text = squeeze(" ".join(pieces)) if pieces else line.text if _kind_by_class(line) == wanted else ""
        if text and not is_noise(text) and text != block.reading.name.text:
            return bare_text(text) or None
    return None


def _kind_by_class(line: Line) -> str | None:
    parent = line.node.parent
    return said_by_class(line.node) or (said_by_class(parent) if parent and parent.end - parent.start == 1 else None)
