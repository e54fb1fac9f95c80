"""Connections and pushes over HTTP: who may, what is told, and that no secret ever is."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest

from control_api.salesforce.client import Secret
from control_api.salesforce.errors import SecretUnreadableError
from control_api.salesforce.secrets import KEY_FILE, SecretBox, new_key
from control_api.salesforce.settings import SalesforceSettings
from storage.conninfo import conninfo
from storage.database import Database
from storage.roles import Role
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf, MakeUser
from tests.control_api.salesforce.conftest import another_key, key_pair
from tests.control_api.salesforce.pushing import Pushes, add_crowd
from tests.fakes.salesforce.server import CLIENT_ID, CLIENT_SECRET, USERNAME

CONNECTIONS = "/api/v1/salesforce/connections"


def body(pushes: Pushes, **values: Any) -> dict[str, Any]:
    return {
        "name": "sandbox",
        "login_url": pushes.fake.url,
        "method": "client_credentials",
        "client_id": CLIENT_ID,
        "secret": {"client_secret": CLIENT_SECRET},
    } | values


async def test_a_connection_is_stored_checked_changed_and_deleted_and_its_secret_never_told(
    api: httpx2.AsyncClient, pushes: Pushes, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await api.post(CONNECTIONS, json=body(pushes, mapping={"Role__c": "role", "Website": None}))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["key_field"] == "Title1_Id__c"
    at = f"{CONNECTIONS}/{made['id']}"
    checked = (await api.post(f"{at}/check")).json()
    assert (checked["organization"], checked["is_sandbox"], checked["notes"]) == ("Acme", False, [])
    assert {"field": "Role__c", "source": "role", "length": 40} in checked["fields"]
    assert "Website" not in {one["field"] for one in checked["fields"]}
    fields = (await api.get(f"{at}/fields")).json()
    assert {one["name"]: one["source"] for one in fields["fields"]}.items() >= {"Company": "school"}.items()
    assert "OwnerId" not in {one["name"] for one in fields["fields"]}

    key = key_pair()[0]
    changed = {"method": "jwt_bearer", "username": USERNAME, "secret": {"private_key": key}}
    assert (await api.patch(at, json=changed)).json()["method"] == "jwt_bearer"
    assert (await api.post(f"{at}/check")).status_code == 200
    told = [answer.text, (await api.get(CONNECTIONS)).text, (await api.get(at)).text, caplog.text]
    with psycopg.connect(conninfo(database_url)) as connection:
        told += [str(row) for row in connection.execute("SELECT encode(secret, 'escape') FROM salesforce_connection")]
    assert not any(CLIENT_SECRET in text or key[40:80] in text for text in told)
    assert (await api.delete(at)).status_code == 204
    assert (await api.get(at)).status_code == 404


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"login_url": "https://evil.example"}, "SALESFORCE_ADDRESS"),
    ({"login_url": "http://acme.my.salesforce.com"}, "SALESFORCE_ADDRESS"),
    ({"client_id": None}, "SALESFORCE_LOGIN_REFUSED"),
    ({"secret": {}}, "SALESFORCE_LOGIN_REFUSED"),
    ({"method": "jwt_bearer", "username": "u", "secret": {"private_key": "x"}}, "SALESFORCE_LOGIN_REFUSED"),
    ({"method": "password", "secret": {"password": "p"}}, "SALESFORCE_LOGIN_REFUSED"),
    ({"mapping": {"Role__c": "rolle"}}, "SALESFORCE_MAPPING"),
    ({"mapping": {"Role c": "role"}}, "SALESFORCE_MAPPING"),
    ({"campaign_id": "7' OR"}, "INVALID_REQUEST"),
    ({"organization_id": "x"}, "INVALID_REQUEST"),
]


async def test_what_cannot_be_right_is_refused_before_anything_is_asked(
    api: httpx2.AsyncClient, pushes: Pushes
) -> None:
    for values, code in REFUSED:
        answer = await api.post(CONNECTIONS, json=body(pushes, **values))
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert pushes.fake.requests == []


async def test_whoever_changes_where_one_logs_in_gives_the_secret_again(
    api: httpx2.AsyncClient, pushes: Pushes
) -> None:
    at = f"{CONNECTIONS}/{pushes.connection_id}"
    for change in ({"login_url": "https://other.my.salesforce.com"}, {"client_id": "another"}):
        answer = await api.patch(at, json=change)
        assert (answer.status_code, "secret again" in answer.json()["detail"]) == (422, True)
    assert (await api.patch(at, json={"login_url": f"{pushes.fake.url}/", "name": "renamed"})).status_code == 200
    assert (await api.post(CONNECTIONS, json=body(pushes, name="renamed"))).status_code == 409


async def test_what_salesforce_says_to_a_check_is_told_with_the_next_step(
    api: httpx2.AsyncClient, pushes: Pushes
) -> None:
    wrong = {"private_key": another_key()}
    made = (await api.post(CONNECTIONS, json=body(pushes, method="jwt_bearer", username=USERNAME, secret=wrong))).json()
    answer = await api.post(f"{CONNECTIONS}/{made['id']}/check")
    assert (answer.status_code, answer.json()["code"]) == (422, "SALESFORCE_LOGIN_REFUSED")
    assert "certificate of this private key" in answer.json()["detail"]
    pushes.fake.down = True
    answer = await api.post(f"{CONNECTIONS}/{pushes.connection_id}/check")
    assert (answer.status_code, answer.json()["code"]) == (503, "SALESFORCE_UNAVAILABLE")


async def test_each_role_may_what_it_may_and_others_see_nothing(
    api: httpx2.AsyncClient, client_of: ClientOf, colleague: MakeUser, outsider: KeyedAccount, pushes: Pushes
) -> None:
    viewer = client_of(await colleague("vi", Role.VIEWER))
    operator = client_of(await colleague("op", Role.OPERATOR))
    other = client_of(outsider)
    at = f"{CONNECTIONS}/{pushes.connection_id}"
    push = {"kind": "push_leads", "params": {"connection_id": str(pushes.connection_id)}}
    assert [(await one.get(at)).status_code for one in (viewer, operator, other)] == [200, 200, 404]
    assert [(await one.post(f"{at}/check")).status_code for one in (viewer, operator, other)] == [403, 200, 404]
    assert [(await one.patch(at, json={"name": "x"})).status_code for one in (viewer, operator, other)] == [
        403,
        403,
        404,
    ]
    assert [(await one.delete(at)).status_code for one in (viewer, operator, other)] == [403, 403, 404]
    assert [(await one.post("/api/v1/jobs", json=push)).status_code for one in (viewer, other)] == [403, 404]
    job = (await operator.post("/api/v1/jobs", json=push)).json()
    leads = f"/api/v1/jobs/{job['id']}/leads"
    assert [(await one.get(leads)).status_code for one in (viewer, other)] == [200, 404]
    assert [(await one.post(f"{leads}/retry")).status_code for one in (viewer, other)] == [403, 404]
    assert (await other.get(CONNECTIONS)).json() == []


async def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(
    api: httpx2.AsyncClient, database: Database, pushes: Pushes
) -> None:
    await add_crowd(database, pushes.account, 5)
    push = {"connection_id": str(pushes.connection_id), "dry_run": True, "only_with_email": True, "state": "Texas"}
    made = (await api.post("/api/v1/jobs", json={"kind": "push_leads", "params": push})).json()
    job = await pushes.attempt(UUID(made["id"]))
    assert (job.state, job.result["states"], job.result["uploads"]) == ("succeeded", {"ready": 3}, 0)
    page = (await api.get(f"/api/v1/jobs/{job.id}/leads", params={"limit": 2})).json()
    assert [lead["fields"]["Email"] for lead in page["items"]] == ["z1@alder.example", "z2@alder.example"]
    assert page["items"][0]["fields"]["Company"] == "Alder 1, Elementary"
    rest = (await api.get(f"/api/v1/jobs/{job.id}/leads", params={"limit": 2, "cursor": page["next"]})).json()
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert pushes.fake.count("POST /services/data") == 0
    assert pushes.fake.org.leads == []


async def test_errors_are_pages_and_a_file_and_only_what_may_pass_is_pushed_again(
    api: httpx2.AsyncClient, database: Database, pushes: Pushes
) -> None:
    crowd = await add_crowd(database, pushes.account, 4)
    pushes.fake.org.locked[pushes.key(crowd[0])] = 3
    pushes.fake.org.add("Lead", LastName="X", Company="Y", Email="z1@alder.example")
    pushes.fake.org.duplicate_rule = True
    first = await pushes.attempt(await pushes.ask())
    leads = f"/api/v1/jobs/{first.id}/leads"
    [error] = (await api.get(leads, params={"state": "error"})).json()["items"]
    assert (error["code"], error["retryable"], error["tries"]) == ("UNABLE_TO_LOCK_ROW", True, 3)
    assert error["explanation"] == "Somebody else held the record; trying again mostly helps."
    file = (await api.get(f"{leads}.csv", params={"state": "duplicate"})).text.splitlines()
    assert len(file) == 2
    assert "DUPLICATES_DETECTED" in file[1]
    again = await api.post(f"{leads}/retry")
    assert again.status_code == 201, again.text
    job = await pushes.attempt(UUID(again.json()["id"]))
    assert job.result["states"] == {"created": 1}
    assert (await api.post(f"/api/v1/jobs/{job.id}/leads/retry")).status_code == 409
    assert (await api.get(f"/api/v1/jobs/{job.id}/leads", params={"state": "nonsense"})).status_code == 400


def test_secrets_are_read_with_old_keys_too_and_by_their_own_connection_only(tmp_path: Path) -> None:
    mine, other = UUID(int=1), UUID(int=2)
    old, new = new_key(), new_key()
    remote = StorageSettings(database_url="postgresql://db/title1", data_dir=tmp_path)
    secret = Secret(client_secret=CLIENT_SECRET)
    sealed = SecretBox(SalesforceSettings.model_validate({"secret_key": old}), remote).seal(mine, secret)
    rotated = SecretBox(SalesforceSettings.model_validate({"secret_key": f"{new},{old}"}), remote)
    assert rotated.open(mine, sealed).client_secret == CLIENT_SECRET
    with pytest.raises(SecretUnreadableError, match="another connection"):
        rotated.open(other, sealed)
    with pytest.raises(SecretUnreadableError, match="another key"):
        SecretBox(SalesforceSettings.model_validate({"secret_key": new}), remote).open(mine, sealed)
    with pytest.raises(SecretUnreadableError, match="is no key"):
        SecretBox(SalesforceSettings.model_validate({"secret_key": "short"}), remote).seal(mine, secret)


def test_without_a_key_one_is_made_beside_the_embedded_database_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TITLE1_SECRET_KEY", raising=False)
    settings, secret, mine = SalesforceSettings(), Secret(password="p"), UUID(int=1)
    remote = StorageSettings(database_url="postgresql://db/title1", data_dir=tmp_path)
    with pytest.raises(SecretUnreadableError, match="Set TITLE1_SECRET_KEY"):
        SecretBox(settings, remote).seal(mine, secret)
    embedded = StorageSettings.model_validate({"database_url": None, "data_dir": tmp_path})
    sealed = SecretBox(settings, embedded).seal(mine, secret)
    assert SecretBox(settings, embedded).open(mine, sealed) == secret
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
