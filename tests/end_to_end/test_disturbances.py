"""Pause, resume, cancel, shutdown, an outage of the database, a document without schools: each ends as promised."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from fpdf import FPDF

from control_api.cli.errors import CliError
from storage.embedded import EmbeddedPostgres
from tests.databases import fresh_database
from tests.end_to_end.conftest import prepare_account
from tests.end_to_end.product import Product, Web, postmaster, running_product
from tests.end_to_end.test_kills import spiders_of
from tests.end_to_end.test_pipeline import start_pipeline

pytestmark = [pytest.mark.timeout(300), pytest.mark.untraced]


SLOW_SECONDS = 0.6
"""A pause between requests with which a harvest goes on for long after its first school, however loaded the machine."""


def reaches(product: Product, job_id: str, *states: str, seconds: float = 60) -> None:
    """Waits until a job is in one of these states; one that never comes there is told with its story."""
    deadline = time.monotonic() + seconds
    while (job := product.client.get(f"/api/v1/jobs/{job_id}"))["state"] not in states:
        assert time.monotonic() < deadline, (job, product.story(job_id))
        time.sleep(0.1)


def harvest_begun(product: Product, job_id: str) -> str:
    """Follows a pipeline until its first school is harvested and returns the id of that step."""
    for of, event in product.run(job_id):
        if of == "harvest_staff" and event.kind == "target":
            break
    return product.client.get(f"/api/v1/jobs/{job_id}")["children"][2]["id"]


def finish(product: Product, job_id: str) -> None:
    for _ in product.client.events(job_id):
        pass
    job = product.client.get(f"/api/v1/jobs/{job_id}")
    assert job["state"] == "succeeded", job
    result = product.result(job["children"][-1]["id"])
    assert result.pair_recall >= 0.95
    assert result.pair_precision >= 0.98
    assert result.robots_violations == 0


@pytest.mark.parametrize("delay_seconds", [SLOW_SECONDS])
def test_a_paused_pipeline_goes_on_where_it_stopped_and_a_cancelled_one_leaves_nothing_running(
    product: Product,
) -> None:
    job_id = start_pipeline(product)
    harvest = harvest_begun(product, job_id)
    product.client.post(f"/api/v1/jobs/{job_id}/pause")
    reaches(product, harvest, "paused")
    assert spiders_of(product.folder) == []
    done = product.client.get(f"/api/v1/jobs/{harvest}")["done"]
    assert done > 0
    time.sleep(1.5)
    assert product.client.get(f"/api/v1/jobs/{harvest}")["done"] == done
    product.client.post(f"/api/v1/jobs/{job_id}/resume")
    finish(product, job_id)

    second = start_pipeline(product)
    for _ in product.client.events(second):
        break
    product.client.post(f"/api/v1/jobs/{second}/cancel")
    reaches(product, second, "cancelled")
    job = product.client.get(f"/api/v1/jobs/{second}")
    assert job["reason"].startswith("cancelled by")
    for child in job["children"]:
        reaches(product, child["id"], "cancelled", "succeeded")
    assert spiders_of(product.folder) == []
    with pytest.raises(CliError, match="ended already"):
        product.client.post(f"/api/v1/jobs/{second}/cancel")


@pytest.mark.parametrize("delay_seconds", [SLOW_SECONDS])
def test_a_worker_that_is_shut_down_hands_its_job_over_without_a_failure(product: Product) -> None:
    job_id = start_pipeline(product)
    harvest = harvest_begun(product, job_id)
    worker = psutil.Process(product.workers[-1].pid)
    product.workers[-1].terminate()
    worker.wait(60)
    assert spiders_of(product.folder) == []
    job = product.client.get(f"/api/v1/jobs/{harvest}")
    assert (job["state"], job["failures"]) == ("queued", 0)
    product.start_worker()
    finish(product, job_id)


def test_a_document_without_schools_fails_with_its_reason_and_the_worker_lives_on(
    product: Product, tmp_path: Path
) -> None:
    letter = FPDF()
    letter.add_page()
    letter.set_font("helvetica")
    letter.multi_cell(0, text="Dear colleagues, this letter lists no schools at all. " * 8)
    path = tmp_path / "letter.pdf"
    letter.output(str(path))
    document = product.client.upload(path)
    body = {"kind": "pipeline", "params": {"document_id": document["id"]}}
    job_id = product.client.post("/api/v1/jobs", body)["id"]
    for _ in product.client.events(job_id):
        pass
    job = product.client.get(f"/api/v1/jobs/{job_id}")
    assert job["state"] == "failed"
    assert job["error_code"] == "PDF_EXTRACTION_ERROR"
    assert "No list of schools" in job["reason"]
    finish(product, start_pipeline(product))


@pytest.fixture
def lonely_product(folder: Path, web: Web) -> Iterator[tuple[Product, EmbeddedPostgres]]:
    """The product on a server that this test may break."""
    server = EmbeddedPostgres(folder / "pg")
    with fresh_database(server.acquire()) as url:
        key = prepare_account(url, web, migrated=False)
        with running_product(folder, url, key, web) as product:
            yield product, server
    server.release()
    assert server.wait_until_stopped(30)


def test_the_database_is_stopped_at_once_and_killed_and_everything_goes_on(
    lonely_product: tuple[Product, EmbeddedPostgres], folder: Path
) -> None:
    product, server = lonely_product
    job_id = start_pipeline(product)
    ends = {"discover_websites": signal.SIGQUIT, "harvest_staff": signal.SIGKILL}
    for of, event in product.run(job_id):
        if event.kind == "target" and of in ends:
            postmaster(folder / "pg").send_signal(ends.pop(of))
            server.acquire()
    assert ends == {}
    finish(product, job_id)
    assert (
        product.rows("SELECT job_id FROM job_event GROUP BY job_id HAVING count(*) <> max(seq) OR min(seq) <> 1") == []
    )
