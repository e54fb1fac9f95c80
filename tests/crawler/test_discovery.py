"""Is this the school's official site? Names, the directory, search answers and scores, as tables of cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import HtmlResponse

from crawler.discovery.district_pages import links_to, sitemap_links
from crawler.discovery.nces import NcesDirectory
from crawler.discovery.page_facts import read_facts
from crawler.discovery.providers import Candidate
from crawler.discovery.school_names import SchoolName, is_district_name, name_parts
from crawler.discovery.scoring import (
    ACCEPTED,
    REVIEW,
    Score,
    Seen,
    is_aggregator,
    names_school_list,
    read_aggregators,
    score_site,
)
from crawler.spiders.website_discovery import WebsiteDiscoverySpider
from crawler.targets import SchoolTarget
from crawler.visits import Step, Visit
from extraction.nces import DirectorySchool

PINE = SchoolTarget(
    key="1",
    name="Pine Hollow Elementary School",
    district="Green Valley Public Schools",
    address="12 N. Oak Street",
    city="Marlow",
    state="AL",
    zip="35999",
    phone="(205) 555-0100",
)
CONTACT = "12 North Oak St., Marlow, AL 35999. Phone 205.555.0100"
MENU = "<a href='/staff'>Staff</a><a href='/calendar'>Calendar</a><a href='/lunch'>Lunch Menus</a>"


def html(title: str, body: str, head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def scored(page: str, url: str = "http://pinehollow.test/", provider: str = "searxng", **school: Any) -> Score:
    target = SchoolTarget(**{field: school.get(field, getattr(PINE, field)) for field in PINE.__slots__})
    return score_site(Seen(url, read_facts(page, url), provider), target, read_aggregators())


def names(score: Score) -> set[str]:
    return {signal.name for signal in score.signals}


def test_a_school_that_prints_its_name_phone_and_address_is_certain() -> None:
    score = scored(html("Pine Hollow Elementary School", f"{MENU}<p>{CONTACT}</p>"))
    assert score.value >= ACCEPTED
    assert {"name", "phone", "street_and_zip", "city_and_state", "host", "navigation"} <= names(score)
    assert all(signal.detail for signal in score.signals)


def test_a_name_alone_is_not_enough() -> None:
    assert scored(html("Pine Hollow Elementary School", MENU)).value < REVIEW


def test_an_official_listing_makes_a_likely_site_likelier() -> None:
    page = html("Pine Hollow ES", f"{MENU}<p>205-555-0100</p>")
    assert REVIEW <= scored(page).value < ACCEPTED <= scored(page, provider="nces").value


def test_the_districts_home_page_is_not_the_schools() -> None:
    body = (
        f"<h1>Green Valley Public Schools</h1><a href='/o/pine'>Pine Hollow Elementary School</a>{MENU}<p>{CONTACT}</p>"
    )
    score = scored(html("Home - Green Valley Public Schools", body), "http://greenvalley.k12.al.us/", "nces")
    assert score.value < REVIEW
    assert "district_home" in names(score)
    assert score.is_district


def test_a_school_under_its_districts_prefix_is_accepted() -> None:
    page = html("Pine Hollow Elementary | Green Valley Public Schools", f"{MENU}<p>{CONTACT}</p>")
    assert scored(page, "http://greenvalley.test/o/pine-hollow/").value >= ACCEPTED


def test_a_namesake_elsewhere_is_none() -> None:
    page = html("Pine Hollow Elementary School", f"{MENU}<p>9 Elm Road, Marlow, OH 44999. 614-555-0199</p>")
    score = scored(page)
    assert score.value < REVIEW
    assert "other_state" in names(score)
    page = html("Pine Hollow Elementary School", f"{MENU}<p>9 Elm Road, Dover, AL 35111</p>")
    assert "other_city" in names(scored(page))


def test_the_high_school_of_the_same_name_is_another_school() -> None:
    score = scored(html("Pine Hollow High School", f"{MENU}<p>{CONTACT}</p>"))
    assert score.value < REVIEW
    assert "other_school" in names(score)


def test_a_page_that_never_names_the_school_waits_for_a_person() -> None:
    score = scored(html("Home", f"{MENU}<p>{CONTACT}</p>"), provider="nces")
    assert REVIEW <= score.value < ACCEPTED
    assert "no_name" in names(score)


def test_a_profile_of_a_school_is_not_its_site() -> None:
    others = "".join(f"<a href='/{n}'>{n} Elementary School</a>" for n in ("Oak", "Elm", "Birch", "Cedar"))
    body = f"<h1>Pine Hollow Elementary School</h1><p>{CONTACT}</p>Student-teacher ratio 14. Nearby schools: {others}"
    score = scored(html("Pine Hollow Elementary School - Marlow, AL", body), "http://ranks.test/alabama/marlow/pine/")
    assert score.value < REVIEW
    assert {"profile_page", "lists_many_schools"} <= names(score)


def test_a_listed_aggregator_is_nothing() -> None:
    score = scored(html("Pine Hollow Elementary School", CONTACT), "https://www.niche.com/k12/pine/")
    assert score.value == 0
    assert "aggregator" in names(score)


def test_a_parked_domain_is_nothing() -> None:
    page = html("pinehollow.test", f"This domain is for sale! Pine Hollow Elementary School {CONTACT}")
    assert scored(page, provider="nces").value == 0


def test_a_log_in_page_is_marked() -> None:
    assert "log_in_page" in names(scored(html("Pine Hollow Elementary", MENU), "http://pinehollow.test/login/"))


def test_a_site_that_has_moved_is_not_accepted() -> None:
    link = "<a href='http://new.test/'>http://new.test/</a>"
    moved = scored(html("Pine Hollow ES", f"We have moved! Visit our new website at {link}. {MENU}{CONTACT}"))
    assert moved.value < ACCEPTED
    assert "moved" in names(moved)
    building = scored(html("Pine Hollow ES", f"We have moved into our new gymnasium. {MENU}{CONTACT}"))
    assert building.value >= ACCEPTED


DISTRICT_PAGE = "http://gv.test/schools"


@pytest.mark.parametrize(
    ("page", "url", "school", "expected", "weight"),
    [
        (html("Pine Hollow ES", "Grades K-5"), "", {"grade_span": "KG-05"}, "other_grades", 0),
        (html("Pine Hollow ES", "Grades 9 through 12"), "", {"grade_span": "KG-05"}, "other_grades", -10),
        (html("Pine Hollow ES", "Grade PreK–2. Grades 3-5"), "", {"grade_span": "PK-05"}, "other_grades", 0),
        (html("Pine Hollow ES", "Serving grades 6th to 8th"), "", {"grade_span": "KG-05,09-12"}, "other_grades", -10),
        (html("Pine Hollow ES", "Grades 9-12"), "", {}, "other_grades", 0),
        (html("Pine Hollow ES", "Grades 9-12"), "", {"grade_span": "some"}, "other_grades", 0),
        (html("Pine Hollow ES", "<form><input type=password></form>"), "", {}, "log_in_page", -30),
        (html("Pine Hollow ES", f"{MENU * 3}<input type=password>"), "", {}, "log_in_page", 0),
        (html("Pine Hollow ES", MENU), "http://pinehollow.test/portal/x/", {}, "log_in_page", -30),
        (html("Pine Hollow ES", CONTACT), "", {}, "phone", 35),
        (html("Pine Hollow ES", CONTACT.replace("0100", "0199")), "", {}, "phone", 0),
        (html("Pine Hollow ES", CONTACT), "", {}, "street_and_zip", 25),
        (html("Pine Hollow ES", CONTACT.replace("12 ", "14 ")), "", {}, "street_and_zip", 0),
        (html("Oak Ridge Middle School", CONTACT), "", {}, "other_school", -40),
        (html("Pine Hollow ES", "9 Elm Road, Dover, OH 44622"), "", {}, "other_state", -40),
        (html("Pine Hollow ES", "Marlow, AL 35999"), "", {}, "city_and_state", 8),
        (html("Pine Hollow ES", "x", "<meta name=generator content='Finalsite'>"), "", {}, "school_cms", 5),
        (html("Pine Hollow ES", "x"), "http://ph.gv.k12.al.us/", {}, "host", 15),
        (html("Pine Hollow ES", "x"), "http://www.yelp.com/biz/pine/", {}, "aggregator", -100),
    ],
)  # fmt: skip
def test_each_signal_has_its_weight(page: str, url: str, school: dict[str, str], expected: str, weight: float) -> None:
    score = scored(page, url or "http://ph.test/", **school)
    assert sum(signal.weight for signal in score.signals if signal.name == expected) == weight


def linked(page: str, source: str = DISTRICT_PAGE, **school: Any) -> Score:
    target = SchoolTarget(**{field: school.get(field, getattr(PINE, field)) for field in PINE.__slots__})
    seen = Seen("http://ph.test/", read_facts(page, "http://ph.test/"), "linked", linked_from=source)
    return score_site(seen, target, read_aggregators())


def test_a_link_from_the_districts_site_counts_as_much_as_the_districts_name_and_not_beside_it() -> None:
    nameless, named = html("Pine Hollow ES", MENU), html("Pine Hollow ES", f"{MENU} Green Valley Public Schools")
    assert linked(nameless).value - linked(nameless, "").value == pytest.approx(0.2)
    assert linked(named).value == linked(named, "").value
    assert "district_link" in names(linked(named))
    assert "district_link" not in names(linked(html("Oak Ridge Middle", MENU)))


def test_machine_readable_names_count_as_names() -> None:
    head = (
        '<script type="application/ld+json">{"@graph":[{"@type":"ElementarySchool","name":"Pine Hollow ES"}]}</script>'
    )
    assert "name" in names(scored(html("Home", CONTACT, head)))
    assert "name" in names(scored(html("Home", CONTACT, '<meta property="og:site_name" content="Pine Hollow Elem.">')))
    assert "name" not in names(scored(html("Home", CONTACT, '<script type="application/ld+json">{oops</script>')))


def test_the_host_of_a_school_speaks_for_it() -> None:
    page = html("x", "y")
    assert "host" in names(scored(page, "http://ph.greenvalley.k12.al.us/"))
    assert "host" in names(scored(page, "http://www.pinehollow.org/"))
    assert "host" not in names(scored(page, "http://www.example.org/"))
    seen = Seen("http://gv.test/o/pine/", read_facts(page, "http://gv.test/"), "linked", {"gv.test"})
    assert "host" in names(score_site(seen, PINE, frozenset()))


def test_a_page_that_is_no_page_has_no_facts() -> None:
    assert read_facts(b"", "http://x.test/").text == ""
    assert read_facts(b"\x00\x01\x02", "http://x.test/", encoding="no-such-encoding").phones == frozenset()
    assert read_facts("<a href='http://[bad'>x</a><a href='tel:2055550100'>call</a>", "http://x.test/").phones == {
        "2055550100"
    }


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        ("https://www.greatschools.org/x", "greatschools.org"), ("https://m.facebook.com/pine", "facebook.com"),
        ("https://sites.google.co.uk/x", "google.*"), ("https://x.com/pine", "x.com"),
        ("https://pinex.com/", None), ("https://niche.school.org/", None),
    ],
)  # fmt: skip
def test_aggregators_are_known_by_their_hosts(url: str, listed: str | None) -> None:
    assert is_aggregator(url, read_aggregators()) == listed


def test_the_operator_can_name_more_aggregators(tmp_path: Path) -> None:
    more = tmp_path / "more.txt"
    more.write_text("# ours\nwww.ranks.test  # a directory\n", encoding="utf-8")
    assert is_aggregator("http://al.ranks.test/pine", read_aggregators(more)) == "ranks.test"


def test_a_name_is_found_in_a_title() -> None:
    name = SchoolName("Pine Hollow Elementary")
    assert name.is_named_in("Welcome to Pine Hollow ES")
    assert name.is_named_in("Pine Hollow")
    assert not name.is_named_in("Pine Hollow High School")
    assert name.is_other_school("Oak Ridge Middle School")
    assert not name.is_other_school("Latest News")
    assert not name.is_other_school("Senior Portraits Online")
    assert SchoolName("Elementary School").is_named_in("The Elementary School")
    assert name_parts("Staff | Pine Hollow: Home - Green Valley ISD") == [
        "Staff",
        "Pine Hollow",
        "Home",
        "Green Valley ISD",
    ]


def test_districts_are_told_from_schools() -> None:
    assert all(map(is_district_name, ["Marlow ISD", "Green Valley Public Schools", "Riverisd", "Board of Education"]))
    assert not any(map(is_district_name, ["Wausau East High", "Azalea Elementary", "Pine Hollow School"]))
    assert names_school_list("Our Schools »")
    assert not names_school_list("Schools out for summer")


NAME = SchoolName("Pine Hollow Elementary School")


@pytest.mark.parametrize(
    ("body", "by_address", "found"),
    [
        ("<a href='/a'>Pine Hollow ES</a><a href='/b'>Pine Hollow High School</a>", False, ["/a"]),
        ("<a href=/a aria-label='Pine Hollow ES'><i></i></a><a href=/b><img alt=Pine-Hollow></a>", False, ["/a", "/b"]),
        ("<li>Pine Hollow ES <a href='/a'>Visit Website</a></li>", False, ["/a"]),
        ("<li>Pine Hollow ES <a href='/a'>Board Policy</a></li>", False, []),
        ("<tr><td>Pine Hollow ES</td><td><a href='http://ph.test'>ph.test</a></td></tr>", False, ["http://ph.test/"]),
        ("<ul><li>Pine Hollow ES, Oak Ridge ES</li>" + "<li><a href='/x'>More</a></li>" * 4 + "</ul>", False, []),
        ("<a href='/o/pine-hollow-es'>x</a><a href='/news/pine-hollow-wins'>y</a>", True, ["/o/pine-hollow-es"]),
        ("<a href='/o/pine-hollow-es'>x</a>", False, []),
        ("<a href='http://pinehollow.gv.org/'>x</a><a href='http://oak.gv.org/'>y</a>", True, ["http://pinehollow.gv.org/"]),
        ("<select><option value=/a>Pine Hollow ES<option value=3>Pine Hollow ES</select>", False, ["/a"]),
        ("<a href=/o/pine-hollow>x</a><a href=/a>Pine Hollow</a>", True, ["/a", "/o/pine-hollow"]),
    ],
)  # fmt: skip
def test_a_districts_page_leads_to_a_school(body: str, by_address: bool, found: list[str]) -> None:
    facts = read_facts(
        f"<html><body><table>{body}</table></body></html>" if body.startswith("<tr") else html("x", body),
        "http://gv.test/",
    )
    wanted = [url if "://" in url else f"http://gv.test{url}" for url in found]
    assert links_to(facts, NAME, by_address=by_address) == wanted


def test_what_is_no_sitemap_leads_nowhere() -> None:
    for body in (
        b"",
        b"\x00\xff",
        b"<html><body>404</body></html>",
        b"<urlset><url><loc>no address</loc></url></urlset>",
    ):
        assert sitemap_links(body, NAME) == ([], [])


def test_a_long_page_of_links_is_read_in_time_that_grows_with_it() -> None:
    page = "<div>" * 30 + "".join(f"<div><span>{n}</span><a href='/{n}'>Visit</a></div>" for n in range(20_000))
    facts = read_facts(page, "http://gv.test/")
    assert len(facts.links) == 3000
    assert facts.links[7].near == "7 Visit"


def row(number: int, name: str, **more: str) -> DirectorySchool:
    return DirectorySchool(nces_id=f"{number:012d}", name=name, state="AL", lea_id="0100001", **more)


ROWS = (
    row(1, "Pine Hollow ES", district="Green Valley", city="Marlow", zip="35999", website="http://gv.test/o/pine"),
    row(2, "Pine Hollow HS", district="Green Valley", city="Marlow", zip="35999", website="http://gv.test/o/pinehs"),
    row(3, "Central Elementary", district="North", city="Alton", phone="2055550133"),
    row(4, "Central Elementary", district="South", city="Belton", phone="2055550144"),
    row(5, "Oak Ridge Elem Sch", district="Green Valley", city="Marlow", website="gv.test/o/oak"),
)


@pytest.mark.parametrize(
    ("school", "found"),
    [
        (SchoolTarget("", "Anything", nces_id="4"), 4),
        (SchoolTarget("", "Pine Hollow Elementary School", state="Alabama", city="Marlow"), 1),
        (SchoolTarget("", "Pine Hollow High School", state="AL", district="Green Valley Public Schools"), 2),
        (SchoolTarget("", "Central Elementary School", state="AL"), None),
        (SchoolTarget("", "Central Elementary School", state="AL", city="Belton"), 4),
        (SchoolTarget("", "Central Elementary School", state="AL", phone="(205) 555-0133"), 3),
        (SchoolTarget("", "Oak Ridge Elementary", state="AL"), 5),
        (SchoolTarget("", "Oak Ridge Elementary", state="AL", city="Elsewhere"), None),
        (SchoolTarget("", "Oak Ridge Elementary", state="GA"), None),
        (SchoolTarget("", "Oak Ridge Elementary"), None),
        (SchoolTarget("", "", state="AL"), None),
        (SchoolTarget("", "Nothing Like It", state="AL", city="Marlow"), None),
    ],
)
def test_a_listed_school_has_one_row_or_none(school: SchoolTarget, found: int | None) -> None:
    match = NcesDirectory(ROWS).match(school)
    assert (int(match.nces_id) if match else None) == found


def test_the_directory_completes_what_the_list_did_not_print() -> None:
    directory = NcesDirectory(ROWS)
    school = SchoolTarget("9", "Pine Hollow Elementary", state="AL", city="MARLOW")
    completed = directory.completed(school)
    assert (completed.key, completed.city, completed.zip, completed.nces_id) == ("9", "MARLOW", "35999", "000000000001")
    assert directory.completed(SchoolTarget("9", "Unknown", state="AL")) == SchoolTarget("9", "Unknown", state="AL")


def test_a_school_without_a_website_has_its_districts() -> None:
    rows = (*ROWS, row(6, "Elm Elementary", district="Green Valley", city="Marlow"))
    found = NcesDirectory(rows).candidates(SchoolTarget("", "Elm Elementary", state="AL", city="Marlow"))
    assert found == [Candidate("http://gv.test/", "district", 0.5)]


def test_a_rejected_site_is_no_candidate_but_still_shows_the_way() -> None:
    spider = WebsiteDiscoverySpider()
    school = SchoolTarget("7", "Pine Hollow Elementary", rejected=("https://www.pine.test",))
    body = html("Pine Hollow Elementary", "<a href='http://gv.test/o/pine'>Pine Hollow Elementary</a>").encode()
    for asked, offered in ((school, []), (replace(school, rejected=()), ["http://pine.test/"])):
        visit = Visit(asked)
        page = HtmlResponse("http://pine.test/", body=body, encoding="utf-8")
        items = spider.read_page(page, visit, Step("http://pine.test/", "candidate", 1.0, 0, "nces"))
        assert [item.url for item in items] == offered
        assert bool(visit.best_url) is bool(offered)
        assert [step.url for step in visit.frontier] == ["http://gv.test/o/pine/"]
