"""Tables of any shape: every cell stands where a browser draws it, and every person keeps what spans their row."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.staff.grids import lay_out
from extraction.staff.page import read_staff_page
from extraction.staff.vocabulary import table as load_table
from extraction.staff.walk import read_document

GIVEN = ["Anna", "Mark", "Susan", "Paul", "Joan", "Peter", "Laura", "Victor", "Diane", "Oscar"]
FAMILY = ["Lowry", "Pinter", "Rooke", "Vancik", "Haddock", "Orrin", "Brandt", "Okonjo", "Quill", "Tsosie"]
NAMES = [f"{first} {last}" for first in GIVEN for last in FAMILY]
TITLES = ["Teacher", "Principal", "School Nurse", "Librarian", "Custodian", "Secretary"]
DEPARTMENTS = ["Mathematics", "Front Office", "Fine Arts", "World Languages"]


@dataclass(frozen=True)
class Tile:
    """A cell of a drawn table."""

    row: int
    column: int
    height: int
    width: int
    text: str


@st.composite
def tilings(draw: st.DrawFn) -> tuple[int, int, list[Tile]]:
    """A row group without gaps: its height, its width and its cells, in the order of the markup."""
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    taken: set[tuple[int, int]] = set()
    tiles: list[Tile] = []
    for row in range(height):
        for column in range(width):
            if (row, column) in taken:
                continue
            wide = draw(st.integers(1, 3))
            free = next((n for n in range(1, wide) if column + n >= width or (row, column + n) in taken), wide)
            high = draw(st.integers(1, height - row))
            taken.update((row + y, column + x) for y in range(high) for x in range(free))
            tiles.append(Tile(row, column, high, free, f"cell {row}.{column}"))
    return height, width, tiles


def render(height: int, tiles: list[Tile], *, beyond: bool, tag: str) -> str:
    """The row group as HTML; with `beyond`, what reaches its end says so with 0, or asks for more rows."""
    rows = ["" for _ in range(height)]
    for tile in tiles:
        span = tile.height
        if beyond and tile.row + tile.height == height:
            span = 0 if tile.column % 2 else tile.height + 7
        marks = (f' rowspan="{span}"' if span != 1 else "") + (f' colspan="{tile.width}"' if tile.width > 1 else "")
        rows[tile.row] += f"<td{marks}>{tile.text}</td>"
    return f"<{tag}>" + "".join(f"<tr>{row}</tr>" for row in rows) + f"</{tag}>"


@given(st.lists(tilings(), min_size=1, max_size=3), st.booleans())
def test_cells_stand_where_html_places_them(groups: list[tuple[int, int, list[Tile]]], beyond: bool) -> None:
    parts = [render(height, tiles, beyond=beyond, tag="tbody") for height, _, tiles in groups]
    document = read_document(f"<table>{''.join(parts)}</table>", "https://x.example/")
    rows = lay_out(document.tables[0], document)
    assert len(rows) == sum(height for height, _, _ in groups)
    first = 0
    for height, width, tiles in groups:
        for row in rows[first : first + height]:
            assert len(row.cells) == width
        for tile in tiles:
            covering = {
                row.cells[column].node
                for row in rows[first + tile.row : first + tile.row + tile.height]
                for column in range(tile.column, tile.column + tile.width)
            }
            assert len(covering) == 1
            for row in rows[first + tile.row : first + tile.row + tile.height]:
                texts = [cell.text for cell in row.cells[tile.column : tile.column + tile.width]]
                assert texts == [tile.text] + [""] * (tile.width - 1)
        first += height


@pytest.mark.parametrize("span", ["-1", "x", "", "1.5", "99999999", "²"])
def test_spans_that_are_no_numbers_are_one(span: str) -> None:
    page = f'<table><tr><td rowspan="{span}" colspan="{span}">a<td>b<tr><td>c</table>'
    document = read_document(page, "https://x.example/")
    rows = [[cell.text for cell in row.cells] for row in lay_out(document.tables[0], document)]
    assert rows == [["a", "b"], ["c"]]


@st.composite
def staff_tables(draw: st.DrawFn) -> tuple[str, list[tuple[str, str, str]]]:
    """A table whose departments span their people, one to three people a row, and its people in reading order."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=4, max_size=24, unique=True))
    order = draw(st.permutations(["Name", "Position", "Department"]))
    header = "".join(f"<th>{word}</th>" for word in order)
    rows: list[str] = []
    people: list[tuple[str, str, str]] = []
    rest = 0
    department = ""
    for number, name in enumerate(names):
        title = draw(st.sampled_from(TITLES))
        cells = {"Name": f"<td>{escape(name)}</td>", "Position": f"<td>{title}</td>", "Department": ""}
        if not rest:
            department = draw(st.sampled_from(DEPARTMENTS))
            rest = draw(st.integers(1, len(names) - number))
            cells["Department"] = f'<td rowspan="{rest}">{department}</td>'
        rest -= 1
        people.append((name, title, department))
        rows.append("<tr>" + "".join(cells[word] for word in order) + "</tr>")
    return f"<table><tr>{header}</tr>{''.join(rows)}</table>", people


