"""Headers of plain columns: where a table without rulings begins, and what stands above each of its columns.

A header may have several lines, words that are turned to stand upright in narrow columns, and names so close to each
other that only the columns below part them. In reports of old systems a line of dashes draws the columns exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from extraction.schools.grids import Cell, cell_of, turned_cells
from extraction.schools.headers import MEANT, ColumnPlan, plan_from_header
from extraction.schools.layouts.gaps import Span
from extraction.schools.sheets import Line, Sheet, box_of, lines_of, phrases
from extraction.schools.vocabulary import Weight, header_meaning, header_weight, share_of, vocabulary, words_of
from extraction.schools.words import Word

_HEADER_LINES = 4
_FEWEST_COLUMNS = 2
_DASHES = frozenset("-=_–—")


class TableHeader(msgspec.Struct, frozen=True):
    """The header lines of a table: what each of its cells says and where it stands."""

    first: int
    last: int
    cells: tuple[Cell, ...]
    plan: ColumnPlan
    """One column for each cell."""
    columns: tuple[Span, ...] = ()
    """The columns, where a line of dashes draws them."""

    @property
    def words(self) -> int:
        """How many words it has."""
        return sum(len(cell.words) for cell in self.cells)


class _Phrase(msgspec.Struct, frozen=True):
    """Words that stand together in a line."""

    words: tuple[Word, ...]
    left: float
    right: float
    weights: tuple[Weight, ...]

    @property
    def heads(self) -> bool:
        """Whether one of the words is one that headers have."""
        return any(for_header for for_header, _ in self.weights)


class HeaderFinder:
    """Looks for headers among the lines of a sheet; most lines are rows, and are told apart by their words alone."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._phrases = [[_weighed(words) for words in phrases(line, sheet.column_gap)] for line in sheet.lines]
        self._hopeful = [sum(phrase.heads for phrase in line) for line in self._phrases]

    def at(self, at: int, enough: float = _FEWEST_COLUMNS) -> TableHeader | None:
        """The header that starts at a line: of one line or of a few close together, whichever says more.

        It means something in `enough` columns at least.
        """
        best: tuple[float, TableHeader] | None = None
        hopeful = sum(self._hopeful[at : at + _HEADER_LINES])
        if not self._sheet.turned_words and (not self._hopeful[at] or hopeful < enough):
            return None
        stacks: list[_Stack] = []
        for deep in range(1, _HEADER_LINES + 1):
            lines = self._sheet.lines[at : at + deep]
            if len(lines) < deep or not _close(lines[-2:]):
                break
            if deep > 1 and is_dashes(lines[-1]):
                return _dashed(lines, at) or (best[1] if best else None)
            _stack(stacks, self._phrases[at + deep - 1])
            if not self._may_be_header(stacks, enough):
                continue
            header = _header(self._cells(stacks, lines), at, at + deep - 1)
            if header is None or len(header.plan.labels) < enough:
                continue
            score = _worth(header.plan)
            if best is None or score >= best[0]:
                best = (score, header)
        return best[1] if best else None

    def _may_be_header(self, stacks: Sequence[_Stack], enough: float) -> bool:
        """Whether enough cells may mean something, and enough of each (`plan_from_header`)."""
        shares = [share_of(stack.weights) for stack in stacks]
        return bool(self._sheet.turned_words) or (
            sum(map(bool, shares)) >= enough and sum(shares) >= MEANT * len(stacks)
        )

    def _cells(self, stacks: Sequence[_Stack], lines: Sequence[Line]) -> list[Cell]:
        """The cells that phrases above each other make, and turned words beside them."""
        cells = [cell for stack in stacks if (cell := cell_of(stack.words))]
        if self._sheet.turned_words:
            low, high = lines[0].box.top - 4, lines[-1].box.bottom + 4
            cells += turned_cells(
                [word for word in self._sheet.turned_words if low < word.box.bottom and word.box.top < high]
            )
        return sorted(cells, key=lambda cell: cell.box.left)


@dataclass(slots=True, eq=False)
class _Stack:
    """Phrases that stand above each other."""

    left: float
    right: float
    words: list[Word]
    weights: list[Weight]

    def take(self, other: _Phrase | _Stack) -> None:
        self.words.extend(other.words)
        self.weights.extend(other.weights)
        self.left, self.right = min(self.left, other.left), max(self.right, other.right)


