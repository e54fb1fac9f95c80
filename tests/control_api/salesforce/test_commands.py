"""`title1 sf` against the API, a worker and the fake org, in the test's own process."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from control_api.cli.salesforce import app
from storage.database import Database
from tests.conftest import KeyedAccount
from tests.control_api.cli.shell import Shell
from tests.control_api.salesforce.pushing import Pushes, add_crowd
from tests.fakes.salesforce.server import CLIENT_ID, CLIENT_SECRET


@pytest.mark.usefixtures("worker")
async def test_login_check_rehearse_push_look_and_try_again(
    database: Database, account: KeyedAccount, pushes: Pushes, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = await add_crowd(database, account.account, 6)
    campaign = pushes.fake.org.add("Campaign", Name="Autumn")
    monkeypatch.setenv("TITLE1_SF_CLIENT_SECRET", CLIENT_SECRET)

    async def told_by(*arguments: str) -> str:
        return await shell.said("sf", *arguments)

    async def said(*arguments: str) -> dict[str, Any]:
        return json.loads(await told_by(*arguments, "--json"))

    told = await told_by("login", "--name", "acme", "--url", pushes.fake.url, "--client-id", CLIENT_ID)
    assert told.startswith("acme: logged in to the org Acme at 127.0.0.1")
    assert "Role__c=role" in await told_by("map", "--connection", "acme", "Role__c=role", "--campaign", campaign)
    assert {"acme"} <= {json.loads(line)["name"] for line in (await told_by("list", "--json")).splitlines()}
    assert "Role__c" in await told_by("fields", "acme")
    assert (await said("push", "acme", "--dry-run"))["states"] == {"ready": 6}
    assert pushes.fake.org.leads == []
    pushes.fake.org.locked[pushes.key(crowd[2])] = 3
    told = await told_by("push", "acme")
    assert "6 people: 5 created, 1 error." in told
    assert "Campaign: 5 member" in told
    job_id = told.rpartition("sf retry ")[2].strip()
    assert (await said("leads", job_id, "--state", "error"))["code"] == "UNABLE_TO_LOCK_ROW"
    assert "Somebody else held the record" in await told_by("leads", job_id)
    assert (await said("retry", job_id))["states"] == {"created": 1}
    assert len(pushes.fake.org.leads) == len(pushes.fake.org.members) == 6
    await told_by("remove", "acme")
    refused = await shell.run("sf", "check", "acme")
    assert (refused.returncode, "There is no connection acme; there are" in refused.stderr) == (2, True)


def test_the_help_has_examples_and_secrets_are_no_options() -> None:
    for command in ("login", "check", "push", "leads", "retry", "map"):
        told = CliRunner().invoke(app, [command, "--help"]).stdout
        assert f"Example: title1 sf {command}" in told
        assert "--client-secret" not in told
