"""Users, keys and the audit log in the shell."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

from control_api.cli.stack import running_stack
from tests.conftest import KeyedAccount
from tests.control_api.cli.test_commands import title1


async def test_users_and_keys_are_managed_and_the_log_tells_of_it(
    account: KeyedAccount, database_url: str, tmp_path: Path
) -> None:
    local = {"DATABASE_URL": database_url, "TITLE1_DATA_DIR": str(tmp_path)}

    def commands() -> dict[str, Any]:
        with running_stack(host="127.0.0.1", port=0, logs=tmp_path / "logs", environment=local, parts=["api"]) as stack:
            asked = {"TITLE1_URL": stack.url, "TITLE1_API_KEY": account.key}

            def told(*words: str, **environment: str) -> Any:
                answer: subprocess.CompletedProcess[str] = title1(*words, "--json", **(environment or asked))
                assert answer.returncode == 0, answer.stderr
                lines = [json.loads(line) for line in answer.stdout.splitlines()]
                return lines if words[-1] in {"list", "audit"} else lines[0]

            made = told("user", "create", "mara", "--role", "operator", "--email", "mara@riverbend.test")
            key = told("key", "create", "--user", "mara", "--scope", "read", "--days", "7", **local)
            newer = told("key", "rotate", key["id"], "--overlap", "0")
            return {
                "made": made,
                "link": told("user", "link", "mara", **local, TITLE1_URL=stack.url),
                "new": newer,
                "log": [(entry["act"], entry["user_name"]) for entry in told("audit")],
                "last": title1("user", "change", "ada", "--disable", **asked),
                "address": stack.url,
            }

    seen = await asyncio.to_thread(commands)
    assert seen["made"]["password_link"]["link"].startswith(f"{seen['address']}/#password=t1l_")
    assert seen["link"]["link"].startswith(f"{seen['address']}/#password=t1l_")
    assert seen["new"]["key"].startswith("t1_")
    assert seen["log"] == [
        ("password_link", "mara"),
        ("key_rotate", "ada"),
        ("key_create", "mara"),
        ("password_link", "ada"),
        ("user_create", "ada"),
    ]
    assert seen["last"].returncode == 1
    assert seen["last"].stderr.endswith("Make somebody else an admin first. [LAST_ADMIN]\n")
