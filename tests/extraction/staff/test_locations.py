"""Where a list says that its people work: a column, a label, a class, or the heading above them."""

from __future__ import annotations

from extraction.staff.page import read_staff_page
from extraction.staff.records import StaffPage

URL = "https://www.quarry.example/staff"


def read(body: str) -> StaffPage:
    return read_staff_page(f"<html><body><h1>Staff Directory</h1>{body}</body></html>", URL)


def places(page: StaffPage) -> list[tuple[str, str | None]]:
    return [(person.name, person.location) for person in page.people]


def test_a_column_of_schools() -> None:
    page = read(
        "<table><tr><th>Name</th><th>Position</th><th>School</th></tr>"
        "<tr><td>Rosalind Aldermere</td><td>Principal</td><td>Quarry Elementary</td></tr>"
        "<tr><td>Tobias Quennell</td><td>Nurse</td><td>Quarry Elementary, Flint Middle</td></tr>"
        "<tr><td>Imogen Farrowby</td><td>Librarian</td><td></td></tr></table>"
    )
    assert places(page) == [
        ("Rosalind Aldermere", "Quarry Elementary"),
        ("Tobias Quennell", "Quarry Elementary, Flint Middle"),
        ("Imogen Farrowby", None),
    ]
    assert [person.title for person in page.people] == ["Principal", "Nurse", "Librarian"]


def test_labels_and_classes() -> None:
    labelled = read(
        "".join(
            f"<div class='card'><h3>{name}</h3><p>{title}</p><p>Location: Quarry Elementary</p></div>"
            for name, title in (("Rosalind Aldermere", "Principal"), ("Tobias Quennell", "School Nurse"))
        )
    )
    assert {person.location for person in labelled.people} == {"Quarry Elementary"}
    finalsite = read(
        "".join(
            f"<div class='fsConstituentItem'><h3 class='fsFullName'>{name}</h3><div class='fsTitles'>{title}</div>"
            "<div class='fsLocations'><strong>Locations:</strong> Flint Middle School</div></div>"
            for name, title in (("Rosalind Aldermere", "Principal"), ("Tobias Quennell", "School Nurse"))
        )
    )
    assert places(finalsite) == [
        ("Rosalind Aldermere", "Flint Middle School"),
        ("Tobias Quennell", "Flint Middle School"),
    ]


def test_the_headings_over_a_person() -> None:
    people = "<p>{} {} - Math Teacher</p><p>{} {} - Art Teacher</p>"
    page = read(
        "<h2>Quarry Elementary</h2>"
        + people.format("Rosalind", "Aldermere", "Tobias", "Quennell")
        + "<h2>Flint Middle School</h2><h3>Science</h3>"
        + people.format("Imogen", "Farrowby", "Casper", "Wrenfield")
    )
    assert [person.headings for person in page.people] == [
        *[("Staff Directory", "Quarry Elementary")] * 2,
        *[("Staff Directory", "Flint Middle School", "Science")] * 2,
    ]
