"""jsforce, unmodified, against the fake org, beside our client. It runs where node has it: `TITLE1_TEST_JSFORCE`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from control_api.salesforce.bulk import BulkIngest
from tests.control_api.salesforce.conftest import ClientBy
from tests.control_api.salesforce.test_bulk import COLUMNS, LEADS, TRAPS, run, witness
from tests.fakes import salesforce
from tests.fakes.salesforce.org import EXTERNAL_ID
from tests.fakes.salesforce.server import FakeSalesforce

SCRIPT = Path(salesforce.__file__).with_name("jsforce_witness.cjs")
FOLDER = os.environ.get("TITLE1_TEST_JSFORCE", "")
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    not NODE or not (Path(FOLDER) / "node_modules" / "jsforce").is_dir(),
    reason="npm install --prefix DIR jsforce, then TITLE1_TEST_JSFORCE=DIR",
)


async def test_jsforce_and_simple_salesforce_see_what_we_wrote_and_we_what_they_write(
    fake: FakeSalesforce, client_by: ClientBy
) -> None:
    client = client_by()
    bulk = BulkIngest(client)
    await asyncio.to_thread(run, bulk, LEADS, COLUMNS, TRAPS)
    query = f"SELECT {', '.join(COLUMNS)} FROM Lead"
    rows = [
        {EXTERNAL_ID: "k1", "LastName": "Nuñez", "Company": "Alder"},
        {EXTERNAL_ID: "k9", "LastName": "Quill, Jr.", "Company": 'The "Cedar"'},
        {EXTERNAL_ID: "k10", "LastName": "", "Company": "Fir"},
    ]
    said = await asyncio.to_thread(ask_jsforce, fake, query, rows)
    assert [[one[name] or "" for name in COLUMNS] for one in said["seen"]] == TRAPS
    assert {"LastName", EXTERNAL_ID} <= set(said["fields"])
    results = said["results"]
    assert sorted((one[EXTERNAL_ID], one["sf__Created"]) for one in results["successfulResults"]) == [
        ("k1", "false"),
        ("k9", "true"),
    ]
    assert [one["sf__Error"].partition(":")[0] for one in results["failedResults"]] == ["REQUIRED_FIELD_MISSING"]
    ours = await asyncio.to_thread(client.query, query)
    others = await asyncio.to_thread(lambda: witness(fake).query_all(query)["records"])
    assert [dict(one) for one in others] == ours
    assert [one["LastName"] for one in ours] == ["Nuñez", "O'Rrin", "Quill, Jr."]
    assert ours[0]["Email"] == "z@alder.example", "what jsforce left away is still there"


def ask_jsforce(fake: FakeSalesforce, query: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    """What the script says; the rows are upserted by the external id."""
    done = subprocess.run(
        [str(NODE), str(SCRIPT), FOLDER, fake.url, fake._new_token(), query],
        input=json.dumps({"key": EXTERNAL_ID, "rows": rows}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
