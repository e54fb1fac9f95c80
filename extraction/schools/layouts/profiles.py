"""Profiles: pages that print each school as labels with their values.

    School:    Alder Elementary School      Grades:      K-5
    District:  Cedar Falls Public Schools   Enrollment:  412

A profile begins at the label that names the school.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from extraction.schools.grids import Cell, Grid, GridRow, cell_of
from extraction.schools.headers import ColumnPlan, PlannedColumn
from extraction.schools.sheets import Line, Sheet
from extraction.schools.vocabulary import Heading, header_meaning
from extraction.schools.words import Word

_LONGEST_LABEL = 5
"""Words of a label."""
_FEWEST_LABELS = 3
"""Labels of a profile; a table's note may have one or two."""


class LabelledProfiles:
    """Lists that print labels beside their values."""

    name = "profiles"

    def grids(self, sheet: Sheet, plan: ColumnPlan | None) -> list[Grid]:
        """All profiles of a page as one grid."""
        del plan  # the labels say what the values are
        found: list[dict[Heading, Cell]] = []
        words = 0
        for line in sheet.lines:
            for label, cell in _values(line):
                if label.heading == "name":
                    found.append({})
                if found:
                    found[-1].setdefault(label.heading, cell)
                    words += label.end - label.start
        profiles = [profile for profile in found if len(profile) >= _FEWEST_LABELS]
        if not profiles:
            return []
        headings: list[Heading] = list(dict.fromkeys(heading for profile in profiles for heading in profile))
        meaning = ColumnPlan(tuple(PlannedColumn(0.0, 0.0, heading) for heading in headings), from_header=True)
        rows = tuple(_row(profile, headings) for profile in profiles)
        return [Grid(tuple((0.0, 0.0) for _ in headings), rows, meaning, words)]


class _Label(msgspec.Struct, frozen=True):
    start: int
    end: int
    """Index of the first word of its value."""
    heading: Heading


def _values(line: Line) -> list[tuple[_Label, Cell]]:
    """The labels of a line, each with the words up to the next one."""
    words = line.words
    labels = [label for at, word in enumerate(words) if word.text.endswith(":") and (label := _label(words, at))]
    if not labels:
        return []
    ends = [*(label.start for label in labels[1:]), len(words)]
    return [(label, cell) for label, end in zip(labels, ends, strict=True) if (cell := cell_of(words[label.end : end]))]


def _label(words: Sequence[Word], colon: int) -> _Label | None:
    """The label that ends at a colon: its longest run of words that means something."""
    for length in range(min(_LONGEST_LABEL, colon + 1), 0, -1):
        start = colon + 1 - length
        run = words[start : colon + 1]
        if any(right.box.left - left.box.right > 1.5 * left.height for left, right in pairwise(run)):
            continue  # a value's last words stand in front of it
        meaning = header_meaning(" ".join(word.text for word in run).rstrip(":"))
        if meaning is not None and meaning.share > 0.85:
            return _Label(start, colon + 1, meaning.heading)
    return None


def _row(profile: dict[Heading, Cell], headings: Sequence[Heading]) -> GridRow:
    cells = tuple(profile.get(heading) for heading in headings)
    box = next(cell.box for cell in cells if cell is not None)
    for cell in cells:
        box = box | cell.box if cell is not None else box
    return GridRow(cells, box)
