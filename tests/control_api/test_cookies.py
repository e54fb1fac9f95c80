"""The dashboard's cookie: no script reads it, no other site uses it, and it ends with its session."""

from __future__ import annotations

import httpx2
import pytest
from litestar import Litestar

from storage.database import Database
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.access import PASSWORD, Person, add_person_with_password, sign_in

JOB = {"kind": "export_leads", "params": {}}
OWN = {"Origin": "http://title1.test", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def mara(database: Database, account: KeyedAccount) -> Person:
    return await add_person_with_password(database, account.account, "mara", Role.OPERATOR)


async def test_a_page_signs_in_works_and_signs_out(stranger: httpx2.AsyncClient, mara: Person) -> None:
    opened = await sign_in(stranger, mara.email, cookie=True)
    assert opened.status_code == 200
    assert set(opened.json()) == {"must_change", "csrf_token"}  # nothing that a script could carry away
    kept = {line.partition("=")[0]: line.lower() for line in opened.headers.get_list("set-cookie")}
    assert "httponly" in kept["title1_session"]
    assert "httponly" not in kept["title1_csrf"]
    assert all("samesite=strict" in line and "path=/" in line and "secure" not in line for line in kept.values())
    word = {"X-CSRF-Token": opened.json()["csrf_token"]} | OWN
    assert (await stranger.get("/api/v1/jobs")).status_code == 200
    assert (await stranger.post("/api/v1/jobs", json=JOB, headers=word)).status_code == 201
    cookie = stranger.cookies["title1_session"]
    assert (await stranger.post("/api/v1/auth/logout", headers=word)).status_code == 204
    assert "title1_session" not in stranger.cookies
    assert (await stranger.get("/api/v1/jobs", headers={"Cookie": f"title1_session={cookie}"})).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        OWN,
        OWN | {"X-CSRF-Token": "0" * 64},
        OWN | {"X-CSRF-Token": "é"},
        {"X-CSRF-Token": "own"},
        {"X-CSRF-Token": "own", "Origin": "https://evil.test"},
        {"X-CSRF-Token": "own", "Origin": "null"},
        {"X-CSRF-Token": "own", "Origin": "http://title1.test", "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": "own", "Sec-Fetch-Site": "same-site"},
        {"X-CSRF-Token": "another session's"} | OWN,
    ],
)
async def test_what_another_site_could_send_changes_nothing(
    stranger: httpx2.AsyncClient, mara: Person, headers: dict[str, str]
) -> None:
    other = (await sign_in(stranger, mara.email, cookie=True)).json()["csrf_token"]
    own = (await sign_in(stranger, mara.email, cookie=True)).json()["csrf_token"]
    words = {"own": own, "another session's": other}
    sent = [
        (name.encode(), words.get(value, value).encode()) if name == "X-CSRF-Token" else (name.encode(), value.encode())
        for name, value in headers.items()
    ]
    refused = await stranger.post("/api/v1/jobs", json=JOB, headers=sent)
    assert (refused.status_code, refused.json()["code"]) == (403, "CROSS_SITE")
    assert (await stranger.get("/api/v1/jobs")).json()["items"] == []


async def test_no_other_site_signs_a_browser_in(stranger: httpx2.AsyncClient, mara: Person) -> None:
    body = {"email": mara.email, "password": PASSWORD, "cookie": True}
    for headers in ({}, {"Origin": "https://evil.test"}):
        refused = await stranger.post("/api/v1/auth/login", json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "CROSS_SITE")
    form = await stranger.post("/api/v1/auth/login", data={"email": mara.email, "password": PASSWORD}, headers=OWN)
    assert form.status_code == 415
    assert not stranger.cookies


async def test_over_https_the_cookies_are_for_https_and_this_host_only(app: Litestar, mara: Person) -> None:
    transport = httpx2.ASGITransport(app=app)  # pyright: ignore[reportArgumentType]  Litestar names its messages by classes of its own
    async with httpx2.AsyncClient(transport=transport, base_url="https://title1.test") as client:
        body = {"email": mara.email, "password": PASSWORD, "cookie": True}
        opened = await client.post("/api/v1/auth/login", json=body, headers={"Origin": "https://title1.test"})
        lines = opened.headers.get_list("set-cookie")
        assert sorted(line.partition("=")[0] for line in lines) == ["__Host-title1_csrf", "__Host-title1_session"]
        assert all("secure" in line.lower() and "domain" not in line.lower() for line in lines)
        assert (await client.get("/api/v1/me")).status_code == 200
        # A cookie without the prefix may be another host's; it counts for nothing here.
        plain = f"title1_session={client.cookies['__Host-title1_session']}"
        client.cookies.clear()
        assert (await client.get("/api/v1/me", headers={"Cookie": plain})).status_code == 401


async def test_a_key_needs_no_word_even_beside_a_cookie(
    stranger: httpx2.AsyncClient, mara: Person, account: KeyedAccount
) -> None:
    await sign_in(stranger, mara.email, cookie=True)
    assert (await stranger.post("/api/v1/jobs", json=JOB, headers=account.headers)).status_code == 201
