"""Pages that only a browser can show: shown, read, and every one of their requests made by the rules of the crawl."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from crawler.browser.second_look import SecondLook
from crawler.browser.settings import browser_settings
from crawler.browser.traffic import is_tracker
from crawler.targets import SchoolTarget
from crawler.visits import Step, Visit
from tests.crawler.conftest import Crawler, Web, home_page, staff_table
from tests.crawler.shells import FETCH, FILL, NAMES, NEEDS_CHROMIUM, TEACHERS, browser_school, inline, shell
from tests.crawler.test_page import title1

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180), NEEDS_CHROMIUM]


def harvest(crawler: Crawler, url: str) -> tuple[set[str], str]:
    """The names that a harvest with a browser finds, and its log."""
    rows, log = crawler.run("staff_directory", {"url": url, "browser": "1"})
    return {row["name"] for row in rows}, log


def test_a_list_that_a_script_fills_is_read_with_where_it_was_seen(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(crawler, loopback)
    rows, _ = crawler.run("staff_directory", {"url": url, "browser": "1"})
    assert [(row["name"], row["title"], row["email"]) for row in rows] == list(TEACHERS)
    assert {row["url"] for row in rows} == {loopback.url("pine.test", "/staff")}
    assert all(hit.agent.endswith("(+https://operator.example/crawler)") for hit in loopback.hits)
    assert loopback.paths("pine.test")[0] == "/robots.txt"


def test_without_being_asked_for_no_browser_is_started(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(crawler, loopback)
    rows, log = crawler.run("staff_directory", {"url": url})
    assert rows == []
    assert "/app.js" not in loopback.paths("pine.test")
    assert "browser/" not in log


def test_what_a_page_asks_for_keeps_the_pause_of_its_host(crawler: Crawler, loopback: Web) -> None:
    crawler.environment["TITLE1_CRAWL_DELAY_SECONDS"] = "0.4"
    scripts = "".join(f'<script src="/part{number}.js"></script>' for number in range(5))
    url = browser_school(crawler, loopback, staff=shell(f'{scripts}<script src="/app.js"></script>'))
    names, _ = harvest(crawler, url)
    assert names == NAMES
    times = [hit.at for hit in loopback.hits]
    assert len([path for path in loopback.paths("pine.test") if path.startswith("/part")]) == 5
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.4


def test_a_list_that_is_asked_for_by_post_is_read(crawler: Crawler, loopback: Web) -> None:
    def answer(request: web.Request) -> web.Response:
        known = request.method == "POST" and request.headers.get("Content-Type") == "application/json"
        return web.json_response(TEACHERS if known else [])

    asked = 'fetch("/search", {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"})'
    url = browser_school(
        crawler, loopback, staff=shell(f"<script>{FILL}{asked}.then((a) => a.json()).then(fill)</script>")
    )
    loopback.services["pine.test", "/search"] = answer
    assert harvest(crawler, url)[0] == NAMES


def test_pictures_styles_fonts_frames_and_trackers_are_never_asked_for(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("www.google-analytics.com")
    head = (
        '<link rel="stylesheet" href="/site.css"><link rel="icon" href="/icon.ico">'
        '<link rel="prefetch" href="/next">'
        "<style>@font-face{font-family:a;src:url(/a.woff2)} body{font-family:a}</style>"
    )
    media = (
        '<img src="/photo.jpg"><video src="/film.mp4" autoplay></video><iframe src="/frame"></iframe>'
        f'<script src="{loopback.url("www.google-analytics.com", "/ga.js")}"></script>'
        '<script>navigator.sendBeacon("/beacon", "seen"); new EventSource("/stream"); open("/window")</script>'
        '<script src="/app.js"></script>'
    )
    url = browser_school(crawler, loopback, staff=shell(media, head))
    names, _ = harvest(crawler, url)
    assert names == NAMES
    # The harvest's first look tries well-known paths, too; of these nothing is asked for.
    never = (
        "/site.css",
        "/icon.ico",
        "/next",
        "/a.woff2",
        "/photo.jpg",
        "/film.mp4",
        "/frame",
        "/beacon",
        "/stream",
        "/window",
    )
    assert set(loopback.paths("pine.test")) & set(never) == set()
    assert loopback.paths("www.google-analytics.com") == []


def test_a_page_cannot_reach_closed_addresses(crawler: Crawler, loopback: Web) -> None:
    crawler.environment["TITLE1_CRAWL_ALLOW_ADDRESSES"] = "127.0.0.1/32"
    crawler.hosts("inside.test", address="10.0.0.1")
    closed = [
        "http://169.254.169.254/latest/",
        f"http://127.0.0.2:{loopback.port}/",
        "http://127.0.0.1:22/",
        "file:///etc/hostname",
    ]
    asked = "".join(f"fetch({json.dumps(url)}).catch(() => 0);" for url in [*closed, loopback.url("inside.test")])
    asked += f'try {{ new WebSocket("ws://127.0.0.1:{loopback.port}/socket") }} catch {{}};'
    asked += f'new Worker(URL.createObjectURL(new Blob(["fetch(`http://127.0.0.2:{loopback.port}/worker`)"])));'
    url = browser_school(crawler, loopback, staff=inline(asked))
    before = len(loopback.hits)
    names, log = harvest(crawler, url)
    assert names == NAMES
    assert "'browser/missed/refused': 5" in log
    assert {hit.host for hit in loopback.hits[before:]} == {"pine.test"}
    assert "/socket" not in loopback.paths("127.0.0.1")


def test_a_page_cannot_ask_a_service_with_the_operators_key(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("search.test")
    service = loopback.url("search.test", "/web/search")
    crawler.environment |= {"TITLE1_BRAVE_KEY": "secret", "TITLE1_BRAVE_URL": service}
    url = browser_school(crawler, loopback, staff=inline(f'fetch("{service}?q=school").catch(() => 0)'))
    names, log = harvest(crawler, url)
    assert names == NAMES
    assert loopback.paths("search.test") == []
    assert "'browser/refused/service': 1" in log


def test_robots_rules_hold_for_what_a_page_asks_for(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(crawler, loopback)
    loopback.page("pine.test", "/robots.txt", "User-agent: *\nDisallow: /api/\n")
    names, log = harvest(crawler, url)
    assert names == set()
    assert "/app.js" in loopback.paths("pine.test")
    assert "/api/staff" not in loopback.paths("pine.test")
    assert "'browser/missed/robots_denied': 1" in log


def test_a_page_that_never_rests_is_read_when_its_time_is_over(crawler: Crawler, loopback: Web) -> None:
    crawler.environment["TITLE1_BROWSER_PAGE_SECONDS"] = "6"
    url = browser_school(crawler, loopback, staff=inline("setInterval(() => fetch('/tick').catch(() => 0), 100)"))
    names, log = harvest(crawler, url)
    assert names == NAMES
    assert "'browser/cut_short': 1" in log


def test_a_page_that_waits_for_an_answer_for_ever_is_read_when_its_time_is_over(
    crawler: Crawler, loopback: Web
) -> None:
    crawler.environment["TITLE1_BROWSER_PAGE_SECONDS"] = "6"
    url = browser_school(crawler, loopback, staff=inline("fetch('/never').catch(() => 0)"))
    loopback.page("pine.test", "/never", "", seconds=30)
    names, log = harvest(crawler, url)
    assert names == NAMES
    assert "'browser/cut_short': 1" in log


def test_a_page_that_asks_for_very_much_gets_its_share(crawler: Crawler, loopback: Web) -> None:
    crawler.environment["TITLE1_BROWSER_REQUESTS_PER_PAGE"] = "12"
    many = "for (let i = 0; i < 500; i++) fetch('/many/' + i).catch(() => 0)"
    url = browser_school(crawler, loopback, staff=inline(many))
    names, log = harvest(crawler, url)
    assert names == NAMES
    assert len([path for path in loopback.paths("pine.test") if path.startswith("/many/")]) == 12
    assert "'browser/refused/budget': 488" in log


def test_a_page_that_loads_very_much_gets_its_share(crawler: Crawler, loopback: Web) -> None:
    crawler.environment["TITLE1_BROWSER_BYTES_PER_PAGE"] = str(2**18)
    loads = "(async () => { for (let i = 0; i < 20; i++) await fetch('/large/' + i).catch(() => 0) })()"
    url = browser_school(crawler, loopback, staff=inline(loads))
    for number in range(20):
        loopback.page("pine.test", f"/large/{number}", "x" * 2**17)
    names, log = harvest(crawler, url)
    assert names == NAMES
    assert len([path for path in loopback.paths("pine.test") if path.startswith("/large/")]) == 2
    assert "'browser/refused/budget'" in log


def test_a_page_knows_where_it_was_moved_to(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(crawler, loopback)
    loopback.page("pine.test", "/staff", status=301, headers={"Location": "/people/"})
    loopback.page("pine.test", "/people/", shell("<script>location.href = '/gone?from=people'</script>"))
    loopback.page("pine.test", "/gone?from=people", status=302, headers={"Location": "/new/list/"})
    loopback.page("pine.test", "/new/list/", shell('<script src="../app.js"></script>'))
    loopback.page("pine.test", "/new/app.js", FETCH, headers={"Content-Type": "text/javascript"})
    rows, _ = crawler.run("staff_directory", {"url": url, "browser": "1"})
    assert {row["name"] for row in rows} == NAMES
    assert {row["url"] for row in rows} == {loopback.url("pine.test", "/new/list/")}


def test_a_page_that_asks_the_visitor_something_gets_no_answer_and_is_read(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(
        crawler, loopback, staff=inline('alert("Hello"); confirm("Sure?"); window.onbeforeunload = () => 1')
    )
    assert harvest(crawler, url)[0] == NAMES


def test_half_a_character_does_not_spoil_a_page(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(crawler, loopback, staff=inline(r'document.body.append("\ud83d half")'))
    assert harvest(crawler, url)[0] == NAMES


def test_links_of_a_home_page_that_a_script_fills_are_followed(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(crawler, loopback)
    home = '<script>document.getElementById("root").innerHTML = "<a href=/our-people>Staff Directory</a>"</script>'
    loopback.page("pine.test", "/", shell(home))
    loopback.page("pine.test", "/staff", status=404)
    loopback.page("pine.test", "/our-people", shell())
    assert harvest(crawler, url)[0] == NAMES


def test_a_principal_on_a_page_of_her_own_does_not_stand_for_the_list(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(crawler, loopback)
    links = {"Staff Directory": "/staff", "Faculty and Staff": "/office"}
    loopback.page("pine.test", "/", home_page("Pine Elementary", links, "Welcome to our school. " * 40))
    loopback.page("pine.test", "/office", staff_table(TEACHERS[0], ("Ruth Ashdown", "Secretary", "rashdown@pine.test")))
    names, _ = harvest(crawler, url)
    assert names == NAMES | {"Ruth Ashdown"}


def test_a_shown_page_that_names_nobody_is_no_page_that_needs_a_browser(crawler: Crawler, loopback: Web) -> None:
    url = browser_school(crawler, loopback)
    loopback.page("pine.test", "/api/staff", "[]")
    _, log = harvest(crawler, url)
    assert "'browser/pages': 1" in log
    assert "'visits/ended': 1" in log


def test_schools_of_one_vendor_ask_for_its_script_once(crawler: Crawler, loopback: Web, tmp_path: Path) -> None:
    crawler.hosts("vendor.test")
    crawler.environment["TITLE1_BROWSER_PAGES_AT_ONCE"] = "1"
    loopback.page("vendor.test", "/app.js", FETCH, headers={"Content-Type": "text/javascript"})
    page = shell(f'<script src="{loopback.url("vendor.test", "/app.js")}"></script>')
    urls = [browser_school(crawler, loopback, f"school{number}.test", page) for number in range(3)]
    schools = tmp_path / "schools.csv"
    schools.write_text("website\n" + "\n".join(urls), encoding="utf-8")
    rows, _ = crawler.run("staff_directory", {"schools": str(schools), "browser": "1"})
    assert len(rows) == 3 * len(TEACHERS)
    assert loopback.paths("vendor.test") == ["/robots.txt", "/app.js"]


def test_a_browser_is_replaced_after_its_share_of_pages(crawler: Crawler, loopback: Web, tmp_path: Path) -> None:
    crawler.environment["TITLE1_BROWSER_PAGES_PER_BROWSER"] = "2"
    urls = [browser_school(crawler, loopback, f"school{number}.test") for number in range(5)]
    schools = tmp_path / "schools.csv"
    schools.write_text("website\n" + "\n".join(urls), encoding="utf-8")
    rows, log = crawler.run("staff_directory", {"schools": str(schools), "browser": "1"})
    assert len(rows) == 5 * len(TEACHERS)
    assert "'browser/started': 3" in log


def test_a_command_reads_a_page_as_a_browser_shows_it(crawler: Crawler, loopback: Web) -> None:
    browser_school(crawler, loopback)
    page = loopback.url("pine.test", "/staff")
    plain = title1(crawler, "extract", "staff", page, "--json")
    assert json.loads(plain.stdout)["outcome"] == "needs_browser"
    shown = title1(crawler, "extract", "staff", page, "--browser", "--json")
    assert {person["name"] for person in json.loads(shown.stdout)["people"]} == NAMES


def test_without_chromium_the_next_step_is_told(
    crawler: Crawler, loopback: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = browser_school(crawler, loopback)
    crawler.environment["TITLE1_CHROMIUM"] = "/nowhere/chromium"
    rows, log = crawler.run("staff_directory", {"url": url, "browser": "1"})
    assert rows == []
    assert "'visits/ended': 1" in log
    answer = title1(crawler, "extract", "staff", loopback.url("pine.test", "/staff"), "--browser")
    assert answer.returncode == 1
    assert "apt-get install chromium" in answer.stderr
    told = json.loads(title1(crawler, "doctor", "--json").stdout)
    assert [(one["state"], one["next_step"][:24]) for one in told["findings"] if one["check"] == "chromium"] == [
        ("optional", "apt-get install chromium")
    ]
    monkeypatch.setenv("TITLE1_CHROMIUM", "/nowhere/chromium")
    browser_settings.cache_clear()
    try:
        look = SecondLook(asked=False, for_job=True)
        visit = Visit(SchoolTarget("1"), outcome="needs_browser", shells=[Step("http://pine.test/staff", "link", 0.9)])
        assert "apt-get install chromium" in look.explained(visit, "A script fills it.")
        assert not look.waits(visit)
    finally:
        monkeypatch.undo()
        browser_settings.cache_clear()


def test_trackers_are_known_by_their_domains() -> None:
    assert is_tracker("www.google-analytics.com")
    assert is_tracker("CDN.Segment.com.")
    assert not is_tracker("google.com")
    assert not is_tracker("mygoogle-analytics.com")
    assert not is_tracker("com")
