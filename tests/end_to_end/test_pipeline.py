"""From a PDF to leads through the running product, compared with the truth of the simulated web."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from tests.end_to_end.product import Product

pytestmark = pytest.mark.timeout(300)

STORED = (
    """SELECT identity, name, title, role, subjects::text, grades::text, department, email, phone, profile_url,
    confidence, first_seen, last_seen FROM staff_member ORDER BY identity""",
    """SELECT identity, school_id, p.title, p.role, source_url, p.first_seen, p.last_seen
    FROM staff_post p JOIN staff_member m ON m.id = staff_member_id ORDER BY identity, school_id""",
    """SELECT identity, field, url, page, printed, value, snippet, method, e.confidence, seen_at
    FROM evidence e JOIN staff_member m ON m.id = subject_id WHERE subject = 'staff' ORDER BY identity, field, url""",
)
"""Who is stored and why, but for numbers that are a run's own."""
VISITS_WITHOUT_A_BODY = """
    SELECT url FROM page_visit v WHERE outcome IN ('staff', 'no_staff') AND NOT EXISTS (
        SELECT 1 FROM kept_page k JOIN page_body b USING (school_id, sha256)
        WHERE k.job_id = v.job_id AND k.school_id = v.school_id AND v.url IN (k.url, k.asked))
"""
"""Pages that were read and cannot be read again, before anything is forgotten."""


def start_pipeline(product: Product) -> str:
    document = product.client.upload(product.web.pdf)
    body = {"kind": "pipeline", "params": {"document_id": document["id"]}}
    return product.client.post("/api/v1/jobs", body)["id"]


def test_a_pdf_becomes_leads(product: Product) -> None:
    job_id = start_pipeline(product)
    events = list(product.run(job_id))
    job = product.client.get(f"/api/v1/jobs/{job_id}")
    assert job["state"] == "succeeded", job
    assert [child["kind"] for child in job["children"]] == [
        "extract_schools",
        "discover_websites",
        "harvest_staff",
        "export_leads",
    ]
    result = product.result(job["children"][-1]["id"])
    assert result.schools_found == result.schools_total == 8
    assert result.details.schools_unknown == ()
    assert (result.websites_right, result.websites_wrong) == (8, 0)
    assert (result.name_precision, result.name_recall) == (1.0, 1.0)
    assert (result.pair_precision, result.pair_recall) == (1.0, 1.0)
    assert result.robots_violations == 0
    assert result.rate_violations == 0
    for kind in ("extract_schools", "discover_websites", "harvest_staff"):
        last = [event.payload for of, event in events if of == kind and "total" in event.payload][-1]
        assert last["done"] == last["total"] > 0

    # Every value of every person says where it was seen.
    assert product.rows(
        "SELECT count(*) FROM staff_member m WHERE NOT EXISTS "
        "(SELECT 1 FROM evidence e WHERE e.subject = 'staff' AND e.subject_id = m.id AND e.field = 'name')"
    ) == [(0,)]
    assert product.rows(
        "SELECT count(*) FROM staff_member m WHERE email IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM evidence e WHERE e.subject = 'staff' AND e.subject_id = m.id AND e.field = 'email' "
        "AND e.value = m.email AND e.url LIKE 'http%')"
    ) == [(0,)]
    assert product.rows("SELECT count(*) FROM evidence WHERE subject = 'school' AND document_id IS NULL") == [(0,)]

    # Every county that the list prints is one of its state's, and has its code.
    assert product.rows("SELECT count(*) FROM school WHERE county_fips IS NOT NULL") == [(8,)]

    # Every school is linked to the official directory, and to its own row of it.
    truth = msgspec.json.decode((product.web.folder / "truth.json").read_bytes())
    official = {(school["name"], school["nces_id"]) for school in truth["schools"]}
    assert {(name, nces_id) for name, nces_id in product.rows("SELECT name, nces_id FROM school")} == official

    assert job["children"][0]["result"]["links"] == {"automatic": 8, "review": 0, "none": 0}
    assert product.rows(
        "SELECT count(*) FROM evidence WHERE field = 'nces_id' AND method = 'linkage' AND document_id IS NOT NULL"
    ) == [(8,)]

    # Every school says which providers were asked for its website, in their order.
    assert product.rows(
        "SELECT DISTINCT tried -> 0 ->> 'provider', tried -> 1 ->> 'provider', tried -> 2 ->> 'provider' FROM target "
        "WHERE outcome = 'accepted'"
    ) == [("printed", "nces", "district")]

    check_that_kept_pages_say_the_same(product, job)

    # The same document again: known content, known websites, staff read a moment ago. Nobody is asked twice.
    again = start_pipeline(product)
    for _ in product.run(again):
        pass
    second = product.client.get(f"/api/v1/jobs/{again}")
    assert second["children"][1]["result"]["outcomes"]["has_website"] >= 7
    assert second["children"][2]["result"]["outcomes"]["recently_read"] >= 7
    assert product.rows("SELECT count(*) FROM document") == [(1,)]


def check_that_kept_pages_say_the_same(product: Product, pipeline: dict[str, Any]) -> None:
    """Reads the pages of a harvest again: the same people from the same places, seen when the pages were fetched."""
    assert product.rows(VISITS_WITHOUT_A_BODY) == []
    refused = reextract(product, pipeline["id"])
    harvest = pipeline["children"][2]
    assert (refused.returncode, harvest["id"] in refused.stderr) == (1, True), refused.stderr
    log = product.web.folder / "access.jsonl"
    asked, stored = log.read_bytes(), {query: product.rows(query) for query in STORED}
    # What the readers of then had not found, in place of better readers.
    product.change("DELETE FROM staff_post", "DELETE FROM staff_member", "DELETE FROM evidence WHERE subject = 'staff'")
    done = reextract(product, harvest["id"], "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    found, kept = harvest["result"]["people"], product.rows("SELECT count(DISTINCT (school_id, url)) FROM kept_page")
    assert (result["schools"], result["pages"], result["pages_gone"]) == (8, kept[0][0], 0)
    assert (result["people_before"], result["people"]) == (found, found)
    assert {query: product.rows(query) for query in STORED} == stored
    assert log.read_bytes() == asked, "a site was asked for a page"


def reextract(product: Product, job_id: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "control_api.cli.main", "reextract", "--job", job_id, *options]
    keys = {"TITLE1_URL": product.stack.url, "TITLE1_API_KEY": product.key}
    environment = {**os.environ, **product.environment, **keys}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
