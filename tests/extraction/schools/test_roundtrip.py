"""Whatever table is printed, the same table is read back."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from extraction.schools.fields import sounds_like_school
from extraction.schools.reader import read_document
from tests.extraction.schools.cases.comparison import compare, rows_of
from tests.extraction.schools.cases.printing import (
    Column,
    Record,
    Style,
    draw_head,
    draw_row,
    draw_table,
    letterhead,
    runs,
)
from tests.extraction.schools.papers import paper

pytestmark = pytest.mark.untraced

HEADS = {
    "name": ("School", "School Name", "SCHOOL NAME", "Name of School", "Campus Name", "Building Name"),
    "district": ("District", "LEA", "LEA Name", "School District", "District Name"),
    "state_school_id": ("School Code", "Sch. Code", "School #", "School ID"),
    "state_district_id": ("District Code", "Dist #", "District Number", "LEA Code"),
    "nces_id": ("NCES ID", "NCES School ID"),
    "city": ("City", "School City"),
    "county": ("County", "County Name"),
    "zip": ("Zip", "ZIP Code"),
    "phone": ("Phone", "Telephone"),
    "title1_status": ("Title I Status", "Title I Program", "SWP/TAS", "Program Type"),
    "grade_span": ("Grades", "Grade Span", "Gr Span", "Grades Served"),
    "enrollment": ("Enrollment", "Total Enrollment", "Oct. 1 Enrollment"),
    "low_income_pct": ("% Poverty", "FRL %", "Low Income %", "Percent Low Income", "Poverty Percentage"),
}
MAY_BE_EMPTY = {"phone", "grade_span", "enrollment", "low_income_pct", "title1_status"}
GROUPED = ("state_school_id", "grade_span", "enrollment", "low_income_pct", "title1_status", "city")
NUMBERS = {"enrollment", "low_income_pct"}
PLACES = (
    ("Trenton", "Mercer", "08608"),
    ("Cape Girardeau", "Cape Girardeau", "63701"),
    ("Grand Junction", "Mesa", "81501"),
    ("St. Clairsville", "Belmont", "43950"),
    ("Winston-Salem", "Forsyth", "27101"),
)
STATUSES = (("Schoolwide", "Targeted Assistance"), ("SW", "TA"), ("SWP", "TAS"), ("Schoolwide Program", "Not Served"))
GRADES = (("K-5", "6-8", "9-12", "PK-8"), ("KG-05", "06-08", "09-12"), ("K - 5", "6 - 8", "PK - 12"))

STEMS = (
    *("Quillfeather", "Brackenridge", "Dunmarrow", "Tamsin-Ellerby", "O'Dunne", "Thistledown", "Peña", "Kestrel"),
    *("Ashford", "Yarrow", "Lindenwood", "Wexcombe", "St. Osric", "McTavish", "Vale", "North Loxley", "Jasper"),
)

stem = st.sampled_from(STEMS)
kind = st.sampled_from(
    ("Elementary School", "Elementary", "ES", "Middle School", "Jr/Sr High", "High School", "Academy", "K-8", "Center")
)
school = st.one_of(
    st.builds("{} {}".format, stem, kind),
    st.builds("{} {} {}".format, stem, st.sampled_from(("Creek", "Road", "Park", "Hills", "East")), kind),
    stem,
    st.builds("P.S. {}".format, st.integers(1, 399)),
    st.builds("{}. {}. {} {}".format, st.sampled_from("ABCEG"), st.sampled_from("DHJLM"), stem, kind),
    st.builds("{} & {} Academy for Science and the Arts".format, stem, stem),
)
district = st.builds(
    "{} {}".format, stem, st.sampled_from(("Public Schools", "R-II", "School District", "ISD", "USD 12"))
)


class Table(NamedTuple):
    """A table and how it is set."""

    columns: list[Column]
    pages: list[list[Record]]
    style: Style
    heads: bool
    """Whether each page has the header, or only the first."""


@st.composite
def tables(draw: st.DrawFn) -> Table:
    others = draw(st.lists(st.sampled_from(sorted(HEADS.keys() - {"name"})), min_size=1, max_size=6, unique=True))
    fields = draw(st.permutations(["name", *others]))
    count = draw(st.integers(1, 40))
    names = draw(st.lists(school, min_size=count, max_size=count, unique=True))
    districts = draw(st.lists(district, min_size=1, max_size=6, unique=True))
    rows = _rows(Random(draw(st.integers(0, 2**32))), names, districts, fields)
    on_page = draw(st.integers(max(1, len(rows) // 4), 40))
    lines = draw(st.sampled_from(("grid", "none", "double", "horizontal")))
    if lines in {"none", "horizontal"}:  # a row of little more than a name looks like a part of one that is wrapped
        assume(all(2 * sum(bool(row[field]) for field in others) > len(others) for row in rows))
    style = Style(lines=lines, zebra=draw(st.booleans()), padding=draw(st.sampled_from((2, 3, 5))), gap=12)
    words = {field: draw(st.sampled_from(HEADS[field])) for field in fields}
    spare = draw(st.lists(st.integers(0, 40), min_size=len(fields), max_size=len(fields)))
    columns = [_column(field, words[field], rows, more, style.gap) for field, more in zip(fields, spare, strict=True)]
    if lines in {"grid", "double"} and draw(st.booleans()):  # the longest names go on below
        columns = [_narrowed(column) if column.text == "{name}" else column for column in columns]
        style = style._replace(across=draw(st.sampled_from(("top", "middle", "bottom"))))
    pages = [rows[start : start + on_page] for start in range(0, len(rows), on_page)]
    return Table(columns, pages, style, heads=draw(st.booleans()))


class Heading(NamedTuple):
    """The line above a district's schools."""

    text: str


