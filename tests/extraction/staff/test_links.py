"""The link to the staff list comes first, and what only sounds like it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.staff.json_lines import links_line, staff_line
from extraction.staff.links import known_paths, rank_links
from extraction.staff.page import read_staff_page

HOME = "https://www.wexford.example/"


def page(*links: tuple[str, str]) -> str:
    return "<html><body>" + "".join(f'<a href="{href}">{text}</a> ' for href, text in links) + "</body></html>"


@pytest.mark.parametrize(
    ("links", "best"),
    [
        ([("/about", "About"), ("/o/x/staff", "Staff"), ("/contact", "Contact Us")], "/o/x/staff"),
        ([("/435465_2", "Staff Directory"), ("/jobs", "Staff Job Openings")], "/435465_2"),
        ([("/login", "Staff Login"), ("/apps/staff/", "Our People")], "/apps/staff/"),
        ([("/board", "Board of Education"), ("/faculty-staff.html", "Faculty & Staff")], "/faculty-staff.html"),
        ([("/insurance", "Insurance Providers"), ("/team", "Our Team")], "/team"),
        (
            [("/n/1", "Teacher of the Year named among all the staff"), ("#/staff/teachers", "Teachers")],
            "#/staff/teachers",
        ),
        ([("https://other.example/staff", "Staff"), ("/directory", "Directory")], "/directory"),
        (
            [("/vnews/display.v/SEC/Staff", "Staff"), ("/staff-handbook.pdf", "Staff Directory")],
            "/vnews/display.v/SEC/Staff",
        ),
    ],
)
def test_the_right_link_is_first(links: list[tuple[str, str]], best: str) -> None:
    ranked = rank_links(page(*links), HOME)
    assert ranked[0].url == HOME + best.lstrip("/")
    assert ranked[0].reasons
    assert all(0 < link.score < 1 for link in ranked)


def test_pages_of_the_school_come_before_pages_of_its_district() -> None:
    html = page(("/staff", "Staff"), ("/o/mill/staff", "Staff"), ("https://elsewhere.example/staff", "Staff"))
    ranked = rank_links(html, HOME + "o/mill", prefix="https://www.wexford.example/o/mill")
    assert [link.url for link in ranked] == [HOME + "o/mill/staff", HOME + "staff"]


def test_the_words_of_the_schools_own_address_spoil_nothing() -> None:
    start = HOME + "schools/board-creek/"
    html = page(("/schools/board-creek/about.html", "About Us"), ("/schools/board-creek/staff.html", "Staff"))
    ranked = rank_links(html, start, prefix=start)
    assert [link.url for link in ranked] == [start + "staff.html", start + "about.html"]
    assert not any("spoiled" in reason for link in ranked for reason in link.reasons)


def test_a_login_for_staff_is_no_list_of_staff() -> None:
    assert rank_links(page(("/admin/staff", "Staff login"), ("/jobs", "Careers")), HOME) == []


def test_links_without_text_are_read_by_their_label_and_menus_help() -> None:
    html = """<ul><li><a href="/p1">Staff</a><ul><li><a href="/p2">Office</a></li></ul></li>
    <li><a href="/p3">Office</a></li>
    <li><a href="/p4" title="Staff Directory"><img src="x.png"></a></li><li><a href="mailto:a@b.example">Staff</a></li>
    <li><a href="#top">Staff</a></li><li><a href="http://[bad">Staff</a></li></ul>"""
    ranked = {link.url.removeprefix(HOME): link.score for link in rank_links(html, HOME)}
    assert set(ranked) == {"p1", "p2", "p3", "p4"}
    assert ranked["p4"] > ranked["p2"] > ranked["p3"]


def test_the_list_is_bounded_and_bases_are_followed() -> None:
    html = '<base href="https://www.wexford.example/school/">' + page(*((f"staff{n}", "Staff") for n in range(50)))
    ranked = rank_links(html, HOME, limit=5)
    assert [link.url for link in ranked] == [f"{HOME}school/staff{n}" for n in range(5)]
    assert rank_links("", HOME) == []


def test_known_paths_stand_below_the_school_the_most_frequent_first() -> None:
    paths = known_paths("https://www.wexford.example/o/mill/?x=1")
    assert paths[0] == "https://www.wexford.example/o/mill/staff"
    assert len(paths) == len(set(paths)) >= 15


@given(st.binary(max_size=300))
def test_any_bytes_are_ranked_and_read_without_error(blob: bytes) -> None:
    rank_links(blob, HOME)
    assert read_staff_page(blob, HOME).outcome in ("no_staff", "blocked", "needs_browser", "staff")


def test_lines_of_json_have_what_the_scoring_scripts_read() -> None:
    html = "<h1>Staff</h1><div><h4>Odalys Brightwater</h4><p>Principal</p><p>brightwater@wexford.example</p></div>"
    line = staff_line("a.html", read_staff_page(html, HOME))
    assert line["file"] == "a.html"
    people = line["people"]
    assert isinstance(people, list)
    assert {"name", "email", "title"} <= people[0].keys()
    links = links_line("b.html", rank_links(page(("/staff", "Staff")), HOME))["links"]
    assert isinstance(links, list)
    assert links[0]["url"] == HOME + "staff"


STAFF = "https://www.wexford.example/vnews/display.v/SEC/Staff"


def test_the_sections_of_a_staff_page_are_offered_and_its_people_are_not() -> None:
    links = (
        ("/vnews/display.v/SEC/Staff%7CMathematics", "Mathematics"),
        ("/vnews/display.v/SEC/Staff%7CAdvisory%20Board", "Advisory Board"),
        ("/vnews/display.v/SEC/Staff%7CRosalind", "Rosalind Aldermere"),
        ("/vnews/display.v/SEC/Lunch", "Mathematics"),
    )
    assert [link.text for link in rank_links(page(*links), STAFF)] == ["Mathematics"]
    below = rank_links(page(("/our-staff/grade-3", "Grade 3"), ("/our-staffing", "Grade 3")), f"{HOME}our-staff/")
    assert [link.url for link in below] == [f"{HOME}our-staff/grade-3"]
    # A home page has no sections, and neither has a page about lunch.
    assert not rank_links(page(("/lunch/math", "Mathematics")), f"{HOME}lunch")


def test_numbered_addresses_are_followed_by_what_menus_call_them() -> None:
    links = (("/Page/4343", "Academics"), ("/Page/4340", "School Information"), ("/Page/4346", "Alumni"))
    assert [link.url for link in rank_links(page(*links), HOME)] == [f"{HOME}Page/4340"]
