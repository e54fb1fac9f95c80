"""The discovery with services, guesses and districts' pages: the real spider against faithful fakes on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.crawler.conftest import Answer, Crawler, Web, home_page
from tests.fakes.brave import KEY, PATH, FakeBrave
from tests.fakes.sparql import FakeWikidata, Item

CONTACT = "12 Oak Street, Marlow, AL 35999. Phone (205) 555-0100"
HEADER = "name,district,address,city,state,zip,phone"
PINE = "Pine Hollow Elementary,Green Valley Public Schools,12 Oak Street,Marlow,AL,35999,205-555-0100"
PATTERNS = """
[words]
district = ["public", "schools", "school", "district"]
place = ["county"]
[levels]
elementary = "es"
[all]
district = ["{{d}}schools.test:{port}", "{{d}}.k12.{{st}}.test:{port}"]
school = ["{{name}}.test:{port}", "{{sl}}.test:{port}"]
[within]
hosts = ["{{s}}.{{domain}}"]
paths = ["/o/{{sl}}", "/schools/{{slug}}"]
"""


def schools(folder: Path, *rows: str) -> str:
    path = folder / "schools.csv"
    path.write_text("\n".join([HEADER, *(rows or (PINE,))]), encoding="utf-8")
    return str(path)


def outcomes(row: dict[str, Any]) -> dict[str, str]:
    """What came of each provider, in their order."""
    return {text.split(" ")[0]: text.split(" ")[1] for text in row["tried"]}


@pytest.fixture
def pine(crawler: Crawler, loopback: Web) -> str:
    """The school's own site, which only somebody else can name."""
    crawler.hosts("pine.test")
    loopback.page("pine.test", "/", home_page("Pine Hollow Elementary School", {"Staff": "/staff"}, CONTACT))
    return loopback.url("pine.test")


def brave(crawler: Crawler, loopback: Web, *found: str, **limits: Any) -> FakeBrave:
    service = FakeBrave(lambda query: list(found) if "Pine" in query else [], **limits)
    crawler.hosts("brave.test")
    loopback.services["brave.test", PATH] = service.answer
    crawler.environment |= {"TITLE1_BRAVE_KEY": KEY, "TITLE1_BRAVE_URL": loopback.url("brave.test", PATH)}
    return service


def test_brave_finds_a_site_and_only_brave_sees_the_key(crawler: Crawler, loopback: Web, pine: str) -> None:
    service = brave(crawler, loopback, loopback.url("moved.test", "/old/staff"))
    crawler.hosts("moved.test")
    loopback.page("brave.test", "/robots.txt", "User-agent: *\nDisallow: /\n")
    seen: list[str] = []

    def move(request: web.Request) -> web.Response:
        seen.extend(request.headers.values())
        return web.Response(status=301, headers={"Location": pine})

    loopback.services["moved.test", "/"] = move
    jobdir = crawler.folder / "job"
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)}, "-s", f"JOBDIR={jobdir}")
    assert (rows[0]["outcome"], rows[0]["website"], rows[0]["provider"]) == ("accepted", pine, "brave")
    assert outcomes(rows[0]) == {
        "printed": "nothing", "nces": "nothing", "district": "nothing", "guess": "off", "wikidata": "off",
        "searxng": "off", "brave": "found",
    }  # fmt: skip
    assert service.tokens == [KEY]
    assert seen
    assert KEY not in seen
    assert "/robots.txt" not in loopback.paths("brave.test")
    assert KEY.encode() not in b"".join(file.read_bytes() for file in jobdir.rglob("*") if file.is_file())


def test_a_wrong_key_is_tried_once_and_says_nothing_about_the_schools(crawler: Crawler, loopback: Web) -> None:
    service = brave(crawler, loopback)
    crawler.environment["TITLE1_BRAVE_KEY"] = "another"
    rows, log = crawler.run("website_discovery", {"schools": schools(crawler.folder, PINE, PINE, PINE)})
    assert [row["outcome"] for row in rows] == ["try_later"] * 3
    assert "TITLE1_BRAVE_KEY" in log
    assert "another" not in log
    # Schools whose question was under way when the first answer came may have sent theirs.
    assert len(service.tokens) <= 3
    assert all(outcomes(row)["brave"] == "try_later" for row in rows)


