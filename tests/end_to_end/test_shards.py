"""A crawl that is parted into shards: two workers share it, one is killed, and the numbers add up."""

from __future__ import annotations

import pytest

from tests.end_to_end.product import Product
from tests.end_to_end.test_pipeline import start_pipeline

pytestmark = [pytest.mark.timeout(300), pytest.mark.untraced]

SCHOOLS_A_SHARD = 4


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the workers of the test are started with; `product` comes after it."""
    monkeypatch.setenv("TITLE1_WORKER_SHARD_SCHOOLS", str(SCHOOLS_A_SHARD))


def test_a_parted_crawl_survives_a_killed_worker_and_its_counts_add_up(product: Product) -> None:
    product.start_worker()
    job_id = start_pipeline(product)
    looks: list[tuple[int, int]] = []
    for of, event in product.run(job_id):
        if of == "harvest_staff" and event.kind == "progress" and "shards" in event.payload:
            looks.append((event.payload["done"], event.payload["shards_ended"]))
            if len(looks) == 1:
                product.kill_worker()
    job = product.client.get(f"/api/v1/jobs/{job_id}")
    assert job["state"] == "succeeded", product.story(job["children"][2]["id"])
    result = product.result(job["children"][-1]["id"])
    assert (result.websites_right, result.websites_wrong) == (8, 0)
    assert (result.pair_precision, result.pair_recall) == (1.0, 1.0)
    assert result.robots_violations == 0

    harvest = job["children"][2]
    shards = harvest["children"]
    assert len(shards) >= 2
    assert {shard["state"] for shard in shards} == {"succeeded"}
    assert harvest["total"] == harvest["done"] == 8 == sum(shard["total"] for shard in shards)
    assert harvest["result"]["states"] == {"done": 8}
    for figure in ("schools", "people", "pages"):
        assert harvest["result"][figure] == sum(shard["result"][figure] for shard in shards)
    assert looks == sorted(looks)
    assert looks[-1][1] == len(shards)

    crawls = "job JOIN target ON job_id = job.id WHERE kind = 'harvest_staff'"
    assert product.rows(f"SELECT count(*), count(DISTINCT school_id) FROM {crawls}") == [(8, 8)]
    # No host is asked by two shards.
    host = "substring(url FROM '//([^/]+)')"
    shared = f"SELECT {host} FROM page_visit JOIN job ON job.id = job_id WHERE kind = 'harvest_staff' GROUP BY 1"
    assert product.rows(f"{shared} HAVING count(DISTINCT job_id) > 1") == []
    gaps = "SELECT job_id FROM job_event GROUP BY job_id HAVING count(*) <> max(seq) OR min(seq) <> 1"
    assert product.rows(gaps) == []
