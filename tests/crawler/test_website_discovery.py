"""The discovery, run by hand against schools, a district and a search engine on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.crawler.conftest import Answer, Crawler, Web, home_page

CONTACT = "12 Oak Street, Marlow, AL 35999. Phone (205) 555-0100"
SCHOOL = "Pine Hollow Elementary,Green Valley,12 Oak Street,Marlow,AL,35999,205-555-0100"
DIRECTORY = "NCESSCH,SCH_NAME,LEA_NAME,LEAID,LSTREET1,LCITY,LSTATE,LZIP,PHONE,WEBSITE,UPDATED_STATUS"


@pytest.fixture
def schools(tmp_path: Path) -> Path:
    path = tmp_path / "schools.csv"
    path.write_text(f"name,district,address,city,state,zip,phone\n{SCHOOL}\n", encoding="utf-8")
    return path


def directory(folder: Path, *websites: str) -> Path:
    path = folder / "ccd.csv"
    names = ["Pine Hollow ES", "Oak Ridge ES", "Elm Creek ES"]
    rows = [
        f"01000000000{n},{names[n]},Green Valley,0100001,12 Oak St,Marlow,AL,35999,2055550100,{website},1"
        for n, website in enumerate(websites)
    ]
    path.write_text("\n".join([DIRECTORY, *rows]), encoding="utf-8")
    return path


def search_path(query: str) -> str:
    options = {"q": query, "format": "json", "categories": "general", "language": "en-US", "safesearch": "0"}
    return f"/search?{urlencode(options)}"


FIRST = search_path('"Pine Hollow Elementary" Marlow AL')
SECOND = search_path("Pine Hollow Elementary Green Valley Marlow AL official website")


def test_the_official_website_is_fetched_and_scored(crawler: Crawler, loopback: Web, schools: Path) -> None:
    crawler.hosts("pine.test", "www.pine.test")
    loopback.page("pine.test", "/", status=301, headers={"Location": loopback.url("www.pine.test")})
    loopback.page("www.pine.test", "/", home_page("Pine Hollow Elementary School", {"Staff": "/staff"}, CONTACT))
    listed = directory(crawler.folder, f"pine.test:{loopback.port}")
    rows, _ = crawler.run("website_discovery", {"schools": str(schools), "directory": str(listed)})
    assert len(rows) == 1
    assert rows[0]["outcome"] == "accepted"
    assert rows[0]["website"] == loopback.url("www.pine.test")
    assert rows[0]["score"] >= 0.85
    assert any(signal.startswith("phone +35") for signal in rows[0]["signals"])


def test_a_school_is_found_through_its_districts_list_of_schools(
    crawler: Crawler, loopback: Web, schools: Path
) -> None:
    crawler.hosts("gv.test")
    links = {"Our Schools": "/schools", "Staff": "/staff"}
    loopback.page("gv.test", "/", home_page("Green Valley Public Schools", links, "1 Main Street, Marlow, AL 35999"))
    loopback.page(
        "gv.test", "/schools", home_page("Green Valley Public Schools", {"Pine Hollow Elementary": "/o/pine"})
    )
    loopback.page("gv.test", "/o/pine", home_page("Pine Hollow Elementary", {"Staff": "/o/pine/staff"}, CONTACT))
    listed = directory(crawler.folder, "", loopback.url("gv.test", "/o/oak"), loopback.url("gv.test", "/o/elm"))
    rows, _ = crawler.run("website_discovery", {"schools": str(schools), "directory": str(listed)})
    assert rows[0]["outcome"] == "accepted"
    assert rows[0]["website"] == loopback.url("gv.test", "/o/pine/")


def test_the_schools_of_a_district_ask_for_its_pages_once(crawler: Crawler, loopback: Web) -> None:
    names = ["Pine Hollow", "Oak Ridge", "Elm Creek", "Ash Lane"]
    hosts = [f"{name.split()[0].lower()}.test" for name in names]
    crawler.hosts("gv.test", "www.gv.test", *hosts)
    loopback.page("gv.test", "/", status=301, headers={"Location": loopback.url("www.gv.test")})
    contact = "1 Main Street, Marlow, AL 35999"
    loopback.page("www.gv.test", "/", home_page("Green Valley Public Schools", {"Our Schools": "/schools"}, contact))
    links = {f"{name} Elementary": loopback.url(host) for name, host in zip(names, hosts, strict=True)}
    loopback.page("www.gv.test", "/schools", home_page("Green Valley Public Schools", links))
    lines = ["name,district,address,city,state,zip,phone,website"]
    for number, (name, host) in enumerate(zip(names, hosts, strict=True)):
        place = f"{number} Oak Street,Marlow,AL,35999,205-555-010{number}"
        lines.append(f"{name} Elementary,Green Valley,{place},{loopback.url('gv.test')}")
        loopback.page(host, "/", home_page(f"{name} Elementary", {}, place.replace(",", " ")))
    schools = crawler.folder / "schools.csv"
    schools.write_text("\n".join(lines), encoding="utf-8")
    rows, log = crawler.run("website_discovery", {"schools": str(schools)})
    found = {row["name"]: row["website"] for row in rows if row["outcome"] == "accepted"}
    assert found == links
    assert len(rows) == len(names)
    district = loopback.paths("gv.test") + loopback.paths("www.gv.test")
    assert sorted(district) == ["/", "/", "/robots.txt", "/robots.txt", "/schools"]
    assert "'politeness/shared'" in log


def test_search_results_are_candidates_and_aggregators_are_not_fetched(
    crawler: Crawler, loopback: Web, schools: Path
) -> None:
    crawler.hosts("search.test", "ranks.test", "pine.test")
    more = crawler.folder / "more.txt"
    more.write_text("ranks.test\n", encoding="utf-8")
    crawler.environment |= {
        "TITLE1_SEARXNG_URL": loopback.url("search.test"),
        "TITLE1_CRAWL_AGGREGATORS_FILE": str(more),
    }
    loopback.page("search.test", "/robots.txt", "User-agent: *\nDisallow: /\n")
    results = [{"url": loopback.url("ranks.test", "/pine")}, {"url": loopback.url("pine.test", "/about/staff")}]
    busy = json.dumps({"results": [], "unresponsive_engines": [["brave", "timeout"]]})
    loopback.pages["search.test", FIRST] = Answer(busy, times=1, then=Answer(json.dumps({"results": results})))
    loopback.page("pine.test", "/", home_page("Pine Hollow Elementary", {"Staff": "/staff"}, CONTACT))
    rows, _ = crawler.run("website_discovery", {"schools": str(schools)})
    assert rows[0]["outcome"] == "accepted"
    assert rows[0]["website"] == loopback.url("pine.test")
    assert rows[0]["provider"] == "searxng"
    assert loopback.paths("ranks.test") == []
    assert "/robots.txt" not in loopback.paths("search.test")


def test_a_search_service_that_refuses_json_says_what_to_do(crawler: Crawler, loopback: Web, schools: Path) -> None:
    crawler.hosts("search.test")
    crawler.environment["TITLE1_SEARXNG_URL"] = loopback.url("search.test")
    loopback.page("search.test", FIRST, "forbidden", status=403)
    rows, log = crawler.run("website_discovery", {"schools": str(schools)})
    assert "search.formats" in log
    assert rows[0]["outcome"] == "try_later"
    assert loopback.paths("search.test") == [FIRST]


def test_engines_that_stay_silent_mean_try_later(crawler: Crawler, loopback: Web, schools: Path) -> None:
    crawler.hosts("search.test")
    crawler.environment["TITLE1_SEARXNG_URL"] = loopback.url("search.test")
    busy = json.dumps({"results": [], "unresponsive_engines": [["brave", "timeout"]]})
    loopback.page("search.test", FIRST, busy)
    loopback.page("search.test", SECOND, busy)
    rows, _ = crawler.run("website_discovery", {"schools": str(schools)})
    assert rows[0]["outcome"] == "try_later"
    assert "no search engine answered" in rows[0]["reason"]
    assert len(loopback.paths("search.test")) == 6


def test_nothing_found_is_none(crawler: Crawler, loopback: Web, schools: Path) -> None:
    crawler.hosts("pine.test", "file.test")
    loopback.page("file.test", "/", "%PDF", headers={"Content-Type": "application/pdf"})
    listed = directory(crawler.folder, loopback.url("file.test"))
    rows, _ = crawler.run("website_discovery", {"schools": str(schools), "directory": str(listed)})
    assert (rows[0]["outcome"], rows[0]["website"]) == ("none", None)


def test_a_directory_that_is_none_is_explained(crawler: Crawler, schools: Path) -> None:
    _, log = crawler.run("website_discovery", {"schools": str(schools), "directory": str(schools)})
    assert "not a CCD school directory" in log
