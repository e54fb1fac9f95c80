"""The lines beside names that stand alone in their element: titles above or below them, and contacts below."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from extraction.staff.document import Document, Line, Node
from extraction.staff.lines import Reading, bare_text, is_title
from extraction.staff.phones import find_phones

GROUP_SHARE = 0.7
_MOST_FLAT_LINES = 8


@dataclass(slots=True)
class Block:
    """The lines that belong to one reading."""

    reading: Reading
    node: Node
    height: int
    """Levels between the name's element and `node`."""
    start: int
    end: int
    group: tuple[str, str] = ("", "")
    shares_line: bool = False
    """Whether the line names others too."""
    term: tuple[Line, ...] = ()
    """Lines further above that stand over this block and the ones before it: the term of several descriptions."""
    titles: list[tuple[str, Line]] = field(default_factory=list[tuple[str, Line]])


def spread_flat(blocks: list[Block], document: Document) -> None:
    """Give names that stand alone in their element, and whole blocks without a title, the lines beside them."""
    flat: defaultdict[tuple[int, bool], list[Block]] = defaultdict(list)
    parents: dict[int, Node] = {}
    for block in blocks:
        parent = block.node if block.end - block.start < block.node.end - block.node.start else block.node.parent
        lines = [line for line in document.lines[block.start : block.end] if line is not block.reading.line]
        titled = block.reading.title is not None or any(is_title(line.text) for line in lines)
        if parent is not None and not titled and not block.shares_line:
            flat[id(parent), not lines].append(block)
            parents[id(parent)] = parent
    ends = {block.start: block.end for block in blocks}
    starts = sorted(ends)
    for (key, alone), group in flat.items():
        parent = parents[key]
        after = [_lines_after(block, parent, starts, document) for block in group]
        before = [_lines_before(block, parent, starts, ends, document) for block in group]
        gain_after = sum(_informs(document.lines[b.end : end]) for b, end in zip(group, after, strict=True))
        gain_before = sum(_informs(document.lines[start : b.start]) for b, start in zip(group, before, strict=True))
        if not alone and max(gain_before, gain_after) < GROUP_SHARE * len(group):
            continue
        # Titles stand below their names unless the first name has something above it and the last one nothing below.
        if gain_before > gain_after:
            term: tuple[Line, ...] = ()
            for block, start in zip(group, before, strict=True):
                if start < block.start:
                    term = document.lines[start : block.start]
                elif block.node.tag == "dd" or (term and is_title(term[-1].text) and not term[-1].heading):
                    block.term = term
                block.start = start
        elif heads := _titles_above(group, before, after, document):
            for block, head, end in zip(group, heads, after, strict=True):
                block.start = block.start if head is None else head.number
                block.end = next((other.number for other in heads if other and block.end <= other.number < end), end)
        else:
            for block, end in zip(group, after, strict=True):
                block.end = end


def add_contacts_below(blocks: list[Block], document: Document) -> None:
    """Give lines of a name and its title ("Jane Doe, Principal") the contacts on the lines below them.

    Only where most of the blocks of their markup have some: what stands below the last one alone is the office's.
    """
    groups: defaultdict[tuple[str, str], list[tuple[Block, int]]] = defaultdict(list)
    for index, block in enumerate(blocks):
        lines = document.lines[block.start : block.end]
        if block.reading.title is None or block.shares_line or any(line.emails for line in lines):
            continue
        limit = blocks[index + 1].start if index + 1 < len(blocks) else len(document.lines)
        end = block.end
        while end < min(limit, block.end + _MOST_FLAT_LINES) and _is_contact(document.lines[end]):
            end += 1
        groups[block.group].append((block, end))
    for group in groups.values():
        if sum(_informs(document.lines[block.end : end]) for block, end in group) >= GROUP_SHARE * len(group):
            for block, end in group:
                block.end = end


def _titles_above(group: list[Block], before: list[int], after: list[int], document: Document) -> list[Line | None]:
    """The titles that stand over names whose contacts stand below them; none where titles stand below as well.

    The lines over the first name and over the others must be of one form, or the first is the heading of a list.
    """
    heads = [
        next((line for line in reversed(document.lines[start : block.start]) if is_title(line.text)), None)
        for block, start in zip(group, before, strict=True)
    ]
    below = sum(
        any(is_title(line.text) for line in document.lines[b.end : end]) for b, end in zip(group, after, strict=True)
    )
    forms = Counter(_place_of(line) for line in heads if line)
    usual = bool(heads[0]) and forms[_place_of(heads[0])] >= GROUP_SHARE * len(group)
    return heads if len(group) > 2 and usual and len(group) - heads.count(None) > below else []


def _place_of(line: Line) -> tuple[str, int]:
    return line.node.signature, line.heading


def _is_contact(line: Line) -> bool:
    """Whether a line holds an address or a number, or nothing."""
    return not line.text or (bool(line.emails or find_phones(line.text)) and " " not in bare_text(line.text))


def _informs(lines: tuple[Line, ...]) -> bool:
    return any(line.emails or is_title(line.text) or find_phones(line.text) for line in lines)


def _lines_after(block: Block, parent: Node, starts: list[int], document: Document) -> int:
    limit = min(parent.end, block.end + _MOST_FLAT_LINES)
    position = bisect_left(starts, block.start + 1)
    if position < len(starts):
        limit = min(limit, starts[position])
    end = block.end
    while end < limit and not _starts_section(document.lines[end], block):
        end += 1
    return end


def _lines_before(block: Block, parent: Node, starts: list[int], ends: dict[int, int], document: Document) -> int:
    limit = max(parent.start, block.start - _MOST_FLAT_LINES)
    position = bisect_left(starts, block.start) - 1
    if position >= 0:
        limit = max(limit, ends[starts[position]])
    start = block.start
    while start > limit and not _starts_section(document.lines[start - 1], block):
        # "Counseling Department" over a sentence and a list is the title of nobody in it.
        if start < block.start and document.lines[start - 1].heading and not block.reading.line.heading:
            break
        start -= 1
    return start


def _starts_section(line: Line, block: Block) -> bool:
    level = block.reading.line.heading
    return bool(line.heading) and (not level or line.heading <= level) and not is_title(line.text)
