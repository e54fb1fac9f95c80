"""Papers for the benchmark: lists of invented schools in eight layouts, of any size, with their truth.

Every run prints the same: what a school is called and where it stands is drawn with a fixed seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from pathlib import Path

import msgspec
import pypdf
from fpdf import FPDF

from tests.extraction.schools.cases.printing import Column, Record, Style, draw_head, draw_table, letterhead
from tests.extraction.schools.papers import paper, write

_SEED = 1965
_FIRST = ("Alder", "Birchwood", "Cedar", "Dunmore", "Eastlake", "Fernhill", "Granger", "Hollis", "Ironwood", "Juniper")
_SECOND = ("Bay", "Creek", "Falls", "Glen", "Grove", "Heights", "Hollow", "Landing", "Meadow", "Point", "Ridge")
_KIND = ("Elementary School", "Elem", "Middle School", "High School", "Academy", "Primary", "Charter School", "K-8")
_CITIES = (("Trenton", "08608"), ("Camden", "08102"), ("Newark", "07102"), ("Paterson", "07501"), ("Vineland", "08360"))
_STATUSES = ("Schoolwide", "Targeted Assistance", "Eligible Not Served", "Not Eligible")
_GRADES = ("PK-05", "K-05", "06-08", "09-12", "K-08")

_PLAIN = Style(lines="none", padding=2)


class BenchmarkPaper(msgspec.Struct, frozen=True):
    """A document and the school names that it prints, in its order."""

    layout: str
    path: Path
    names: tuple[str, ...]


def print_papers(folder: Path, pages: int, layouts: Collection[str] = ()) -> list[BenchmarkPaper]:
    """One document of this many pages in each of these layouts; in all if none is named."""
    papers: list[BenchmarkPaper] = []
    for layout in layouts or LAYOUTS:
        a_page, draw = LAYOUTS[layout]
        rows = invented_schools(a_page * pages)
        pdf = paper(size=8)
        for first in range(0, len(rows), a_page):
            pdf.add_page()
            draw(pdf, rows[first : first + a_page])
        path = write(pdf, folder / f"{layout}-{pages}.pdf")
        if layout == "turned":
            _turn(path)
        papers.append(BenchmarkPaper(layout, path, tuple(row["name"] for row in rows)))
    return papers


def invented_schools(count: int) -> list[Record]:
    """Schools in districts of three to nine, no two of the same name within a district."""
    chance = random.Random(_SEED)
    rows: list[Record] = []
    while len(rows) < count:
        district = f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} School District"
        if rows and rows[-1]["district"] == district:
            continue
        stems = [f"{first} {second}" for first in _FIRST for second in _SECOND]
        for stem in chance.sample(stems, chance.randint(3, 9)):
            city, code = chance.choice(_CITIES)
            rows.append(
                {
                    "district": district,
                    "id": f"{chance.randint(1000, 9999)}",
                    "name": f"{stem} {chance.choice(_KIND)}",
                    "address": f"{chance.randint(1, 990)} {chance.choice(_SECOND)} Street",
                    "city": city,
                    "zip": code,
                    "phone": f"({chance.randint(201, 989)}) 555-0{chance.randint(100, 199)}",
                    "status": chance.choice(_STATUSES),
                    "grades": chance.choice(_GRADES),
                    "enrollment": f"{chance.randint(80, 1900):,}",
                    "share": f"{chance.randint(100, 999) / 10}%",
                }
            )
    return rows[:count]


_DISTRICT = Column("District", 140, "{district}")
_SCHOOL = (
    Column("School ID", 45, "{id}"),
    Column("School Name", 155, "{name}"),
    Column("City", 60, "{city}"),
    Column("ZIP", 40, "{zip}"),
    Column("Title I Status", 90, "{status}"),
)
_SPANNING = (Column("Grades", 50, "{grades}"), Column("Enrollment", 60, "{enrollment}", "right"))


def _ruled(pdf: FPDF, rows: Sequence[Record]) -> None:
    draw_table(pdf, (_DISTRICT, *_SCHOOL), rows, top=letterhead(pdf, "Title I Schools"))


def _bordered(pdf: FPDF, rows: Sequence[Record]) -> None:
    """A table as spreadsheets print it: each cell has four borders of its own, thin filled bars, 3,000 edges a page."""
    columns = (_DISTRICT, *_SCHOOL)
    top, high = letterhead(pdf, "Title I Schools"), 18.0
    for number, row in enumerate([None, *rows]):
        left, upper = 30.0, top + high * number
        for column in columns:
            text = column.head if row is None else column.text.format_map(row)
            for x, y, wide, deep in (
                (left, upper, column.width, 0.5),
                (left, upper + high - 0.5, column.width, 0.5),
                (left, upper, 0.5, high),
                (left + column.width - 0.5, upper, 0.5, high),
            ):
                pdf.rect(x, y, wide, deep, style="F")
            pdf.text(left + 3, upper + 12, text)
            left += column.width


def _columns(pdf: FPDF, rows: Sequence[Record]) -> None:
    draw_table(pdf, (_DISTRICT, *_SCHOOL), rows, top=letterhead(pdf, "Title I Schools"), style=_PLAIN)


def _grouped(pdf: FPDF, rows: Sequence[Record]) -> None:
    """A district as a line of its own above its schools."""
    y = draw_head(pdf, _SCHOOL, top=letterhead(pdf, "Title I Schools by District"), left=60, style=_PLAIN)
    for district, schools in groupby(rows, key=lambda row: row["district"]):
        pdf.set_font(style="B")
        pdf.text(50, y + 12, district)
        pdf.set_font(style="")
        y = draw_table(pdf, _SCHOOL, schools, top=y + 16, left=60, style=_PLAIN, head=False)


def _blocks(pdf: FPDF, rows: Sequence[Record]) -> None:
    """A directory in two columns of blocks, read down the left one first."""
    top = letterhead(pdf, "School Directory") + 12
    for number, row in enumerate(rows):
        x, y = 50 + 270 * (number // 11), top + 60 * (number % 11)
        lines = ("{name}", "{address}", "{city}, NJ {zip}", "Phone: {phone}   Grades: {grades}")
        for line, text in enumerate(lines):
            pdf.text(x, y + 11 * line, text.format_map(row))


def _spanning(pdf: FPDF, rows: Sequence[Record]) -> None:
    """A ruled table in which the district is one cell beside all of its schools."""
    columns = (*_SCHOOL[:2], *_SPANNING)
    y = draw_head(pdf, (_DISTRICT, *columns), top=letterhead(pdf, "Title I Schools"))
    for district, schools in groupby(rows, key=lambda row: row["district"]):
        end = draw_table(pdf, columns, schools, top=y, left=30 + _DISTRICT.width, head=False)
        pdf.rect(30, y, _DISTRICT.width, end - y)
        pdf.text(34, (y + end) / 2 + 3, district)
        y = end


def _turned(pdf: FPDF, rows: Sequence[Record]) -> None:
    """A ruled table that runs up the page; the viewer is told to turn it (see `_turn`)."""
    with pdf.rotation(90, pdf.h / 2, pdf.h / 2):
        draw_table(pdf, (_DISTRICT, *_SCHOOL), rows, top=40)


def _turn(path: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=path)
    for page in writer.pages:
        page.rotate(90)
    writer.write(path)


def _side_by_side(pdf: FPDF, rows: Sequence[Record]) -> None:
    """Two tables beside each other, the second one going on where the first one ends."""
    top = letterhead(pdf, "Title I Schools")
    columns = (Column("School Name", 150, "{name}"), Column("City", 55, "{city}"), Column("ZIP", 40, "{zip}"))
    half = (len(rows) + 1) // 2
    draw_table(pdf, columns, rows[:half], top=top, style=_PLAIN)
    draw_table(pdf, columns, rows[half:], top=top, left=310, style=_PLAIN)


LAYOUTS: dict[str, tuple[int, Callable[[FPDF, Sequence[Record]], None]]] = {
    "ruled": (34, _ruled),
    "bordered": (34, _bordered),
    "columns": (38, _columns),
    "grouped": (30, _grouped),
    "blocks": (22, _blocks),
    "spanning": (34, _spanning),
    "turned": (28, _turned),
    "side-by-side": (76, _side_by_side),
}
"""Each layout's rows a page, and what draws one page of it."""
