"""Users, keys and the audit log in the shell."""

from __future__ import annotations

from typing import Any

from tests.control_api.cli.shell import Shell


async def test_users_and_keys_are_managed_and_the_log_tells_of_it(shell: Shell) -> None:
    async def told(*words: str) -> Any:
        (line,) = await shell.lines(*words)
        return line

    made = await told("user", "create", "mara", "--role", "operator", "--email", "mara@riverbend.test")
    assert made["password_link"]["link"].startswith(f"{shell.url}/#password=t1l_")
    key = await told("key", "create", "--user", "mara", "--scope", "read", "--days", "7")
    newer = await told("key", "rotate", key["id"], "--overlap", "0")
    assert newer["key"].startswith("t1_")
    link = await told("user", "link", "mara")
    assert link["link"].startswith(f"{shell.url}/#password=t1l_")
    assert [(entry["act"], entry["user_name"]) for entry in await shell.lines("audit")] == [
        ("password_link", "mara"),
        ("key_rotate", "ada"),
        ("key_create", "mara"),
        ("password_link", "ada"),
        ("user_create", "ada"),
    ]
    refused = await shell.run("user", "change", "ada", "--disable")
    assert refused.returncode == 1
    assert refused.stderr.endswith("Make somebody else an admin first. [LAST_ADMIN]\n")
