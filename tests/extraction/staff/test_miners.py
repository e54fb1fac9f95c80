"""What lines, blocks and labels say where a page does not give each person an element of their own."""

from __future__ import annotations

from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.staff.drafts import LONGEST_SNIPPET
from extraction.staff.labels import names_only_in_labels
from extraction.staff.lines import is_off_title, read_line, split_names
from extraction.staff.page import read_staff_page
from extraction.staff.records import Person, StaffPage
from extraction.staff.walk import read_document

GIVEN = ["Anna", "Mark", "Susan", "Paul", "Joan", "Peter", "Laura", "Victor", "Diane", "Oscar"]
FAMILY = ["Lowry", "Pinter", "Rooke", "Vancik", "Haddock", "Orrin", "Brandt", "Okonjo", "Quill", "Tsosie"]
NAMES = [f"{first} {last}" for first in GIVEN for last in FAMILY]
TITLES = ("Principal", "Teacher", "School Nurse", "Librarian")


def read(body: str, title: str = "Staff", path: str = "staff") -> StaffPage:
    return read_staff_page(f"<title>{title}</title><body><main>{body}</main></body>", f"https://x.example/{path}")


def names(page: StaffPage) -> list[str]:
    return [person.name for person in page.people]


@pytest.mark.parametrize(
    ("text", "found", "title"),
    [
        ("1st Grade: Mrs. O'Dwyer, Ms. Xiong", ["Mrs. O'Dwyer", "Ms. Xiong"], "1st Grade"),
        (
            "Custodians: Anna Lowry, Mark Pinter, and Paul Rooke",
            ["Anna Lowry", "Mark Pinter", "Paul Rooke"],
            "Custodians",
        ),
        ("Anna Lowry & Mark Pinter", ["Anna Lowry", "Mark Pinter"], None),
        ("Lowry, Anna; Pinter, Mark", ["Lowry, Anna", "Pinter, Mark"], None),
        ("Lowry, Anna", [], None),
        ("Ortiz Rey, Zofia Luz", [], None),
        ("Anna Lowry, Principal", [], None),
        ("Anna Lowry, M.Ed., NBCT", [], None),
        ("Reading, Writing, and Arithmetic", [], None),
        ("Sione and Ana Latu", [], None),
    ],
)
def test_names_behind_each_other(text: str, found: list[str], title: str | None) -> None:
    split = split_names(text)
    assert [name.text for name, _ in split] == found
    assert {said for _, said in split} <= {title}


@given(st.lists(st.sampled_from(NAMES), min_size=3, max_size=8, unique=True), st.sampled_from([", ", "; ", " & "]))
def test_lists_of_names_are_undone(wanted: list[str], separator: str) -> None:
    assert [name.text for name, _ in split_names(separator.join(wanted))] == wanted
    page = read(f"<h3>Mathematics</h3><p>{separator.join(wanted).replace('&', '&amp;')}</p>")
    assert names(page) == wanted


def test_the_markup_of_a_line_says_where_a_name_ends() -> None:
    document = read_document(
        "<p><b>Coach Tupou</b> <i>P.E.</i></p><p>Name: <b>Anna Lowry</b></p>", "https://x.example/"
    )
    readings = [read_line(line) for line in document.lines]
    assert [(r.name.text, r.title) for r in readings if r] == [("Coach Tupou", "P.E."), ("Anna Lowry", None)]


def test_labels_have_lines_of_their_own() -> None:
    blocks = "".join(
        f"<div><p>Name:</p><p>{name}</p><p>Title:</p><p>{title}</p><p>Department:</p><p>Wing {title[0]}</p></div>"
        for name, title in zip(NAMES[::9], cycle(TITLES))
    )
    for person in read(blocks).people:
        assert person.department == f"Wing {str(person.title)[0]}"
    assert names(read(blocks)) == NAMES[::9]


def test_classes_name_departments() -> None:
    items = "".join(
        f'<li><b>{name}</b> <i class="staff-title">{title}</i> <i class="staffDept">Wing B</i></li>'
        for name, title in zip(NAMES[:6], cycle(TITLES))
    )
    assert {(person.title in TITLES, person.department) for person in read(f"<ul>{items}</ul>").people} == {
        (True, "Wing B")
    }


def test_one_term_stands_over_several_descriptions() -> None:
    page = read(
        "<dl><dt>Principal</dt><dd>Anna Lowry</dd><dt>Teachers</dt><dd>Mark Pinter</dd><dd>Paul Rooke</dd>"
        "<dt>School Nurse</dt><dd>Joan Quill</dd></dl>"
    )
    assert [(person.name, person.title) for person in page.people] == [
        ("Anna Lowry", "Principal"),
        ("Mark Pinter", "Teachers"),
        ("Paul Rooke", "Teachers"),
        ("Joan Quill", "School Nurse"),
    ]
    assert all(str(person.title) in person.snippet for person in page.people)


