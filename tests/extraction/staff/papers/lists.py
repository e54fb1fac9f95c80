"""Papers that list staff, each with the people on it: (name, title, e-mail or extension, page)."""

from __future__ import annotations

from collections.abc import Callable

from tests.extraction.staff.papers.press import Press

Listed = tuple[str, str | None, str | None, int]
Source = Callable[[], tuple[bytes, list[Listed]]]

TITLE = "Larkspur Elementary Staff Directory 2026-2027"
STAFF = (
    ("Alvarez, Maria", "Principal", "201"),
    ("Okafor, John", "Assistant Principal", "202"),
    ("Whitman, Grace", "School Nurse", "210"),
    ("Delgado, Rosa", "Kindergarten Teacher", "115"),
    ("Petersen, Nils", "1st Grade Teacher", "117"),
    ("Hargrove, Ellen", "2nd Grade Teacher", "121"),
    ("Nakamura, Ken", "Music Teacher", "133"),
    ("Brightwater, Amy", "Librarian", "140"),
    ("Castellano, Paul", "Custodian", "150"),
    ("Oyelaran, Funke", "School Counselor", "160"),
)


def address(name: str) -> str:
    last, _, first = name.partition(", ")
    return f"{first[0]}{last}@larkspur.example".lower()


def ruled_with_wrapped_cells() -> tuple[bytes, list[Listed]]:
    """Lines around each cell, values wrapped; the table goes on over the page without a header."""
    press = Press()
    press.put(40, 50, TITLE, size=15, bold=True)
    rows = [
        ("Alvarez, Maria", "Principal", "malvarez@larkspur.example"),
        (
            "Montgomery-Fairweather, Annabelle",
            "Special Education Teacher and Reading Interventionist",
            "amontgomery-fairweather@larkspur.example",
        ),
        ("Okafor, John", "Art Teacher", "jokafor@larkspur.example"),
        ("VACANT", "School Nurse", ""),
    ]
    press.grid(70, (110, 130, 150), [("Name", "Position", "E-mail"), *rows])
    press.add_page()
    more = [
        ("Petersen, Nils", "1st Grade Teacher", "npetersen@larkspur.example"),
        ("Nakamura, Ken", "Music Teacher", ""),
    ]
    press.grid(50, (110, 130, 150), more)
    people = [(name, title, email or None, 1) for name, title, email in rows[:3]]
    return press.pdf(), [*people, *[(name, title, email or None, 2) for name, title, email in more]]


def columns_under_departments() -> tuple[bytes, list[Listed]]:
    """Columns by white space, bold departments between the rows, two pages of which the second has no header."""
    press = Press()
    press.put(40, 50, TITLE, size=16, bold=True)
    lefts = (40, 190, 340)
    y = press.rows(85, lefts, [("Name", "Position", "Ext.")], bold=True)
    for title, rows in (("Office", STAFF[:3]), ("Kindergarten and Grades", STAFF[3:6])):
        press.put(40, y + 6, title, bold=True)
        y = press.rows(y + 22, lefts, rows)
    press.add_page()
    press.put(40, 50, TITLE, size=16, bold=True)
    press.rows(85, lefts, STAFF[6:])
    press.put(280, 770, "Page 2")
    return press.pdf(), [(name, title, extension, 1 + (at > 5)) for at, (name, title, extension) in enumerate(STAFF)]


def leaders() -> tuple[bytes, list[Listed]]:
    """Names, titles and extensions with dots between them, at no fixed place."""
    press = Press()
    press.put(40, 50, "Larkspur Elementary Phone List", size=14, bold=True)
    dots = (" ............ ", "......................", " . . . . . . . . . ")
    y = 80.0
    for at, (name, title, extension) in enumerate(STAFF):
        turned = " ".join(reversed(name.split(", ")))
        press.put(40, y, f"{turned}{dots[at % 3]}{title} ........ {extension}")
        y += 16
    return press.pdf(), [(" ".join(reversed(name.split(", "))), title, None, 1) for name, title, _ in STAFF]