def test_a_service_cannot_send_the_key_elsewhere(crawler: Crawler, loopback: Web) -> None:
    brave(crawler, loopback)
    crawler.hosts("evil.test")
    loopback.services["brave.test", PATH] = lambda _: web.Response(
        status=302, headers={"Location": loopback.url("evil.test", PATH)}
    )
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert rows[0]["outcome"] == "try_later"
    assert loopback.paths("evil.test") == []


def test_a_limit_longer_than_the_crawl_waits_means_try_later(crawler: Crawler, loopback: Web) -> None:
    brave(crawler, loopback)
    loopback.services["brave.test", PATH] = lambda _: web.Response(status=429, headers={"Retry-After": "5000"})
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder, PINE, PINE)})
    assert [row["outcome"] for row in rows] == ["try_later"] * 2
    assert "pause of 5000 s" in rows[0]["reason"]


def test_a_full_second_is_waited_for(crawler: Crawler, loopback: Web, pine: str) -> None:
    service = brave(crawler, loopback, pine, second=0.5)
    crawler.environment["TITLE1_CRAWL_DELAY_SECONDS"] = "0"
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder, PINE, PINE, PINE)})
    assert [row["outcome"] for row in rows] == ["accepted"] * 3
    assert service.billed == 3


def test_a_used_up_month_means_try_later(crawler: Crawler, loopback: Web) -> None:
    service = brave(crawler, loopback, per_month=1)
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert rows[0]["outcome"] == "try_later"
    assert "month" in rows[0]["reason"]
    assert service.billed == 1


def test_the_operators_own_budget_is_kept(crawler: Crawler, loopback: Web) -> None:
    service = brave(crawler, loopback)
    crawler.environment["TITLE1_BRAVE_SEARCHES"] = "3"
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder, PINE, PINE, PINE)})
    assert service.billed == 3
    # Three questions are enough for one school and a half; whoever asked last cannot say "none".
    assert [row["outcome"] for row in rows].count("try_later") >= 2
    assert any("3 searches" in row["reason"] for row in rows)


def test_a_failing_service_is_asked_again(crawler: Crawler, loopback: Web, pine: str) -> None:
    service = brave(crawler, loopback, pine)
    service.misbehave(500, 503)
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert rows[0]["outcome"] == "accepted"
    assert service.billed == 1


def test_wikidata_names_a_site(crawler: Crawler, loopback: Web, pine: str) -> None:
    twin = Item("Pine Hollow Elementary School", "US-OH", loopback.url("twin.test"))
    service = FakeWikidata(twin, Item("Pine Hollow Elementary School", "US-AL", pine))
    service.misbehave((200, '{"head": {"vars": ["item", "site"]}, "results": {"bindings": [ {'))
    crawler.hosts("wikidata.test")
    loopback.services["wikidata.test", "/sparql"] = service.answer
    crawler.environment["TITLE1_WIKIDATA_URL"] = loopback.url("wikidata.test", "/sparql")
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert (rows[0]["outcome"], rows[0]["website"], rows[0]["provider"]) == ("accepted", pine, "wikidata")
    assert len(service.queries) == 2
    assert list(outcomes(rows[0]))[-1] == "wikidata"


def test_a_service_that_cannot_be_reached_means_try_later(crawler: Crawler) -> None:
    crawler.environment["TITLE1_WIKIDATA_URL"] = "http://nowhere.test/sparql"
    rows, log = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert rows[0]["outcome"] == "try_later"
    assert "TITLE1_WIKIDATA_URL" in log


