"""Doubt: the blocks of a page about which a model is asked. The readers' own evidence decides, never a model's opinion.

Measured on the corpus of 56 pages: most pages have no doubtful block at all, because their people have far more
evidence than is needed, or nobody on them has any.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

import msgspec

from extraction.staff.asking.blocks import LEAST_EVIDENCE, MOST_BLOCKS, MOST_LINES, Doubt, DoubtfulBlock, as_printed
from extraction.staff.asking.unread import unread_blocks
from extraction.staff.document import Document, Line
from extraction.staff.drafts import ALONE, ENOUGH_EVIDENCE, TOO_LITTLE, Verdict, emails_of, lines_of
from extraction.staff.embedded.merging import person_key
from extraction.staff.lines import LONGEST_TITLE, bare_text, is_noise, is_prose, labelled
from extraction.staff.page import StaffReading
from extraction.staff.records import Person
from extraction.staff.roles import UNKNOWN
from extraction.staff.spacing import squeeze

_TO_SPARE = 0.3
"""Less evidence than this beyond what is enough is barely enough."""
_EDGES = " ,;:|-–—•·~/().…"
_FEWEST_LETTERS = 3


def doubtful_blocks(reading: StaffReading) -> list[DoubtfulBlock]:
    """The doubtful blocks of a page, in its order; empty for a page where everything is clear."""
    final = {
        id(person): whole for person, whole in zip(reading.shown.people, reading.page.people, strict=False)
    }  # people of the text stand first, in the same order, also where data filled in what they lack
    known = {person_key(person) for person in reading.page.people}
    found: list[tuple[int, DoubtfulBlock]] = []
    asked: set[tuple[str, str]] = set()
    names: defaultdict[int, set[str]] = defaultdict(set)
    for verdict in reading.shown.verdicts:
        for line in lines_of(verdict.draft, reading.document):
            names[line.number].add(verdict.draft.name.text)
    for verdict in reading.shown.verdicts:
        doubt = _doubt_of(verdict, reading.document, names)
        if doubt is None or verdict.person is None:
            continue
        person = final.get(id(verdict.person), verdict.person)
        key = person_key(person)
        # Somebody who is listed elsewhere on the page needs no second block, and nobody needs to be asked about twice.
        if verdict.refused and (key in known or key in asked):
            continue
        asked.add(key)
        found.append((verdict.draft.start, _block(verdict, person, doubt, reading.document)))
    found.extend(unread_blocks(reading))
    barred = {verdict.draft.name.text for verdict in reading.shown.verdicts if _is_barred(verdict)}
    blocks = [block for _, block in sorted(found, key=lambda one: one[0])][:MOST_BLOCKS]
    return [_barring(barred, block) for block in blocks] if barred else blocks


def _is_barred(verdict: Verdict) -> bool:
    """Whether somebody is left out for what they are, and not for what is missing."""
    return bool(verdict.refused) and verdict.refused not in (TOO_LITTLE, ALONE) and verdict.same_as is None


def _barring(names: set[str], block: DoubtfulBlock) -> DoubtfulBlock:
    text = " ".join(block.lines)
    here = tuple(sorted(name for name in names if name in text))
    return msgspec.structs.replace(block, barred=here) if here else block


def _doubt_of(verdict: Verdict, document: Document, names: Mapping[int, set[str]]) -> Doubt | None:
    person = verdict.person
    if person is None or not verdict.weights:
        return None
    if verdict.refused:
        if verdict.refused == ALONE:
            return "alone"
        near = verdict.refused == TOO_LITTLE and verdict.evidence >= LEAST_EVIDENCE
        return "little_missing" if near else None
    if person.role != UNKNOWN:
        return None
    reached = person.email or person.phone or person.extension or person.email_state == "form_only"
    if verdict.evidence < ENOUGH_EVIDENCE + _TO_SPARE and not reached:
        return "barely_kept"
    return "unclear_title" if _has_more_to_say(verdict, person, document, names) else None


def _has_more_to_say(verdict: Verdict, person: Person, document: Document, names: Mapping[int, set[str]]) -> bool:
    """Whether a line of the block has words that make up neither the person's values nor a name, and could be a title.

    `names` are those of each line, which several people may share.
    """
    values = [value for value in (person.name, person.title, person.department, person.location) if value]
    words = [*values, *person.name.split(), *(bare_text(value) for value in values)]
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(words, key=len, reverse=True)))
    for line in lines_of(verdict.draft, document):
        if labelled(line.text) or line.has_form_link or len(line.text) > LONGEST_TITLE or is_prose(line.text):
            continue
        text = bare_text(line.text)
        for name in names[line.number]:
            text = text.replace(name, " ")
        rest = squeeze(pattern.sub(" ", text)).strip(_EDGES)
        if sum(letter.isalpha() for letter in rest) >= _FEWEST_LETTERS and not is_noise(rest):
            return True
    return False


def _block(verdict: Verdict, person: Person, doubt: Doubt, document: Document) -> DoubtfulBlock:
    draft = verdict.draft
    lines = _around_name(verdict, lines_of(draft, document))
    seen = {email.found.address: email.found for email in emails_of(draft, document)}
    return DoubtfulBlock(
        doubt,
        as_printed(lines),
        path=draft.node.path,
        headings=verdict.section.headings,
        emails=tuple(seen.values()),
        has_form=any(line.has_form_link for line in lines),
        lists_staff=verdict.section.lists_staff,
        person=person,
        kept=not verdict.refused,
        evidence=verdict.evidence,
    )


def _around_name(verdict: Verdict, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines of a block; of a long one those from shortly before the name on."""
    lines = tuple(line for line in lines if line.text or line.emails)
    if len(lines) <= MOST_LINES:
        return lines
    name = verdict.draft.name.text
    place = next((number for number, line in enumerate(lines) if name in line.text), 0)
    start = max(0, min(place - 3, len(lines) - MOST_LINES))
    return lines[start : start + MOST_LINES]
