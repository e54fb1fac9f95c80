"""Gaps: where white space runs down between rows and parts them into columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from extraction.schools.sheets import Line, box_of, line_of, phrases
from extraction.schools.words import Word

_TOLERATED = 0.03
"""The share of lines that may print across a gap (overlong names, a group's heading)."""


class Span(msgspec.Struct, frozen=True):
    """A stretch of the page's width, in points."""

    left: float
    right: float


def part_columns(lines: Sequence[Line], labels: Sequence[Span], gap: float) -> list[Span]:
    """The columns of lines that stand below each other, under headers that stand at `labels`."""
    columns = inked_columns(lines, gap)
    columns = _with_bare_labels(columns, labels)
    owners = [_owner(label, columns) for label in labels]
    parted: list[Span] = []
    for column in columns:
        above = [label for label, owner in zip(labels, owners, strict=True) if owner == column]
        parted += _part_under(column, above, lines) if len(above) > 1 else [column]
    return _joined_under_one(parted, labels, gap)


def inked_columns(lines: Sequence[Line], gap: float) -> list[Span]:
    """The columns that the lines alone show."""
    return inked_spans([span for line in lines for span in _phrase_spans(line, gap)], int(_TOLERATED * len(lines)))


def cut_at(line: Line, borders: Sequence[float]) -> Line:
    """The line with words cut in two that run over a border; its letters are taken for equally wide."""
    words: list[Word] = []
    for word in line.words:
        rest = word
        for border in borders:
            wide = (rest.box.right - rest.box.left) / len(rest.text)
            at = round((border - rest.box.left) / wide) if wide else 0
            if not 0 < at < len(rest.text):
                continue
            middle = rest.box.left + at * wide
            words.append(
                msgspec.structs.replace(rest, text=rest.text[:at], box=msgspec.structs.replace(rest.box, right=middle))
            )
            rest = msgspec.structs.replace(
                rest, text=rest.text[at:], box=msgspec.structs.replace(rest.box, left=middle)
            )
        words.append(rest)
    return line if len(words) == len(line.words) else line_of(words)


def _phrase_spans(line: Line, gap: float) -> list[Span]:
    return [Span(box.left, box.right) for box in (box_of(phrase) for phrase in phrases(line, gap))]


def inked_spans(spans: Sequence[Span], tolerated: int) -> list[Span]:
    """Stretches that more than `tolerated` lines print on."""
    # How many more lines print from here on, by half points, so that gaps of one point are seen.
    change: dict[int, int] = {}
    for span in spans:
        first, after = int(span.left * 2), int(span.right * 2) + 1
        change[first] = change.get(first, 0) + 1
        change[after] = change.get(after, 0) - 1
    columns: list[Span] = []
    start: int | None = None
    depth = 0
    for at in sorted(change):
        depth += change[at]
        if depth > tolerated and start is None:
            start = at
        elif depth <= tolerated and start is not None:
            columns.append(Span(start / 2, at / 2))
            start = None
    return columns


def _with_bare_labels(columns: list[Span], labels: Sequence[Span]) -> list[Span]:
    """Add a column for each header that nothing (or too little to be seen) is printed under."""
    bare = [
        label for label in labels if all(label.right < column.left or label.left > column.right for column in columns)
    ]
    return sorted([*columns, *bare], key=lambda column: column.left)


def _owner(label: Span, columns: Sequence[Span]) -> Span:
    """The column that a header stands above."""
    return max(columns, key=lambda column: min(label.right, column.right) - max(label.left, column.left))


def _part_under(column: Span, labels: Sequence[Span], lines: Sequence[Line]) -> list[Span]:
    """Part a run of ink that several headers share, where the fewest words stand across."""
    words = [
        word for line in lines for word in line.words if word.box.right > column.left and word.box.left < column.right
    ]
    parts: list[Span] = []
    left = column.left
    for above, after in pairwise(labels):
        start, end = (above.left + above.right) / 2, (after.left + after.right) / 2
        steps = [start + 0.5 * step for step in range(int((end - start) * 2) + 1)]
        if not steps:
            return [column]
        cost = {at: sum(word.box.left < at < word.box.right for word in words) for at in steps}
        least = min(cost.values())
        # Among equal places the one next to the header that follows: most columns are flush left.
        border = max((at for at in steps if cost[at] == least and at <= after.left + 1), default=None)
        border = border if border is not None else min(at for at in steps if cost[at] == least)
        parts.append(Span(left, border))
        left = border
    parts.append(Span(left, column.right))
    return parts


def _joined_under_one(columns: list[Span], labels: Sequence[Span], gap: float) -> list[Span]:
    """Join neighbours that stand close together under one header, where the second has none of its own."""
    if not labels:
        return columns
    owners = [_owner(label, columns) for label in labels]
    joined: list[Span] = []
    for column in columns:
        if joined and column not in owners:
            before = joined[-1]
            over = [label for label in labels if label.left < before.right and label.right > column.left]
            if over or column.left - before.right < 0.6 * gap:
                joined[-1] = Span(before.left, column.right)
                continue
        joined.append(column)
    return joined
