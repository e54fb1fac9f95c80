"""The simulated web answers by host name, with the manners that each host has, until it is told to stop."""

from __future__ import annotations

import asyncio
import csv
import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.school_web.files import LOG, SCHOOLS, TRUTH, write_files
from tests.school_web.founding import generate
from tests.school_web.search import fails_at_first
from tests.school_web.server import serve
from tests.school_web.truth import read_truth, tell
from tests.school_web.validators import manner
from tests.school_web.world import HostRule, World

AGENT = "Title1/0.1 (+https://example.test/contact)"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def world() -> World:
    return generate()


async def ask(
    web_port: int, host: str, path: str, conditions: dict[str, str] | None = None, **query: str
) -> tuple[int, str, dict[str, str]]:
    async with (
        aiohttp.ClientSession(headers={"Host": f"{host}:{web_port}", "User-Agent": AGENT}) as session,
        session.get(
            f"http://127.0.0.1:{web_port}{path}",
            params=query,
            headers=conditions,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=10),
        ) as response,
    ):
        return response.status, await response.text(errors="replace"), dict(response.headers)


async def test_the_server_tells_hosts_apart_and_logs_every_request(world: World, tmp_path: Path) -> None:
    own = next(school for school in world.schools if school.host not in world.rules and not school.prefix)
    shared = next(school for school in world.schools if school.prefix)
    async with serve(world, 0, tmp_path / LOG) as web:
        for school in (own, shared):
            status, text, _ = await ask(web.port, school.host, f"{school.prefix}/")
            assert status == 200
            assert school.phone in text
        assert (await ask(web.port, own.host, "/no-such-page"))[0] == 404
        assert (await ask(web.port, "unknown.test", "/"))[0] == 421
        assert (await ask(web.port, own.host, "/robots.txt"))[1].startswith("User-agent:")
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [(line["host"], line["path"], line["status"]) for line in lines] == [
        (own.host, "/", 200),
        (shared.host, f"{shared.prefix}/", 200),
        (own.host, "/no-such-page", 404),
        ("unknown.test", "/", 421),
        (own.host, "/robots.txt", 200),
    ]
    assert {line["user_agent"] for line in lines} == {AGENT}


async def test_some_hosts_redirect_fail_guard_themselves_or_ask_for_patience(world: World, tmp_path: Path) -> None:
    by_rule = {
        "redirect": next(name for name, rule in world.rules.items() if rule.redirect_to),
        "guarded": next(name for name, rule in world.rules.items() if rule.robots_status == 503),
        "throttled": next(name for name, rule in world.rules.items() if rule.throttled),
        "delayed": next(name for name, rule in world.rules.items() if rule.crawl_delay),
        "slow": next(name for name, rule in world.rules.items() if rule.slow_path),
    }
    assert by_rule["guarded"] not in {school.host for school in world.schools}
    async with serve(world, 0, tmp_path / LOG) as web:
        status, _, headers = await ask(web.port, by_rule["redirect"], "/calendar")
        assert (status, headers["Location"]) == (301, f"http://www.{by_rule['redirect']}:{web.port}/calendar")
        assert (await ask(web.port, world.dead_host, "/"))[0] == 500
        assert "for sale" in (await ask(web.port, world.parked_host, "/"))[1]
        assert (await ask(web.port, world.parked_host, "/robots.txt"))[0] == 404
        assert (await ask(web.port, by_rule["guarded"], "/robots.txt"))[0] == 503
        assert "Crawl-delay: 2" in (await ask(web.port, by_rule["delayed"], "/robots.txt"))[1]
        answers = [await ask(web.port, by_rule["throttled"], "/") for _ in range(5)]
        assert [status for status, _, _ in answers] == [200, 200, 200, 429, 200]
        assert answers[3][2]["Retry-After"] == "2"
        started = asyncio.get_running_loop().time()
        assert (await ask(web.port, by_rule["slow"], "/"))[0] == 200
        assert asyncio.get_running_loop().time() - started >= 1.5