class Total(NamedTuple):
    """The line below them."""

    schools: int


class Grouped(NamedTuple):
    """Schools below the names of their districts, as pages of lines: a heading, a total, or a row."""

    columns: list[Column]
    pages: list[list[Heading | Total | Record]]
    expected: list[Record]
    indent: float
    size: float


@st.composite
def grouped_lists(draw: st.DrawFn) -> Grouped:
    others = draw(st.just([]) | st.lists(st.sampled_from(GROUPED), min_size=2, max_size=4, unique=True))
    fields = ["name", *others]
    names = draw(st.lists(school, min_size=12, max_size=60, unique=True))
    districts = draw(st.lists(district, min_size=3, max_size=9, unique=True))
    rows = _rows(Random(draw(st.integers(0, 2**32))), names, districts, ["district", "state_district_id", *fields])
    form = draw(st.sampled_from(("{district}", "District: {district}", "{state_district_id} {district}")))
    totals = draw(st.booleans())
    lines: list[Heading | Total | Record] = []
    for group in runs(rows, "district"):
        lines += [Heading(form.format_map(group[0])), *group, *([Total(len(group))] if totals else [])]
    on_page = draw(st.integers(20, 45))
    pages = [lines[start : start + on_page] for start in range(0, len(lines), on_page)]
    told = ["district", *fields, *(["state_district_id"] if "state" in form else [])]
    expected = [
        {"page": str(page), **{field: line[field] for field in told}}
        for page, printed in enumerate(pages, start=1)
        for line in printed
        if isinstance(line, dict)
    ]
    words = {field: draw(st.sampled_from(HEADS[field])) for field in fields}
    columns = [_column(field, words[field], rows, 12, 12) for field in fields]
    assume(sum(column.width for column in columns) < 520)  # or the last one stands outside of the page
    # A row that says little more than a name looks like a part of a wrapped one: half of its other columns are filled.
    assume(not others or all(2 * sum(bool(row[field]) for field in others) > len(others) for row in rows))
    if not others:  # then only their words tell schools from people or places
        assume(sum(sounds_like_school(name) for name in names) >= 0.6 * len(names))
    # Where nothing but names is printed, the indent is what tells a school from a district.
    indent = draw(st.sampled_from((0.0, 12.0, 24.0) if others else (12.0, 24.0)))
    return Grouped(columns, pages, expected, indent, size=draw(st.sampled_from((8.0, 10.0))))


