"""A doubtful block: what of a page is shown to a model, and what its answer is held against. Plain values only."""

from __future__ import annotations

from typing import Literal

import msgspec

from extraction.staff.document import Line
from extraction.staff.drafts import ENOUGH_EVIDENCE
from extraction.staff.emails import FoundEmail
from extraction.staff.records import Person

Doubt = Literal["little_missing", "alone", "barely_kept", "unclear_title", "unread"]
"""Why a block is doubtful: somebody was left out although little was missing, or because they stand alone on the page;
kept with nothing to spare; kept without a known role beside words that nobody took; or nobody read it at all."""

MOST_BLOCKS = 40
"""Asked about of one page; the first ones in its order."""
MOST_LINES = 12
LONGEST_LINE = 160
"""Characters; what a line has beyond is neither asked about nor believed."""
WORTH_OF_A_WORD = 0.9
"""Evidence that a model's word can stand in for: as much as a known given name. On the measured pages, nobody who was
left out with less was staff."""
LEAST_EVIDENCE = ENOUGH_EVIDENCE - WORTH_OF_A_WORD


class DoubtfulBlock(msgspec.Struct, frozen=True):
    """One block, as printed, and what the readers made of it."""

    doubt: Doubt
    lines: tuple[str, ...]
    path: str
    """XPath of its element."""
    headings: tuple[str, ...] = ()
    emails: tuple[FoundEmail, ...] = ()
    """The addresses that a visitor sees or can click there, decoded."""
    has_form: bool = False
    lists_staff: bool = False
    """Whether its headings, or the page, announce staff."""
    person: Person | None = None
    """Whom the readers found there."""
    kept: bool = False
    """Whether they kept that person."""
    evidence: float = 0.0
    barred: tuple[str, ...] = ()
    """Names in it that are left out whatever speaks for them: of students, of a board."""


def as_printed(lines: tuple[Line, ...]) -> tuple[str, ...]:
    """The texts of lines, as far as they are asked about."""
    return tuple(line.text[:LONGEST_LINE] for line in lines if line.text)[:MOST_LINES]
