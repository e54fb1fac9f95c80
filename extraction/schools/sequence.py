"""Sequence numbers: lists that count their rows ("No. 17") say by themselves which ones were not read.

`sequence_column` finds the column of a grid that counts; a `SequenceWatch` follows its numbers over the pages of a
document. Numbers may run on over pages, begin anew on each page or in each group, and go down one column of records
before the next. A number misread between right ones makes no gap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from extraction.schools.vocabulary import plain

_FEWEST = 3
"""Numbers in a column, below which it is not known to count."""
_NEAR = 10
"""A list that begins at 3 lost two rows, one that begins at 214 is part of another; so far a number may stand from
its nearest neighbour and still be believed alone."""
_NUMBER = re.compile(r"^\(?\s*#?\s*([1-9]\d{0,4})\s*[.):]?(?=\s|$)")
_COUNTS = re.compile(
    r"^(?:(?:s|si|sl|sr|ser|serial|seq|sequence|line|row|item|entry|list|ref|record)(?: (?:no|num|number|nr))?"
    r"|no|num|number|nr|sino|slno|srno|sno|sn|count|index)$"
)


class Gap(msgspec.Struct, frozen=True):
    """Numbers, one after the other, that no row bears, and the schools around them."""

    first: int
    last: int
    after: str | None
    """The school before the gap; None where the list or a group of it begins with the gap."""
    before: str

    @property
    def rows(self) -> int:
        """How many rows are missing."""
        return self.last - self.first + 1

    @property
    def warning(self) -> str:
        """What is told of it."""
        if self.rows == 1:
            told = f"number {self.first} of the list is missing"
        else:
            told = f"numbers {self.first} {'and' if self.rows == 2 else 'to'} {self.last} of the list are missing"
        return f"{told} between “{self.after}” and “{self.before}”" if self.after else f"{told} before “{self.before}”"


class SequenceReading(msgspec.Struct, frozen=True):
    """What the numbers of one page say."""

    rows_expected: int
    """The rows that were seen on the page and those that are missing up to its last one."""
    gaps: tuple[Gap, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """One for each gap, in the order of the list."""
        return tuple(gap.warning for gap in self.gaps)


class Numbered(msgspec.Struct, frozen=True, array_like=True):
    """A row's number and its school."""

    number: int
    name: str


class SequenceMemory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a watch knows between two pages: a dozen rows at most, however long the list."""

    run: tuple[Numbered, ...] = ()
    """The numbers since the last new beginning that still matter, in the order in which they were met."""
    told: int = 0
    """Up to this number the gaps of the run are told."""
    held: tuple[Numbered, ...] = ()
    """A last number that only the next page can confirm."""


class SequenceWatch:
    """Follows the numbers of a document's rows: `see` every row that was read, `end_page` after each page.

    Args:
        memory: What the watch of the pages before knew.
    """

    def __init__(self, memory: SequenceMemory | None = None) -> None:
        memory = memory or SequenceMemory()
        self._run = {row.number: row.name for row in memory.run}
        self._told = memory.told
        self._page: list[Numbered] = []
        self._held = list(memory.held)

    @property
    def memory(self) -> SequenceMemory:
        """What a watch of the pages that follow has to know; to be asked between two pages."""
        run = tuple(Numbered(number, name) for number, name in self._run.items())
        return SequenceMemory(run, self._told, tuple(self._held))

    @property
    def last(self) -> int | None:
        """The highest number since the last new beginning: a page that goes on begins behind it."""
        return max(self._run, default=None)

    def see(self, number: str | None, name: str | None) -> None:
        """Note a row. One without a number says nothing; one whose school was not read is not there."""
        value = sequence_number(number) if number else None
        if value is not None and name:
            self._page.append(Numbered(value, name))

    def end_page(self) -> SequenceReading | None:
        """What the page's numbers say; None where it has none."""
        if not self._page:
            return None
        seen, self._page = self._page, []
        gaps: list[Gap] = []
        for row in self._believed([*self._held, *_mended(seen)]):
            if self._begins_anew(row.number):
                gaps += self._gaps()
                self._run, self._told = {}, 0
            self._run.setdefault(row.number, row.name)
        gaps += self._gaps()
        return SequenceReading(len(seen) + sum(gap.rows for gap in gaps), tuple(gaps))

    def _believed(self, rows: Sequence[Numbered]) -> list[Numbered]:
        """The rows without numbers that stand alone: a year or an id among 1, 2, 3. A last one waits for a neighbour.

        One such number would report all numbers up to it as missing.
        """
        self._held = []
        known = self._run.keys() | {row.number for row in rows}
        kept: list[Numbered] = []
        for at, row in enumerate(rows):
            near = (row.number + step for step in range(-_NEAR, _NEAR + 1) if step)
            if row.number <= _NEAR or not known.isdisjoint(near):
                kept.append(row)
            elif at == len(rows) - 1:
                self._held = [row]
        return kept

    def _begins_anew(self, number: int) -> bool:
        """Whether the count starts again: at 1, or at a low number that this run already had.

        The same number twice in a row is one record on two lines.
        """
        if not self._run or number not in self._run:
            return number == 1 and bool(self._run)
        return number <= _NEAR and number != next(reversed(self._run))

    def _gaps(self) -> list[Gap]:
        """The gaps of the run that were not told yet."""
        numbers = sorted(self._run)
        if not numbers:
            return []
        found: list[Gap] = []
        if self._told == 0 and 1 < numbers[0] <= _NEAR:
            found.append(Gap(1, numbers[0] - 1, None, self._run[numbers[0]]))
        for low, high in pairwise(numbers):
            if high > low + 1 and high > self._told:
                found.append(Gap(low + 1, high - 1, self._run[low], self._run[high]))
        self._told = numbers[-1]
        # A list of thousands of rows is not gone through again on every page.
        self._run = {number: name for number, name in self._run.items() if number <= _NEAR or number == self._told}
        return found


