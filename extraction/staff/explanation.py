"""How a page was read: every block that names somebody, what speaks for it, and why it is left out, if it is.

What is told is what `page` and `drafts` decided. Only the lines that no reader took are looked at again, with the
readers' own questions, to say which of them kept it from being a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from extraction.staff.cards import menu_lines, readings_of
from extraction.staff.document import Document, Line
from extraction.staff.drafts import ENOUGH_EVIDENCE, LONGEST_SNIPPET, Draft, Verdict, Weight, lines_of
from extraction.staff.embedded.layout import DataNode
from extraction.staff.embedded.merging import person_key
from extraction.staff.lines import SURE, is_vacancy
from extraction.staff.names import IN_COMPANY
from extraction.staff.page import StaffReading
from extraction.staff.records import Person, StaffPage
from extraction.staff.sections import Section
from extraction.staff.spacing import squeeze

UNREAD = "none"
"""The reader of blocks that no reader took."""
_VALUES = (
    "title",
    "role",
    "subjects",
    "grades",
    "department",
    "location",
    "email",
    "email_method",
    "phone",
    "extension",
    "profile_url",
)


class Block(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a page, or a record of its data, that names somebody or would."""

    number: int
    """From 1, in the order of the page; data follows behind."""
    reader: str
    """`table`, `cards`, `lines`, the key of a system, `json_ld`, …; `none` where no reader took the block."""
    name: str
    kept: bool
    reason: str = ""
    """Why it is left out; empty where it is kept."""
    same_as: int | None = None
    """The number of the block that names the same person and is kept."""
    values: dict[str, str] = {}
    weights: tuple[Weight, ...] = ()
    """What speaks for it and how much; empty where nothing was weighed."""
    evidence: float | None = None
    """The sum of the weights."""
    headings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What was left out of the person."""
    paths: tuple[str, ...] = ()
    """XPaths of the elements of the block; for data, its script and a JSON path."""
    text: str = ""
    """The beginning of its text."""
    page: int | None = None
    """The page of a PDF, from 1; its paths are then pages and lines."""


class StaffExplanation(msgspec.Struct, frozen=True):
    """What a page says, and how that came about."""

    page: StaffPage
    blocks: tuple[Block, ...]
    base_url: str
    """What relative links of the page are relative to."""
    enough: float = ENOUGH_EVIDENCE


def explain_staff_page(reading: StaffReading) -> StaffExplanation:
    """How a page was read."""
    document, people = reading.document, reading.page.people
    # People of the text stand first, in the same order, also where data filled in what they lack.
    final = {id(person): whole for person, whole in zip(reading.shown.people, people, strict=False)}
    entries: list[Verdict | _Unread] = sorted([*reading.shown.verdicts, *_unread(reading)], key=_start)
    numbers = {id(entry): number for number, entry in enumerate([*entries, *reading.data], 1)}
    blocks = [
        _of_unread(entry, numbers[id(entry)])
        if isinstance(entry, _Unread)
        else _of_verdict(entry, numbers, document, final.get(id(entry.person), entry.person))
        for entry in entries
    ]
    listed = {id(person) for person in people}
    in_text = {person_key(v.person): v for v in reading.shown.verdicts if v.person and not v.refused}
    for verdict in reading.data:
        block = _of_verdict(verdict, numbers, document, verdict.person)
        if verdict.person and block.kept and id(verdict.person) not in listed:
            # Of a namesake in the text, a record only fills in what the text lacks.
            same = numbers[id(in_text[person_key(verdict.person)])]
            reason = "same person as in the text, which has the last word"
            block = msgspec.structs.replace(block, kept=False, reason=reason, same_as=same)
        blocks.append(block)
    return StaffExplanation(reading.page, tuple(blocks), document.base_url)


@dataclass(frozen=True, slots=True, eq=False)
class _Unread:
    """A line that no reader took, and what kept them from it."""

    line: Line
    name: str
    reason: str
    title: str | None = None
    headings: tuple[str, ...] = ()


def _unread(reading: StaffReading) -> Iterator[_Unread]:
    """The lines outside of all blocks that name somebody, or a post that nobody holds."""
    document, sections = reading.document, reading.sections
    covered = {line.number for verdict in reading.shown.verdicts for line in lines_of(verdict.draft, document)}
    menus = menu_lines(document)
    for line in document.lines:
        if line.number in covered or not line.text:
            continue
        section = sections.at(line.number)
        if is_vacancy(line.text) and not (line.heading or line.links or line.in_menu) and section.off is None:
            yield _Unread(line, line.text, f"vacancy: “{line.text}” is nobody", headings=section.headings)
            continue
        for found in readings_of(line):
            likelihood, is_menu = found.name.likelihood, line.in_menu or line.number in menus
            reason = _why_unread(likelihood, section, is_menu=is_menu, is_closed=line.number in reading.closed)
            if reason:
                yield _Unread(line, found.name.text, reason, found.title, section.headings)


def _why_unread(likelihood: float, section: Section, *, is_menu: bool, is_closed: bool) -> str | None:
    """Why nobody was read there; None for what is too little of a name to ask."""
    if is_menu:
        return "in a menu or the footer" if likelihood >= SURE else None
    if likelihood <= IN_COMPANY:
        return None
    if section.off:
        return f"section off: {section.off}"
    if is_closed:
        return "in a table whose header lists no staff"
    return "not taken for an entry of a list: what stands around it does not say that it names somebody at work"


def _start(entry: Verdict | _Unread) -> int:
    return entry.line.number if isinstance(entry, _Unread) else entry.draft.start


def _of_unread(unread: _Unread, number: int) -> Block:
    return Block(
        number,
        reader=UNREAD,
        name=unread.name,
        kept=False,
        reason=unread.reason,
        values={"title": unread.title} if unread.title else {},
        headings=unread.headings,
        paths=(unread.line.node.path,),
        text=unread.line.text[:LONGEST_SNIPPET],
    )


def _of_verdict(verdict: Verdict, numbers: dict[int, int], document: Document, person: Person | None) -> Block:
    draft = verdict.draft
    winner = verdict.same_as
    while winner is not None and winner.same_as is not None:
        winner = winner.same_as
    in_data = isinstance(draft.node, DataNode)
    lines = () if in_data else lines_of(draft, document)
    return Block(
        numbers[id(verdict)],
        reader=draft.method,
        name=draft.name.text,
        kept=not verdict.refused,
        reason=verdict.refused,
        same_as=numbers[id(winner)] if winner else None,
        values=_values(person) if person else {"title": draft.title} if draft.title else {},
        weights=tuple(verdict.weights),
        evidence=verdict.evidence if verdict.weights else None,
        headings=verdict.section.headings,
        notes=verdict.notes,
        paths=(draft.node.path,) if in_data else _paths(draft, lines),
        text=person.snippet if person else squeeze(" ".join(line.text for line in lines))[:LONGEST_SNIPPET],
    )


def _values(person: Person) -> dict[str, str]:
    found = ((key, getattr(person, key)) for key in _VALUES)
    return {key: ", ".join(value) if isinstance(value, tuple) else value for key, value in found if value}


def _paths(draft: Draft, lines: tuple[Line, ...]) -> tuple[str, ...]:
    """The element of the block if it holds these lines and no others, else the outermost elements of the lines."""
    numbers = {line.number for line in lines}
    if not numbers or numbers <= set(range(draft.node.start, draft.node.end)):
        return (draft.node.path,)
    nodes = {id(line.node): line.node for line in lines}
    inner = {id(node) for node in nodes.values() if any(id(above) in nodes for above in node.ancestors()[1:])}
    return tuple(node.path for key, node in nodes.items() if key not in inner)