BOUNDS = settings(
    max_examples=80,
    derandomize=True,
    phases=(Phase.generate,),  # shrinking a document takes minutes; the rows that differ tell enough
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@BOUNDS
@given(table=tables())
def test_a_table_is_read_back_as_it_was_printed(table: Table) -> None:
    expected = [{"page": str(page), **row} for page, rows in enumerate(table.pages, start=1) for row in rows]
    found = rows_of(read_document(_printed(table)), expected[0].keys())
    assert compare(expected, found) == []


@BOUNDS
@given(grouped=grouped_lists())
def test_schools_below_their_district_are_read_back_with_it(grouped: Grouped) -> None:
    found = rows_of(read_document(_printed_groups(grouped)), grouped.expected[0].keys())
    assert compare(grouped.expected, found) == []


def _rows(random: Random, names: Sequence[str], districts: Sequence[str], fields: Sequence[str]) -> list[Record]:
    statuses, grades = random.choice(STATUSES), random.choice(GRADES)
    decimals, sign = random.randrange(3), random.choice(("%", ""))
    rows: list[Record] = []
    for number, name in enumerate(names):
        lea = number * len(districts) // len(names)
        city, county, code = PLACES[lea % len(PLACES)]
        values = {
            "name": name,
            "district": districts[lea],
            "state_school_id": f"{1000 + 7 * number:04d}",
            "state_district_id": f"{40 + 13 * lea:03d}",
            "nces_id": f"34{40 + 13 * lea:05d}{1000 + 7 * number:05d}",
            "city": city,
            "county": county,
            "zip": code,
            "phone": f"609-555-{100 + number:04d}",
            "title1_status": random.choice(statuses),
            "grade_span": random.choice(grades),
            "enrollment": f"{random.randint(20, 2400):,}",
            "low_income_pct": f"{random.uniform(5, 99):.{decimals}f}{sign}",
        }
        empty = {field for field in MAY_BE_EMPTY if random.random() < 0.05}
        rows.append({field: "" if field in empty else values[field] for field in fields})
    return rows


def _column(field: str, head: str, rows: list[Record], spare: float, gap: float) -> Column:
    """Wide enough for its longest value."""
    pdf = paper(size=8)
    widest = max(pdf.get_string_width(row[field]) for row in rows)
    pdf.set_font(style="B")
    width = max(widest, pdf.get_string_width(head)) + gap + 0.1 + spare
    return Column(head, width, f"{{{field}}}", "right" if field in NUMBERS else "left")


def _printed_groups(grouped: Grouped) -> bytes:
    pdf = paper(size=8)
    style = Style(lines="none", padding=1.5, gap=12)
    for number, lines in enumerate(grouped.pages):
        pdf.add_page()
        y = letterhead(pdf, "Title I Schools") if number == 0 else 40.0
        if len(grouped.columns) > 1:
            y = draw_head(pdf, grouped.columns, top=y, left=40 + grouped.indent, style=style)
        for line in lines:
            if isinstance(line, dict):
                y = draw_row(pdf, grouped.columns, line, top=y, left=40 + grouped.indent, style=style)
                continue
            pdf.set_font(style="B", size=grouped.size)
            pdf.text(43, y + 11, line.text if isinstance(line, Heading) else f"Total schools: {line.schools}")
            pdf.set_font(style="", size=8)
            y += 15
    return bytes(pdf.output())


def _narrowed(column: Column) -> Column:
    return column._replace(width=max(80.0, column.width * 0.7))


def _printed(table: Table) -> bytes:
    """The PDF, on paper that is wide enough."""
    pdf = paper(size=8)
    width = max(612.0, 60 + sum(column.width for column in table.columns))
    for page, rows in enumerate(table.pages):
        pdf.add_page(format=(width, 1100))
        draw_table(pdf, table.columns, rows, top=60, style=table.style, head=table.heads or page == 0)
    return bytes(pdf.output())
