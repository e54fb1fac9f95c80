"""People who sign in, made in one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2
from sqlalchemy import text

from control_api.auth.passwords import Passwords
from control_api.settings import ApiSettings
from storage.accounts import Account, create_user
from storage.database import Database
from storage.roles import Role
from storage.users import set_password

PASSWORD = "three quiet herons"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a password."""

    account: Account
    email: str


async def add_person_with_password(
    database: Database, admin: Account, name: str, role: Role, *, password: str = PASSWORD
) -> Person:
    email = f"{name}@riverbend.test"
    kept = await Passwords(ApiSettings(password_memory_kib=64, password_rounds=1)).hash(password)
    async with database.system() as connection:
        account = await create_user(connection, admin.organization_id, name=name, role=role, email=email)
        await set_password(connection, account.user_id, kept)
    return Person(account, email)


async def sign_in(client: httpx2.AsyncClient, email: str, password: str = PASSWORD, **more: Any) -> httpx2.Response:
    headers = {"Origin": "http://title1.test"} if more.get("cookie") else {}
    return await client.post("/api/v1/auth/login", json={"email": email, "password": password, **more}, headers=headers)


async def bearer(client: httpx2.AsyncClient, email: str, password: str = PASSWORD) -> dict[str, str]:
    """The header of somebody who has just signed in."""
    answer = await sign_in(client, email, password)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def execute(database: Database, statement: str, **values: Any) -> None:
    """Changes what is stored, past the product, as the system's role."""
    async with database.system() as connection:
        await connection.execute(text(statement), values)


async def audited(database: Database, act: str) -> list[Any]:
    """The entries of an act, of all organizations, the oldest first."""
    async with database.system() as connection:
        query = text("SELECT * FROM audit_entry WHERE act = :act ORDER BY id")
        return list((await connection.execute(query, {"act": act})).all())
