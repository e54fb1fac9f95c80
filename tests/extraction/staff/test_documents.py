"""Documents that a page links to: lists of staff come first, and nothing else is offered."""

from __future__ import annotations

import pytest

from extraction.staff.documents import csv_page, is_published, names_csv, staff_documents
from extraction.staff.page import read_staff_page

HOME = "https://www.wexford.example/"
GOOGLE = "https://docs.google.com/spreadsheets/d/"
PUBLISHED = f"{GOOGLE}e/2PACX-1vQ8f3tLarkspurHollow_77/pubhtml"


def page(*links: tuple[str, str], title: str = "Wexford School", more: str = "") -> str:
    anchors = "".join(f'<a href="{href}">{text}</a> ' for href, text in links)
    return f"<html><head><title>{title}</title></head><body>{anchors}{more}</body></html>"


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("/files/17.pdf", "Staff Directory"),
        ("/files/17.pdf", "Wexford Faculty & Staff List (PDF)"),
        ("/files/17.pdf", "Phone Extension List 2026-27"),
        ("/files/17.pdf", "Our Staff 2026-2027"),
        ("/files/17.pdf", "Wexford Staff"),
        ("/files/17.pdf", "Bell Elementary Staff Directory"),
        ("/files/17.pdf", "Plano Gifted Center Faculty"),
        ("/files/StaffPhoneList.pdf", "Click here"),
        ("/files/staff_directory_26-27.pdf", ""),
        ("/site/handlers/download.ashx?id=4&FileName=Faculty%20Directory.pdf", "Download"),
        (PUBLISHED, "Staff Directory"),
    ],
)
def test_a_list_of_staff_is_offered(href: str, text: str) -> None:
    (found,) = staff_documents(page((href, text)), HOME)
    assert 0.2 < found.score < 0.5
    assert found.reasons


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("/files/17.pdf", "Staff Handbook 2026-27"),
        ("/files/staff-handbook.pdf", "Staff Directory"),
        ("/files/17.pdf", "Staff Newsletter"),
        ("/files/17.pdf", "Lunch Menu"),
        ("/files/17.pdf", "Teacher of the Year"),
        ("/files/17.pdf", "Student Directory"),
        ("/files/17.pdf", "Teacher Supply Lists"),
        ("/files/17.pdf", "Staff Job Postings"),
        ("/files/17.pdf", "Board Minutes"),
        ("/files/17.pdf", "Staff Dress"),
        ("/files/17.pdf", "Faculty Parking"),
        ("/files/17.pdf", "Download"),
        ("/files/17.docx", "Staff Directory"),
        ("/staff", "Staff Directory"),
        (f"{GOOGLE}2PACX-1vQ8f3tLarkspurHollow_77/edit#gid=0", "Staff Directory"),
        ("https://docs.google.com/document/d/1abcdefghijklmnopqrstuvw/view", "Staff Directory"),
    ],
)
def test_anything_else_is_not(href: str, text: str) -> None:
    assert staff_documents(page((href, text)), HOME) == []


def test_what_says_nothing_is_offered_on_a_staff_page_alone() -> None:
    html = page(("/files/17.pdf", "Download (PDF)"), title="Staff Directory")
    assert [link.reasons for link in staff_documents(html, HOME)] == [("on a staff page",)]
    assert staff_documents(html.replace("Staff Directory", "Bell Times"), HOME) == []


def test_a_spreadsheet_in_a_frame_of_a_staff_page_is_that_pages_list() -> None:
    frame = f'<iframe src="{PUBLISHED}?widget=true&amp;headers=false"></iframe>'
    (found,) = staff_documents(page(title="Our Staff", more=frame), HOME)
    assert (found.url, found.score) == (f"{PUBLISHED}?widget=true&headers=false", 0.9)
    assert staff_documents(page(title="Bell Times", more=frame), HOME) == []
    private = frame.replace("/e/2PACX", "/2PACX").replace("/pubhtml", "/edit")
    assert staff_documents(page(title="Our Staff", more=private), HOME) == []


@pytest.mark.parametrize(
    ("texts", "newest"),
    [
        (["Staff Directory 2023-24", "Staff Directory 2026-27"], ["Staff Directory 2026-27"]),
        (["Staff List 25-26", "Faculty List 2026-2027", "Staff List"], ["Faculty List 2026-2027", "Staff List"]),
        (["Staff Directory 2025", "Staff Directory 2026"], ["Staff Directory 2026"]),
        (["Staff Directory", "Faculty List"], ["Staff Directory", "Faculty List"]),
    ],
)
def test_of_several_years_the_newest_is_taken(texts: list[str], newest: list[str]) -> None:
    links = [(f"/files/{number}.pdf", text) for number, text in enumerate(texts)]
    assert {link.text for link in staff_documents(page(*links), HOME)} == set(newest)


def test_the_year_may_stand_in_the_name_of_the_file() -> None:
    html = page(("/staff-list-2024-25.pdf", "Staff List"), ("/staff-list-2026-27.pdf", "Staff List"))
    assert [link.url for link in staff_documents(html, HOME)] == [f"{HOME}staff-list-2026-27.pdf"]


@pytest.mark.parametrize(
    ("url", "published"),
    [
        (PUBLISHED, True),
        (f"{PUBLISHED}?gid=0&single=true&widget=true", True),
        (PUBLISHED.replace("pubhtml", "pub?output=csv"), True),
        (PUBLISHED.replace("pubhtml", "pub?output=xlsx"), False),
        (f"{GOOGLE}1aBcDeFgHiJkLmNoPqRsTuVwXyZ/htmlview", True),
        (f"{GOOGLE}1aBcDeFgHiJkLmNoPqRsTuVwXyZ/gviz/tq?tqx=out:csv", True),
        (f"{GOOGLE}1aBcDeFgHiJkLmNoPqRsTuVwXyZ/edit?usp=sharing", False),
        (f"{GOOGLE}1aBcDeFgHiJkLmNoPqRsTuVwXyZ/view", False),
        ("https://docs.google.com/document/d/e/2PACX-1vQ8f3tLarkspurHollow_77/pub", True),
        ("https://docs.google.com/document/d/1aBcDeFgHiJkLmNoPqRsTuVwXyZ/pub", False),
        ("https://docs.google.com/forms/d/e/1FAIpQLSdLarkspurHollow/viewform", False),
        ("https://www.wexford.example/staff", False),
    ],
)
def test_only_published_forms_are_known(url: str, published: bool) -> None:
    assert is_published(url) is published


def test_a_spreadsheet_in_csv_is_read_as_a_table() -> None:
    assert names_csv(PUBLISHED.replace("pubhtml", "pub?output=csv"))
    rows = ("\ufeffName,Title,E-mail", '"Aldermere, Rosalind",Principal,ra@x.example', "Ann Lee,<b>Nurse,al@x.example")
    people = read_staff_page(csv_page("\n".join(rows).encode()), HOME).people
    assert [(person.name, person.title, person.email) for person in people] == [
        ("Aldermere, Rosalind", "Principal", "ra@x.example"),
        ("Ann Lee", "<b>Nurse", "al@x.example"),
    ]
