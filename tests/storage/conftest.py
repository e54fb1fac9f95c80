"""A tenant, and jobs made in one line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from storage.accounts import Account, create_account
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.roles import Role

MakeJob = Callable[..., Awaitable[UUID]]


@pytest.fixture
async def tenant(database: Database) -> Account:
    return await make_tenant(database)


async def make_tenant(database: Database, name: str = "North") -> Account:
    async with database.system() as connection:
        account, _ = await create_account(connection, organization=name, user="ada", role=Role.ADMIN)
    return account


@pytest.fixture
def make_job(database: Database, tenant: Account) -> MakeJob:
    async def make(account: Account = tenant, *, limit: int = 1000, **values: Any) -> UUID:
        wanted: dict[str, Any] = {"kind": JobKind.EXPORT_LEADS, "params": {}} | values
        new = NewJob(account.organization_id, account.user_id, **wanted)
        async with database.tenant(account.organization_id) as connection:
            return (await create_job(connection, new, limit=limit))[0]

    return make
