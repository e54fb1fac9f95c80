"""Nothing of an organization is shown without a key, nothing is done without a role, and keys do not leak."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from sqlalchemy import text

from control_api.auth.guards import PUBLIC_PATHS, ROLE_GUARDS
from storage.accounts import create_key
from storage.database import Database
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf, MakeUser


def is_public(path: str) -> bool:
    return path == "/" or any(
        path == public or path.startswith(f"{public}/") for public in PUBLIC_PATHS if public != "/"
    )


def test_every_route_asks_for_a_role_or_is_public(app: Litestar) -> None:
    checked = 0
    for route in app.routes:
        assert isinstance(route, HTTPRoute)
        for handler in route.route_handlers:
            if handler.http_methods == {"OPTIONS"}:
                continue
            guards = set(handler.resolve_guards())
            assert is_public(route.path) is guards.isdisjoint(ROLE_GUARDS), route.path
            checked += 1
    assert checked > 20


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic dDFfeDo="}, {"X-API-Key": ""}]
)
async def test_without_a_key_the_door_is_shut(stranger: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await stranger.get("/api/v1/jobs", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="title1"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("key", ["t1_" + "x" * 43, "nonsense", "t1_\u00e9"])
async def test_an_unknown_key_opens_nothing(stranger: httpx2.AsyncClient, key: str) -> None:
    answer = await stranger.get("/api/v1/jobs", headers=[(b"Authorization", b"Bearer " + key.encode("latin-1"))])
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_key_is_taken_from_either_header(stranger: httpx2.AsyncClient, account: KeyedAccount) -> None:
    assert (await stranger.get("/api/v1/jobs", headers={"X-API-Key": account.key})).status_code == 200
    assert (await stranger.get("/api/v1/jobs", headers={"Authorization": f"bearer {account.key}"})).status_code == 200


async def test_a_key_in_the_address_opens_nothing(stranger: httpx2.AsyncClient, account: KeyedAccount) -> None:
    answer = await stranger.get("/api/v1/jobs", params={"key": account.key, "api_key": account.key})
    assert answer.status_code == 401


async def test_keys_that_were_revoked_or_have_expired_open_nothing(
    database: Database, account: KeyedAccount, stranger: httpx2.AsyncClient
) -> None:
    async with database.system() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        expired = await create_key(connection, account.account, name="old", expires_at=past)
        revoked = await create_key(connection, account.account, name="lost")
        await connection.execute(text("UPDATE api_key SET revoked_at = now() WHERE name = 'lost'"))
    for key in (expired, revoked):
        assert (await stranger.get("/api/v1/jobs", headers={"X-API-Key": key})).status_code == 401


async def test_roles_include_what_lower_roles_may(client_of: ClientOf, colleague: MakeUser) -> None:
    looks, runs = client_of(await colleague("vera", Role.VIEWER)), client_of(await colleague("otto", Role.OPERATOR))
    request = {"kind": "export_leads", "params": {}}
    refused = await looks.post("/api/v1/jobs", json=request)
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    assert "operator" in refused.json()["detail"]
    for path in (f"/api/v1/jobs/{uuid4()}/cancel", "/api/v1/documents"):
        assert (await looks.post(path)).status_code == 403
    assert (await looks.get("/api/v1/jobs")).status_code == 200
    assert (await runs.post("/api/v1/jobs", json=request)).status_code == 201


async def test_no_key_reaches_the_log(
    api: httpx2.AsyncClient, account: KeyedAccount, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await api.get("/api/v1/jobs", params={"cursor": account.key, "key": account.key})
        await api.get("/api/v1/nowhere", headers={"X-API-Key": account.key})
    assert "GET /api/v1/jobs 400 ada" in caplog.text
    assert account.key not in "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("title1"))
    assert account.key not in "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("control_api"))
