"""The printing office of the cases: sets the rows of an `expected.csv` in type, column by column.

A case's truth is its CSV; its `source.py` decides how that truth is laid out. What a list prints beside the truth
(running numbers, allocations, totals) is reckoned from a row's number, so that every run prints the same.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from fpdf import FPDF

Record = dict[str, str]


class Column(NamedTuple):
    """One column of a table."""

    head: str
    """The words of its header; a line break is kept."""
    width: float
    text: str
    """What a row prints in it: a template over the row's fields."""
    align: Literal["left", "centre", "right"] = "left"


class Style(NamedTuple):
    """How a table is set."""

    lines: Literal["grid", "double", "horizontal", "none"] = "grid"
    zebra: bool = False
    """Every other row stands on a coloured band."""
    wrap: bool = True
    """Long values go on below; otherwise they run over into the next cell."""
    across: Literal["top", "middle", "bottom"] = "top"
    """Where the short values of a row with a wrapped one stand."""
    padding: float = 3
    gap: float = 6
    """White space that a value keeps from the next column."""
    shade_head: bool = False


RULED = Style()


def truth(source: str) -> dict[int, list[Record]]:
    """The rows of the `expected.csv` beside a `source.py`, by page, with `n` and `allocation` to print beside them."""
    pages: dict[int, list[Record]] = {}
    with Path(source).with_name("expected.csv").open(newline="", encoding="utf-8") as file:
        for n, record in enumerate(csv.DictReader(file), start=1):
            row = {**record, "n": str(n), "allocation": f"${10_000 + n * 7_919 % 90_000:,}.00"}
            pages.setdefault(int(record["page"]), []).append(row)
    return pages


def runs(rows: Iterable[Record], *fields: str) -> list[list[Record]]:
    """The rows in groups of neighbours that agree in these fields."""
    groups: list[list[Record]] = []
    for row in rows:
        if groups and all(groups[-1][0][field] == row[field] for field in fields):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def letterhead(pdf: FPDF, *lines: str, top: float = 36) -> float:
    """Centred lines at the top of a page; gives the height at which the table may begin."""
    size = pdf.font_size_pt
    for number, line in enumerate(lines):
        pdf.set_font(style="B" if number == 0 else "", size=size + (4 if number == 0 else 1))
        pdf.text((pdf.w - pdf.get_string_width(line)) / 2, top + 14 * number, line)
    pdf.set_font(style="", size=size)
    return top + 14 * len(lines) + 6


def footer(pdf: FPDF, left: str = "", middle: str = "", right: str = "") -> None:
    """The last line of a page."""
    y = pdf.h - 24
    pdf.text(36, y, left)
    pdf.text((pdf.w - pdf.get_string_width(middle)) / 2, y, middle)
    pdf.text(pdf.w - 36 - pdf.get_string_width(right), y, right)


def draw_table(
    pdf: FPDF,
    columns: Sequence[Column],
    rows: Iterable[Record],
    *,
    top: float,
    left: float = 30,
    style: Style = RULED,
    head: bool = True,
) -> float:
    """Header and rows; gives the height at which they end."""
    y = top
    if head:
        y = draw_head(pdf, columns, top=y, left=left, style=style)
    for number, row in enumerate(rows):
        if style.zebra and number % 2:
            _fill(pdf, columns, rows_height(pdf, columns, row, style), top=y, left=left)
        y = draw_row(pdf, columns, row, top=y, left=left, style=style)
    return y


def draw_head(pdf: FPDF, columns: Sequence[Column], *, top: float, left: float = 30, style: Style = RULED) -> float:
    """The header in bold type, wrapped within its columns."""
    pdf.set_font(style="B")
    heads = [column._replace(text=column.head.replace("{", "{{").replace("}", "}}")) for column in columns]
    above = style._replace(wrap=True, across="bottom")
    if style.shade_head:
        _fill(pdf, heads, rows_height(pdf, heads, {}, above), top=top, left=left)
    y = draw_row(pdf, heads, {}, top=top, left=left, style=above)
    pdf.set_font(style="")
    return y


def draw_row(
    pdf: FPDF, columns: Sequence[Column], row: Record, *, top: float, left: float = 30, style: Style = RULED
) -> float:
    """One row; gives its lower edge."""
    leading = pdf.font_size_pt * 1.2
    cells = [_lines(pdf, column, row, style) for column in columns]
    height = rows_height(pdf, columns, row, style)
    x = left
    for column, lines in zip(columns, cells, strict=True):
        spare = height - 2 * style.padding - leading * len(lines)
        down = {"top": 0.0, "middle": spare / 2, "bottom": spare}[style.across]
        for number, line in enumerate(lines):
            at = x + _indent(pdf, line, column, style)
            pdf.text(at, top + style.padding + down + leading * number + pdf.font_size_pt * 0.85, line)
        _rule(pdf, x, top, column.width, height, style)
        x += column.width
    return top + height


def rows_height(pdf: FPDF, columns: Sequence[Column], row: Record, style: Style) -> float:
    """How high a row must be for its longest value."""
    most = max(len(_lines(pdf, column, row, style)) for column in columns)
    return 2 * style.padding + pdf.font_size_pt * 1.2 * most


def wrapped(pdf: FPDF, text: str, width: float) -> list[str]:
    """Lines no wider than `width`, broken at blanks."""
    lines: list[str] = []
    for part in text.split("\n"):
        lines.append("")
        for word in part.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and pdf.get_string_width(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
    return lines


def _lines(pdf: FPDF, column: Column, row: Record, style: Style) -> list[str]:
    text = column.text.format_map(row)
    return wrapped(pdf, text, column.width - style.gap) if style.wrap else [text]


def _indent(pdf: FPDF, line: str, column: Column, style: Style) -> float:
    free = column.width - style.gap - pdf.get_string_width(line)
    return style.gap / 2 + {"left": 0.0, "centre": free / 2, "right": free}[column.align]


def _rule(pdf: FPDF, x: float, y: float, width: float, height: float, style: Style) -> None:
    if style.lines in {"grid", "double"}:
        pdf.rect(x, y, width, height)
    if style.lines == "double":
        pdf.rect(x + 1.2, y + 1.2, width - 2.4, height - 2.4)
    if style.lines == "horizontal":
        pdf.line(x, y, x + width, y)
        pdf.line(x, y + height, x + width, y + height)


def _fill(pdf: FPDF, columns: Sequence[Column], height: float, *, top: float, left: float) -> None:
    pdf.set_fill_color(214, 226, 240)
    pdf.rect(left, top, sum(column.width for column in columns), height, style="F")
