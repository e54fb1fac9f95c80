"""Wrapping: which lines of a table are one row.

A row starts on a line that holds a value which never wraps, or, in a table without such a column, on a line that
names a school and does not go on from the line above. The other lines belong to the row they stand nearest to, and a
line that names a district or county above a row is a heading.
"""

from __future__ import annotations

import re
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from extraction.schools.groups import group_field, is_aside, is_total
from extraction.schools.headers import ColumnPlan
from extraction.schools.sheets import Line
from extraction.schools.words import Word

_MOST_WRAPPED = 4
"""Lines of one row between two drawn lines; more of them are several rows under one rule."""


_DIGIT = re.compile(r"\d")

_NEARBY = 12
"""Lines around a line in which rows of the same district stand."""


class LineGroup(msgspec.Struct, frozen=True):
    """Lines (by index) that are one row, or a heading."""

    lines: tuple[int, ...]
    heading: bool = False


class Wrapping:
    """The lines of one table, and what tells their rows apart."""

    def __init__(
        self,
        lines: Sequence[Line],
        split: Sequence[Sequence[Sequence[Word]]],
        edges: Sequence[tuple[float, float]],
        steady: Sequence[int],
        plan: ColumnPlan | None,
    ) -> None:
        """Take lines whose words are already split by column.

        Args:
            lines: From top to bottom.
            split: The words of each line by column.
            edges: Left and right border of each column.
            steady: Columns whose values never wrap.
            plan: What the columns hold, as far as it is known.
        """
        self._lines = tuple(lines)
        self._split = split
        self._steady = steady
        self._name = plan.name_column if plan else None
        self._labels = plan.labels if plan else []
        steps = [below.middle - above.middle for above, below in pairwise(lines)]
        self._step = statistics.median(steps) if steps else 0.0
        self._steady_lines = [
            any(_DIGIT.search(word.text) for column in steady for word in cells[column]) for cells in split
        ]
        rows = self._steady_lines
        pitches = [step for step, row, below in zip(steps, rows, rows[1:], strict=False) if row and below]
        self._pitch = statistics.median(pitches) if pitches else 0.0
        """Points between rows of one line."""
        self._usual = statistics.median([sum(map(bool, cells)) for cells in split]) if split else 0
        self._limits = [
            max((word.box.right for cells in split for word in cells[column]), default=right)
            for column, (_, right) in enumerate(edges)
        ]

    def groups(self, separators: Sequence[float]) -> list[LineGroup]:
        """The rows and headings from top to bottom. `separators` are drawn lines that part rows."""
        if separators:
            return self._between(sorted(separators))
        starts = [at for at in range(len(self._lines)) if self._starts_row(at)]
        if not starts:
            return []
        owners = self._owners(starts)
        rows: dict[int, list[int]] = {}
        found: list[tuple[int, LineGroup]] = []
        for at, owner in enumerate(owners):
            if owner is not None:
                rows.setdefault(owner, []).append(at)
            elif self._is_heading(at):
                found.append((at, LineGroup((at,), heading=True)))
        found += [(min(members), LineGroup(tuple(members))) for members in rows.values()]
        return [group for _, group in sorted(found, key=lambda item: item[0])]

    def _between(self, separators: Sequence[float]) -> list[LineGroup]:
        bands: dict[int, list[int]] = {}
        for at, line in enumerate(self._lines):
            bands.setdefault(bisect_left(separators, line.middle), []).append(at)
        groups: list[LineGroup] = []
        for members in bands.values():
            alone = len(members) == 1 and self._is_heading(members[0])
            starts = [at for at in members if self._starts_row(at)]
            if len(starts) > 1 and (self._steady or len(members) > _MOST_WRAPPED):
                groups += [LineGroup((at,), heading=self._is_heading(at)) for at in members]
            else:
                groups.append(LineGroup(tuple(members), heading=alone))
        return groups

    def _starts_row(self, at: int) -> bool:
        cells = self._split[at]
        filled = [column for column, words in enumerate(cells) if words]
        if is_aside(self._lines[at].text) or is_total(self._lines[at].text):
            return True  # a row of its own, so that it swallows no row's wrapped line; dropped when rows are read
        if self._steady:
            return self._holds_steady_value(at) or self._keeps_pitch(at)
        if self._name is not None:
            return bool(cells[self._name]) and not self._goes_on(at) and not self._is_heading(at)
        return len(filled) > 1

    def _keeps_pitch(self, at: int) -> bool:
        """Whether a line without steady values is a row all the same: it names a school at the distance of rows."""
        if self._name is None or not self._split[at][self._name]:
            return False
        if sum(map(bool, self._split[at])) < 2 and (at + 1 == len(self._lines) or self._fills(at, at + 1, self._name)):
            return False  # the first line of a long name
        above, below = self._lines[at - 1 : at], self._lines[at + 1 : at + 2]
        told = sum(map(bool, self._split[at])) > 1 and self._is_told_before(at)
        # Where no two rows of one line stand together, only a value of other rows tells a row.
        pitch = self._pitch or (self._step if told else 0.0)
        if not above or not pitch or self._is_heading(at) or (self._goes_on(at) and not told):
            return False
        near = 0.9 * pitch
        line = self._lines[at]
        return line.middle - above[0].middle >= near and (not below or below[0].middle - line.middle >= near)

    def _is_told_before(self, at: int) -> bool:
        """Whether a cell of a line says the very same as the cell of another row, as names of districts do."""
        return any(
            words
            and other != at
            and self._holds_steady_value(other)
            and [word.text for word in self._split[other][column]] == [word.text for word in words]
            for column, words in enumerate(self._split[at])
            for other in range(max(0, at - _NEARBY), min(len(self._lines), at + _NEARBY))
        )

    def _fills(self, at: int, below: int, column: int) -> bool:
        """Whether a cell is so full that the first word of the line below did not fit into it any more."""
        words, after = self._split[at][column], self._split[below][column]
        if not words or not after:
            return False
        needed = words[-1].box.right + 0.2 * self._lines[at].height + (after[0].box.right - after[0].box.left)
        return needed > self._limits[column]

    def _goes_on(self, at: int) -> bool:
        """Whether every filled cell is one that did not fit into the line above."""
        if not at:
            return False
        above, line = self._lines[at - 1], self._lines[at]
        if line.middle - above.middle > 1.6 * line.height or sum(map(bool, self._split[at])) > 0.7 * self._usual > 1:
            return False  # too far, or too many cells for one that only goes on
        for column, words in enumerate(self._split[at]):
            if not words:
                continue
            if not self._fills(at - 1, at, column):
                return False
        return True

    def _holds_steady_value(self, at: int) -> bool:
        """Whether a line has a value in a column that never wraps (and not the letters of a long heading)."""
        return self._steady_lines[at]

    def _is_heading(self, at: int) -> bool:
        """Whether a line names a group: it alone, above a row, without going on from the line above."""
        line = self._lines[at]
        field = group_field(line.text)
        if field is None or self._holds_steady_value(at):
            return False
        filled = [column for column, words in enumerate(self._split[at]) if words]
        if len(filled) > 1 and any(
            self._split[at][right][0].box.left - self._split[at][left][-1].box.right > line.height
            for left, right in pairwise(filled)
        ):
            return False  # cells that stand apart are a row's
        if field in self._labels and len(filled) == 1:
            return False  # the list has a column for it; this is a part of a wrapped value there
        # No wrapped school name ends in "… School District", so this line need not be asked whether it goes on.
        return not self._stands_in_row(at)

    def _stands_in_row(self, at: int) -> bool:
        """Whether a line shares its height with a neighbour, or stands nearer below one than rows do."""
        line = self._lines[at]
        for other in self._lines[max(0, at - 1) : at] + self._lines[at + 1 : at + 2]:
            if min(line.box.bottom, other.box.bottom) - max(line.box.top, other.box.top) > 0.3 * line.height:
                return True
        if not at:
            return False
        above = self._split[at - 1]
        aligned = all(
            above[column] and abs(above[column][0].box.left - words[0].box.left) < 1.5
            for column, words in enumerate(self._split[at])
            if words
        )
        return aligned and line.middle - self._lines[at - 1].middle < 0.9 * self._step

    def _owners(self, starts: Sequence[int]) -> list[int | None]:
        """For each line the line that starts its row; None for headings and lines that stand apart."""
        owners: list[int | None] = [None] * len(self._lines)
        for start in starts:
            owners[start] = start
        for at in range(len(self._lines)):
            if owners[at] is not None or self._is_heading(at):
                continue
            after = next((start for start in starts if start > at), None)
            up = self._distance(at, at - 1) if at and owners[at - 1] is not None else None
            down = self._distance(at, after) if after is not None else None
            if up is not None and (down is None or up <= down + 0.5):
                owners[at] = owners[at - 1]
            elif down is not None:
                owners[at] = after
        return owners

    def _distance(self, at: int, other: int) -> float | None:
        """From middle to middle; None where that is too far for one row."""
        step = abs(self._lines[at].middle - self._lines[other].middle)
        between = abs(other - at)
        return step if step <= 1.6 * self._lines[at].height * between else None
