"""Papers that name people who are no staff of a school, or that list nobody."""

from __future__ import annotations

from collections.abc import Callable

import pypdfium2 as pdfium

from tests.extraction.staff.papers.lists import columns_under_departments
from tests.extraction.staff.papers.press import Press

Source = Callable[[], bytes]

STUDENTS = (
    "Ava Lindqvist", "Noah Barrera", "Mia Thornton", "Liam Okonkwo", "Zoe Hendricks", "Eli Vasquez",
    "Nora Fitzgerald", "Owen Castillo", "Ruby Nakashima", "Theo Albright",
)  # fmt: skip
SENTENCES = (
    "Families are asked to read these pages together and to keep them for the whole of the year. Whoever comes late",
    "signs in at the office before going to class, and whoever leaves early is signed out there by a grown-up whose",
    "name is on the card. Phones stay in bags from the first bell to the last, and bags stay in lockers during gym.",
)


def honor_roll() -> bytes:
    """Students by grade."""
    press = Press()
    press.put(200, 50, "Honor Roll", size=18, bold=True)
    press.put(40, 85, "5th Grade", size=12, bold=True)
    press.rows(105, (40, 220, 400), [STUDENTS[:3], STUDENTS[3:6]])
    press.put(40, 150, "6th Grade", size=12, bold=True)
    press.rows(170, (40, 220), [STUDENTS[6:8], STUDENTS[8:]])
    return press.pdf()


def honor_roll_in_plain_print() -> bytes:
    """The same, with a heading that does not stand out."""
    press = Press()
    press.put(40, 50, "Principal's List, First Quarter")
    press.lines(40, 80, STUDENTS)
    return press.pdf()


def student_table() -> bytes:
    """A ruled table of students with their teachers' room."""
    press = Press()
    press.put(40, 50, "Class Lists 2026-2027", size=14, bold=True)
    press.grid(70, (160, 100, 100), [("Student Name", "Grade", "Homeroom"), *[(name, "5", "12") for name in STUDENTS]])
    return press.pdf()


def board() -> bytes:
    """The members of the board with their addresses."""
    press = Press()
    press.put(40, 50, "Quarry County Board of Education", size=16, bold=True)
    rows = [
        ("Ada Fennimore", "President", "afennimore@board.example"),
        ("Lou Quimby", "Vice President", "lquimby@board.example"),
        ("Sam Harrow", "Member", "sharrow@board.example"),
    ]
    press.rows(90, (40, 200, 340), rows)
    return press.pdf()


def lunch_menu() -> bytes:
    """Dishes by day, two of them called after somebody."""
    press = Press()
    press.put(180, 50, "September Lunch Menu", size=18, bold=True)
    rows = [
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
        ("Chicken Alfredo", "Beef Tacos", "Salisbury Steak", "Caesar Salad", "Cheese Pizza"),
        ("Green Beans", "Black Beans", "Mashed Potatoes", "Garlic Bread", "Baby Carrots"),
        ("Fresh Fruit", "Granny Smith", "Peach Cup", "Mary Jane Roll", "Apple Sauce"),
    ]
    press.grid(80, (105, 105, 105, 105, 105), rows)
    return press.pdf()


def handbook() -> bytes:
    """Six pages of rules, on the first of which two people sign."""
    press = Press(title="Student and Family Handbook")
    press.put(40, 50, "Student and Family Handbook", size=20, bold=True)
    press.lines(40, 90, ["Maria Alvarez, Principal", "malvarez@larkspur.example"])
    press.lines(40, 130, ["John Okafor, Assistant Principal", "jokafor@larkspur.example"])
    for page in range(6):
        if page:
            press.add_page()
        for paragraph in range(9):
            press.lines(40, 180 + 60 * paragraph, SENTENCES)
    return press.pdf()


def minutes() -> bytes:
    """Who was present at a meeting."""
    press = Press()
    press.put(40, 50, "Meeting Minutes", size=16, bold=True)
    press.put(40, 80, "Members Present", bold=True)
    press.lines(40, 96, STUDENTS[:5])
    press.lines(40, 180, SENTENCES)
    return press.pdf()


def scanned() -> bytes:
    """A list that was laid on the glass: one picture."""
    document = pdfium.PdfDocument(columns_under_departments()[0])
    picture = document[0].render(scale=2).to_pil()
    document.close()
    press = Press()
    press.image(picture, 0, 0, press.w, press.h)
    return press.pdf()


def empty() -> bytes:
    """A page on which nothing is printed."""
    return Press().pdf()


TRAPS: tuple[Source, ...] = (
    honor_roll,
    honor_roll_in_plain_print,
    student_table,
    board,
    lunch_menu,
    handbook,
    minutes,
    empty,
)
