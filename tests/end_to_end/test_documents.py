"""Schools of the wide simulated web whose staff list is a PDF or a published spreadsheet, harvested by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from control_api.cli.stack import PROJECT
from tests.end_to_end.product import DELAY_SECONDS, Web, served_web
from tests.school_web.audit import audit
from tests.school_web.files import LOG
from tests.school_web.keys import person_key
from tests.school_web.truth import TrueSchool, Truth, read_truth

pytestmark = [pytest.mark.timeout(240), pytest.mark.untraced]


def harvest(web: Web, folder: Path, truth: Truth, schools: list[TrueSchool]) -> list[dict[str, Any]]:
    table, feed = folder / "schools.csv", folder / "staff.jl"
    table.write_text("name,website\n" + "".join(f'"{one.name}",{one.website}\n' for one in schools), "utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TITLE1_")} | {
        "TITLE1_CRAWL_CONTACT": "https://operator.example/crawler",
        "TITLE1_CRAWL_ALLOW_ADDRESSES": "127.0.0.0/8",
        "TITLE1_CRAWL_ALLOW_PORTS": str(truth.port),
        "TITLE1_CRAWL_HOSTS_FILE": str(web.folder / "hosts"),
        "TITLE1_CRAWL_HOSTS_ONLY": "1",
        "TITLE1_CRAWL_DELAY_SECONDS": str(DELAY_SECONDS),
    }
    command = [sys.executable, "-m", "scrapy", "crawl", "staff_directory", "-a", f"schools={table}", "-o", str(feed)]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return [json.loads(line) for line in feed.read_text("utf-8").splitlines()]


def test_documents_and_spreadsheets_give_the_people_of_their_schools(tmp_path: Path) -> None:
    with served_web(tmp_path / "web", schools=96, districts=24, wide=True) as web:
        truth = read_truth(web.folder / "truth.json")
        schools = [school for school in truth.schools if school.needs in {"pdf", "sheet"}]
        assert {school.needs for school in schools} == {"pdf", "sheet"}
        rows = harvest(web, tmp_path, truth, schools)
        true = {(one.name, person_key(who.name), who.email) for one in schools for who in one.staff}
        assert {(row["school"], person_key(row["name"]), row["email"]) for row in rows} == true
        documents = {row["url"] for row in rows if row["page"] is not None}
        assert documents
        assert all(url.endswith(".pdf") for url in documents)
        log = audit(web.folder / LOG, truth, DELAY_SECONDS)
        assert (log.robots_violations, log.rate_violations) == ((), ())