async def test_hosts_say_by_tag_or_date_that_a_page_is_the_same_until_it_is_saved_anew(
    world: World, tmp_path: Path
) -> None:
    plain = [school for school in world.schools if school.host not in world.rules]
    schools = {manner(school.host): school for school in plain}
    assert set(schools) == {"both", "etag", "weak", "date", "none"}
    printed = {"both": ["Etag", "Last-Modified"], "etag": ["Etag"], "weak": ["Etag"], "date": ["Last-Modified"]}
    conditions = {"Etag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
    async with serve(world, 0, tmp_path / LOG) as web:
        for kind, school in schools.items():
            page = (web.port, school.host, f"{school.prefix}/")
            _, text, headers = await ask(*page)
            told = [name for name in conditions if name in headers]
            assert told == printed.get(kind, [])
            asking = {conditions[name]: headers[name] for name in told}
            same = (304, "") if told else (200, text)
            assert (await ask(*page, asking))[:2] == same
            async with (
                aiohttp.ClientSession(headers={"Host": school.host}) as session,
                session.put(f"http://127.0.0.1:{web.port}{school.prefix}/", data=f"{text}<p>Snow day.</p>") as saved,
            ):
                assert saved.status == 204
            status, anew, headers = await ask(*page, asking)
            assert (status, anew) == (200, f"{text}<p>Snow day.</p>")
            assert not {headers.get(name) for name in told} & set(asking.values())
    assert len((tmp_path / LOG).read_text().splitlines()) == 3 * len(schools), "what an editor saves is no request"


async def test_the_search_engine_answers_in_the_shape_of_searxng(world: World, tmp_path: Path) -> None:
    school = next(school for school in world.schools if school.listing == "blank")
    query = next(
        text
        for text in (f"{school.name} {school.place.city} AL{dots}" for dots in ("", " school", " official", " site"))
        if not fails_at_first(text)
    )
    async with serve(world, 0, tmp_path / LOG) as web:
        status, text, _ = await ask(web.port, "search.test", "/search", q=query, format="json")
        assert status == 200
        answer = json.loads(text)
        assert list(answer) == [
            "query", "results", "answers", "corrections", "infoboxes", "suggestions", "unresponsive_engines",
        ]  # fmt: skip
        urls = [result["url"] for result in answer["results"]]
        assert f"http://{school.host}:{web.port}{school.prefix}/" in urls
        assert any(urlsplit(url).hostname in world.aggregators for url in urls)
        assert len(answer["results"][0]["parsed_url"]) == 6
        assert (await ask(web.port, "search.test", "/search", q=query))[0] == 403
        assert (await ask(web.port, "search.test", "/search", q="", format="json"))[0] == 400
        assert (await ask(web.port, "search.test", "/search", q=query, format="json", pageno="x"))[0] == 400
        assert (await ask(web.port, "search.test", "/"))[0] == 200
        second = json.loads((await ask(web.port, "search.test", "/search", q=query, format="json", pageno="2"))[1])
        assert not {result["url"] for result in second["results"]} & set(urls)


async def test_sources_that_do_not_answer_at_first_answer_a_second_time(world: World, tmp_path: Path) -> None:
    query = next(text for school in world.schools if fails_at_first(text := f"{school.name} {school.place.city}"))
    async with serve(world, 0, tmp_path / LOG) as web:
        first, second = [
            json.loads((await ask(web.port, "search.test", "/search", q=query, format="json"))[1]) for _ in range(2)
        ]
    assert first["results"] == []
    assert first["unresponsive_engines"]
    assert second["results"]
    assert second["unresponsive_engines"] == []


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    folder = tmp_path / "web"
    command = [sys.executable, "-m", "tests.school_web", "serve", "--dir", str(folder)]
    command += ["--schools", "8", "--districts", "3"]
    score_command = [sys.executable, "-m", "tests.school_web", "score"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout
        started = json.loads(process.stdout.readline())
        status, _, _ = asyncio.run(ask(started["port"], "search.test", "/"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert status == 200
    truth = read_truth(folder / TRUTH)
    assert truth.search == started["search"]
    names = [row["name"] for row in csv.DictReader((folder / SCHOOLS).read_text(encoding="utf-8").splitlines())]
    assert names == [school.name for school in truth.schools]
    named = {entry.split("\t")[1] for entry in (folder / "hosts").read_text().splitlines()}
    assert {urlsplit(school.website).hostname for school in truth.schools} <= named
    scored = subprocess.run(
        [*score_command, "--dir", folder, "--schools", folder / SCHOOLS, "--leads", folder / SCHOOLS],
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
        timeout=30,
    )
    figures = json.loads(scored.stdout)
    assert (figures["schools_found"], figures["schools_total"], figures["websites_right"]) == (8, 8, 0)


def test_the_command_stops_when_its_parent_closes_its_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.school_web", "serve", "--dir", str(tmp_path), "--with-parent"]
    command += ["--schools", "7", "--districts", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout
        assert process.stdin
        assert json.loads(process.stdout.readline())["schools"] == 7
        process.stdin.close()
        assert process.wait(10) == 0


async def test_the_files_of_a_served_world_agree_with_its_port(world: World, tmp_path: Path) -> None:
    async with serve(world, 0, tmp_path / LOG) as web:
        truth = write_files(web, tmp_path)
        assert truth == read_truth(tmp_path / TRUTH)
        assert all(f":{web.port}/" in school.website for school in truth.schools)
        assert truth.search == web.search_url


async def test_wide_hosts_challenge_have_a_page_for_everything_move_and_take_posts(tmp_path: Path) -> None:
    world = generate(1965, 96, 24, wide=True)
    rules = world.rules
    behind = next(name for name, rule in rules.items() if rule.challenge == "all")
    lists = next(school for school in world.schools if rules.get(school.host, HostRule()).challenge == "lists")
    soft = next(name for name, rule in rules.items() if rule.soft_missing and not (rule.challenge or rule.throttled))
    old = next(one for one in world.moved if one.move == "moved_301")
    refreshed = next(one for one in world.moved if one.move == "moved_refresh")
    document = next(school for school in world.schools if school.layout == "pdf" and school.host not in rules)
    async with serve(world, 0, tmp_path / LOG) as web:
        status, text, _ = await ask(web.port, behind, "/")
        assert (status, "Client Challenge" in text) == (200, True)
        assert (await ask(web.port, behind, "/robots.txt"))[1].startswith("User-agent:")
        told = next(one for one in tell(world, web.port).schools if one.nces_id == lists.nces_id)
        assert "Client Challenge" in (await ask(web.port, lists.host, urlsplit(told.staff_page).path))[1]
        assert lists.phone in (await ask(web.port, lists.host, "/"))[1]
        status, text, _ = await ask(web.port, soft, "/no-such-page")
        assert (status, "Page Not Found" in text, "<nav" in text or "<li>" in text) == (200, True, True)
        status, _, headers = await ask(web.port, old.host, "/")
        assert (status, headers["Location"]) == (301, f"http://{world.school(old.school).host}:{web.port}/")
        assert 'http-equiv="refresh"' in (await ask(web.port, refreshed.host, "/"))[1]
        path = f"{document.prefix}/documents/staff-directory-2026-2027.pdf"
        assert (await ask(web.port, document.host, path))[2]["Content-Type"] == "application/pdf"
        service = next(
            (host.name, page.path)
            for host in web.hosts.values()
            for page in host.pages.values()
            if page.method == "POST" and not (host.rule.throttled or host.rule.challenge)
        )
        assert (await ask(web.port, *service))[0] == 405
        async with (
            aiohttp.ClientSession(headers={"Host": service[0]}) as session,
            session.post(f"http://127.0.0.1:{web.port}{service[1]}", json={"firstRecord": 0}) as response,
        ):
            assert (await response.json())["d"]["results"][0]["jobTitle"] == "Principal"
