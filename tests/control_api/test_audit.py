"""The audit log has every sensitive act with its transaction, and nobody can take one out of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from litestar import Litestar
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.accounts import Via
from storage.audit import Act, record
from storage.database import Database
from storage.roles import Role
from storage.sessions import forget_old_access
from tests.conftest import KeyedAccount
from tests.control_api.access import add_person_with_password, bearer, execute
from tests.control_api.conftest import ClientOf
from tests.control_api.rows import add_school

AUDIT = "/api/v1/audit"


async def entries(api: httpx2.AsyncClient, **wanted: Any) -> list[dict[str, Any]]:
    answer = await api.get(AUDIT, params={"limit": 200} | wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_what_matters_is_written_down(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, stranger: httpx2.AsyncClient
) -> None:
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        school_id = await add_school(connection, who, "Alder Elementary")
    site = {"url": "https://alder.example/"}
    job = (await api.post("/api/v1/jobs", json={"kind": "export_leads", "params": {}})).json()["id"]
    email = {"kind": "email", "email": "odile@alder.example"}
    added = (await api.post("/api/v1/suppressions", json={"entries": [email]})).json()["entries"][0]["id"]
    for method, path, body in (
        ("POST", f"/api/v1/jobs/{job}/cancel", None),
        ("GET", "/api/v1/staff.csv", None),
        ("GET", "/api/v1/schools.csv", None),
        ("PUT", "/api/v1/llm/budget", {"dollars": 5.0, "tokens": None}),
        ("DELETE", "/api/v1/llm/budget", None),
        ("PUT", f"/api/v1/schools/{school_id}/website", site),
        ("POST", f"/api/v1/schools/{school_id}/website/reject", site),
        ("DELETE", f"/api/v1/suppressions/{added}", None),
    ):
        answer = await api.request(method, path, json=body) if body else await api.request(method, path)
        assert answer.status_code < 300, (path, answer.text)
    told = await entries(api)
    assert [(entry["act"], entry["object"]) for entry in reversed(told)] == [
        ("export", "job"),
        ("suppress", "suppression"),
        ("job_cancel", "job"),
        ("export", "export"),
        ("export", "export"),
        ("budget_change", None),
        ("budget_change", None),
        ("website_decision", "school"),
        ("website_decision", "school"),
        ("suppression_remove", "suppression"),
    ]
    last = told[0]
    assert (last["user_name"], last["address"], last["outcome"]) == ("ada", "127.0.0.1", "done")
    assert (last["object_id"], last["request_id"]) == (str(added), answer.headers["x-request-id"])
    assert last["key_id"] is not None
    assert "odile" not in json.dumps(told)
    mara = await add_person_with_password(database, who, "mara", Role.OPERATOR)
    headers = await bearer(stranger, mara.email)
    await stranger.post("/api/v1/jobs", json={"kind": "export_leads", "params": {}}, headers=headers)
    (asked,) = await entries(api, act="export", user="mara")
    (opened,) = await entries(api, act="sign_in")
    assert asked["session_id"] == opened["session_id"] == opened["object_id"]


async def test_an_act_that_fails_leaves_no_entry(api: httpx2.AsyncClient, account: KeyedAccount) -> None:
    own = f"/api/v1/users/{account.account.user_id}"
    assert (await api.patch(own, json={"role": "viewer"})).status_code == 409
    assert (await api.post("/api/v1/users", json={"name": "ada", "role": "viewer"})).status_code == 409
    assert (await api.put("/api/v1/schools/99/website", json={"url": "https://a.example"})).status_code == 404
    assert await entries(api) == []


async def test_pages_and_filters(api: httpx2.AsyncClient, database: Database, account: KeyedAccount) -> None:
    async with database.tenant(account.account.organization_id) as connection:
        for number in range(7):
            act = Act.EXPORT if number % 2 else Act.JOB_CANCEL
            await record(connection, act, account.account, about=("job", number), refused=number == 3)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await api.get(AUDIT, params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [entry["object_id"] for entry in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    assert [entry["object_id"] for entry in await entries(api, act="export")] == ["5", "3", "1"]
    assert [entry["object_id"] for entry in await entries(api, outcome="refused")] == ["3"]
    at = (await entries(api))[2]["at"]
    assert [entry["object_id"] for entry in await entries(api, since=at)] == ["6", "5", "4"]
    assert [entry["object_id"] for entry in await entries(api, until=at)] == ["3", "2", "1", "0"]
    assert (await api.get(AUDIT, params={"act": "no such act"})).status_code == 400


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET outcome = 'done'", "DELETE FROM audit_entry"])
@pytest.mark.parametrize("role", ["tenant", "system"])
async def test_no_role_of_the_application_changes_or_deletes_an_entry(
    database: Database, account: KeyedAccount, statement: str, role: str
) -> None:
    organization_id = account.account.organization_id
    async with database.tenant(organization_id) as connection:
        await record(connection, Act.EXPORT, account.account)
    opened = database.system() if role == "system" else database.tenant(organization_id)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with opened as connection:
            await connection.execute(text(statement))


async def test_a_tenant_sees_neither_others_entries_nor_those_of_nobody_and_writes_none_for_others(
    database: Database, account: KeyedAccount, outsider: KeyedAccount, client_of: ClientOf
) -> None:
    async with database.system() as connection:
        await record(connection, Act.SIGN_IN, Via(address="192.0.2.1"), refused=True)
        await record(connection, Act.EXPORT, account.account)
    assert [entry["act"] for entry in await entries(client_of(account))] == ["export"]
    assert await entries(client_of(outsider)) == []
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.tenant(outsider.account.organization_id) as connection:
            await record(connection, Act.EXPORT, account.account)
    for table in ("sign_in_throttle", "rate_bucket", "signing_key"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.tenant(account.account.organization_id) as connection:
                await connection.execute(text(f"SELECT * FROM {table}"))


async def test_what_sign_in_no_longer_needs_is_removed_and_nothing_else(
    app: Litestar, stranger: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    mara = await add_person_with_password(database, account.account, "mara", Role.VIEWER)
    await bearer(stranger, mara.email)
    headers = await bearer(stranger, mara.email)
    await execute(
        database,
        "UPDATE user_session SET created_at = now() - interval '40 days', expires_at = now() - interval '26 days' "
        "WHERE id = (SELECT id FROM user_session ORDER BY created_at LIMIT 1)",
    )
    await asyncio.gather(*(forget_old_access(database) for _ in range(2)))
    async with database.system() as connection:
        counts = [
            (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            for table in ("user_session", "refresh_token", "audit_entry")
        ]
    assert counts == [1, 1, 2]
    assert (await stranger.get("/api/v1/me", headers=headers)).status_code == 200
