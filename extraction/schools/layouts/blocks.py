"""Stacked blocks: directories that print each school as a few lines above each other.

    Quillfeather Elementary
    12 Alder Street
    Trenton, NJ 08608
    Phone: 609-555-0123   Grades: K-5

The line with city, state and ZIP is the only one that is alike in every block, so a block is built around it: the
address and the name above, labelled values below. The page may have several columns of blocks, and other columns
beside them (precincts, districts of a parliament); only what stands flush with the place line belongs to the block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import msgspec

from extraction.evidence import Box
from extraction.schools.fields import looks_like_address, normalize
from extraction.schools.grids import Cell, Grid, GridRow, cell_of
from extraction.schools.groups import is_aside, read_heading
from extraction.schools.headers import ColumnPlan, PlannedColumn
from extraction.schools.records import FieldName
from extraction.schools.sheets import Sheet, box_of, phrases
from extraction.schools.vocabulary import Heading, header_meaning, is_field
from extraction.schools.words import Word

_PLACE = re.compile(r"^(?P<street>.*\d.*,\s*)?[A-Za-z][A-Za-z .'\-]+,?\s+[A-Z]{2}\.?\s+\d{5}(?:-\d{0,4})?$")
_LABEL = re.compile(r"^[A-Za-z][A-Za-z.# ]*:$")

_STREET_END = re.compile(
    r"\b(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|highway|hwy|place|pl|court|ct|way|parkway|pkwy"
    r"|pike|turnpike|circle|square|terrace|trail)s?\.?(?:,?\s+[NSEW]{1,2})?$",
    re.IGNORECASE,
)

_VALUES_TELL: frozenset[FieldName] = frozenset({"grade_span", "phone", "enrollment", "low_income_pct", "title1_status"})
"""Fields whose values are plain enough that a label needs no colon."""

_FLUSH = 3.0
"""Points by which the lines of a block may start beside each other."""

_FEWEST = 3
"""Blocks on a page; a letterhead and a footer print one or two places."""

_HIGHEST = 5
"""Lines that a block has above its place."""

_COLUMNS: tuple[Heading, ...] = (
    "name",
    "address",
    "place",
    "phone",
    "grade_span",
    "title1_status",
    "enrollment",
    "low_income_pct",
    "nces_id",
    "state_school_id",
    "county",
    "district",
)


class _Phrase(msgspec.Struct, frozen=True):
    words: tuple[Word, ...]
    text: str
    box: Box
    middle: float
    """The vertical one; every phrase is compared with every line's."""

    @property
    def height(self) -> float:
        return self.box.bottom - self.box.top


class StackedBlocks:
    """Lists that print a school as a block of lines."""

    name = "blocks"

    def grids(self, sheet: Sheet, plan: ColumnPlan | None) -> list[Grid]:
        """All blocks of a page as one grid, in reading order: down the first column of blocks, then the next."""
        del plan  # a block says itself what it holds
        printed = [_phrase(words) for line in sheet.lines for words in phrases(line, 1.6 * sheet.column_gap)]
        places = [phrase for phrase in printed if _PLACE.match(phrase.text)]
        if len(places) < _FEWEST:
            return []
        margins = _margins(places)
        columns = [_column(printed, margins, number) for number in range(len(margins))]
        rows: list[GridRow] = []
        for margin, column in zip(margins, columns, strict=True):
            rows += _rows(margin, column)
        if sum(not row.heading for row in rows) < _FEWEST:
            return []
        # The columns stand nowhere, so that no other page takes their meaning by position.
        spots = tuple((0.0, 0.0) for _ in _COLUMNS)
        meaning = ColumnPlan(tuple(PlannedColumn(0.0, 0.0, heading) for heading in _COLUMNS), from_header=True)
        return [Grid(spots, tuple(rows), meaning)]


def _phrase(words: tuple[Word, ...]) -> _Phrase:
    box = box_of(words)
    return _Phrase(words, " ".join([word.text for word in words]), box, (box.top + box.bottom) / 2)


def _margins(places: Sequence[_Phrase]) -> list[float]:
    """The left edges at which blocks start."""
    margins: list[float] = []
    for left in sorted(place.box.left for place in places):
        if not margins or left - margins[-1] > 40:
            margins.append(left)
    return margins


def _column(printed: Sequence[_Phrase], margins: Sequence[float], number: int) -> list[_Phrase]:
    """The phrases of one column of blocks: from its margin (less an outdented heading) to the next one's."""
    left = margins[number] - 30 if number else 0.0
    right = margins[number + 1] - 30 if number + 1 < len(margins) else float("inf")
    return [phrase for phrase in printed if left <= phrase.box.left < right]


def _rows(margin: float, column: Sequence[_Phrase]) -> list[GridRow]:
    """Headings and blocks of one column, from top to bottom."""
    flush = [phrase for phrase in column if abs(phrase.box.left - margin) <= _FLUSH]
    fronts = [phrase for phrase in column if len(phrase.words) < 3 and phrase.box.right < margin + _FLUSH]
    taken: set[int] = set()
    found: list[tuple[float, GridRow]] = []
    for at, phrase in enumerate(flush):
        if not _PLACE.match(phrase.text):
            continue
        above = _above(flush, at, fronts)
        below = _below(flush, at)
        if not above:
            continue
        values = [_whole_line(flush[i], column) for i in below]
        names = [i for i in above if i == above[0] or not _is_street(flush[i], lowest=i == at - 1)]
        row = _block([flush[i] for i in names], [flush[i] for i in above if i not in names], phrase, values)
        taken |= {id(flush[i]) for i in (*above, at, *below)}
        found.append((row.box.top, row))
    for phrase in column:
        if id(phrase) in taken or is_aside(phrase.text):
            continue
        cell = cell_of(phrase.words)
        if cell is not None and read_heading(cell):
            found.append((phrase.box.top, GridRow((cell, *[None] * (len(_COLUMNS) - 1)), phrase.box, heading=True)))
    return [row for _, row in sorted(found, key=lambda item: item[0])]


