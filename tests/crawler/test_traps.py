"""Addresses without end: told from those of real pages, and left out of a visit."""

from __future__ import annotations

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from crawler.targets import SchoolTarget
from crawler.traps import trap_of, without_session
from crawler.visits import Step, Visit
from tests.crawler.conftest import Crawler, Web, home_page, staff_table

PEOPLE = (("Maria Alvarez", "Principal", "m@pine.test"), ("John Okafor", "Art Teacher", "j@pine.test"))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/staff/calendar/2026/05", "calendar"),
        ("/events/2026-05-17", "calendar"),
        ("/calendar?date=next", "calendar"),
        ("/apps/events/view_calendar.jsp?id=0&m=4&y=2026&date=20260501", "calendar"),
        ("/staff?tribe-bar-date=2026-05-01", "calendar"),
        ("/staff?month=5&year=2031", "calendar"),
        ("/a/b/a/b/a/b", "repeated_path"),
        ("/staff/staff/staff/", "repeated_path"),
        ("/o/pine/page/staff/page/staff/page/staff", "repeated_path"),
        ("/x/a/b/c/a/b/c/A/B/C/index.html", "repeated_path"),
        ("/calendar", None),
        ("/events", None),
        ("/staff", None),
        ("/staff/staff/", None),
        ("/schools/pine/staff?page=2", None),
        ("/staff-directory-2026-2027", None),
        ("/news/2026/05/our-new-principal", None),
        ("/page/staff?year=2026", None),
        ("/prevents/2026/05", None),
        ("/uploads/2026/05/events-and-staff.pdf", None),
        ("/a/b/a/b/a/c", None),
    ],
)
def test_traps_are_told_from_pages(path: str, kind: str | None) -> None:
    assert trap_of(f"https://www.pine.test{path}") == kind


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://p.test/staff;jsessionid=0A1B2C3D?x=1", "https://p.test/staff?x=1"),
        ("https://p.test/staff?PHPSESSID=9f8e7d6c5b4a&x=1", "https://p.test/staff?x=1"),
        ("https://p.test/(S(lit3py55t21z5v55vlm25s55))/staff.aspx", "https://p.test/staff.aspx"),
        ("https://p.test/staff?ASPSESSIONIDQQ=ABCDEFGH1", "https://p.test/staff"),
        ("https://p.test/staff?sid=12", "https://p.test/staff?sid=12"),
        ("https://p.test/staff?sid=lincoln-elementary", "https://p.test/staff?sid=lincoln-elementary"),
        ("https://p.test/a%20b?q=%C3%A9", "https://p.test/a%20b?q=%C3%A9"),
    ],
)
def test_a_session_id_is_no_part_of_a_page(url: str, plain: str) -> None:
    assert without_session(url) == plain


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), st.integers(3, 6), st.lists(st.sampled_from("xyz")))
def test_a_path_that_goes_round_is_seen_wherever_it_begins(cycle: list[str], times: int, before: list[str]) -> None:
    assert trap_of("http://p.test/" + "/".join([*before, *cycle * times, "last.html"])) == "repeated_path"


def test_what_a_list_names_is_asked_for_whatever_it_looks_like() -> None:
    visit = Visit(SchoolTarget(key="1", name="Pine", website=""))
    assert visit.offer(Step("http://p.test/calendar/2026/05", "home", 1.0))
    visit.pages = 1
    assert not visit.offer(Step("http://p.test/calendar/2026/06", "link", 1.0))
    assert visit.traps == ["calendar"]


def test_a_site_full_of_traps_is_left_with_its_people(crawler: Crawler, loopback: Web) -> None:
    host = "pine.test"
    crawler.hosts(host)
    asked = 0

    def staff(request: web.Request) -> web.Response:
        # A list of one page, whose server shows that page for any number, with a new session for every link.
        nonlocal asked
        asked += 1
        page = int(request.query.get("page", "1"))
        session = f"PHPSESSID=a1b2c3d4e5f6{asked}"
        links = {
            "Next": f"/staff?page={page + 1}",
            "Staff": f"/staff?page={page}&{session}",
            "Faculty and Staff": f"/faculty?{session}",
            "Staff Calendar": f"/staff/calendar/2026/{asked % 12 + 1}",
            "Staff Directory": "/staff/about" * (asked + 2),
        }
        anchors = "".join(f'<p><a href="{url}">{text}</a></p>' for text, url in links.items())
        body = staff_table(*PEOPLE).replace("</body>", f"{anchors}</body>")
        return web.Response(text=body, content_type="text/html")

    loopback.page(host, "/", home_page("Pine", {"Staff Directory": "/staff"}))
    loopback.services[host, "/staff"] = loopback.services[host, "/faculty"] = staff
    rows, log = crawler.run("staff_directory", {"url": loopback.url(host)})
    assert {row["name"] for row in rows} == {name for name, _, _ in PEOPLE}
    paths = loopback.paths(host)
    assert len(paths) <= 9, paths
    assert not any("calendar" in path or "about" in path for path in paths)
    for kind in ("calendar", "repeated_path", "session_id", "endless_paging"):
        assert f"'traps/{kind}': " in log