@pytest.mark.parametrize(
    ("odd", "outcome"),
    [
        (Answer("too many", 429, headers={"Retry-After": "1"}), "accepted"),
        (Answer("<html>busy</html>"), "accepted"),
        (Answer(status=302, headers={"Location": "/login"}), "try_later"),
        (Answer(json.dumps({"results": [], "unresponsive_engines": []})), "accepted"),
    ],
)
def test_odd_answers_of_searxng(crawler: Crawler, loopback: Web, pine: str, odd: Answer, outcome: str) -> None:
    crawler.hosts("search.test")
    crawler.environment["TITLE1_SEARXNG_URL"] = loopback.url("search.test")
    good = Answer(json.dumps({"results": [{"url": pine}]}))
    left = [odd]

    def search(request: web.Request) -> web.Response:
        del request
        answer = left.pop() if left else good
        return web.Response(text=answer.body, status=answer.status, headers=answer.headers)

    loopback.services["search.test", "/search"] = search
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert rows[0]["outcome"] == outcome
    assert "/login" not in loopback.paths("search.test")


def guessing(crawler: Crawler, loopback: Web) -> None:
    patterns = crawler.folder / "patterns.toml"
    patterns.write_text(PATTERNS.format(port=loopback.port), encoding="utf-8")
    crawler.environment |= {"TITLE1_GUESS_NAMES": "30", "TITLE1_GUESS_PATTERNS_FILE": str(patterns)}


def test_a_guessed_site_is_found_and_guesses_that_do_not_exist_ask_nobody(crawler: Crawler, loopback: Web) -> None:
    guessing(crawler, loopback)
    crawler.hosts("www.pinehollowelementary.test")
    loopback.page(
        "www.pinehollowelementary.test", "/", home_page("Pine Hollow Elementary School", {"Staff": "/staff"}, CONTACT)
    )
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert (rows[0]["outcome"], rows[0]["provider"]) == ("accepted", "guess")
    assert {hit.host for hit in loopback.hits} == {"www.pinehollowelementary.test"}
    assert outcomes(rows[0])["guess"] == "found"


def test_guesses_that_lead_nowhere_are_no_website(crawler: Crawler, loopback: Web) -> None:
    guessing(crawler, loopback)
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert (rows[0]["outcome"], rows[0]["reason"]) == ("none", "no candidate could be fetched")
    assert outcomes(rows[0])["guess"] == "nothing"
    assert loopback.hits == []


def test_a_file_of_patterns_that_is_none_is_explained(crawler: Crawler, loopback: Web) -> None:
    guessing(crawler, loopback)
    Path(crawler.environment["TITLE1_GUESS_PATTERNS_FILE"]).write_text("[all]\n")
    rows, log = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert "is not a file of patterns" in log
    assert rows == []


def test_a_strangers_host_behind_a_guess_is_not_kept(crawler: Crawler, loopback: Web) -> None:
    guessing(crawler, loopback)
    crawler.hosts("pinehollowelementary.test", "pinehollowes.test")
    loopback.page("pinehollowelementary.test", "/", "<title>Buy this domain</title>This domain is for sale.")
    loopback.page("pinehollowes.test", "/", home_page("Pine Hollow Elementary", {"Staff": "/s"}, "Dover, OH 44622"))
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert (rows[0]["outcome"], rows[0]["candidate"], rows[0]["signals"]) == ("none", None, [])
    assert outcomes(rows[0])["guess"] == "found"


def test_a_broken_guess_postpones_nothing_and_their_number_is_bounded(crawler: Crawler, loopback: Web) -> None:
    guessing(crawler, loopback)
    crawler.environment["TITLE1_GUESS_PAGES"] = "2"
    hosts = ("greenvalleyschools.test", "greenvalley.k12.al.test", "pinehollowelementary.test", "pinehollowes.test")
    crawler.hosts(*hosts)
    for host in hosts:
        loopback.page(host, "/robots.txt", status=500)
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert rows[0]["outcome"] == "none"
    assert {hit.host for hit in loopback.hits} == set(hosts[:2])


def district(loopback: Web, body: str, **pages: str) -> None:
    host = "greenvalleyschools.test"
    home = (
        f"<title>Green Valley Public Schools</title><h1>Green Valley Public Schools</h1>{body}<p>Marlow, AL 35999</p>"
    )
    loopback.page(host, "/", home)
    for path, page in pages.items():
        loopback.page(host, f"/{path.replace('__', '/')}", page)


