"""Plain columns: tables without rulings, whose columns stand apart by white space alone.

The gaps that run down between all rows part the columns; the header names them and parts those that stand too close.
Names that are wrapped over two lines are joined to their row: a value that never wraps (a ZIP, a phone number, an id)
marks where each row starts. In monospaced reports the same holds, only the usual space is wider.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain, pairwise

import msgspec

from extraction.evidence import Box
from extraction.schools.fields import fits
from extraction.schools.grids import Grid, GridRow, cell_of, headed
from extraction.schools.groups import group_field, is_aside, read_heading
from extraction.schools.headers import ColumnPlan, PlannedColumn, plan_from_values
from extraction.schools.layouts.column_headers import HeaderFinder, TableHeader, is_dashes, parted
from extraction.schools.layouts.gaps import Span, cut_at, inked_columns, part_columns
from extraction.schools.layouts.wrapping import Wrapping
from extraction.schools.records import FieldName
from extraction.schools.sheets import Line, Sheet, phrases
from extraction.schools.words import Word

_MIN_ROWS = 2
_FEW_ROWS = 3
_MOST_LONG = 1
"""Words across a border that a page of few rows may have."""

_STEADY: tuple[FieldName, ...] = (
    "zip",
    "phone",
    "nces_id",
    "state_school_id",
    "state_district_id",
    "low_income_pct",
    "enrollment",
    "grade_span",
)
"""Fields whose values are too short to wrap, so that each row has them on one line."""


class PlainColumns:
    """Tables whose columns are parted by white space."""

    name = "columns"

    def grids(self, sheet: Sheet, plan: ColumnPlan | None) -> list[Grid]:
        """The tables of a page, each from one header to the next; above the first header, earlier pages' columns."""
        plan = plan if plan is not None and plan.placed else None
        found: list[Grid] = []
        above: Sequence[Line] = ()
        sections = _sections(sheet, plan)
        for header, lines in sections:
            grid = _grid(sheet, header, lines, plan, alone=len(sections) == 1)
            if grid is None:
                above = lines
                continue
            named = (line for line in above if (cell := cell_of(line.words)) and read_heading(cell))
            found.append(headed(grid, named))
            above = ()
        return found


def _sections(sheet: Sheet, plan: ColumnPlan | None) -> list[tuple[TableHeader | None, list[Line]]]:
    """The page's lines, cut at each header.

    Once a header is known, a line with far fewer header words is a row ("School | District" ends two wrapped names).
    """
    enough = _enough(plan)
    finder = HeaderFinder(sheet)
    sections: list[tuple[TableHeader | None, list[Line]]] = []
    header: TableHeader | None = None
    body: list[Line] = []
    at = 0
    while at < len(sheet.lines):
        found = finder.at(at, enough)
        if found is None or len(found.plan.labels) < enough:
            body.append(sheet.lines[at])
            at += 1
            continue
        if header is not None or len(body) >= _MIN_ROWS:
            sections.append((header, body))
        header, body = found, []
        enough = _enough(found.plan)
        at = found.last + 1
    sections.append((header, body))
    return [
        (header, body) for header, body in sections if len(body) >= _MIN_ROWS or ((header or plan is not None) and body)
    ]


def _enough(plan: ColumnPlan | None) -> float:
    if plan is None or not plan.from_header:
        return 2
    return len(plan.labels) if len(plan.labels) <= 3 else 0.5 * len(plan.labels)


