"""Plain columns: tables without rulings, whose columns stand apart by white space alone.

The gaps that run down between all rows part the columns; the header names them and parts those that stand too close.
Names that are wrapped over two lines are joined to their row: a value that never wraps (a ZIP, a phone number, an id)
marks where each row starts. In monospaced reports the same holds, only the usual space is wider.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from extraction.evidence import Box
from extraction.schools.fields import fits
from extraction.schools.grids import Grid, GridRow, cell_of
from extraction.schools.groups import is_aside
from extraction.schools.headers import ColumnPlan, PlannedColumn, plan_from_header, plan_from_values
from extraction.schools.layouts.gaps import Span, part_columns
from extraction.schools.layouts.wrapping import Wrapping
from extraction.schools.records import FieldName
from extraction.schools.sheets import Line, Sheet, box_of, phrases, printed_text
from extraction.schools.words import Word

_HEADER_LINES = 3
_MIN_ROWS = 2

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
        found: list[Grid] = []
        for header, lines in _sections(sheet, plan):
            grid = _grid(sheet, header, lines, plan)
            if grid is not None:
                found.append(grid)
        return found


class _Header(msgspec.Struct, frozen=True):
    """The header lines of a table: what each of its cells says and where it stands."""

    first: int
    last: int
    cells: tuple[tuple[Word, ...], ...]
    plan: ColumnPlan


def _sections(sheet: Sheet, plan: ColumnPlan | None) -> list[tuple[_Header | None, list[Line]]]:
    """The page's lines, cut at each header.

    Once a header is known, a line with far fewer header words is a row ("School | District" ends two wrapped names).
    """
    enough = _enough(plan)
    sections: list[tuple[_Header | None, list[Line]]] = []
    header: _Header | None = None
    body: list[Line] = []
    at = 0
    while at < len(sheet.lines):
        found = _header_at(sheet, at)
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
    return [(header, body) for header, body in sections if len(body) >= _MIN_ROWS or (header and body)]


def _enough(plan: ColumnPlan | None) -> float:
    if plan is None or not plan.from_header:
        return 2
    return len(plan.labels) if len(plan.labels) <= 3 else 0.5 * len(plan.labels)


def _header_at(sheet: Sheet, at: int) -> _Header | None:
    """The header that starts at a line: of one line or of a few that stand close together, whichever says more."""
    best: tuple[float, _Header] | None = None
    for deep in range(1, _HEADER_LINES + 1):
        lines = sheet.lines[at : at + deep]
        if len(lines) < deep or not _close(lines):
            break
        cells = _stacked_phrases(lines, sheet.column_gap)
        spans = [(box.left, box.right) for box in map(box_of, cells)]
        plan = plan_from_header([printed_text(cell) for cell in cells], spans)
        if plan is None:
            continue
        understood = sum(column.sure for column in plan.columns if column.heading)
        score = understood - 0.5 * sum(1 for column in plan.columns if not column.heading)
        if best is None or score >= best[0]:
            best = (score, _Header(at, at + deep - 1, tuple(cells), plan))
    return best[1] if best else None


def _close(lines: Sequence[Line]) -> bool:
    return all(below.middle - above.middle < 1.5 * max(above.height, below.height) for above, below in pairwise(lines))


def _stacked_phrases(lines: Sequence[Line], gap: float) -> list[tuple[Word, ...]]:
    """Phrases of neighbouring lines, joined where they stand above each other."""
    cells: list[list[Word]] = []
    for line in lines:
        for phrase in phrases(line, gap):
            box = box_of(phrase)
            under = [cell for cell in cells if box_of(cell).left < box.right and box.left < box_of(cell).right]
            if not under:
                cells.append(list(phrase))
                continue
            under[0].extend(phrase)
            for other in under[1:]:
                under[0].extend(other)
                cells = [cell for cell in cells if cell is not other]
    return [tuple(cell) for cell in sorted(cells, key=lambda cell: box_of(cell).left)]


def _grid(sheet: Sheet, header: _Header | None, lines: list[Line], plan: ColumnPlan | None) -> Grid | None:
    tabular = [line for line in lines if len(phrases(line, sheet.column_gap)) > 1 and not is_aside(line.text)]
    labels = [Span(box.left, box.right) for box in map(box_of, header.cells)] if header else []
    if header is None and plan is not None and (kept := _columns_of(plan, tabular)):
        columns = kept
    elif len(tabular) < _MIN_ROWS and len(labels) < 2:
        return None
    else:
        columns = part_columns(tabular, labels, sheet.column_gap)
    if len(columns) < 2:
        return None
    edges = _edges(columns, sheet.width)
    own = _labelled(header, columns, edges) if header else None
    split = [_cells_of_line(line, edges, sheet.column_gap) for line in lines]
    meaning = own or (plan.onto(edges) if plan else None) or _from_values(split, edges)
    rows = _joined_rows(sheet, lines, split, edges, meaning)
    header_words = sum(map(len, header.cells)) if header else 0
    return Grid(tuple(edges), tuple(rows), own, header_words) if rows else None


def _columns_of(plan: ColumnPlan, tabular: Sequence[Line]) -> list[Span]:
    """The columns of earlier pages, if few words of this page stand across their borders."""
    columns = [Span(column.left, column.right) for column in plan.columns]
    borders = [column.left for column in columns[1:]]
    words = [word for line in tabular for word in line.words]
    crossing = sum(any(word.box.left < border - 1 < word.box.right - 2 for border in borders) for word in words)
    return columns if words and crossing <= 0.04 * len(words) else []


def _edges(columns: Sequence[Span], width: float) -> list[tuple[float, float]]:
    """Columns grown until they meet: each border stands in the middle of its gap."""
    borders = [(left.right + right.left) / 2 for left, right in pairwise(columns)]
    return list(zip([0.0, *borders], [*borders, width], strict=True))


def _labelled(header: _Header, columns: Sequence[Span], edges: Sequence[tuple[float, float]]) -> ColumnPlan:
    """The header's meanings on the columns that its cells stand above."""
    meanings: dict[int, PlannedColumn] = {}
    for cell, column in zip(header.cells, header.plan.columns, strict=True):
        box = box_of(cell)
        overlaps = [
            (min(box.right, span.right) - max(box.left, span.left), -index) for index, span in enumerate(columns)
        ]
        overlap, negative = max(overlaps)
        if overlap > -20 and -negative not in meanings:
            meanings[-negative] = column
    return ColumnPlan(
        tuple(
            PlannedColumn(left, right, meanings[i].heading, meanings[i].sure)
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
        words = [[word for at in group.lines for word in split[at][column]] for column in range(len(edges))]
        boxes = [lines[at].box for at in group.lines]
        box = boxes[0]
        for other in boxes[1:]:
            box |= other
        if group.heading:
            whole = [word for at in group.lines for word in lines[at].words]
            rows.append(GridRow((cell_of(whole), *[None] * (len(edges) - 1)), box, heading=True))
        else:
            rows.append(GridRow(tuple(cell_of(column) for column in words), box))
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


def _cells_of_line(line: Line, edges: Sequence[tuple[float, float]], gap: float) -> list[list[Word]]:
    """The words of a line by column. A phrase stays together where it lies in one column by nearly all its width."""
    cells: list[list[Word]] = [[] for _ in edges]
    for phrase in phrases(line, gap):
        box = box_of(phrase)
        inside = [i for i, (left, right) in enumerate(edges) if left - 1 <= box.left and box.right <= right + 3]
        for word in phrase:
            center = word.center
            column = inside[0] if inside else _column_at(edges, center)
            cells[column].append(word)
    return cells


def _column_at(edges: Sequence[tuple[float, float]], x: float) -> int:
    return next((i for i, (_, right) in enumerate(edges) if x <= right), len(edges) - 1)


def _steady_columns(split: Sequence[Sequence[Sequence[Word]]], plan: ColumnPlan | None) -> list[int]:
    """The columns that mark a row: filled in most rows with values that never wrap.

    Known fields by their values; other columns if they hold single words with digits (precincts, codes of any kind).
    """
    if plan is None:
        return []
    names = plan.name_column
    named = sum(1 for cells in split if names is not None and cells[names])
    steady: list[int] = []
    for index, column in enumerate(plan.columns):
        texts = [" ".join(word.text for word in cells[index]) for cells in split if cells[index]]
        if not texts or len(texts) < 0.4 * named or index == names:
            continue
        if column.heading in _STEADY:
            share = fits(column.heading, texts)
        else:
            share = sum(" " not in text and any(map(str.isdigit, text)) for text in texts) / len(texts)
        if share >= 0.75:
            steady.append(index)
    return steady
