"""Which headings stand over a line, and whether they say that people are listed there, or people to leave alone."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from extraction.staff.document import Document, Line, Node
from extraction.staff.names import parse_name
from extraction.staff.spacing import squeeze
from extraction.staff.vocabulary import phrases

LONGEST_HEADING = 90
_FEWEST_LINES_BELOW = 4
"""A heading governs the innermost element around it that has this many lines below it."""
_TITLE_PARTS = re.compile(r"\s+[-–—|•·»:]+\s+|\s*[|»•]\s*")
_HEADING_CLASSES = re.compile(
    r"heading|header|section-?title|(?:^|\s)title(?:\s|$)|accordion-(?:button-)?label|category", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Section:
    """The headings over a line, the outermost first."""

    headings: tuple[str, ...]
    off: str | None
    """The words of one of them, or of the page's title or address, that say that what follows is not to be
    collected, and where they stand; None where nothing says so."""
    lists_staff: bool
    """Whether one of them, or the page's own title or address, says that staff follows."""

    @property
    def is_off(self) -> bool:
        """Whether what follows is not to be collected."""
        return self.off is not None


class Sections:
    """The section of every line of a page."""

    def __init__(self, document: Document) -> None:
        self.page_lists_staff, self._page_off = _judge_page(document)
        self._sections: list[Section] = []
        stack: list[tuple[int, str, int]] = []
        known: dict[tuple[tuple[int, str], ...], Section] = {}
        of_names = _signatures_of_names(document)
        section = known[()] = self._section(())
        for line in document.lines:
            above = [entry for entry in stack if entry[2] > line.number] if stack else []
            level = 0 if of_names and _place(line.node) in of_names else _level(line)
            if level:
                above = [entry for entry in above if entry[0] < level]
                above.append((level, line.text, _scope_end(line, level)))
            if level or len(above) != len(stack):
                stack = above
                headings = tuple([(level, text) for level, text, _ in stack])
                if headings not in known:
                    known[headings] = self._section(headings)
                section = known[headings]
            self._sections.append(section)

    def at(self, number: int) -> Section:
        """The section of a line."""
        return self._sections[number]

    def _section(self, headings: tuple[tuple[int, str], ...]) -> Section:
        # On a page that is about staff, h1 is the banner of "The School Board of Quarry County" at worst.
        judged = [text for level, text in headings if level > 1 or not self.page_lists_staff]
        texts = tuple(text for _, text in headings)
        return Section(
            texts,
            off=self._page_off or next((told for text in judged if (told := _tell_off(text, "heading"))), None),
            lists_staff=self.page_lists_staff or any(says_staff(text) for text in texts),
        )


def is_off(heading: str) -> bool:
    """Whether a heading says that what follows are no staff of the school."""
    return _off_words(heading) is not None


def _off_words(heading: str) -> str | None:
    """The words of a heading that say that what follows are no staff of the school."""
    if heading.count(" ") >= 10:
        return None
    rest = phrases("sections", "off_except").sub(" ", heading)
    whole = phrases("sections", "off_whole").fullmatch(rest.strip(" :.-–—&"))
    found = whole or phrases("sections", "off").search(rest)
    return found[0] if found else None


def _tell_off(text: str, place: str) -> str | None:
    words = _off_words(text)
    return f"“{words}” in the {place} “{text}”" if words else None


def says_staff(heading: str) -> bool:
    """Whether a heading says that people who work here follow."""
    return heading.count(" ") < 10 and bool(phrases("sections", "staff").search(heading))


def _judge_page(document: Document) -> tuple[bool, str | None]:
    """Whether the page's title and address say that it lists staff, or which words that it lists nobody to collect."""
    parts, tail = _title_parts(document.title), _path_tail(document.url)
    if is_staff_page(document.title, document.url):
        return True, None
    told = (*(_tell_off(part, "page's title") for part in parts[:1]), *(_tell_off(part, "address") for part in tail))
    return False, next(filter(None, told), None)


def is_staff_page(title: str, url: str) -> bool:
    """Whether the title of a page, or its address, says that people who work here are listed."""
    return any(says_staff(part) for part in [*_title_parts(title)[:3], *_path_tail(url)])


def _title_parts(title: str) -> list[str]:
    return [part for part in _TITLE_PARTS.split(title) if part.strip()]


def _path_tail(url: str) -> list[str]:
    segments = [re.sub(r"[-_.%+]+", " ", part).strip() for part in unquote(urlsplit(url).path).split("/")]
    return [part for part in segments if part][-3:]


def _place(node: Node) -> tuple[str, str]:
    return node.signature, node.parent.signature if node.parent else ""


def _signatures_of_names(document: Document) -> set[tuple[str, str]]:
    """The headings that hold names of people: in their list, an odd name is no heading either."""
    headings = [line for line in document.lines if line.text and line.heading]
    every = Counter(_place(line.node) for line in headings)
    named = Counter(_place(line.node) for line in headings if parse_name(line.text))
    return {place for place, count in named.items() if count >= 3 and count >= 0.7 * every[place]}


def _level(line: Line) -> int:
    """1 to 6 for real headings, 7 for lines that only look like one, 0 for the others."""
    if not line.text or len(line.text) > LONGEST_HEADING or line.in_menu or line.emails or parse_name(line.text):
        return 0
    return line.heading or (7 if _looks_like_heading(line) else 0)


def _looks_like_heading(line: Line) -> bool:
    node = line.node
    if node.tag in ("caption", "legend", "summary", "figcaption"):
        return True
    around = node.ancestors()[:5]
    row = next((n for n in around if n.tag == "tr"), None)
    if row is not None and row.end - row.start == 1 and len(row.children) <= 2 and _rows(row) > 3:
        return True
    # Another line of a table stands over nothing but its own cell.
    if any(n.tag in ("td", "th", "dt", "dd", "a") for n in around):
        return False
    if len(line.text) <= 60 and any(n.tag in ("strong", "b", "u") for n in around[:3]):
        return _spans_line(line)
    return any(_HEADING_CLASSES.search(" ".join(n.classes)) for n in around[:2])


def _rows(row: Node) -> int:
    return len(row.parent.children) if row.parent else 0


def _spans_line(line: Line) -> bool:
    bold = [p for p in line.pieces if any(n.tag in ("strong", "b", "u") for n in p.node.ancestors()[:3])]
    return squeeze("".join(p.text for p in bold)) == line.text


def _scope_end(line: Line, level: int) -> int:
    chain = line.node.ancestors()
    if level == 1:
        return chain[-1].end or 1 << 30
    for node in chain:
        if node.end - line.number > _FEWEST_LINES_BELOW:
            return node.end
    return chain[-1].end or 1 << 30
