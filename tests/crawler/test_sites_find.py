"""`title1 sites find`: the discovery of one school, by hand, as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawler.conftest import ROOT, Crawler, Web, home_page
from tests.crawler.test_website_discovery import CONTACT, directory

SCHOOL = ("--school", "Pine Hollow Elementary", "--state", "Alabama", "--city", "Marlow", "--district", "Green Valley")
PLACE = ("--address", "12 Oak Street", "--zip", "35999", "--phone", "205-555-0100")


def find(crawler: Crawler, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # A database that is not there: nothing of this needs one.
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "TITLE1_DATA_DIR": str(crawler.folder / "data")}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TITLE1_")}
    return subprocess.run(
        [sys.executable, "-m", "control_api.cli.main", "sites", "find", *arguments],
        cwd=ROOT, env=kept | crawler.environment | nowhere | environment, capture_output=True, text=True, timeout=90,
        check=False,
    )  # fmt: skip


@pytest.fixture
def official(crawler: Crawler, loopback: Web) -> Path:
    """A directory that names the school's site and one of its district's."""
    crawler.hosts("pine.test", "gv.test")
    loopback.page("pine.test", "/", home_page("Pine Hollow Elementary School", {"Staff": "/staff"}, CONTACT))
    loopback.page("gv.test", "/", home_page("Green Valley Public Schools", {"Staff": "/staff"}))
    return directory(crawler.folder, loopback.url("pine.test"), loopback.url("gv.test", "/o/oak"))


def test_a_school_is_found_and_every_candidate_says_why(crawler: Crawler, loopback: Web, official: Path) -> None:
    printed = ("--website", loopback.url("gv.test"))
    answer = find(crawler, *SCHOOL, *PLACE, *printed, "--directory", str(official), "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert (found["website"], found["outcome"]) == (loopback.url("pine.test"), "accepted")
    best, other = found["candidates"]
    assert (best["url"], best["provider"], best["http_status"]) == (loopback.url("pine.test"), "nces", 200)
    assert {"phone", "street_and_zip", "name"} <= {signal["name"] for signal in best["signals"]}
    assert (other["url"], other["provider"]) == (loopback.url("gv.test"), "printed")
    assert "district_home" in {signal["name"] for signal in other["signals"]}

    told = find(crawler, *SCHOOL, *PLACE, *printed, "--directory", str(official), "--explain").stdout
    assert told.splitlines()[0] == loopback.url("pine.test")
    assert "+35 phone: 205-555-0100" in told
    assert "-40 district_home" in told
    assert "phone:" not in find(crawler, *SCHOOL, "--directory", str(official)).stdout


def test_no_site_and_try_later_have_exit_codes_of_their_own(crawler: Crawler, loopback: Web) -> None:
    answer = find(crawler, *SCHOOL)
    assert (answer.returncode, answer.stdout.splitlines()[0]) == (1, "no website")
    crawler.hosts("search.test")
    search = {"TITLE1_SEARXNG_URL": loopback.url("search.test")}  # which answers 404
    answer = find(crawler, *SCHOOL, "--json", **search)
    assert answer.returncode == 75, answer.stderr
    assert json.loads(answer.stdout)["outcome"] == "try_later"


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        (("--school", "X", "--state", "Ohoi"), {}, 2, "There is no state 'Ohoi'"),
        (
            SCHOOL,
            {"TITLE1_CRAWL_CONTACT": "", "TITLE1_CRAWL_ALLOW_ADDRESSES": ""},
            1,
            "TITLE1_CRAWL_CONTACT is not set",
        ),
        ((*SCHOOL, "--directory", __file__), {}, 1, "This is not a CCD school directory"),
    ],
    ids=["state", "contact", "directory"],
)
def test_what_keeps_the_crawl_from_starting_is_told_in_one_line(
    crawler: Crawler, arguments: tuple[str, ...], environment: dict[str, str], code: int, words: str
) -> None:
    answer = find(crawler, *arguments, **environment)
    assert answer.returncode == code, answer.stderr
    assert words in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stdout == ""
