"""Single pages by their addresses: the spider that fetches them, and the commands that read them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.crawler.conftest import ROOT, Answer, Crawler, Web, home_page, staff_table
from tests.extraction.staff.papers.lists import columns_under_departments

HOST, CLOSED = "www.quillfern.test", "closed.quillfern.test"


def publish(loopback: Web, crawler: Crawler) -> None:
    crawler.hosts(HOST, CLOSED)
    people = (
        ("Rosalind Aldermere", "Principal", "raldermere@quillfern.test"),
        ("Tobias Quennell", "Nurse", "tq@x.test"),
    )
    loopback.page(HOST, "/staff", staff_table(*people))
    loopback.page(HOST, "/", home_page("Quillfern", {"Staff Directory": "/staff", "Lunch": "/lunch"}))
    loopback.pages[HOST, "/old"] = Answer(status=301, headers={"Location": "/staff"})
    loopback.page(CLOSED, "/robots.txt", "User-agent: *\nDisallow: /")
    loopback.page(CLOSED, "/staff", staff_table(*people))


def title1(crawler: Crawler, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("TITLE1_")}
    command = [sys.executable, "-m", "control_api.cli.main", *arguments]
    environment = inherited | crawler.environment
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_every_address_gets_its_page_or_the_reason_why_there_is_none(
    loopback: Web, crawler: Crawler, tmp_path: Path
) -> None:
    publish(loopback, crawler)
    into = tmp_path / "pages.jsonl"
    urls = [loopback.url(HOST, "/old"), loopback.url(HOST, "/nowhere"), loopback.url(CLOSED, "/staff"), "school.test"]
    crawler.run("page", {"urls": " ".join(urls), "into": str(into)})
    told: dict[str, dict[str, Any]] = {
        page["asked"]: page for page in map(json.loads, into.read_text("utf-8").splitlines())
    }
    assert told.keys() == set(urls)
    assert told[urls[0]]["url"] == loopback.url(HOST, "/staff")
    assert told[urls[0]]["encoding"] == "utf-8"
    assert "body" in told[urls[0]]
    assert told[urls[1]]["reason"] == "the server answered 404"
    assert "robots.txt" in told[urls[2]]["reason"]
    assert told[urls[3]]["reason"] == "this is no web address"
    assert loopback.paths(CLOSED) == ["/robots.txt"]


def test_commands_read_pages_by_their_addresses(loopback: Web, crawler: Crawler) -> None:
    publish(loopback, crawler)
    answer = title1(crawler, "extract", "staff", loopback.url(HOST, "/old"), loopback.url(CLOSED, "/staff"), "--json")
    assert answer.returncode == 1
    (line,) = map(json.loads, answer.stdout.splitlines())
    assert [person["name"] for person in line["people"]] == ["Rosalind Aldermere", "Tobias Quennell"]
    assert "robots.txt" in answer.stderr
    assert answer.stderr.splitlines()[-1] == "title1: 1 of 2 files could not be read."
    answer = title1(crawler, "extract", "links", loopback.url(HOST, "/"), "--json")
    assert json.loads(answer.stdout)["links"][0]["url"] == loopback.url(HOST, "/staff")


def test_a_pdf_is_read_by_its_address(loopback: Web, crawler: Crawler) -> None:
    publish(loopback, crawler)
    pdf, expected = columns_under_departments()
    loopback.page(HOST, "/list.pdf", content=pdf, headers={"Content-Type": "application/pdf"})
    answer = title1(crawler, "extract", "staff", loopback.url(HOST, "/list.pdf"), "--json")
    line = json.loads(answer.stdout)
    assert [(one["name"], one["page"]) for one in line["people"]] == [(name, page) for name, _, _, page in expected]


def test_no_address_is_asked_without_a_contact(loopback: Web, crawler: Crawler) -> None:
    publish(loopback, crawler)
    for name in ("TITLE1_CRAWL_CONTACT", "TITLE1_CRAWL_ALLOW_ADDRESSES"):
        crawler.environment.pop(name, None)
    answer = title1(crawler, "extract", "staff", loopback.url(HOST, "/staff"))
    assert answer.returncode == 1
    assert "TITLE1_CRAWL_CONTACT" in answer.stderr
    assert not loopback.hits