@given(staff_tables())
def test_everybody_has_the_department_that_spans_their_row(table: tuple[str, list[tuple[str, str, str]]]) -> None:
    html, people = table
    page = read_staff_page(f"<title>Staff</title><body>{html}</body>", "https://x.example/staff")
    assert [(person.name, person.title, person.department) for person in page.people] == people
    assert all(str(person.department) in person.snippet for person in page.people)


@given(
    st.lists(st.sampled_from(NAMES), min_size=6, max_size=24, unique=True),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
)
def test_people_side_by_side_are_read_row_by_row(names: list[str], beside: int, gap: bool, header: bool) -> None:
    empty = "<td>&nbsp;</td>" if gap else ""
    rows: list[str] = []
    if header:
        rows.append("<tr>" + "<td>Name</td><td>E-mail</td>".join([""] + [empty] * (beside - 1) + [""]) + "</tr>")
    addresses = {name: name.lower().replace(" ", ".") + "@x.example" for name in names}
    for start in range(0, len(names), beside):
        cells = [f"<td>{name}</td><td>{addresses[name]}</td>" for name in names[start : start + beside]]
        rows.append("<tr>" + empty.join(cells) + "</tr>")
    page = read_staff_page(f"<title>Staff</title><table>{''.join(rows)}</table>", "https://x.example/staff")
    assert [(person.name, person.email) for person in page.people] == list(addresses.items())


@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique=True))
def test_columns_of_lines_are_read_across(names: list[str]) -> None:
    # The addresses fit nobody's name, so that only the place tells whose they are.
    mails = [f"box{number}@x.example" for number in range(len(names))]
    columns = [[f"{name}, Teacher" for name in names], [f'<a href="mailto:{mail}">{mail}</a>' for mail in mails]]
    cells = "".join(f"<td>{'<br>'.join(lines)}</td>" for lines in columns)
    page = read_staff_page(f"<title>Staff</title><table><tr>{cells}</tr></table>", "https://x.example/staff")
    assert [(person.name, person.title, person.email) for person in page.people] == [
        (name, "Teacher", mail) for name, mail in zip(names, mails, strict=True)
    ]


@pytest.mark.parametrize(
    "header",
    ["<th>Role<th>Played by", "<th>Title<th>Author", "<th>Building<th>Phone", "<th>Teacher<th>Student"],
)
def test_nobody_is_read_below_a_header_that_lists_others(header: str) -> None:
    rows = "".join(f"<tr><td>Nurse Adler<td>{name}" for name in NAMES[:40:7])
    page = read_staff_page(f"<title>Staff</title><table><tr>{header}{rows}</table>", "https://x.example/staff")
    assert page.outcome == "no_staff"


def test_a_name_that_spans_rows_is_one_person() -> None:
    page = read_staff_page(
        "<title>Staff</title><table><tr><th>Name<th>Subject<th>Phone"
        "<tr><td rowspan=2>Anna Lowry<td>Algebra<td><tr><td>Physics<td>515-555-0101"
        "<tr><td>Mark Pinter<td>Art<td>515-555-0102</table>",
        "https://x.example/staff",
    )
    assert [(p.name, p.title, p.phone) for p in page.people] == [
        ("Anna Lowry", "Algebra", "515-555-0101"),
        ("Mark Pinter", "Art", "515-555-0102"),
    ]


def test_two_columns_of_people_share_their_row() -> None:
    page = read_staff_page(
        "<title>Staff</title><table><tr><th>Sport<th>Head Coach<th>Coach"
        "<tr><td>Tennis<td>Anna Lowry<td>Paul Rooke<tr><td>Golf<td>Mark Pinter<td></table>",
        "https://x.example/staff",
    )
    assert [(p.name, p.title) for p in page.people] == [
        ("Anna Lowry", "Tennis"),
        ("Paul Rooke", "Tennis"),
        ("Mark Pinter", "Golf"),
    ]


def test_no_header_word_has_two_meanings() -> None:
    header_words = [word for kind in load_table("columns").values() for word in kind]
    assert len(header_words) == len(set(header_words))
