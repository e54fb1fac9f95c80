"""Saved searches: whose they are, what they are checked for, and what uses them."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import update

from storage.database import Database
from storage.models import SavedSearch
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf, MakeUser
from tests.control_api.rows import add_person, add_school

SEARCHES = "/api/v1/searches"


@pytest.fixture
async def place(database: Database, account: KeyedAccount) -> dict[str, int]:
    owner, ids = account.account, {}
    async with database.tenant(owner.organization_id) as connection:
        ids["oak"] = await add_school(connection, owner, "Oak Elementary", state="TX")
        ids["ps12"] = await add_school(connection, owner, "P.S. 12", state="NY")
        ids["ann"] = await add_person(connection, owner, "Ann Abbott", [ids["oak"]], email="a@oak.test")
        ids["bo"] = await add_person(connection, owner, "Bo Brown", [ids["oak"]], role="principal")
        ids["cy"] = await add_person(connection, owner, "Cy Cole", [ids["ps12"]], email="c@ps.test")
    return ids


async def save(api: httpx2.AsyncClient, name: str, kind: str = "people", shared: bool = False, **params: Any) -> Any:
    body = {"name": name, "kind": kind, "shared": shared, "params": params}
    answer = await api.post(SEARCHES, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{SEARCHES}/{answer.json()['id']}"
    return answer.json()


async def names(api: httpx2.AsyncClient, path: str = "/api/v1/people", **query: Any) -> list[str]:
    answer = await api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def test_a_search_is_saved_found_changed_and_removed(api: httpx2.AsyncClient) -> None:
    saved = await save(api, "texas", state="texas", near="78701", radius=10)
    assert saved["params"] == {"state": "TX", "near": "78701", "radius": 10.0}
    assert (saved["owner"], saved["shared"], saved["problem"]) == ("ada", False, None)
    await save(api, "big", kind="schools", q="oak")
    assert await names(api, SEARCHES) == ["big", "texas"]
    assert await names(api, SEARCHES, kind="schools") == ["big"]
    assert await names(api, SEARCHES, name="texas") == ["texas"]
    first = (await api.get(SEARCHES, params={"limit": 1})).json()
    assert await names(api, SEARCHES, limit=1, cursor=first["next"]) == ["texas"]

    one = f"{SEARCHES}/{saved['id']}"
    changed = await api.patch(one, json={"name": "around", "params": {"role": "nurse"}})
    assert (changed.json()["name"], changed.json()["params"]) == ("around", {"role": "nurse"})
    taken = await api.patch(one, json={"name": "big"})
    assert (taken.status_code, "'big' already" in taken.text) == (409, True)
    assert (await api.get(one)).json()["name"] == "around"
    assert (await api.delete(one)).status_code == 204
    assert (await api.get(one)).status_code == 404
    acts = [entry["act"] for entry in (await api.get("/api/v1/audit")).json()["items"]]
    assert acts[:4] == ["search_remove", "search_change", "search_create", "search_create"]


REFUSED: list[tuple[Any, str]] = [
    ({"name": "x", "kind": "people", "params": {"rolle": "nurse"}}, "rolle"),
    ({"name": "x", "kind": "schools", "params": {"role": "nurse"}}, "role"),
    ({"name": "x", "kind": "people", "params": {"min_confidence": 2}}, "min_confidence"),
    ({"name": "x", "kind": "people", "params": {"state": "Atlantis"}}, "Atlantis"),
    ({"name": "x", "kind": "people", "params": {}, "owner": "me"}, "owner"),
    ({"name": "x", "kind": "dogs", "params": {}}, "kind"),
    ({"name": " ", "kind": "people", "params": {}}, "name"),
]


async def test_a_search_that_is_none_is_refused_by_name(api: httpx2.AsyncClient) -> None:
    for body, named in REFUSED:
        answer = await api.post(SEARCHES, json=body)
        assert answer.status_code == 422, answer.text
        assert named in answer.text


async def test_what_is_not_shared_is_its_owners(
    api: httpx2.AsyncClient, client_of: ClientOf, colleague: MakeUser
) -> None:
    mara, viewer = client_of(await colleague("mara", Role.OPERATOR)), client_of(await colleague("vi", Role.VIEWER))
    hers = await save(mara, "hers", role="nurse")
    theirs = await save(mara, "theirs", shared=True, role="nurse")
    assert await names(viewer, SEARCHES) == ["theirs"]
    assert (await viewer.get("/api/v1/people", params={"saved": hers["id"]})).status_code == 404
    assert await names(viewer, saved=theirs["id"]) == []
    other = client_of(await colleague("otto", Role.OPERATOR))
    assert (await other.patch(f"{SEARCHES}/{hers['id']}", json={"name": "mine"})).status_code == 404
    for refused in (
        await other.patch(f"{SEARCHES}/{theirs['id']}", json={"name": "mine"}),
        await other.delete(f"{SEARCHES}/{theirs['id']}"),
    ):
        assert (refused.status_code, "Only its owner or an admin" in refused.text) == (403, True)
    assert await names(api, SEARCHES) == ["hers", "theirs"], "an admin sees all"
    assert (await api.delete(f"{SEARCHES}/{hers['id']}")).status_code == 204


async def test_lists_facets_and_files_take_a_saved_search_and_what_is_given_goes_first(
    api: httpx2.AsyncClient, place: dict[str, int]
) -> None:
    texas = (await save(api, "texas", state="TX", has_email=True))["id"]
    assert await names(api, saved=texas) == ["Ann Abbott"]
    assert await names(api, "/api/v1/staff", saved=texas, state="NY") == ["Cy Cole"]
    assert await names(api, saved=texas, has_email="false") == ["Bo Brown"]
    assert (await api.get("/api/v1/people/facets", params={"saved": texas})).json()["total"] == 1
    table = await api.get("/api/v1/staff.csv", params={"saved": texas})
    assert [row["name"] for row in csv.DictReader(StringIO(table.text))] == ["Ann Abbott"]
    ledger = (await api.get("/api/v1/exports/ledger")).json()["items"][0]
    assert ledger["filters"] == {"has_email": True, "state": "TX"}

    oak = (await save(api, "oak", kind="schools", q="oak"))["id"]
    assert await names(api, "/api/v1/schools", saved=oak) == ["Oak Elementary"]
    wrong = await api.get("/api/v1/people", params={"saved": oak})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "SAVED_SEARCH_INVALID")
    assert "of schools" in wrong.json()["detail"]


async def test_a_job_keeps_what_its_search_said_when_it_was_made(
    api: httpx2.AsyncClient, place: dict[str, int]
) -> None:
    texas = (await save(api, "texas", state="TX", near="78701", radius=5, left=True))["id"]
    asked = {"kind": "export_leads", "params": {"saved": texas, "near": "10001", "left": False}}
    job = (await api.post("/api/v1/jobs", json=asked)).json()
    given = {name: value for name, value in job["params"].items() if value is not None}
    assert (given["state"], given["near"], given["left"]) == ("TX", "10001", False)
    assert not {"saved", "radius"} & given.keys(), "a radius belongs to its place"
    audited = (await api.get("/api/v1/audit", params={"act": "export"})).json()["items"][0]["detail"]
    assert audited["saved"] == texas

    nightly = {"name": "nightly", "cron": "0 5 * * *", "job": {"kind": "export_leads", "params": {"saved": texas}}}
    schedule = (await api.post("/api/v1/schedules", json=nightly)).json()
    assert schedule["job"]["params"]["saved"] == texas, "a schedule reads the search each time"
    await api.patch(f"{SEARCHES}/{texas}", json={"params": {"state": "NY"}})
    run = await api.post(f"/api/v1/schedules/{schedule['id']}/run")
    assert run.json()["params"]["state"] == "NY"
    schools = (await save(api, "schools", kind="schools"))["id"]
    wrong = await api.post("/api/v1/jobs", json={"kind": "export_leads", "params": {"saved": schools}})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "SAVED_SEARCH_INVALID")


async def test_a_search_that_is_good_no_more_says_why(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    saved = (await save(api, "old", state="TX"))["id"]
    for params, named in (({"colour": "red"}, "colour"), ({"state": "Atlantis"}, "Atlantis")):
        async with database.tenant(account.account.organization_id) as connection:
            await connection.execute(update(SavedSearch).where(SavedSearch.id == UUID(saved)).values(params=params))
        assert named in (await api.get(f"{SEARCHES}/{saved}")).json()["problem"]
        for answer in (
            await api.get("/api/v1/people", params={"saved": saved}),
            await api.post("/api/v1/jobs", json={"kind": "export_leads", "params": {"saved": saved}}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "SAVED_SEARCH_INVALID")
            assert named in answer.json()["detail"]
            assert "'old'" in answer.json()["detail"]
    bad = await api.patch(f"{SEARCHES}/{saved}", json={"params": {"rolle": "nurse"}})
    assert (bad.status_code, "rolle" in bad.text) == (422, True)
    mended = await api.patch(f"{SEARCHES}/{saved}", json={"params": {"role": "nurse"}})
    assert mended.json()["problem"] is None
