"""Lists as files: whole, as CSV and JSON, with formulas defused; of people told in the ledger."""

from __future__ import annotations

import csv
from io import StringIO

import httpx2
import pytest

from control_api.exports import lists
from storage.database import Database
from tests.conftest import KeyedAccount
from tests.control_api.rows import add_person, add_school

LISTS = ("audit", "keys", "users", "schedules", "searches", "people/tombstones", "people/changes", "people/duplicates")


async def test_every_list_is_had_whole_as_csv_and_as_json(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "ROWS_A_BATCH", 2)
    async with database.tenant(account.account.organization_id) as connection:
        school = await add_school(connection, account.account, "Oak")
        ids = [await add_person(connection, account.account, f"Ann Bell{at // 2}", [school]) for at in range(8)]
    for number in range(3):
        name = f"=cmd{number}"
        assert (
            await api.post("/api/v1/searches", json={"name": name, "kind": "people", "params": {}})
        ).status_code == 201
        assert (await api.post("/api/v1/users", json={"name": f"u{number}", "role": "viewer"})).status_code == 201
        assert (await api.delete(f"/api/v1/people/{ids[2 * number]}")).status_code == 204
    for path in LISTS:
        paged = (await api.get(f"/api/v1/{path}", params={"limit": 200})).json()["items"]
        table = await api.get(f"/api/v1/{path}.csv")
        whole = await api.get(f"/api/v1/{path}.json")
        assert (table.status_code, whole.status_code) == (200, 200), path
        assert table.headers["Content-Type"].startswith("text/csv")
        if path != "audit":  # which has the download before by now
            rows = [*csv.DictReader(StringIO(table.text))]
            assert len(rows) == len(whole.json()) == len(paged), path
            assert not paged or rows[0].keys() <= whole.json()[0].keys(), path
    names = [row["name"] for row in csv.DictReader(StringIO((await api.get("/api/v1/searches.csv")).text))]
    assert names == ["'=cmd0", "'=cmd1", "'=cmd2"], "no spreadsheet evaluates them"
    removed = await api.get("/api/v1/audit.csv", params={"act": "person_delete"})
    assert len([*csv.DictReader(StringIO(removed.text))]) == 3


async def test_lists_that_name_people_are_told_in_the_ledger(api: httpx2.AsyncClient) -> None:
    asked = {"kind": "left", "purpose": "who left"}
    assert (await api.get("/api/v1/people/changes.csv", params=asked)).status_code == 200
    assert (await api.get("/api/v1/keys.csv")).status_code == 200
    (line,) = (await api.get("/api/v1/exports/ledger")).json()["items"]
    assert (line["subject"], line["format"], line["outcome"], line["purpose"]) == (
        "people",
        "csv",
        "complete",
        "who left",
    )
    assert line["filters"] == {"list": "/people/changes", "kind": "left"}
