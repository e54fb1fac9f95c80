"""A worker killed at many points of a pipeline, once its fork server and once a spider alone: the end is the same, the
story has no gap, nothing is there twice. `python -m tests.chaos.run` is the long one, at random moments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from control_api.cli.client import Event
from tests.end_to_end.product import Product
from tests.end_to_end.test_pipeline import VISITS_WITHOUT_A_BODY, start_pipeline

pytestmark = [pytest.mark.timeout(400), pytest.mark.untraced]

KILLS: dict[str, Callable[[str, Event], bool]] = {
    "claimed": lambda of, event: of == "extract_schools" and event.kind == "started",
    "after a page": lambda of, event: of == "extract_schools" and event.kind == "page_read",
    "discovery begun": lambda of, event: of == "discover_websites" and event.kind == "started",
    "websites found": lambda of, event: of == "discover_websites" and event.kind == "target",
    "harvest begun": lambda of, event: of == "harvest_staff" and event.kind == "started",
    "one school harvested": lambda of, event: of == "harvest_staff" and event.kind == "target",
    "four schools harvested": lambda of, event: (
        of == "harvest_staff" and event.kind == "target" and event.payload["done"] >= 4
    ),
    "export begun": lambda of, event: of == "export_leads" and event.kind == "started",
}


def spiders_of(folder: Path) -> list[psutil.Process]:
    """The running spiders, each told from the others by its log (`log_of`)."""
    return [process for process in crawl_processes(folder) if log_of(process).name.startswith("attempt-")]


def crawl_processes(folder: Path) -> list[psutil.Process]:
    """The running spiders, and the servers that they were forked from."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "crawler.forkserver" in (process.info["cmdline"] or []) and log_of(process).is_relative_to(folder.resolve())
    ]


def log_of(process: psutil.Process) -> Path:
    """Where a process writes to; "/" if it has just ended."""
    try:
        return Path(next((file.path for file in process.open_files() if file.fd == 1), "/"))
    except psutil.NoSuchProcess:
        return Path("/")


def kill_server(folder: Path) -> bool:
    """Ends the server of a running spider, and only it: its spiders must follow by themselves. False if none runs."""
    spiders = spiders_of(folder)
    if not spiders:
        return False
    for server in crawl_processes(folder):
        if server not in spiders:
            server.kill()
    assert psutil.wait_procs(spiders, timeout=30)[1] == [], "outlived its server"
    return True


def kill_spider(folder: Path) -> bool:
    """Ends the running spiders, and only them. False if none runs."""
    spiders = spiders_of(folder)
    for spider in spiders:
        spider.kill()
    return bool(spiders) and psutil.wait_procs(spiders, timeout=30)[1] == []


def test_kills_at_ten_points_change_nothing(product: Product) -> None:
    job_id = start_pipeline(product)
    open_points = dict(KILLS)
    others = [kill_server, kill_spider]
    for of, event in product.run(job_id):
        point = next((name for name, reached in open_points.items() if reached(of, event)), None)
        if point is not None:
            del open_points[point]
            product.kill_worker()
            assert psutil.wait_procs(crawl_processes(product.folder), timeout=30)[1] == [], "outlived its worker"
            product.start_worker()
        elif others and event.kind == "target" and others[0](product.folder):
            del others[0]
    assert open_points == {}
    assert others == []
    job = product.client.get(f"/api/v1/jobs/{job_id}")
    assert job["state"] == "succeeded", job

    result = product.result(job["children"][-1]["id"])
    # What an undisturbed run finds (test_pipeline.py): every school, site and person of this world, and nobody else.
    assert (result.schools_found, result.websites_right, result.websites_wrong) == (8, 8, 0)
    assert (result.name_precision, result.name_recall) == (1.0, 1.0)
    assert (result.pair_precision, result.pair_recall) == (1.0, 1.0)
    assert result.robots_violations == 0

    assert product.rows(VISITS_WITHOUT_A_BODY) == []
    assert (
        product.rows("SELECT job_id FROM job_event GROUP BY job_id HAVING count(*) <> max(seq) OR min(seq) <> 1") == []
    ), "a job's story has a gap"
    assert product.rows("SELECT count(*) FROM job WHERE kind <> 'pipeline'") == [(4,)]
    terminal = "kind IN ('succeeded', 'failed', 'cancelled')"
    assert product.rows(f"SELECT count(*), count(DISTINCT job_id) FROM job_event WHERE {terminal}") == [(5, 5)]
    school = "jsonb_array_elements(payload->'schools')->>'school_id'"
    told = f"SELECT job_id, {school} FROM job_event WHERE kind = 'target'"
    assert product.rows(f"SELECT * FROM ({told}) AS t GROUP BY 1, 2 HAVING count(*) > 1") == []
    pages = "SELECT payload->>'page' FROM job_event WHERE kind = 'page_read'"
    assert product.rows(f"SELECT * FROM ({pages}) AS t GROUP BY 1 HAVING count(*) > 1") == []
    assert (
        product.rows(
            "SELECT school_id, lower(name) FROM staff_post JOIN staff_member ON id = staff_member_id "
            "GROUP BY 1, 2 HAVING count(*) > 1"
        )
        == []
    )
    leads = [(lead["school"], lead["district"], lead["name"]) for lead in product.leads()]
    assert len(leads) == len(set(leads))
