"""Schools whose lists only a browser shows, harvested by a job: in a second process, whatever happens to the first."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from crawler.browser.settings import find_chromium, missing_parts
from tests.crawler.conftest import wait_until
from tests.crawler.shells import is_chromium
from tests.end_to_end.product import Product, Web, running_product, served_web
from tests.end_to_end.test_kills import crawl_processes, log_of, spiders_of
from tests.end_to_end.test_pipeline import reextract

pytestmark = [
    pytest.mark.untraced,
    pytest.mark.browser,
    pytest.mark.timeout(400),
    pytest.mark.skipif(bool(missing_parts()), reason="no browser: install the package `chromium`"),
]


@pytest.fixture
def web(folder: Path) -> Iterator[Web]:
    """All layouts, among them two that only a browser shows."""
    with served_web(folder / "web", schools=96, districts=24, wide=True) as web:
        yield web


@pytest.fixture
def chromium() -> str:
    """The Chromium that the workers are told of."""
    return find_chromium() or ""


@pytest.fixture
def product(folder: Path, database_url: str, key: str, web: Web, chromium: str) -> Iterator[Product]:
    """API and one worker with that Chromium."""
    with running_product(folder, database_url, key, web, workers=False) as product:
        product.environment["TITLE1_CHROMIUM"] = chromium
        product.start_worker()
        yield product


def start_harvest(product: Product, layouts: set[str], most: int) -> tuple[str, dict[int, dict[str, Any]]]:
    """Harvests schools of these layouts whose websites a person has named; the job, and the truth by school."""
    document = product.client.upload(product.web.pdf)
    body = {"kind": "extract_schools", "params": {"document_id": document["id"]}}
    job = product.client.post("/api/v1/jobs", body)["id"]
    list(product.client.events(job))
    told = msgspec.json.decode((product.web.folder / "truth.json").read_bytes())["schools"]
    wanted = [school for school in told if school["layout"] in layouts][:most]
    chosen: dict[int, dict[str, Any]] = {}
    for school in wanted:
        ((number,),) = product.rows(f"SELECT id FROM school WHERE nces_id = '{school['nces_id']}'")
        product.client.put(f"/api/v1/schools/{number}/website", {"url": school["website"]})
        chosen[number] = school
    harvest = {"kind": "harvest_staff", "params": {"school_ids": list(chosen)}}
    return product.client.post("/api/v1/jobs", harvest)["id"], chosen


def browsers_of(product: Product) -> list[psutil.Process]:
    """All processes that the jobs' spiders with a browser have started."""
    found: list[psutil.Process] = []
    for spider in spiders_of(product.folder):
        try:
            if log_of(spider).stem.endswith("-browser"):
                found += spider.children(recursive=True)
        except psutil.NoSuchProcess:
            continue
    return found


def chromiums_of(product: Product) -> list[psutil.Process]:
    return [one for one in browsers_of(product) if is_chromium(one)]


def missed(product: Product, schools: dict[int, dict[str, Any]]) -> list[tuple[str, str]]:
    """People whom the lists show and no row has."""
    stored = set(
        product.rows("SELECT school_id, name FROM staff_post JOIN staff_member ON staff_member.id = staff_member_id")
    )
    truth = [(number, person) for number, school in schools.items() for person in school["staff"]]
    return [
        (schools[number]["name"], person["name"]) for number, person in truth if (number, person["name"]) not in stored
    ]


def test_people_of_pages_that_need_a_browser_are_stored_though_the_worker_is_killed(product: Product) -> None:
    job_id, schools = start_harvest(product, {"nuxtshell", "sharpschool"}, 4)
    left = f"SELECT count(*) FROM target WHERE job_id = '{job_id}' AND state = 'pending' AND outcome IS NOT NULL"
    wait_until(lambda: product.rows(left)[0][0] > 0, 120)
    # Killed with schools left for the browser, and once more while it hangs in the middle of them.
    for stopped in (False, True):
        if stopped:
            wait_until(lambda: bool(chromiums_of(product)), 120)
            chromiums_of(product)[0].suspend()
        started = [*crawl_processes(product.folder), *browsers_of(product)]
        product.kill_worker()
        assert psutil.wait_procs(started, timeout=30)[1] == [], "a process outlived its worker"
        product.start_worker()
    events = list(product.client.events(job_id))
    job = product.client.get(f"/api/v1/jobs/{job_id}")
    assert job["state"] == "succeeded", product.story(job_id)
    assert job["result"]["states"] == {"done": len(schools)}
    assert job["result"]["outcomes"] == {"staff": len(schools)}
    assert len(missed(product, schools)) <= 1, missed(product, schools)

    ends = [event.payload["schools"] for event in events if event.kind == "target"]
    told = [school["school_id"] for schools_ended in ends for school in schools_ended]
    assert sorted(told) == sorted(schools)
    assert [event.id for event in events] == [str(number) for number in range(1, len(events) + 1)]
    assert job["result"]["people"] == product.rows("SELECT count(*) FROM staff_post")[0][0]
    assert product.rows("SELECT count(*) FROM target WHERE outcome = 'staff' AND tried IS NOT NULL") == [(0,)]
    ((stats, reason),) = product.rows(
        f"SELECT stats, finish_reason FROM job_attempt WHERE job_id = '{job_id}' ORDER BY number DESC LIMIT 1"
    )
    assert reason == "finished"
    assert stats["browser_process/browser/pages"] >= 1
    assert browsers_of(product) == []

    # The pages were kept as the browser showed them: reading them again needs none.
    people = (
        "SELECT name, school_id, source_url FROM staff_post JOIN staff_member ON id = staff_member_id ORDER BY 1, 2"
    )
    stored = product.rows(people)
    product.change("DELETE FROM staff_post", "DELETE FROM staff_member")
    done = reextract(product, job_id)
    assert done.returncode == 0, done.stderr
    assert f"{len(schools)} schools: " in done.stdout
    assert f"{len(stored)} people before, {len(stored)} now" in done.stdout
    assert product.rows(people) == stored


def test_a_stopped_worker_leaves_no_browser_though_it_hangs(product: Product) -> None:
    product.environment["TITLE1_WORKER_STOP_SECONDS"] = "3"
    product.kill_worker(signal.SIGTERM)
    product.start_worker()
    job_id, schools = start_harvest(product, {"nuxtshell"}, 1)
    wait_until(lambda: bool(chromiums_of(product)), 120)
    started = [*crawl_processes(product.folder), *browsers_of(product)]
    chromiums_of(product)[0].suspend()
    product.kill_worker(signal.SIGTERM)
    assert psutil.wait_procs(started, timeout=30)[1] == [], "a process outlived its worker"
    product.start_worker()
    list(product.client.events(job_id))
    assert product.client.get(f"/api/v1/jobs/{job_id}")["result"]["outcomes"] == {"staff": 1}, product.story(job_id)
    assert missed(product, schools) == []


@pytest.mark.parametrize("chromium", ["/nowhere/chromium"])
def test_without_chromium_the_outcome_says_how_to_get_one(product: Product) -> None:
    job_id, schools = start_harvest(product, {"nuxtshell"}, 1)
    list(product.client.events(job_id))
    job = product.client.get(f"/api/v1/jobs/{job_id}")
    assert job["state"] == "succeeded", product.story(job_id)
    assert job["result"]["states"] == {"done": 1}
    ((school, state, reason),) = product.rows(f"SELECT school_id, state, reason FROM target WHERE job_id = '{job_id}'")
    assert (school, state) == (next(iter(schools)), "done")
    assert "apt-get install chromium" in reason
