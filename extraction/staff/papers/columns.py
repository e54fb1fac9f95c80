"""Columns of a page: where white space runs down, and whether it parts the values of a row or lists side by side.

Both look alike. What tells them apart is who is named: a table names people in one column and says about them in the
others, while cards and lists that stand side by side name people in each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from extraction.schools.layouts.gaps import Span, inked_spans
from extraction.staff.headers import header_kind
from extraction.staff.papers.phrases import Kind, Phrase, PhraseLine

_TOLERATED = 0.06
"""The share of lines that may print across a gap."""
_FEWEST_FOR_TOLERANCE = 6
_PARALLEL = 0.4
"""The share of lines with several phrases from which on these alone say where columns are."""
_NAMED = 0.2
"""The share of names in a column of cards, of which each line is a phrase."""
_AS_MANY = 0.4
"""Of the names in the column that has most, another one that is as much a list has at least this share."""
_NARROWEST_GUTTER = 2.0
"""Points."""


def columns_of(lines: Sequence[PhraseLine]) -> list[Span]:
    """The stretches of the width that lines print on, from left to right."""
    several = [line for line in lines if len(line.phrases) > 1]
    judged = several if len(several) >= max(2.0, _PARALLEL * len(lines)) else list(lines)
    tolerated = max(1, int(_TOLERATED * len(judged))) if len(judged) >= _FEWEST_FOR_TOLERANCE else 0
    boxes = [phrase.box for line in judged for phrase in line.phrases]
    inked = inked_spans([Span(box.left, box.right + _NARROWEST_GUTTER) for box in boxes], tolerated)
    return [Span(span.left, span.right - _NARROWEST_GUTTER) for span in inked]


def column_of(phrase: Phrase, columns: Sequence[Span]) -> int:
    """The column in which a phrase stands; of several that it reaches, the one where it begins."""
    reached = columns_reached(phrase, columns)
    if reached:
        return reached[0]
    middle = (phrase.box.left + phrase.box.right) / 2
    return min(range(len(columns)), key=lambda at: abs((columns[at].left + columns[at].right) / 2 - middle))


def columns_reached(phrase: Phrase, columns: Sequence[Span]) -> list[int]:
    """The columns that a phrase prints on."""
    return [
        at
        for at, column in enumerate(columns)
        if min(phrase.box.right, column.right) - max(phrase.box.left, column.left) > 1
    ]


def name_column(lines: Sequence[PhraseLine], columns: Sequence[Span]) -> int | None:
    """The column that names most people; None where none names any."""
    kinds = _kinds(lines, columns)
    best = max(range(len(columns)), key=lambda at: kinds[at]["name"], default=None)
    return best if best is not None and kinds[best]["name"] else None


def borders_between(lines: Sequence[PhraseLine], columns: Sequence[Span]) -> list[float]:
    """Where lists stand beside each other: the middles of the gutters between them; none for one list."""
    if len(columns) < 2 or _has_one_header(lines):
        return []
    kinds = _kinds(lines, columns)
    most = max(count["name"] for count in kinds)
    named = [
        at
        for at, count in enumerate(kinds)
        if count["name"] >= max(1, _AS_MANY * most) and count["name"] >= _NAMED * count.total()
    ]
    if len(named) < 2 or most < 2:
        return []
    starts = [at - named[0] for at in named]
    if any(start <= before for before, start in zip(named, starts[1:], strict=False)):
        starts = [0, *(_widest(columns, before, at) for before, at in pairwise(named))]
    return [(columns[at - 1].right + columns[at].left) / 2 for at in starts[1:]]


def _widest(columns: Sequence[Span], before: int, at: int) -> int:
    """The column behind the widest gutter between two."""
    return max(range(before + 1, at + 1), key=lambda one: columns[one].left - columns[one - 1].right)


def _kinds(lines: Sequence[PhraseLine], columns: Sequence[Span]) -> list[Counter[Kind]]:
    kinds: list[Counter[Kind]] = [Counter() for _ in columns]
    for line in lines:
        for phrase in line.phrases:
            if len(columns_reached(phrase, columns)) <= 1:
                kinds[column_of(phrase, columns)][phrase.kind] += 1
    return kinds


def _has_one_header(lines: Sequence[PhraseLine]) -> bool:
    """Whether a line heads the columns of one table; a header that repeats itself heads several."""
    for line in lines:
        if len(line.phrases) < 2:
            continue
        headers = [header_kind(phrase.text) for phrase in line.phrases]
        if None not in headers and len({phrase.text.lower() for phrase in line.phrases}) == len(headers):
            return True
    return False