def _stack(stacks: list[_Stack], line: Sequence[_Phrase]) -> None:
    """Put the phrases of the next line under those that they stand below of."""
    for phrase in line:
        over = [stack for stack in stacks if stack.left < phrase.right and phrase.left < stack.right]
        if not over:
            stacks.append(_Stack(phrase.left, phrase.right, [*phrase.words], [*phrase.weights]))
            continue
        over[0].take(phrase)
        for other in over[1:]:
            over[0].take(other)
            stacks.remove(other)


def _weighed(words: tuple[Word, ...]) -> _Phrase:
    return _Phrase(words, words[0].box.left, words[-1].box.right, tuple([header_weight(word.text) for word in words]))


def is_dashes(line: Line) -> bool:
    """Whether a line draws columns with dashes."""
    return len(line.words) > 1 and all(_DASHES.issuperset(word.text) for word in line.words)


def parted(header: TableHeader, columns: Sequence[Span]) -> TableHeader:
    """The header with cells parted that stand above several columns, where each part means something by itself."""
    cells = [part for cell in header.cells for part in _parts(cell, columns)]
    if len(cells) == len(header.cells):
        return header
    return _header(cells, header.first, header.last) or header


def _parts(cell: Cell, columns: Sequence[Span]) -> list[Cell]:
    """A cell, or its parts by column: "Students % Poverty", or "Low Income" above "Number" and "Percent"."""
    box = cell.box
    over = [column for column in columns if min(box.right, column.right) - max(box.left, column.left) > 1.0]
    if len(over) < 2 or words_of(cell.text) in vocabulary().headers:
        return [cell]
    borders = [(left.right + right.left) / 2 for left, right in pairwise(over)]
    parts: list[list[Word]] = [[] for _ in over]
    lines = [line.words for line in lines_of(cell.words)]
    for number, line in enumerate(lines):
        if number < len(lines) - 1 and _spans(line, borders):
            for part in parts:
                part.extend(line)
            continue
        for word in line:
            parts[sum(word.center > border for border in borders)].append(word)
    found = [part for words in parts if (part := cell_of(words))]
    if len(found) < 2 or any(header_meaning(part.text) is None for part in found):
        return [cell]
    if len(found) != len(over):
        return found
    return [_within(part, column) for part, column in zip(found, over, strict=True)]


def _within(part: Cell, column: Span) -> Cell:
    """A part that stands above its column only, though a word of it is shared with the neighbours."""
    box = msgspec.structs.replace(
        part.box, left=max(part.box.left, column.left - 2), right=min(part.box.right, column.right + 2)
    )
    return part if box.right <= box.left else msgspec.structs.replace(part, box=box)


def _spans(line: Sequence[Word], borders: Sequence[float]) -> bool:
    """Whether a line of a header goes across a border without a gap there."""
    box = box_of(line)
    return any(box.left < border < box.right for border in borders)


def _header(cells: Sequence[Cell], first: int, last: int) -> TableHeader | None:
    plan = plan_from_header([cell.text for cell in cells], [(cell.box.left, cell.box.right) for cell in cells])
    return TableHeader(first, last, tuple(cells), plan) if plan else None


def _worth(plan: ColumnPlan) -> float:
    understood = sum(column.sure for column in plan.columns if column.heading)
    return understood - 0.5 * sum(1 for column in plan.columns if not column.heading)


def _close(lines: Sequence[Line]) -> bool:
    return all(below.middle - above.middle < 1.5 * max(above.height, below.height) for above, below in pairwise(lines))


def _dashed(lines: Sequence[Line], at: int) -> TableHeader | None:
    """The header above a line of dashes, each word with the column that it stands above."""
    spans = tuple(Span(word.box.left, word.box.right) for word in lines[-1].words)
    borders = [(left.right + right.left) / 2 for left, right in pairwise(spans)]
    best: TableHeader | None = None
    for skipped in range(len(lines) - 1):
        words: list[list[Word]] = [[] for _ in spans]
        for line in lines[skipped:-1]:
            for word in line.words:
                words[sum(word.center > border for border in borders)].append(word)
        cells = [cell_of(column) for column in words]
        shown = [(cell, span) for cell, span in zip(cells, spans, strict=True) if cell]
        plan = plan_from_header([cell.text for cell, _ in shown], [(span.left, span.right) for _, span in shown])
        if plan is not None and (best is None or _worth(plan) > _worth(best.plan)):
            own = tuple(cell for cell, _ in shown)
            best = TableHeader(at + skipped, at + len(lines) - 1, own, plan, spans)
    return best if best is not None and best.first == at else None
