"""Blocks that look like entries of a staff list and that no reader took for one.

Only pages that announce staff, or have several published addresses, and of whose likely entries hardly any was read are
looked at: on all others an address that is nobody's is the office's.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from extraction.staff.asking.blocks import LONGEST_LINE, MOST_BLOCKS, MOST_LINES, DoubtfulBlock, as_printed
from extraction.staff.cards import menu_lines
from extraction.staff.document import Document, Line, Node
from extraction.staff.drafts import lines_of
from extraction.staff.emails import FoundEmail, without_addresses
from extraction.staff.lines import is_prose, is_title, labelled
from extraction.staff.name_parts import is_honorific, is_stopped
from extraction.staff.page import StaffReading
from extraction.staff.phones import find_phones

_HARDLY_ANY = 1 / 3
"""Of a page's likely entries; where more were read, the readers understand the page."""
_FEWEST_UNANNOUNCED = 3
"""Lines with an address, of a page that does not say that it lists staff."""
_LINES_BEFORE = 4
"""Of a flat list, what may stand above the address of an entry and belong to it."""
_CAPITALIZED = re.compile(r"[^\W\d_][\w'’.-]*")
_WHOLE_PAGE = frozenset(("html", "body", "main", "form"))


def unread_blocks(reading: StaffReading) -> list[tuple[int, DoubtfulBlock]]:
    """The blocks that nobody read, each with the number of its first line."""
    document, sections = reading.document, reading.sections
    signs = _signs(reading)
    if not signs or len(reading.page.people) > _HARDLY_ANY * len(signs):
        return []
    announced = sections.page_lists_staff or any(sections.at(line.number).lists_staff for line in signs)
    if not announced and sum(bool(line.emails) for line in signs) < _FEWEST_UNANNOUNCED:
        return []
    closed = {line.number for verdict in reading.shown.verdicts for line in lines_of(verdict.draft, document)}
    others = sorted(closed.union(line.number for line in signs))
    found: list[tuple[int, DoubtfulBlock]] = []
    for line in signs:
        if len(found) >= MOST_BLOCKS:
            break
        start, end, node = _extent(line, others, document)
        lines = tuple(one for one in document.lines[start:end] if not sections.at(one.number).is_off)
        if len(lines) == end - start and any(_may_name(one.text) for one in lines):
            found.append((start, _block(lines, node, reading)))
    return found


def _signs(reading: StaffReading) -> list[Line]:
    """The lines outside of all blocks that somebody's entry would have: an address, a number, an honorific."""
    document, sections = reading.document, reading.sections
    covered = {line.number for verdict in reading.shown.verdicts for line in lines_of(verdict.draft, document)}
    covered |= menu_lines(document) | reading.closed
    taken = {person.email for person in reading.page.people}
    found: list[Line] = []
    for line in document.lines:
        if line.number in covered or line.in_menu or sections.at(line.number).is_off:
            continue
        own = [email for email in line.emails if email.node.veil is None and email.found.address not in taken]
        if own or (not is_prose(line.text) and (_is_addressed(line.text) or _has_number(line.text))):
            found.append(line)
    return found


def _is_addressed(text: str) -> bool:
    """Whether a line begins with an honorific and a word behind it."""
    words = text.split()[:2]
    return len(words) > 1 and len(text) <= LONGEST_LINE and is_honorific(words[0]) and words[1][:1].isupper()


def _has_number(text: str) -> bool:
    label = labelled(text)
    return not (label and label[0] == "ignored") and any(phone.e164 for phone in find_phones(text))


def _extent(line: Line, taken: list[int], document: Document) -> tuple[int, int, Node]:
    """The lines around a sign that hold no other sign and no block, and their element; `taken` are all of these."""
    node, best = line.node, line.node
    while node.parent is not None:
        node = node.parent
        held = bisect_left(taken, node.end) - bisect_left(taken, node.start)
        if node.tag in _WHOLE_PAGE or node.end - node.start > MOST_LINES or held > 1:
            break
        best = node
    start, end = min(best.start, line.number), max(best.end, line.number + 1)
    if end - start > 1:
        return start, end, best
    # A flat list: what stands above belongs to it, up to the next sign, block or heading.
    place = bisect_left(taken, line.number)
    limit = max(line.number - _LINES_BEFORE, taken[place - 1] + 1 if place else 0, 0)
    while start > limit:
        above = document.lines[start - 1]
        if above.in_menu or (above.heading and not line.heading):
            break
        start -= 1
    return start, end, best.parent or best


def _may_name(text: str) -> bool:
    """Whether a text has two words side by side that somebody could be called by, or one behind an honorific."""
    text = without_addresses(text)
    before = ""
    for word in text.split():
        bare = _CAPITALIZED.match(word.strip("(,;:"))
        fits = bare is not None and bare[0][0].isupper() and not is_stopped(bare[0])
        if fits and before:
            return True
        before = word if (fits and not is_title(word)) or is_honorific(word) else ""
    return False


def _block(lines: tuple[Line, ...], node: Node, reading: StaffReading) -> DoubtfulBlock:
    section = reading.sections.at(lines[0].number)
    seen: dict[str, FoundEmail] = {
        email.found.address: email.found for line in lines for email in line.emails if email.node.veil is None
    }
    return DoubtfulBlock(
        "unread",
        as_printed(lines),
        path=node.path,
        headings=section.headings,
        emails=tuple(seen.values()),
        has_form=any(line.has_form_link for line in lines),
        lists_staff=section.lists_staff,
    )
