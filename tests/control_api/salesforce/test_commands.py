"""`title1 sf` against the API, a worker and the fake org, each a process or loop of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from control_api.cli.errors import CliError
from control_api.cli.salesforce import app
from control_api.cli.stack import running_stack
from storage.database import Database
from tests.conftest import KeyedAccount
from tests.control_api.salesforce.conftest import ENVIRONMENT
from tests.control_api.salesforce.pushing import Pushes, add_crowd
from tests.fakes.salesforce.server import CLIENT_ID, CLIENT_SECRET

pytestmark = [pytest.mark.timeout(300), pytest.mark.untraced]


async def test_login_check_rehearse_push_look_and_try_again(
    database: Database, database_url: str, account: KeyedAccount, pushes: Pushes, tmp_path: Path
) -> None:
    crowd = await add_crowd(database, account.account, 6)
    campaign = pushes.fake.org.add("Campaign", Name="Autumn")
    environment = {**ENVIRONMENT, "DATABASE_URL": database_url, "TITLE1_DATA_DIR": str(tmp_path)}
    stack = running_stack(host="127.0.0.1", port=0, logs=tmp_path / "logs", environment=environment)
    running = await asyncio.to_thread(stack.__enter__)

    where = {"TITLE1_URL": running.url, "TITLE1_API_KEY": account.key, "TITLE1_SF_CLIENT_SECRET": CLIENT_SECRET}

    async def shell(*arguments: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=where)
        if done.exception is not None:
            raise done.exception
        return done.stdout

    async def said(*arguments: str) -> dict[str, Any]:
        return json.loads(await shell(*arguments, "--json"))

    try:
        told = await shell("login", "--name", "acme", "--url", pushes.fake.url, "--client-id", CLIENT_ID)
        assert told.startswith("acme: logged in to the org Acme at 127.0.0.1")
        assert "Role__c=role" in await shell("map", "--connection", "acme", "Role__c=role", "--campaign", campaign)
        assert {"acme"} <= {json.loads(line)["name"] for line in (await shell("list", "--json")).splitlines()}
        assert "Role__c" in await shell("fields", "acme")
        assert (await said("push", "acme", "--dry-run"))["states"] == {"ready": 6}
        assert pushes.fake.org.leads == []
        pushes.fake.org.locked[pushes.key(crowd[2])] = 3
        told = await shell("push", "acme")
        assert "6 people: 5 created, 1 error." in told
        assert "Campaign: 5 member" in told
        job_id = told.rpartition("sf retry ")[2].strip()
        assert (await said("leads", job_id, "--state", "error"))["code"] == "UNABLE_TO_LOCK_ROW"
        assert "Somebody else held the record" in await shell("leads", job_id)
        assert (await said("retry", job_id))["states"] == {"created": 1}
        assert len(pushes.fake.org.leads) == len(pushes.fake.org.members) == 6
        await shell("remove", "acme")
        with pytest.raises(CliError, match="There is no connection acme; there are"):
            await shell("check", "acme")
    finally:
        await asyncio.to_thread(stack.__exit__, None, None, None)


def test_the_help_has_examples_and_secrets_are_no_options() -> None:
    for command in ("login", "check", "push", "leads", "retry", "map"):
        told = CliRunner().invoke(app, [command, "--help"]).stdout
        assert f"Example: title1 sf {command}" in told
        assert "--client-secret" not in told