def _grid(
    sheet: Sheet, header: TableHeader | None, lines: list[Line], plan: ColumnPlan | None, *, alone: bool
) -> Grid | None:
    body = [line for line in lines if not is_dashes(line)]
    tabular = [
        line
        for line in body
        if len(phrases(line, sheet.column_gap)) > 1 and not is_aside(line.text) and not _is_coded_heading(line)
    ]
    if header is not None and header.columns:
        columns = list(header.columns)
        body = [cut_at(line, [(left.right + right.left) / 2 for left, right in pairwise(columns)]) for line in body]
    elif header is None and plan is not None and (kept := _columns_of(plan, tabular, sheet.column_gap, alone=alone)):
        columns = kept
    else:
        if header is not None:
            header = parted(header, inked_columns(tabular, sheet.column_gap))
        labels = [Span(cell.box.left, cell.box.right) for cell in header.cells] if header else []
        if len(tabular) < _MIN_ROWS and len(labels) < 2:
            return None
        columns = part_columns(tabular, labels, sheet.column_gap)
    if len(columns) < 2:
        return None
    edges = _edges(columns, sheet.width)
    own = _labelled(header, columns, edges) if header else None
    split = _split(body, edges, sheet.column_gap)
    meaning = own or (plan.onto(edges) if plan else None) or _from_values(split, edges)
    rows = _joined_rows(sheet, body, split, edges, meaning)
    return Grid(tuple(edges), tuple(rows), own, header.words if header else 0) if rows else None


def _is_coded_heading(line: Line) -> bool:
    """Whether a line heads a group by its code and name ("0290  Cedar Falls Schools"), which are no two columns."""
    apart = max(right.box.left - left.box.right for left, right in pairwise(line.words))
    return line.words[0].text.isdigit() and apart < 1.2 * line.height and group_field(line.text) is not None


def _columns_of(plan: ColumnPlan, tabular: Sequence[Line], gap: float, *, alone: bool) -> list[Span]:
    """The columns of earlier pages, if few words of this page stand across their borders.

    A page of nothing but a row or two may print values that are longer than any before; where each begins in a column
    of its own, these are the columns all the same.
    """
    columns = [Span(column.left, column.right) for column in plan.columns]
    borders = [column.left for column in columns[1:]]
    words = [word for line in tabular for word in line.words]
    crossing = sum(any(word.box.left < border - 1 < word.box.right - 2 for border in borders) for word in words)
    few = alone and len(tabular) <= _FEW_ROWS
    tolerated = max(_MOST_LONG if few else 0, 0.04 * len(words))
    apart = few and all(_begin_apart(phrases(line, gap), borders) for line in tabular)
    return columns if words and (crossing <= tolerated or apart) else []


def _begin_apart(found: Sequence[tuple[Word, ...]], borders: Sequence[float]) -> bool:
    """Whether each phrase of a line begins in another column."""
    begun = [bisect_right(borders, words[0].box.left + 1) for words in found]
    return len(begun) > 1 and len(set(begun)) == len(begun)


def _edges(columns: Sequence[Span], width: float) -> list[tuple[float, float]]:
    """Columns grown until they meet: each border stands in the middle of its gap."""
    borders = [(left.right + right.left) / 2 for left, right in pairwise(columns)]
    return list(zip([0.0, *borders], [*borders, width], strict=True))


def _labelled(header: TableHeader, columns: Sequence[Span], edges: Sequence[tuple[float, float]]) -> ColumnPlan:
    """The header's meanings on the columns that its cells stand above."""
    meanings: dict[int, PlannedColumn] = {}
    for cell, column in zip(header.cells, header.plan.columns, strict=True):
        box = cell.box
        overlaps = [
            (min(box.right, span.right) - max(box.left, span.left), -index) for index, span in enumerate(columns)
        ]
        overlap, negative = max(overlaps)
        if overlap > -20 and -negative not in meanings:
            meanings[-negative] = column
    return ColumnPlan(
        tuple(
            msgspec.structs.replace(meanings[i], left=left, right=right)
            if i in meanings
            else PlannedColumn(left, right, None)
            for i, (left, right) in enumerate(edges)
        ),
        from_header=True,
    )


def _from_values(split: Sequence[Sequence[Sequence[Word]]], edges: Sequence[tuple[float, float]]) -> ColumnPlan | None:
    texts = [[" ".join(word.text for word in words) or None for words in cells] for cells in split]
    return plan_from_values([row for row in texts if sum(text is not None for text in row) > 1], edges)