def _above(flush: Sequence[_Phrase], place: int, fronts: Sequence[_Phrase]) -> list[int]:
    """The lines of a block above its place: the name first, then the address if there is one.

    Where a number or code stands in front of each name, a name line without one goes on from the line above; `fronts`
    are the phrases that may be such numbers.
    """
    above: list[int] = []
    for at in range(place - 1, max(-1, place - 1 - _HIGHEST), -1):
        phrase, under = flush[at], flush[at + 1]
        if under.middle - phrase.middle > 1.8 * phrase.height or _PLACE.match(phrase.text) or _labelled(phrase):
            break
        above.insert(0, at)
        if not _is_street(phrase, lowest=at == place - 1) and not (
            at and not _numbered(phrase, fronts) and _numbered(flush[at - 1], fronts)
        ):
            break  # the name; what stands above it is a heading or another block
    return above if above and not looks_like_address(flush[above[0]].text) else []


def _numbered(phrase: _Phrase, fronts: Sequence[_Phrase]) -> bool:
    """Whether something stands on the line in front of a phrase."""
    return any(other.box.right < phrase.box.left and abs(other.middle - phrase.middle) < 1.0 for other in fronts)


def _is_street(phrase: _Phrase, *, lowest: bool) -> bool:
    """Whether a line is an address; right above the place also one without a number ("First & Beech Streets")."""
    return looks_like_address(phrase.text) or (lowest and _STREET_END.search(phrase.text) is not None)


def _whole_line(phrase: _Phrase, column: Sequence[_Phrase]) -> _Phrase:
    """A line's phrase with the phrases that stand beside it."""
    middle = phrase.middle
    beside = [other.words for other in column if -1.0 < other.middle - middle < 1.0]
    return _phrase(tuple(chain.from_iterable(beside)))


def _below(flush: Sequence[_Phrase], place: int) -> list[int]:
    """The labelled lines below a place."""
    below: list[int] = []
    for at in range(place + 1, len(flush)):
        if flush[at].middle - flush[at - 1].middle > 1.8 * flush[at].height:
            break
        if not _labelled(flush[at]) and normalize("phone", flush[at].text) is None:
            break
        below.append(at)
    return below


def _labelled(phrase: _Phrase) -> bool:
    return bool(_values(phrase))


def _values(phrase: _Phrase) -> dict[FieldName, list[Word]]:
    """The values of a line like "Phone: 609-555-0123 Grades: K-5" by the field that their label means."""
    values: dict[FieldName, list[Word]] = {}
    words = phrase.words
    labels = [_label(words, at) for at, word in enumerate(words) if word.text.endswith(":")]
    if not labels:
        return _unmarked_value(words)
    for (_, end, field), after in zip(labels, [*labels[1:], (len(words), len(words), None)], strict=True):
        if field is not None:
            values.setdefault(field, list(words[end : after[0]]))
    return values


def _unmarked_value(words: Sequence[Word]) -> dict[FieldName, list[Word]]:
    """The value of a line whose label has no colon: "Grades K-5"."""
    for length in (2, 1):
        meaning = header_meaning(" ".join(word.text for word in words[:length])) if length < len(words) else None
        value = " ".join(word.text for word in words[length:])
        if (
            meaning
            and meaning.share > 0.9
            and is_field(meaning.heading)
            and meaning.heading in _VALUES_TELL
            and normalize(meaning.heading, value) is not None
        ):
            return {meaning.heading: list(words[length:])}
    return {}


def _label(words: Sequence[Word], colon: int) -> tuple[int, int, FieldName | None]:
    """Where the label that ends at a colon starts, where its value starts, and what it means."""
    for length in (3, 2, 1):
        start = colon + 1 - length
        text = " ".join(word.text for word in words[max(0, start) : colon + 1])
        meaning = header_meaning(text) if start >= 0 and _LABEL.match(text) else None
        if meaning and meaning.share > 0.9 and is_field(meaning.heading):
            return start, colon + 1, meaning.heading
    return colon, colon + 1, None


def _block(names: Sequence[_Phrase], address: Sequence[_Phrase], place: _Phrase, below: Sequence[_Phrase]) -> GridRow:
    cells: dict[str, Cell | None] = {
        "name": cell_of([word for phrase in names for word in phrase.words]),
        "address": cell_of([word for phrase in address for word in phrase.words]),
        "place": cell_of(place.words),
    }
    for phrase in below:
        for field, words in _values(phrase).items():
            cells.setdefault(field, cell_of(words))
        if normalize("phone", phrase.text):
            cells.setdefault("phone", cell_of(phrase.words))
    box = place.box
    for phrase in (*names, *address, *below):
        box |= phrase.box
    return GridRow(tuple(cells.get(heading) for heading in _COLUMNS), box)