def cards_in_three_columns() -> tuple[bytes, list[Listed]]:
    """Name, title and address below each other, three people side by side, the last row not full."""
    press = Press()
    press.put(40, 50, "Meet Our Staff", size=18, bold=True)
    for at, (name, title, _) in enumerate(STAFF):
        turned = " ".join(reversed(name.split(", ")))
        press.lines(40 + 185 * (at % 3), 90 + 62 * (at // 3), [turned, title, address(name)], bold_first=True)
    by_column = sorted(range(len(STAFF)), key=lambda at: (at % 3, at // 3))
    ordered = [STAFF[at] for at in by_column]
    return press.pdf(), [(" ".join(reversed(name.split(", "))), title, address(name), 1) for name, title, _ in ordered]


def newspaper_columns() -> tuple[bytes, list[Listed]]:
    """Two columns whose lines do not stand beside each other, each with headings of its own."""
    press = Press()
    press.put(150, 50, "Larkspur Faculty and Staff", size=18, bold=True)
    left = [("Office", STAFF[:3]), ("Primary Grades", STAFF[3:6])]
    right = [("Specialists", STAFF[6:8]), ("Support Staff", STAFF[8:])]
    for x, start, groups in ((40, 90, left), (320, 97, right)):
        y = float(start)
        for heading, people in groups:
            press.put(x, y, heading, size=12, bold=True)
            y = press.lines(x, y + 15, [f"{name}, {title}" for name, title, _ in people]) + 14
    turned = [(name, title) for name, title, _ in STAFF]
    return press.pdf(), [(name, title, None, 1) for name, title in turned]


def tables_side_by_side() -> tuple[bytes, list[Listed]]:
    """Name and extension twice a row."""
    press = Press()
    press.put(40, 50, "Staff Extensions", size=14, bold=True)
    half = len(STAFF) // 2
    rows = [(a[0], a[1], a[2], b[0], b[1], b[2]) for a, b in zip(STAFF[:half], STAFF[half:], strict=True)]
    press.rows(80, (40, 140, 270, 320, 420, 550), rows)
    return press.pdf(), [(name, title, None, 1) for name, title, _ in STAFF]


def lines_of_teachers() -> tuple[bytes, list[Listed]]:
    """A grade a line, its teachers behind it."""
    press = Press()
    press.put(40, 50, "Faculty List 2026-27", size=14, bold=True)
    lines = [
        "Kindergarten: Mrs. Rosa Delgado, Ms. Ellen Hargrove and Mrs. Amy Brightwater",
        "1st Grade: Mr. Nils Petersen, Mrs. Grace Whitman",
        "Music: Mr. Ken Nakamura, Ms. Funke Oyelaran",
    ]
    press.lines(40, 80, lines, step=20)
    said = {
        "Kindergarten": ["Mrs. Rosa Delgado", "Ms. Ellen Hargrove", "Mrs. Amy Brightwater"],
        "1st Grade": ["Mr. Nils Petersen", "Mrs. Grace Whitman"],
        "Music": ["Mr. Ken Nakamura", "Ms. Funke Oyelaran"],
    }
    return press.pdf(), [(name, title, None, 1) for title, names in said.items() for name in names]


def titles_before_names() -> tuple[bytes, list[Listed]]:
    """What somebody does on the left, who it is on the right."""
    press = Press()
    press.put(40, 50, "Larkspur Elementary Staff", size=14, bold=True)
    press.rows(80, (40, 220), [(title, " ".join(reversed(name.split(", ")))) for name, title, _ in STAFF])
    return press.pdf(), [(" ".join(reversed(name.split(", "))), title, None, 1) for name, title, _ in STAFF]


def wrapped_without_rulings() -> tuple[bytes, list[Listed]]:
    """Long titles go on below, in their column; rows stand further apart than the lines of a row."""
    press = Press()
    press.put(40, 50, TITLE, size=14, bold=True)
    lefts = (40, 180, 360)
    y = press.rows(85, lefts, [("Staff Member", "Assignment", "E-mail Address")], bold=True)
    titles = ("Principal", "Special Education Teacher,", "School Nurse", "Instructional Coach and")
    rests = ("", "Resource Room", "", "Testing Coordinator")
    people: list[Listed] = []
    for (name, _, _), title, rest in zip(STAFF[:4], titles, rests, strict=True):
        press.rows(y, lefts, [(name, title, address(name))])
        press.rows(y + 11, lefts, [("", rest, "")])
        people.append((name, f"{title} {rest}".strip(), address(name), 1))
        y += 28
    return press.pdf(), people


def ruled_departments_that_span() -> tuple[bytes, list[Listed]]:
    """The department stands once beside all of its people."""
    press = Press()
    press.put(40, 40, "Staff by Department", size=14, bold=True)
    lefts, y = (40.0, 150.0, 290.0, 430.0), 60.0
    for x in lefts:
        press.line(x, y, x, y + 6 * 22)
    groups = (("Office", STAFF[:3]), ("Teachers", STAFF[3:6]))
    people: list[Listed] = []
    for name_of, group in groups:
        press.line(lefts[0], y, lefts[-1], y)
        press.put(lefts[0] + 4, y + 36, name_of)
        for at, (name, title, _) in enumerate(group):
            if at:
                press.line(lefts[1], y, lefts[-1], y)
            press.put(lefts[1] + 4, y + 14, name)
            press.put(lefts[2] + 4, y + 14, title)
            people.append((name, title, None, 1))
            y += 22
    press.line(lefts[0], y, lefts[-1], y)
    return press.pdf(), people


def first_and_last_names_apart() -> tuple[bytes, list[Listed]]:
    """Columns of their own for given names and surnames, the header on each page."""
    press = Press(title=TITLE)
    people: list[Listed] = []
    for page, group in enumerate((STAFF[:5], STAFF[5:]), start=1):
        if page > 1:
            press.add_page()
        press.put(40, 40, "Larkspur Elementary")
        y = press.rows(70, (40, 140, 240, 400), [("Last Name", "First Name", "Position", "Phone Ext")], bold=True)
        press.rows(y, (40, 140, 240, 400), [(*name.split(", "), title, ext) for name, title, ext in group])
        people += [(" ".join(reversed(name.split(", "))), title, None, page) for name, title, _ in group]
    return press.pdf(), people


def staff_above_the_board() -> tuple[bytes, list[Listed]]:
    """The school's office, and below it the board of the district, whom nobody wants."""
    press = Press()
    press.put(40, 50, "Larkspur School Directory", size=16, bold=True)
    press.put(40, 80, "Office Staff", size=12, bold=True)
    y = press.rows(98, (40, 200, 360), [(name, title, address(name)) for name, title, _ in STAFF[:4]])
    press.put(40, y + 15, "Board of Education", size=12, bold=True)
    board = [
        ("Fennimore, Ada", "President", "afennimore@board.example"),
        ("Quimby, Lou", "Member", "lquimby@board.example"),
    ]
    press.rows(y + 33, (40, 200, 360), board)
    return press.pdf(), [(name, title, address(name), 1) for name, title, _ in STAFF[:4]]


LISTS: tuple[Source, ...] = (
    ruled_with_wrapped_cells,
    columns_under_departments,
    leaders,
    cards_in_three_columns,
    newspaper_columns,
    tables_side_by_side,
    lines_of_teachers,
    titles_before_names,
    wrapped_without_rulings,
    ruled_departments_that_span,
    first_and_last_names_apart,
    staff_above_the_board,
)
