"""People put right, deleted, merged and followed over HTTP: answers, refusals, entries of the audit log."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from storage.database import Database
from tests.conftest import KeyedAccount
from tests.control_api.rows import add_person, add_school

REASON = {"reason": "called the school"}


@pytest.fixture
async def ids(database: Database, account: KeyedAccount) -> dict[str, int]:
    async with database.tenant(account.account.organization_id) as connection:
        pine = await add_school(connection, account.account, "Pine Elementary", state="TX")
        oak = await add_school(connection, account.account, "Oak Elementary", state="TX")
        ann = await add_person(connection, account.account, "Ann Bell", [pine], email="ann@pine.test")
        anna = await add_person(connection, account.account, "Anna Bell", [oak], email="ann@pine.test")
    return {"ann": ann, "anna": anna, "pine": pine, "oak": oak}


async def acts(api: httpx2.AsyncClient) -> list[tuple[str, Any]]:
    items = (await api.get("/api/v1/audit")).json()["items"]
    return [(item["act"], item["detail"]) for item in reversed(items) if item["act"].startswith("person_")]


async def test_a_person_is_put_right_field_by_field(api: httpx2.AsyncClient, ids: dict[str, int]) -> None:
    path = f"/api/v1/people/{ids['ann']}"
    body = REASON | {"name": "Dr. Ann Beale", "email": "Ann.Beale@Pine.test", "phone": "(512) 555-0142", "role": "dean"}
    answer = await api.patch(path, json=body | {"role": "principal", "title": None})
    assert answer.status_code == 200, answer.text
    person = answer.json()
    assert (person["first_name"], person["last_name"], person["honorific"]) == ("Ann", "Beale", "Dr.")
    assert (person["email"], person["email_state"]) == ("ann.beale@pine.test", "corrected")
    assert (person["title"], person["role"], person["posts"][0]["role"]) == (None, "principal", "principal")
    seen = {one["field"]: (one["value"], one["seen"], one["by"]) for one in person["corrections"]}
    assert seen["email"] == ("ann.beale@pine.test", "ann@pine.test", "ada")
    assert seen["title"] == (None, "Teacher", "ada")
    (said,) = [one for one in person["evidence"] if one["field"] == "phone"]
    assert said["snippet"].startswith("corrected by ada on ")
    assert said["url"] is None
    assert (await api.get("/api/v1/staff", params={"email_state": "corrected"})).json()["items"][0]["id"] == ids["ann"]
    assert "Ann Beale" in (await api.get("/api/v1/staff.csv", params={"q": "beale"})).text
    assert "ann.beale@pine.test" in (await api.get("/api/v1/staff.csv")).text
    assert (await api.delete(f"{path}/corrections/name")).status_code == 204
    person = (await api.get(path)).json()
    assert (person["name"], person["last_name"], person["honorific"]) == ("Ann Bell", "Bell", None)
    assert (await api.delete(f"{path}/corrections/name")).status_code == 404
    lines = (await api.get(f"{path}/changes")).json()["items"]
    assert {(line["kind"], line["field"]) for line in lines} >= {("changed", "name"), ("changed", "role")}
    assert [act for act, _ in await acts(api)] == ["person_correct", "person_correct"]
    assert "Beale" not in str(await acts(api))


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"title": "Dean"}, "reason"),
    (REASON, "Name a reason and one field at least"),
    (REASON | {"tilte": "Dean"}, "tilte"),
    (REASON | {"title": "  "}, "/title: the text is blank"),
    (REASON | {"name": "Office"}, "/name: 'Office' is no name"),
    (REASON | {"name": None}, "name"),
    (REASON | {"role": "king"}, "/role: 'king' is no role. Known are:"),
    (REASON | {"email": "ann at pine"}, "/email: 'ann at pine' is no e-mail address"),
    (REASON | {"email": "ann@pine"}, "/email: 'ann@pine' is no e-mail address"),
    (REASON | {"phone": "555"}, "/phone: '555' is no telephone number"),
    (REASON | {"profile_url": "javascript:x()"}, "/profile_url:"),
]


async def test_a_correction_that_is_none_is_refused_by_its_field(api: httpx2.AsyncClient, ids: dict[str, int]) -> None:
    for body, words in REFUSED:
        answer = await api.patch(f"/api/v1/people/{ids['ann']}", json=body)
        assert answer.status_code == 422, answer.text
        assert words in answer.text
    assert (await api.get(f"/api/v1/people/{ids['ann']}")).json()["corrections"] == []


async def test_who_is_deleted_is_gone_and_the_tombstone_names_nobody(
    api: httpx2.AsyncClient, ids: dict[str, int]
) -> None:
    path = f"/api/v1/people/{ids['anna']}"
    assert (await api.delete(path, params={"reason": "whim"})).status_code == 400
    for _ in range(2):
        assert (await api.delete(path, params={"reason": "complaint", "note": "by letter"})).status_code == 204
    assert (await api.get(path)).status_code == 404
    # The address was another person's, too, who stays.
    assert (await api.get(f"/api/v1/people/{ids['ann']}")).json()["email"] == "ann@pine.test"
    answer = await api.get("/api/v1/people/tombstones")
    (tombstone,) = answer.json()["items"]
    assert (tombstone["staff_id"], tombstone["reason"], tombstone["note"]) == (ids["anna"], "complaint", "by letter")
    assert "Bell" not in answer.text
    assert "pine" not in answer.text
    assert await acts(api) == [("person_delete", {"reason": "complaint"})]


async def test_two_records_of_one_person_are_suggested_and_merged_by_hand(
    api: httpx2.AsyncClient, ids: dict[str, int]
) -> None:
    (pair,) = (await api.get("/api/v1/people/duplicates")).json()["items"]
    assert [person["id"] for person in pair["people"]] == [ids["ann"], ids["anna"]]
    assert pair["reasons"] == ["same_email"]
    path = f"/api/v1/people/{ids['anna']}/merge"
    assert (await api.post(path, json={"into": ids["anna"]})).status_code == 409
    for _ in range(2):
        answer = await api.post(path, json={"into": ids["ann"]})
        assert answer.status_code == 200, answer.text
        assert {post["school_id"] for post in answer.json()["posts"]} == {ids["pine"], ids["oak"]}
    assert (await api.get("/api/v1/people/duplicates")).json()["items"] == []
    assert await acts(api) == [("person_merge", {"into": ids["ann"]})]


async def test_the_feed_is_read_page_by_page_and_by_its_filters(api: httpx2.AsyncClient, ids: dict[str, int]) -> None:
    for name in ("ann", "anna"):
        for title in ("Dean", "Coach"):
            await api.patch(f"/api/v1/people/{ids[name]}", json=REASON | {"title": title})
    path, read, cursor = "/api/v1/people/changes", [], None
    while True:
        page = (await api.get(path, params={"limit": 3, **({"cursor": cursor} if cursor else {})})).json()
        read += [(line["staff_id"], line["old"], line["new"]) for line in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert read == [
        (ids[name], old, new) for name in ("ann", "anna") for old, new in (("Teacher", "Dean"), ("Dean", "Coach"))
    ]
    for given, count in (
        ({"school_id": ids["oak"]}, 2),
        ({"state": "Texas", "kind": "changed", "since": "2020-01-01T00:00:00Z"}, 4),
        ({"state": "WY"}, 0),
        ({"kind": "left"}, 0),
        ({"since": "2100-01-01"}, 0),
    ):
        found = (await api.get(path, params=given)).json()
        assert len(found["items"]) == count, (given, found)
    for wrong in ({"kind": "moved"}, {"since": "yesterday"}):
        assert (await api.get(path, params=wrong)).status_code == 400