@pytest.mark.parametrize("label", ['<img src="p.jpg" alt="{}">', '<span role="img" aria-label="{}"></span>'])
def test_names_are_read_from_labels_where_the_page_prints_none(label: str) -> None:
    cards = [f"<div>{label.format(name)}<p>Teacher</p></div>" for name in NAMES[::9]]
    assert names(read("".join(cards))) == NAMES[::9]
    # Pictures without a title below them are no entries of a list, and two of them are no list.
    assert not read("".join(label.format(name) for name in NAMES[::9])).people
    assert not read("".join(cards[:2])).people


def test_labels_that_are_printed_add_nothing() -> None:
    cards = "".join(f'<div><img alt="{name}"><h3>{name}</h3><p>Teacher</p></div>' for name in NAMES[::9])
    assert names_only_in_labels(read_document(cards, "https://x.example/")) == frozenset()
    assert names(read(cards)) == NAMES[::9]


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_a_snippet_holds_every_value_of_a_long_block(before: int, between: int, after: int) -> None:
    filler = "Our doors are open to you. "
    page = read(
        f"<div>{'<p>' + filler * before + '</p>'}<p><b>Dr. Anna Lowry</b><br>Principal<br>{filler * between}<br>"
        f"(515) 555-0142<br>{filler * after}</p></div>",
    )
    for person in page.people:
        holds_every_value(person)
        assert len(person.snippet) <= LONGEST_SNIPPET
    assert names(page) == ["Dr. Anna Lowry"]


def holds_every_value(person: Person) -> None:
    for value in (person.name, person.title, person.phone):
        assert value
        assert value in person.snippet


@pytest.mark.parametrize(
    "contact",
    [
        '<a href="/contact-form?to=4">Write</a>',
        '<a href="/sendmail.aspx?id=4">Write</a>',
        '<a href="javascript:open(4)">Send Email</a>',
        "<button>Send a message</button>",
    ],
)
def test_forms_are_no_address_and_not_nothing(contact: str) -> None:
    cards = "".join(f"<div><h3>{name}</h3><p>Teacher</p>{contact}</div>" for name in NAMES[:4])
    assert [(p.email, p.email_state) for p in read(cards).people] == [(None, "form_only")] * 4


def test_a_picture_of_the_sign_is_the_sign() -> None:
    page = read('<div><h3>Anna Lowry</h3><p>Principal</p><p>anna.lowry<img src="at.gif" alt="@">x.example</p></div>')
    assert [person.email for person in page.people] == ["anna.lowry@x.example"]


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ("<p class=title>Teacher</p><p class=department>Mathematics</p>", "Teacher"),
        ("<p class=department>Principal</p>", "Principal"),
    ],
)
def test_a_department_is_a_title_only_where_there_is_no_other(values: str, title: str) -> None:
    cards = "".join(f"<div><h3>{name}</h3>{values}</div>" for name in NAMES[::9])
    assert {person.title for person in read(cards).people} == {title}


def test_what_is_hidden_inside_of_a_line_is_no_part_of_it() -> None:
    page = read(
        '<div><h3>Anna Lowry</h3><p>Principal</p><p>anna<span style="display:none">.REMOVE</span>@x.example</p></div>'
    )
    assert [person.email for person in page.people] == ["anna@x.example"]


@pytest.mark.parametrize(
    ("title", "off"),
    [
        ("Kindergarten Parent", True),
        ("Parent, 5th Grade", True),
        ("Parent of two", True),
        ("Parent Liaison", False),
        ("Parent Coordinator, Grades 6-8", False),
    ],
)
def test_parents_are_no_staff(title: str, *, off: bool) -> None:
    assert is_off_title(title) is off


def test_a_page_that_only_loads_a_challenge_is_blocked() -> None:
    frame = '<html><body><iframe src="/_Incapsula_Resource?x=1">Request unsuccessful.</iframe></body></html>'
    assert read_staff_page(frame, "https://x.example/staff").outcome == "blocked"
    # The same script stands on pages that are delivered.
    assert read('<script src="/_Incapsula_Resource?x=1"></script><p>' + "We love to read. " * 20).outcome == "no_staff"


def test_what_stands_around_an_address_is_no_one_name() -> None:
    page = read_staff_page("Principal <div>Jane Doe jd@wexford.example Jane Doe ", "https://wexford.example/staff")
    assert all(person.name in person.snippet for person in page.people)