def sequence_number(text: str) -> int | None:
    """The number that a cell begins with: "17", "17.", "(17)", "#17"; an id with leading zeros counts nothing."""
    match = _NUMBER.match(text.strip())
    return int(match[1]) if match else None


def sequence_column(
    rows: Sequence[Sequence[str | None]], headings: Sequence[str | None] | None = None, *, follows: int | None = None
) -> int | None:
    """The column whose values count the rows; None where no column does.

    A heading decides against a column ("Code", "Enrollment") and for one that starts anywhere ("No."). Without one,
    the numbers must begin near 1 or near the number that this page follows: districts' codes go up by one, too.

    Args:
        rows: The cells of a page's rows below the header, from top to bottom.
        headings: The header's texts, column by column, where there is a header.
        follows: The last number of the pages before.
    """
    for column in range(max((len(row) for row in rows), default=0)):
        values = [text.strip() for row in rows if column < len(row) and (text := row[column]) and text.strip()]
        heading = headings[column] if headings and column < len(headings) else None
        if heading and not _is_counting(heading):
            continue
        numbers = [number for text in values if (number := _bare_number(text)) is not None]
        if len(numbers) < _FEWEST or len(numbers) < 0.8 * len(values) or not _goes_up(numbers):
            continue
        first = numbers[0] - (follows or 0)
        if heading or numbers[0] <= _NEAR or (follows is not None and 0 < first <= _NEAR):
            return column
    return None


def _is_counting(heading: str) -> bool:
    return _COUNTS.match(plain(heading)) is not None


def _bare_number(text: str) -> int | None:
    """The number of a cell that holds nothing else, or only the number of a row that ran into it."""
    return sequence_number(text) if re.fullmatch(r"[\d\s().:#]+", text) else None


def _goes_up(numbers: Sequence[int]) -> bool:
    """Whether most numbers follow the one before by one, or begin anew."""
    steps = sum(after == before + 1 or after == 1 for before, after in pairwise(numbers))
    return steps >= 0.6 * (len(numbers) - 1)


def _mended(rows: Sequence[Numbered]) -> list[Numbered]:
    """The rows with misread numbers set right, where those around leave no doubt: 7, 3, 9 is 7, 8, 9.

    Only on a page whose numbers go up row by row; in two columns of records, read across, each has its own count.
    """
    numbers = [row.number for row in rows]
    if not _goes_up(numbers):
        return list(rows)
    mended = list(rows)
    for at in range(1, len(rows) - 1):
        before, after = mended[at - 1].number, numbers[at + 1]
        if after - before == 2 and numbers[at] != before + 1:
            mended[at] = Numbered(before + 1, rows[at].name)
    return mended