CARDS = (
    "<div><div><h3>Pine Hollow Elementary</h3><p>12 Oak Street</p><a href='/x/1'>Visit Site</a></div>"
    "<div><h3>Oak Ridge Elementary</h3><a href='/x/2'>Visit Site</a></div></div>"
)
LINKED_DATA = (
    '<script type="application/ld+json">{"@type":"Organization","name":"Green Valley Public Schools",'
    '"subOrganization":[{"@type":"School","name":"Pine Hollow Elementary","url":"/x/1"}]}</script>'
)
PLACES: dict[str, tuple[str, dict[str, str]]] = {
    "a menu of three levels": (
        "<ul><li>Schools<ul><li>Elementary<ul><li><a href='/x/1'>Pine Hollow ES</a></li></ul></li></ul></li></ul>",
        {"x__1": "here"},
    ),
    "a picker": (
        "<select><option>Choose</option><option value='/x/1'>Pine Hollow ES</option><option>Oak</option></select>",
        {"x__1": "here"},
    ),
    "cards with a link that says nothing": (
        CARDS,
        {"x__1": "here", "x__2": "other"},
    ),
    "an address that names it": ("<a href='/o/pine-hollow-es'><img src='logo.png'></a>", {"o__pine-hollow-es": "here"}),
    "lists by level": (
        "<a href='/schools'>Our Schools</a>",
        {
            "schools": "<title>Green Valley Public Schools</title><a href='/e'>Elementary Schools</a>",
            "e": "<title>Green Valley Public Schools</title><a href='/x/1'>Pine Hollow</a>",
            "x__1": "here",
        },
    ),
    "what it says to machines": (
        LINKED_DATA,
        {"x__1": "here"},
    ),
    "its sitemap": (
        "<a href='/news'>News</a>",
        {
            "sitemap.xml": "<sitemapindex><sitemap><loc>{}/maps/1.xml</loc></sitemap></sitemapindex>",
            "maps__1.xml": "<urlset><url><loc>{}/news/pine-hollow-wins-award</loc></url>"
            "<url><loc>{}/s/pine-hollow-elementary/staff</loc></url></urlset>",
            "s__pine-hollow-elementary": "here",
        },
    ),
    "a path that others use": ("<p>Welcome</p>", {"schools__pine-hollow": "here"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_school_is_found_on_its_guessed_districts_site(crawler: Crawler, loopback: Web, place: str) -> None:
    guessing(crawler, loopback)
    crawler.hosts("greenvalleyschools.test")
    body, pages = PLACES[place]
    root = loopback.url("greenvalleyschools.test", "")
    said = {
        "here": home_page("Pine Hollow Elementary School", {"Staff": "/staff", "Calendar": "/c"}, CONTACT),
        "other": home_page("Oak Ridge Elementary", {"Staff": "/staff"}, "9 Elm Road, Marlow, AL 35999"),
    }
    made = {path: said.get(page, page.replace("{}", root)) for path, page in pages.items()}
    district(loopback, body, **made)
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    path = next(path for path, page in pages.items() if page == "here").replace("__", "/")
    assert (rows[0]["outcome"], rows[0]["website"]) == ("accepted", f"{root}/{path}/")
    if rows[0]["provider"] == "linked":
        assert any(signal.startswith("district_link") for signal in rows[0]["signals"])


def test_a_namesake_district_in_another_state_is_not_followed(crawler: Crawler, loopback: Web) -> None:
    guessing(crawler, loopback)
    crawler.hosts("greenvalleyschools.test")
    district(loopback, "<a href='/x/1'>Pine Hollow Elementary</a><a href='/schools'>Our Schools</a>")
    page = loopback.pages["greenvalleyschools.test", "/"]
    page.body = page.body.replace("Marlow, AL 35999", "Dover, OH 44622")
    loopback.page(
        "greenvalleyschools.test", "/x/1", home_page("Pine Hollow Elementary", {"Staff": "/s"}, "Dover, OH 44622")
    )
    rows, _ = crawler.run("website_discovery", {"schools": schools(crawler.folder)})
    assert rows[0]["outcome"] == "none"
    assert "/schools" not in loopback.paths("greenvalleyschools.test")
