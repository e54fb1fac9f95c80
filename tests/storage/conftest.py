"""A tenant, a worker, and jobs made, claimed and told in one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from storage.accounts import Account, create_account
from storage.database import Database
from storage.events import job_events
from storage.jobs import JobKind, NewJob, create_job
from storage.leases import Lease, Limits, claim_job, enlist_worker
from storage.roles import Role

MakeJob = Callable[..., Awaitable[UUID]]
LIMITS = Limits()


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


@pytest.fixture
async def session(database: Database) -> AsyncIterator[psycopg.AsyncConnection]:
    connection = await database.connect()
    yield connection
    await connection.close()


@pytest.fixture
async def worker_id(session: psycopg.AsyncConnection) -> int:
    return await enlist_worker(session)


async def claim(database: Database, job_id: UUID, worker_id: int, limits: Limits = LIMITS) -> Lease:
    lease = await claim_job(database, job_id, worker_id, limits)
    assert lease is not None
    return lease


async def story(database: Database, account: Account, job_id: UUID) -> list[tuple[int, str]]:
    async with database.tenant(account.organization_id) as connection:
        return [(event.seq, event.kind) for event in await job_events(connection, job_id)]
