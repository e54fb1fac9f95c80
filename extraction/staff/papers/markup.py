"""From the parts of a paper to a page of simple HTML, for the readers of staff pages.

Nothing is added but elements: each text is a line that the paper prints. Elements carry their page and lines, so that
what is found in them can be told by its place on the paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

import msgspec

from extraction.staff.papers.parts import Heading, PaperLine, PaperPage, Part, Table, TableCell, TableRow, TextBlock

PAGE, FIRST, LAST = "data-page", "data-line", "data-last"
"""Attributes: the page of an element, its first line there, and its last one where it has more."""
_ALIKE = 10.0
"""Points by which the columns of a table may be shifted where it goes on over a page."""
_EDGE = 3
"""Parts at the top and at the bottom of a page that may be the same on each."""
_DIGITS = re.compile(r"\d+")
_HYPHENATED = re.compile(r"[^\W\d_]-$")
_CUT_ADDRESS = re.compile(r"^\S+@(?:[\w.-]*\.[a-z]?|[\w-]*)$", re.IGNORECASE)
_LONGEST_TITLE = 200
_STAFF = re.compile(r"\b(?:staff|faculty|personnel|employees?|teachers)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Growing:
    """A table that may go on over the next page."""

    lefts: tuple[float, ...]
    rows: list[tuple[int, TableRow]]


def paper_html(pages: Sequence[PaperPage], link: str = "") -> str:
    """The paper as one page: its headings, blocks and tables in order; a table that goes on is one table.

    The title is what the paper prints over itself, then what the file and the `link` to it say it is.
    """
    body = "\n".join(_elements(pages))
    return f"<html><head><title>{escape(_title(pages, link))}</title></head><body>\n{body}\n</body></html>"


def _title(pages: Sequence[PaperPage], link: str) -> str:
    if not pages:
        return ""
    first = pages[0]
    headings = [part.line.text for part in first.parts if isinstance(part, Heading) and part.level < 3]
    lines = [line.text for part in first.parts[:1] if isinstance(part, Heading | TextBlock) for line in _lines(part)]
    return " | ".join(text for text in [*(headings or lines)[:1], first.title, link] if text)[:_LONGEST_TITLE]


def _elements(pages: Sequence[PaperPage]) -> Iterator[str]:
    growing: _Growing | None = None
    for page in pages:
        for part in _without_running(page, pages[0]):
            if isinstance(part, Table):
                if growing is None or not _goes_on(growing.lefts, part.lefts):
                    yield from _table(growing)
                    growing = _Growing(part.lefts, [])
                growing.rows += [(page.number, row) for row in part.rows]
                continue
            yield from _table(growing)
            growing = None
            yield _heading(part, page.number) if isinstance(part, Heading) else _block(part, page.number)
    yield from _table(growing)


def _goes_on(lefts: Sequence[float], after: Sequence[float]) -> bool:
    same = len(lefts) == len(after) and len(lefts) > 0
    return same and all(abs(left - other) < _ALIKE for left, other in zip(lefts, after, strict=True))


def _without_running(page: PaperPage, first: PaperPage) -> Iterable[Part]:
    """The parts of a page without the lines at its top and bottom that stand on the first page, too."""
    if page is first:
        return page.parts
    told = {_key(line) for part in _edges(first.parts) for line in _lines(part)}
    edges = {id(part) for part in _edges(page.parts)}
    kept: list[Part] = []
    for part in page.parts:
        if id(part) not in edges or isinstance(part, Table):
            kept.append(part)
        elif isinstance(part, Heading):
            kept += [] if _key(part.line) in told else [part]
        elif lines := tuple([line for line in part.lines if _key(line) not in told]):
            kept.append(msgspec.structs.replace(part, lines=lines))
    return kept


def _edges(parts: Sequence[Part]) -> list[Part]:
    return [*parts[:_EDGE], *parts[max(_EDGE, len(parts) - _EDGE) :]]


def _key(line: PaperLine) -> str:
    return _DIGITS.sub("#", line.text.casefold())


def _lines(part: Part) -> tuple[PaperLine, ...]:
    if isinstance(part, Heading):
        return (part.line,)
    return part.lines if isinstance(part, TextBlock) else ()


def _heading(heading: Heading, page: int) -> str:
    tag = _tag(heading.level, heading.line.text)
    return f"<{tag}{_place(page, [heading.line])}>{escape(heading.line.text)}</{tag}>"


def _tag(level: int, text: str) -> str:
    """The element of a heading: h1 only for one that says itself that staff follows.

    On a page about staff, h1 is not asked whom it lists, and a link may say "Staff Directory" of an honor roll.
    """
    return f"h{level}" if level == 1 and _STAFF.search(text) else f"h{level + 1}"


def _block(block: TextBlock, page: int) -> str:
    lines = "".join(f"<p{_place(page, [line])}>{escape(line.text)}</p>" for line in block.lines)
    return f"<div{_place(page, block.lines)}>{lines}</div>"


def _table(growing: _Growing | None) -> Iterator[str]:
    if growing is not None and growing.rows:
        width = max(len(row.cells) for _, row in growing.rows)
        yield "<table>\n" + "\n".join(_row(row, page, width) for page, row in growing.rows) + "\n</table>"


def _row(row: TableRow, page: int, width: int) -> str:
    lines = [line for cell in row.cells if cell is not None for line in cell.lines]
    if row.heading is not None:
        text = escape(" ".join(line.text for line in lines))
        tag = _tag(row.heading, text) if row.heading else ""
        inside = f"<{tag}>{text}</{tag}>" if tag else text
        return f'<tr{_place(page, lines)}><td colspan="{width}">{inside}</td></tr>'
    return f"<tr{_place(page, lines)}>{''.join(_cell(cell) for cell in row.cells)}</tr>"


def _cell(cell: TableCell | None) -> str:
    if cell is None:
        return "<td></td>"
    if not cell.height:
        return ""
    span = f' rowspan="{cell.height}"' if cell.height > 1 else ""
    return f"<td{span}>{'<br>'.join(escape(text) for text in _whole_lines(cell.lines))}</td>"


def _whole_lines(lines: Sequence[PaperLine]) -> list[str]:
    """The lines of a cell, joined again where its width cut a name at its hyphen or an address anywhere."""
    texts: list[str] = []
    for line in lines:
        if texts and (_HYPHENATED.search(texts[-1]) or _is_rest_of_address(texts[-1], line.text)):
            texts[-1] += line.text
        else:
            texts.append(line.text)
    return texts


def _is_rest_of_address(above: str, text: str) -> bool:
    """Whether a line can be nothing but the rest of the address above it."""
    if " " in text or " " in above:
        return False
    if "@" in above:
        return "@" not in text and (bool(_CUT_ADDRESS.match(above)) or text.startswith("."))
    return text.startswith("@")


def _place(page: int, lines: Sequence[PaperLine]) -> str:
    numbers = [line.number for line in lines if line.number]
    if not numbers:
        return f' {PAGE}="{page}"'
    first, last = min(numbers), max(numbers)
    told = f' {PAGE}="{page}" {FIRST}="{first}"'
    return told if first == last else f'{told} {LAST}="{last}"'
