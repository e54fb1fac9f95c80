"""Subjects and grades: what titles, departments and headings name, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.staff.page import read_staff_page
from extraction.staff.teaching import GRADES, grades_of, subject_keys, subjects_of, taught_by
from extraction.staff.vocabulary import table

URL = "https://harbor.example/staff"


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("3rd Grade", "3"),
        ("Grade 3", "3"),
        ("Third Grade Teacher", "3"),
        ("Grades 3-5", "3 4 5"),
        ("Grades 9–12", "9 10 11 12"),
        ("Grades 6, 7 & 8", "6 7 8"),
        ("1st, 2nd, and 3rd Grade", "1 2 3"),
        ("4th/5th grade", "4 5"),
        ("6th-8th", "6 7 8"),
        ("5th grade through 8th grade", "5 6 7 8"),
        ("Kindergarten - 5th Grade", "K 1 2 3 4 5"),
        ("Grade 1 / Grade 2", "1 2"),
        ("Gr. 4", "4"),
        ("Grade: 5", "5"),
        ("12th-Grade English", "12"),
        ("K", "K"),
        ("Kindergarten Teacher", "K"),
        ("Kinder", "K"),
        ("TK/K", "K"),
        ("K5", "K"),
        ("K-2", "K 1 2"),
        ("K-8 Principal", "K 1 2 3 4 5 6 7 8"),
        ("K8", "K 1 2 3 4 5 6 7 8"),
        ("PreK", "PK"),
        ("Pre-K 4 Teacher", "PK"),
        ("PK3", "PK"),
        ("4K", "PK"),
        ("Preschool", "PK"),
        ("PK-4", "PK K 1 2 3 4"),
        ("PreK-2 Music; Grade 4", "PK K 1 2 4"),
        ("Freshman Counselor", "9"),
        ("9-12 Counselor", "9 10 11 12"),
        ("6-8 Math", "6 7 8"),
        ("Math 7", "7"),
        ("7/8 Math", "7 8"),
        ("English 10", "10"),
        ("5", "5"),
        # Numbers that are none.
        ("Spanish 2", ""),
        ("Math 1", ""),
        ("Algebra II", ""),
        ("Room 4", ""),
        ("Rooms 3-5", ""),
        ("1st period", ""),
        ("2nd shift custodian", ""),
        ("504 Coordinator", ""),
        ("Title 1", ""),
        ("12 Month Secretary", ""),
        ("7:30-3:30", ""),
        ("2025-2026", ""),
        ("1:1 Aide", ""),
        ("Bus 3-5", ""),
        ("Ages 3-5", ""),
        ("First Class", ""),
        ("Special K", ""),
        ("K. Underhill", ""),
        ("Principal", ""),
        ("", ""),
    ],
)
def test_grades_of_a_title(text: str, grades: str) -> None:
    assert " ".join(grades_of(text)) == grades


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("Math Teacher", "math"),
        ("Algebra I", "math algebra"),
        ("Language Arts", "english"),
        ("ELA/Reading", "english reading"),
        ("AP Biology", "science biology"),
        ("Physics and Chemistry", "science chemistry physics"),
        ("Computer Science", "computer_science"),
        ("Social Studies", "social_studies"),
        ("U.S. History", "social_studies history"),
        ("Spanish Teacher", "world_languages spanish"),
        ("English as a Second Language", "english_as_second_language"),
        ("Special Education - Math", "math special_education"),
        ("Art", "visual_art"),
        ("Band Director", "music band"),
        ("Theatre Arts", "theater"),
        ("Health/PE", "physical_education health"),
        ("Culinary Arts", "career_technical culinary"),
        ("Health Science", "career_technical health_science"),
        ("Business Teacher", "career_technical business"),
        # Words of subjects that mean none.
        ("Business Manager", ""),
        ("Health Aide", ""),
        ("Health Services", ""),
        ("Mental Health Counselor", ""),
        ("Building Engineer", ""),
        ("Speech Therapist", ""),
        ("Director of Marketing", ""),
        ("Director of Technology", ""),
        ("Testing Coordinator", ""),
        ("Principal", ""),
        ("", ""),
    ],
)
def test_subjects_of_a_title(text: str, subjects: str) -> None:
    assert " ".join(subjects_of(text)) == subjects


def test_every_subject_is_listed_once_and_can_be_reached() -> None:
    keys = subject_keys()
    assert len(keys) == len(set(keys))
    entries = table("subjects")["subject"]
    words = [word for entry in entries for word in entry["words"]]
    assert len(words) == len(set(words))
    for entry in entries:
        assert entry.get("within", entry["key"]) in keys
        assert any(entry["key"] in subjects_of(word.rstrip("*")) for word in entry["words"]), entry["key"]


@given(st.integers(0, 13), st.integers(0, 13), st.sampled_from(["-", " - ", "–", " to ", " through "]))
def test_a_range_of_grades_has_every_grade_between(low: int, high: int, sign: str) -> None:
    low, high = sorted((low, high))
    if low < high:
        assert grades_of(f"Grades {GRADES[low]}{sign}{GRADES[high]}") == GRADES[low : high + 1]


@given(st.text(max_size=80))
def test_any_text_names_known_subjects_and_grades_in_order_or_none(text: str) -> None:
    assert list(grades_of(text)) == sorted(set(grades_of(text)), key=GRADES.index)
    assert list(subjects_of(text)) == sorted(set(subjects_of(text)), key=subject_keys().index)


def test_a_heading_speaks_for_those_who_teach_and_name_nothing_themselves() -> None:
    assert taught_by("teacher", ["Teacher", None], "3rd Grade") == ((), ("3",))
    assert taught_by("teacher", ["Math Teacher", None], "3rd Grade") == (("math",), ())
    assert taught_by("teacher", ["Teacher", "Science"], "3rd Grade") == (("science",), ())
    assert taught_by("secretary", ["Secretary", None], "3rd Grade") == ((), ())
    assert taught_by("teacher", ["Teacher", None], "Harbor K-8 School") == ((), ())
    assert taught_by("teacher", ["Teacher", None], "Teachers K-12") == ((), ())
    assert taught_by("unknown", [None, None], None) == ((), ())
    assert taught_by("teacher", ["Algebra I", "Art", "9", "K-1"], None) == (
        ("math", "algebra", "visual_art"),
        ("K", "1", "9"),
    )


def test_the_people_of_a_page_have_the_parts_of_their_names_and_what_they_teach() -> None:
    rows = "".join(
        f"<h2>{heading}</h2><table><tr><th>Name</th><th>Position</th><th>Phone</th></tr>"
        + "".join(f"<tr><td>{name}</td><td>{title}</td><td>{phone}</td></tr>" for name, title, phone in people)
        + "</table>"
        for heading, people in {
            "Office": [
                ("Dr. Odile R. Brannock, Ed.D.", "Principal", "555-0142 #12"),
                ("Ashdown, Roy Jr.", "Secretary", ""),
            ],
            "Third Grade": [
                ('Philippa "Pip" de la Cruz', "Teacher", "(515) 555-0143 x7"),
                ("Ms. Kealoha", "Math Teacher", ""),
            ],
        }.items()
    )
    markup = f"<html><head><title>Staff</title></head><body><h1>Harbor Staff</h1>{rows}</body></html>"
    brannock, ashdown, cruz, kealoha = read_staff_page(markup, URL).people
    assert (brannock.honorific, brannock.first, brannock.middle, brannock.last) == ("Dr.", "Odile", "R.", "Brannock")
    assert brannock.name == "Dr. Odile R. Brannock, Ed.D."
    assert (brannock.credentials, brannock.subjects, brannock.grades) == (("Ed.D.",), (), ())
    assert (brannock.phone, brannock.phone_e164, brannock.extension) == ("555-0142 #12", None, "12")
    assert (ashdown.first, ashdown.last, ashdown.suffix, ashdown.grades) == ("Roy", "Ashdown", "Jr.", ())
    assert (cruz.nickname, cruz.last, cruz.subjects, cruz.grades) == ("Pip", "de la Cruz", (), ("3",))
    assert (cruz.phone_e164, cruz.extension) == ("+15155550143", "7")
    assert (kealoha.first, kealoha.last, kealoha.subjects, kealoha.grades) == (None, "Kealoha", ("math",), ())


def test_columns_beside_the_title_say_what_is_taught() -> None:
    people = [
        ("Roy Ashdown", "Teacher", "3", "Math"),
        ("Odile Brannock", "Teacher", "K", ""),
        ("Ann Tuttle", "Nurse", "", ""),
    ]
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in people)
    header = "<tr><th>Name</th><th>Position</th><th>Grade</th><th>Subject</th></tr>"
    markup = f"<html><head><title>Staff</title></head><body><table>{header}{rows}</table></body></html>"
    found = read_staff_page(markup, URL).people
    assert [(person.title, person.grades, person.subjects) for person in found] == [
        ("Teacher", ("3",), ("math",)),
        ("Teacher", ("K",), ()),
        ("Nurse", (), ()),
    ]