def _joined_rows(
    sheet: Sheet,
    lines: Sequence[Line],
    split: Sequence[Sequence[Sequence[Word]]],
    edges: Sequence[tuple[float, float]],
    plan: ColumnPlan | None,
) -> list[GridRow]:
    """Rows of one or more lines each."""
    steady = _steady_columns(split, plan)
    wrapping = Wrapping(lines, split, edges, steady, plan)
    rows: list[GridRow] = []
    for group in wrapping.groups(_separators(sheet, lines)):
        boxes = [lines[at].box for at in group.lines]
        box = boxes[0]
        for other in boxes[1:]:
            box |= other
        if group.heading:
            whole = [word for at in group.lines for word in lines[at].words]
            rows.append(GridRow((cell_of(whole), *[None] * (len(edges) - 1)), box, heading=True))
        else:
            columns = zip(*[split[at] for at in group.lines], strict=True)
            rows.append(GridRow(tuple([cell_of([*chain(*column)]) for column in columns]), box))
    return rows


def _separators(sheet: Sheet, lines: Sequence[Line]) -> list[float]:
    """The y of lines that are drawn between rows, where the page draws them for most rows."""
    if not lines:
        return []
    box: Box = lines[0].box
    for line in lines[1:]:
        box |= line.box
    drawn = [
        ruling.at
        for ruling in sheet.rulings.horizontals
        if ruling.length >= 0.6 * (box.right - box.left) and box.top - 4 < ruling.at < box.bottom + 4
    ]
    return drawn if len(drawn) >= 0.3 * len(lines) else []


def _split(lines: Sequence[Line], edges: Sequence[tuple[float, float]], gap: float) -> list[list[list[Word]]]:
    """The words of each line by column.

    A phrase stays together where it lies in one column. One that runs over a border is a long value of the column where
    it starts, up to the first word that stands where the next column's values start.
    """
    lefts, rights = [left for left, _ in edges], [right for _, right in edges]
    printed = [[(words, _column_around(words, lefts, rights)) for words in phrases(line, gap)] for line in lines]
    inside: list[list[float]] = [[] for _ in edges]
    for line in printed:
        for words, column in line:
            if column is not None:
                inside[column].append(words[0].box.left)
    starts = [min(found, default=left) for found, left in zip(inside, lefts, strict=True)]
    return [_cells_of_line(line, rights, starts) for line in printed]


def _column_around(words: Sequence[Word], lefts: Sequence[float], rights: Sequence[float]) -> int | None:
    """The column that a phrase lies in; None where it runs over a border."""
    column = bisect_left(rights, words[-1].box.right - 3)
    return column if column < len(lefts) and lefts[column] - 1 <= words[0].box.left else None


def _cells_of_line(
    line: Sequence[tuple[tuple[Word, ...], int | None]], rights: Sequence[float], starts: Sequence[float]
) -> list[list[Word]]:
    cells: list[list[Word]] = [[] for _ in rights]
    for words, around in line:
        if around is not None:
            cells[around] += words
            continue
        column = min(bisect_left(rights, words[0].center), len(rights) - 1)
        for word in words:
            begun = [i for i, start in enumerate(starts) if i > column and start - 2.0 <= word.box.left]
            column = begun[-1] if begun else column
            cells[column].append(word)
    return cells


def _steady_columns(split: Sequence[Sequence[Sequence[Word]]], plan: ColumnPlan | None) -> list[int]:
    """The columns that mark a row: filled in most rows with values that never wrap.

    Known fields by their values; other columns if they hold single words with digits (precincts, codes of any kind).
    """
    if plan is None:
        return []
    names = plan.name_column
    rows = [cells for cells in split if sum(map(bool, cells)) > 1]  # headings and totals stand alone
    named = sum(1 for cells in rows if names is not None and cells[names])
    steady: list[int] = []
    for index, column in enumerate(plan.columns):
        texts = [" ".join(word.text for word in cells[index]) for cells in rows if cells[index]]
        if not texts or len(texts) < 0.4 * named or index == names:
            continue
        if column.heading in _STEADY:
            share = fits(column.heading, texts)
        else:
            share = sum(" " not in text and any(map(str.isdigit, text)) for text in texts) / len(texts)
        if share >= 0.75:
            steady.append(index)
    return steady
