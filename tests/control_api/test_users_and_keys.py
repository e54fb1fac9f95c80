"""Admins manage users, users their keys: nobody gains what they were not given, and no organization loses its admin."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from storage.database import Database
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.access import add_person_with_password, audited, bearer, execute, sign_in
from tests.control_api.conftest import ClientOf, MakeUser

USERS, KEYS = "/api/v1/users", "/api/v1/keys"
NEW = "seven loud ravens"


async def test_a_user_is_added_sets_a_password_by_the_link_and_signs_in(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, database: Database
) -> None:
    made = await api.post(USERS, json={"name": "Mara Oyelaran", "role": "operator", "email": "Mara@Riverbend.test"})
    assert made.status_code == 201, made.text
    user, link = made.json()["user"], made.json()["password_link"]
    assert (user["email"], user["has_password"]) == ("mara@riverbend.test", False)
    assert link["link"] == f"http://title1.test/#password={link['token']}"
    body = {"token": link["token"], "password": "short"}
    assert (await stranger.post("/api/v1/auth/password", json=body)).status_code == 422
    body["password"] = NEW
    assert (await stranger.post("/api/v1/auth/password", json=body)).status_code == 204
    again = await stranger.post("/api/v1/auth/password", json=body)
    assert (again.status_code, again.json()["code"]) == (410, "INVALID_LINK")
    headers = await bearer(stranger, "mara@riverbend.test", NEW)
    assert (await stranger.get("/api/v1/me", headers=headers)).json()["organization"] == "Riverbend Supplies"
    async with database.system() as connection:
        query = "SELECT row_to_json(u)::text FROM app_user u UNION ALL SELECT row_to_json(l)::text FROM password_link l"
        kept = (await connection.exec_driver_sql(query)).scalars().all()
    assert not any(secret in row for row in kept for secret in (NEW, link["token"]))
    acts = [act for act in ("user_create", "password_link", "password_change") if await audited(database, act)]
    assert len(acts) == 3


async def test_a_new_link_ends_the_one_before_and_links_grow_old(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, database: Database
) -> None:
    made = (await api.post(USERS, json={"name": "mara", "role": "viewer", "email": "m@riverbend.test"})).json()
    link = f"{USERS}/{made['user']['id']}/password-link"
    newer = (await api.post(link)).json()

    async def use(token: str) -> int:
        body = {"token": token, "password": NEW}
        return (await stranger.post("/api/v1/auth/password", json=body)).status_code

    assert await use(made["password_link"]["token"]) == 410
    await execute(database, "UPDATE password_link SET expires_at = now() WHERE used_at IS NULL")
    assert await use(newer["token"]) == 410
    newest = (await api.post(link)).json()["token"]
    assert sorted(await asyncio.gather(*(use(newest) for _ in range(3)))) == [204, 410, 410]
    keys_only = (await api.post(USERS, json={"name": "robot", "role": "viewer"})).json()
    assert keys_only["password_link"] is None
    assert (await api.post(f"{USERS}/{keys_only['user']['id']}/password-link")).status_code == 409


async def test_names_and_addresses_are_taken_once_and_nothing_else_is_assigned(
    api: httpx2.AsyncClient, client_of: ClientOf, outsider: KeyedAccount
) -> None:
    body = {"name": "mara", "role": "viewer", "email": "m@riverbend.test"}
    assert (await api.post(USERS, json=body)).status_code == 201
    assert (await api.post(USERS, json=body | {"email": "x@riverbend.test"})).status_code == 409
    assert (await api.post(USERS, json=body | {"name": "other", "email": "M@riverbend.test "})).status_code == 409
    assert (await client_of(outsider).post(USERS, json={"name": "mara", "role": "viewer"})).status_code == 201
    more: list[dict[str, Any]] = [
        {"organization_id": str(outsider.account.organization_id)},
        {"id": str(outsider.account.user_id)},
        {"password": NEW},
        {"role": "owner"},
        {"name": " "},
        {"email": "no address"},
    ]
    for odd in more:
        assert (await api.post(USERS, json={"name": "odd", "role": "viewer"} | odd)).status_code == 422, odd


async def test_who_is_disabled_is_out_at_once_with_keys_and_sessions(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    mara = await add_person_with_password(database, account.account, "mara", Role.OPERATOR)
    session = await bearer(stranger, mara.email)
    key = (await stranger.post(KEYS, json={"name": "k", "scope": "run"}, headers=session)).json()["key"]
    user = f"{USERS}/{mara.account.user_id}"
    assert (await api.patch(user, json={"disabled": True})).json()["disabled_at"] is not None
    for headers in (session, {"X-API-Key": key}):
        assert (await stranger.get("/api/v1/jobs", headers=headers)).status_code == 401
    assert (await sign_in(stranger, mara.email)).status_code == 401
    assert (await api.patch(user, json={"disabled": False})).json()["disabled_at"] is None
    assert (await stranger.get("/api/v1/jobs", headers={"X-API-Key": key})).status_code == 200
    assert (await stranger.get("/api/v1/jobs", headers=session)).status_code == 401  # a session does not come back
    assert (await api.delete(user)).status_code == 204
    assert (await stranger.get("/api/v1/jobs", headers={"X-API-Key": key})).status_code == 401
    left = (await api.get(user)).json()
    assert (left["name"], left["email"], left["has_password"]) == ("mara", None, False)
    assert left["disabled_at"] is not None


async def test_the_last_admin_stays_also_when_two_leave_at_once(
    api: httpx2.AsyncClient, client_of: ClientOf, colleague: MakeUser, account: KeyedAccount
) -> None:
    own = f"{USERS}/{account.account.user_id}"
    for refused in (
        await api.patch(own, json={"role": "operator"}),
        await api.patch(own, json={"disabled": True}),
        await api.delete(own),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "LAST_ADMIN")
    others = [await colleague(f"admin {number}", Role.ADMIN) for number in range(3)]
    everybody = [account, *others]
    answers = await asyncio.gather(
        *(client_of(one).patch(f"{USERS}/{one.account.user_id}", json={"role": "viewer"}) for one in everybody)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 409]


async def test_a_key_may_what_its_scope_and_its_user_may(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, client_of: ClientOf, colleague: MakeUser
) -> None:
    keys: dict[str, dict[str, str]] = {}
    for scope in ("read", "run", "admin"):
        made = await api.post(KEYS, json={"name": scope, "scope": scope, "expires_in_days": 7})
        assert made.status_code == 201, made.text
        keys[scope] = {"X-API-Key": made.json()["key"]}
        assert made.json()["key"] not in (await api.get(KEYS)).text
    job = {"kind": "export_leads", "params": {}}

    async def may(headers: dict[str, str]) -> list[int]:
        return [
            (await stranger.get("/api/v1/jobs", headers=headers)).status_code,
            (await stranger.post("/api/v1/jobs", json=job, headers=headers)).status_code,
            (await stranger.get(USERS, headers=headers)).status_code,
            (await stranger.post(KEYS, json={"name": "k", "scope": "read"}, headers=headers)).status_code,
        ]

    assert {scope: await may(headers) for scope, headers in keys.items()} == {
        "read": [200, 403, 403, 403],
        "run": [200, 201, 403, 403],
        "admin": [200, 201, 200, 201],
    }
    vera = client_of(await colleague("vera", Role.VIEWER))
    assert (await vera.post(KEYS, json={"name": "more", "scope": "run"})).status_code == 403
    me = (await stranger.get("/api/v1/me", headers=keys["run"])).json()
    assert (me["user"]["role"], me["role"], me["key_scope"]) == ("admin", "operator", "run")


async def test_users_see_and_end_their_own_keys_only(
    api: httpx2.AsyncClient, client_of: ClientOf, colleague: MakeUser
) -> None:
    otto, vera = await colleague("otto", Role.OPERATOR), await colleague("vera", Role.VIEWER)
    theirs = (await client_of(otto).get(KEYS)).json()["items"]
    assert {key["user"] for key in theirs} == {"otto"}
    assert {key["user"] for key in (await api.get(KEYS)).json()["items"]} == {"ada", "otto", "vera"}
    path = f"{KEYS}/{theirs[0]['id']}"
    assert (await client_of(vera).delete(path)).status_code == 404
    assert (await client_of(vera).post(f"{path}/rotate", json={})).status_code == 404
    body = {"name": "x", "scope": "read", "user_id": str(vera.account.user_id)}
    assert (await client_of(otto).post(KEYS, json=body)).status_code == 403
    assert (await api.post(KEYS, json=body)).status_code == 201
    assert (await api.delete(path)).status_code == 204
    assert (await client_of(otto).get("/api/v1/jobs")).status_code == 401


async def test_a_key_is_replaced_with_an_overlap(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, database: Database
) -> None:
    old = (await api.post(KEYS, json={"name": "nightly", "scope": "read", "expires_in_days": 30})).json()
    path = f"{KEYS}/{old['view']['id']}/rotate"
    answers = await asyncio.gather(*(api.post(path, json={"overlap_hours": 2}) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    new = next(answer.json() for answer in answers if answer.status_code == 201)
    assert (new["view"]["scope"], new["view"]["name"]) == ("read", "nightly")
    days = (datetime.fromisoformat(new["view"]["expires_at"]) - datetime.now(UTC)) / timedelta(days=1)
    assert 29 < days <= 30
    listed = {key["id"]: key for key in (await api.get(KEYS)).json()["items"]}
    before = listed[old["view"]["id"]]
    assert before["replaced_by"] == new["view"]["id"]
    left = datetime.fromisoformat(before["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=1) < left <= timedelta(hours=2)
    for key in (old, new):
        assert (await stranger.get("/api/v1/jobs", headers={"X-API-Key": key["key"]})).status_code == 200
    await execute(database, "UPDATE api_key SET expires_at = now() WHERE replaced_by IS NOT NULL")
    assert (await stranger.get("/api/v1/jobs", headers={"X-API-Key": old["key"]})).status_code == 401
    assert (await stranger.get("/api/v1/jobs", headers={"X-API-Key": new["key"]})).status_code == 200
    assert (await api.get(KEYS)).json()["items"][0]["last_used_at"] is not None


@pytest.mark.parametrize("body", [{"expires_in_days": 0}, {"expires_in_days": 367}, {"scope": "owner"}, {"name": ""}])
async def test_the_life_of_a_key_is_bounded(api: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    assert (await api.post(KEYS, json={"name": "k", "scope": "read"} | body)).status_code == 422
