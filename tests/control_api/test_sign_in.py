"""People sign in by password, stay signed in by tokens, and are out at once when they are to be."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest
from litestar import Litestar

from control_api.auth.passwords import Passwords
from control_api.auth.signing import Signer, open_signer
from control_api.settings import ApiSettings
from storage.database import Database
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.access import PASSWORD, Person, add_person_with_password, audited, bearer, execute, sign_in

SECRET = b"s" * 40
ME = "/api/v1/me"


@pytest.fixture
async def mara(database: Database, account: KeyedAccount) -> Person:
    return await add_person_with_password(database, account.account, "mara", Role.OPERATOR)


def wait_long(app: Litestar) -> None:
    """The first wait after failures is longer than a test."""
    app.state["settings"] = app.state["settings"].model_copy(update={"sign_in_wait_seconds": 30})


async def test_a_session_begins_is_renewed_and_ends(
    stranger: httpx2.AsyncClient, mara: Person, database: Database
) -> None:
    opened = await sign_in(stranger, " MARA@riverbend.test ")
    assert opened.status_code == 200
    told = opened.json()
    assert (told["token_type"], told["expires_in"], told["must_change"]) == ("Bearer", 600, False)
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    me = (await stranger.get(ME, headers=headers)).json()
    assert (me["user"]["name"], me["role"], me["key_scope"]) == ("mara", "operator", None)
    renewed = await stranger.post("/api/v1/auth/refresh", json={"refresh_token": told["refresh_token"]})
    assert renewed.status_code == 200
    assert renewed.json()["refresh_token"] != told["refresh_token"]
    assert (await stranger.post("/api/v1/auth/logout", headers=headers)).status_code == 204
    for token in (told["access_token"], renewed.json()["access_token"]):
        assert (await stranger.get(ME, headers={"Authorization": f"Bearer {token}"})).status_code == 401
    late = await stranger.post("/api/v1/auth/refresh", json={"refresh_token": renewed.json()["refresh_token"]})
    assert late.status_code == 401
    entries = [entry for act in ("sign_in", "sign_out") for entry in await audited(database, act)]
    assert [(entry.outcome, entry.user_name, entry.address) for entry in entries] == [("done", "mara", "127.0.0.1")] * 2


async def test_a_refresh_token_that_comes_twice_ends_the_session(
    stranger: httpx2.AsyncClient, mara: Person, database: Database
) -> None:
    first = (await sign_in(stranger, mara.email)).json()
    other = await bearer(stranger, mara.email)
    second = (await stranger.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})).json()
    again = await stranger.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert again.status_code == 401
    for token in (first["access_token"], second["access_token"]):
        assert (await stranger.get(ME, headers={"Authorization": f"Bearer {token}"})).status_code == 401
    assert (
        await stranger.post("/api/v1/auth/refresh", json={"refresh_token": second["refresh_token"]})
    ).status_code == 401
    assert (await stranger.get(ME, headers=other)).status_code == 200  # a session of its own
    (entry,) = await audited(database, "token_reuse")
    assert (entry.outcome, entry.user_name) == ("refused", "mara")


async def test_of_a_token_used_many_times_at_once_one_use_counts(stranger: httpx2.AsyncClient, mara: Person) -> None:
    token = (await sign_in(stranger, mara.email)).json()["refresh_token"]
    answers = await asyncio.gather(
        *(stranger.post("/api/v1/auth/refresh", json={"refresh_token": token}) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE app_user SET disabled_at = now() WHERE name = 'mara'",
        "UPDATE user_session SET ended_at = now()",
        "UPDATE user_session SET expires_at = now()",
        "UPDATE user_session SET last_seen_at = now() - interval '73 hours'",
        "DELETE FROM user_session",
    ],
)
async def test_a_token_holds_no_longer_than_its_session_and_user(
    stranger: httpx2.AsyncClient, mara: Person, database: Database, change: str
) -> None:
    opened = (await sign_in(stranger, mara.email)).json()
    headers = {"Authorization": f"Bearer {opened['access_token']}"}
    assert (await stranger.get(ME, headers=headers)).status_code == 200
    await execute(database, change)
    assert (await stranger.get(ME, headers=headers)).status_code == 401
    assert (
        await stranger.post("/api/v1/auth/refresh", json={"refresh_token": opened["refresh_token"]})
    ).status_code == 401


async def test_a_role_that_was_taken_holds_for_the_next_request(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, mara: Person
) -> None:
    headers = await bearer(stranger, mara.email)
    job = {"kind": "export_leads", "params": {}}
    assert (await stranger.post("/api/v1/jobs", json=job, headers=headers)).status_code == 201
    assert (await api.patch(f"/api/v1/users/{mara.account.user_id}", json={"role": "viewer"})).status_code == 200
    assert (await stranger.post("/api/v1/jobs", json=job, headers=headers)).status_code == 403


FORGED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "expired": ({"exp": -60, "iat": -700, "nbf": -700}, {}),
    "not yet": ({"nbf": 60, "iat": 60}, {}),
    "wrong audience": ({"aud": "another"}, {}),
    "several audiences": ({"aud": ["title1-api", "another"]}, {}),
    "wrong issuer": ({"iss": "another"}, {}),
    "wrong type": ({"typ": "refresh"}, {}),
    "no end": ({"exp": None}, {}),
    "no session": ({"sid": None}, {}),
    "session of another": ({"sub": str(uuid4())}, {}),
    "other organization": ({"org": str(uuid4())}, {}),
    "session that is no id": ({"sid": "1 OR 1=1"}, {}),
    "header of another type": ({}, {"typ": "JWT"}),
    "unknown key": ({}, {"kid": "ffffffff"}),
    "key that is no word": ({}, {"kid": ""}),
    "critical header": ({}, {"crit": ["b64"], "b64": False}),
}


@pytest.fixture
def signed_app(app: Litestar) -> Litestar:
    """The app with a secret that the test knows."""
    app.state["signer"] = Signer({"k1": SECRET}, token_minutes=10)
    return app


@pytest.mark.parametrize("case", FORGED)
async def test_a_token_that_is_not_exactly_right_opens_nothing(
    signed_app: Litestar, stranger: httpx2.AsyncClient, mara: Person, case: str
) -> None:
    good = (await sign_in(stranger, mara.email)).json()["access_token"]
    key = signed_app.state["signer"]._token_keys["k1"]
    claims, header = dict(jwt.decode(good, options={"verify_signature": False})), jwt.get_unverified_header(good)
    now = datetime.now(UTC)
    for name, value in FORGED[case][0].items():
        claims[name] = now + timedelta(seconds=value) if isinstance(value, int) else value
    claims = {name: value for name, value in claims.items() if value is not None}
    whole = jwt.encode(dict(jwt.decode(good, options={"verify_signature": False})), key, headers=header)
    assert (await stranger.get(ME, headers={"Authorization": f"Bearer {whole}"})).status_code == 200
    forged = jwt.encode(claims, key, headers=header | FORGED[case][1])
    assert (await stranger.get(ME, headers={"Authorization": f"Bearer {forged}"})).status_code == 401


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_a_token_that_nobody_signed_here_opens_nothing(
    signed_app: Litestar, stranger: httpx2.AsyncClient, mara: Person
) -> None:
    good = (await sign_in(stranger, mara.email)).json()["access_token"]
    claims = jwt.decode(good, options={"verify_signature": False})
    header = {"kid": "k1", "typ": "at+jwt"}
    key = signed_app.state["signer"]._token_keys["k1"]
    head, body, signature = good.split(".")
    unsigned = jwt.encode(claims, None, algorithm="none", headers=header)  # pyright: ignore[reportArgumentType]  it takes no key
    forged = [
        unsigned,
        unsigned + signature,
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        jwt.encode(claims, SECRET, headers=header),  # the secret itself is no key
        jwt.encode(claims, key, algorithm="HS512", headers=header),
        jwt.encode(claims | {"org": str(uuid4())}, b"x" * 32, headers=header),
        "a.b.c",
        "." * 2000,
        f"t1_{good}",
    ]
    for token in forged:
        answer = await stranger.get(ME, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token
    word = {"X-CSRF-Token": "x", "Cookie": f"title1_session={good}"}
    assert (await stranger.get(ME, headers=word)).status_code == 401  # a token is no cookie


async def test_all_processes_sign_alike_and_old_secrets_hold_for_a_while(database: Database) -> None:
    unset = ApiSettings()
    one, other = await asyncio.gather(open_signer(unset, database), open_signer(unset, database))
    session_id = uuid4()
    assert other.is_page_word(one.page_word(session_id), session_id)
    assert not other.is_page_word(one.page_word(session_id), uuid4())
    first, second = "a" * 32, "b" * 32
    old = await open_signer(ApiSettings.model_validate({"secret_key": first}), database)
    new = await open_signer(ApiSettings.model_validate({"secret_key": f"{second}, {first}"}), database)
    assert new.is_page_word(old.page_word(session_id), session_id)
    assert not old.is_page_word(new.page_word(session_id), session_id)
    with pytest.raises(ValueError, match="32 characters"):
        ApiSettings.model_validate({"secret_key": f"{first},short"})


async def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(
    app: Litestar,
    stranger: httpx2.AsyncClient,
    mara: Person,
    database: Database,
    account: KeyedAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await execute(database, "UPDATE app_user SET email = 'ada@riverbend.test' WHERE name = 'ada'")  # no password
    gone = await add_person_with_password(database, account.account, "gone", Role.VIEWER)
    await execute(database, "UPDATE app_user SET disabled_at = now() WHERE name = 'gone'")
    compared: list[str] = []
    fits = Passwords._fits

    def counted(self: Passwords, kept: str, password: str) -> bool:
        compared.append(kept.rsplit("$", 2)[0])
        return fits(self, kept, password)

    monkeypatch.setattr(Passwords, "_fits", counted)
    bodies = set[str]()
    for email, password in (
        (mara.email, "wrong"),
        ("nobody@riverbend.test", PASSWORD),
        ("ada@riverbend.test", PASSWORD),
        (gone.email, PASSWORD),
        ("' OR 1=1 --", "\u0001"),
    ):
        answer = await sign_in(stranger, email, password)
        assert answer.status_code == 401
        bodies.add(answer.text)
    for _ in range(6):
        blocked = await sign_in(stranger, "somebody@riverbend.test", "wrong")
        bodies.add(blocked.text)
    assert len(bodies) == 1
    assert (len(compared), len(set(compared))) == (11, 1)  # one comparison each, all at the same cost
    refused = await audited(database, "sign_in")
    assert {entry.outcome for entry in refused} == {"refused"}
    assert [entry.user_name for entry in refused[:4]] == ["mara", None, "ada", "gone"]
    # No entry, and no counter, has what was typed: people type passwords into the wrong field.
    async with database.system() as connection:
        counters = (await connection.exec_driver_sql("SELECT subject FROM sign_in_throttle")).scalars().all()
    assert not any(word in str([*refused, *counters]) for word in ("nobody@", "wrong", "OR 1=1"))


async def test_a_hundred_guesses_at_once_are_five_and_the_owner_is_not_locked_out(
    app: Litestar, stranger: httpx2.AsyncClient, mara: Person, database: Database
) -> None:
    wait_long(app)
    await sign_in(stranger, mara.email)
    await execute(database, "UPDATE user_session SET address = '192.0.2.7'")
    passwords = ["wrong one"] * 60
    await asyncio.gather(*(sign_in(stranger, mara.email, password) for password in passwords))
    async with database.system() as connection:
        query = "SELECT split_part(subject, ':', 1), failures FROM sign_in_throttle"
        rows = (await connection.exec_driver_sql(query)).all()
    assert {tuple(row) for row in rows} == {("name", 5), ("address", 20)}
    await execute(database, "DELETE FROM sign_in_throttle WHERE starts_with(subject, 'address')")
    assert (await sign_in(stranger, mara.email)).status_code == 401  # right, and too early
    await execute(database, "UPDATE user_session SET address = '127.0.0.1'")
    assert (await sign_in(stranger, mara.email)).status_code == 200  # where the owner has been before, no name waits
    async with database.system() as connection:
        assert not (
            await connection.exec_driver_sql("SELECT 1 FROM sign_in_throttle WHERE starts_with(subject, 'name')")
        ).all()


async def test_waits_double_up_to_a_minute_for_a_name_and_attempts_meanwhile_do_not_prolong_them(
    app: Litestar, stranger: httpx2.AsyncClient, mara: Person, database: Database
) -> None:
    wait_long(app)
    waits: list[float] = []
    for _ in range(8):
        await sign_in(stranger, mara.email, "wrong one")
        await sign_in(stranger, mara.email, "too early, if there is a wait")
        async with database.system() as connection:
            query = (
                "SELECT extract(epoch FROM blocked_until - last_at) FROM sign_in_throttle "
                "WHERE starts_with(subject, 'name')"
            )
            waits.append(round(float((await connection.exec_driver_sql(query)).scalar_one())))
        await execute(database, "UPDATE sign_in_throttle SET blocked_until = now() - interval '1 second'")
    assert waits == [0, 0, 30, 60, 60, 60, 60, 60]


async def test_passwords_are_changed_by_the_one_before_and_end_other_sessions(
    stranger: httpx2.AsyncClient, mara: Person, database: Database
) -> None:
    here, elsewhere = await bearer(stranger, mara.email), await bearer(stranger, mara.email)
    new = "seven loud ravens"
    wrong = await stranger.post(f"{ME}/password", json={"current": "no", "password": new}, headers=here)
    assert wrong.status_code == 401
    weak = await stranger.post(f"{ME}/password", json={"current": PASSWORD, "password": "a" * 20}, headers=here)
    assert (weak.status_code, weak.json()["code"]) == (422, "WEAK_PASSWORD")
    done = await stranger.post(f"{ME}/password", json={"current": PASSWORD, "password": new}, headers=here)
    assert done.status_code == 204
    assert (await stranger.get(ME, headers=here)).status_code == 200
    assert (await stranger.get(ME, headers=elsewhere)).status_code == 401
    assert (await sign_in(stranger, mara.email)).status_code == 401
    assert (await sign_in(stranger, mara.email, new)).status_code == 200
    assert [entry.outcome for entry in await audited(database, "password_change")] == ["refused", "done"]


async def test_who_must_change_can_do_nothing_else(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, mara: Person
) -> None:
    await api.patch(f"/api/v1/users/{mara.account.user_id}", json={"must_change": True})
    opened = await sign_in(stranger, mara.email)
    assert opened.json()["must_change"] is True
    headers = {"Authorization": f"Bearer {opened.json()['access_token']}"}
    refused = await stranger.get("/api/v1/jobs", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "PASSWORD_MUST_CHANGE")
    assert (await stranger.get(ME, headers=headers)).status_code == 200
    change = {"current": PASSWORD, "password": "seven loud ravens"}
    assert (await stranger.post(f"{ME}/password", json=change, headers=headers)).status_code == 204
    assert (await stranger.get("/api/v1/jobs", headers=headers)).status_code == 200


async def test_a_password_of_an_older_cost_is_hashed_anew(
    stranger: httpx2.AsyncClient, mara: Person, database: Database, app: Litestar
) -> None:
    app.state["passwords"] = Passwords(ApiSettings(password_memory_kib=128, password_rounds=2))
    assert (await sign_in(stranger, mara.email)).status_code == 200
    async with database.system() as connection:
        kept = (await connection.exec_driver_sql("SELECT password FROM app_user WHERE name = 'mara'")).scalar_one()
    assert kept.startswith("$argon2id$v=19$m=128,t=2,p=1$")
    assert (await sign_in(stranger, mara.email)).status_code == 200
