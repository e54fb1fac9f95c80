"""Lines without columns: headings, cards that white space parts, and paragraphs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from extraction.staff.lines import is_title
from extraction.staff.papers.parts import Heading, PaperLine, Part, TextBlock
from extraction.staff.papers.phrases import Look, PhraseLine
from extraction.staff.sections import is_off

_LEAST_BREAK = 0.55
"""Of the line height: white space that may part two blocks."""
_WIDER = 1.6
"""How much wider than the closest lines stand it must be."""
_WORDY = 8
"""Words of the mean line of a paragraph."""
_GOING_ON = 0.3
"""The share of its further lines that begin in the middle of a sentence, with a small letter."""


def blocks_of(lines: Sequence[PhraseLine], look: Look) -> list[Part]:
    """The headings and blocks of lines that stand below each other."""
    limit = _break_between(lines)
    parts: list[Part] = []
    block: list[PhraseLine] = []
    for at, line in enumerate(lines):
        parted = bool(block) and line.box.top - block[-1].box.bottom > limit
        if parted:
            parts += _block(block, look)
            block = []
        level = _heading_level(lines, at, look, opens=not block)
        if level:
            parts += _block(block, look)
            block = []
            parts.append(Heading(look.printed(line.phrases), level))
        else:
            block.append(line)
    return parts + _block(block, look)


def _break_between(lines: Sequence[PhraseLine]) -> float:
    gaps = sorted(max(0.0, after.box.top - line.box.bottom) for line, after in pairwise(lines))
    if not gaps:
        return 0.0
    height = sorted(line.height for line in lines)[len(lines) // 2]
    return max(_LEAST_BREAK * height, _WIDER * gaps[len(gaps) // 4])


def _heading_level(lines: Sequence[PhraseLine], at: int, look: Look, *, opens: bool) -> int:
    """The level of a heading; 0 for a line that says what the person above or below it does."""
    line = lines[at]
    level = look.level(line)
    if level == 3 and is_title(line.text):
        before, behind = (lines[n] if 0 <= n < len(lines) else None for n in (at - 1, at + 1))
        beyond = lines[at + 2] if at + 2 < len(lines) else None
        if before is not None and not opens and _names(before):
            return 0
        if behind is not None and _names(behind) and (beyond is None or not _names(beyond)):
            return 0
    if not level and opens and len(line.phrases) == 1 and not _names(line) and is_off(line.text):
        # Whose list this is matters however plain its heading is.
        return 3
    return level


def _names(line: PhraseLine) -> bool:
    return line.phrases[0].kind == "name"


def _block(lines: Sequence[PhraseLine], look: Look) -> list[Part]:
    if not lines:
        return []
    printed = [look.printed(line.phrases) for line in lines]
    if _is_paragraph(printed):
        text = " ".join([line.text for line in printed])
        return [TextBlock((PaperLine(text, printed[0].number),))]
    return [TextBlock(tuple(printed))]


def _is_paragraph(lines: Sequence[PaperLine]) -> bool:
    """Whether sentences run over the lines: no piece of them is a line of its own."""
    going_on = sum(line.text[0].islower() for line in lines[1:])
    wordy = sum(len(line.text.split()) for line in lines) >= _WORDY * len(lines)
    return len(lines) > 2 and wordy and going_on >= _GOING_ON * (len(lines) - 1)
