"""Jobs as people ask for them: limits, idempotency, families, tenants."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import select, text

from storage.accounts import Account, create_key, find_user, first_account
from storage.admission import Credential, Limit, admit
from storage.database import Database
from storage.errors import ConflictError, NotFoundError, TaskLimitExceededError
from storage.events import append_event, job_events
from storage.jobs import JobKind, JobState, NewJob, cancel_job, children_of, create_job, get_job, pause_job, resume_job
from storage.leases import Limits, Settlement, claim_job, enlist_worker, fenced, settle, settle_in
from storage.models import Base, Job, School
from storage.tokens import hashed
from tests.storage.conftest import MakeJob, make_tenant


async def test_a_sixth_unfinished_job_is_refused_however_many_ask_at_once(database: Database, tenant: Account) -> None:
    async def ask() -> bool:
        try:
            async with database.tenant(tenant.organization_id) as connection:
                await create_job(
                    connection, NewJob(tenant.organization_id, tenant.user_id, JobKind.EXPORT_LEADS, {}), limit=5
                )
        except TaskLimitExceededError:
            return False
        return True

    assert sorted(await asyncio.gather(*(ask() for _ in range(8)))) == [False] * 3 + [True] * 5


async def test_the_same_request_twice_is_one_job(database: Database, tenant: Account) -> None:
    def request(**params: int) -> NewJob:
        return NewJob(
            tenant.organization_id, tenant.user_id, JobKind.EXPORT_LEADS, dict(params), idempotency_key="once"
        )

    async def ask(new: NewJob) -> tuple[object, bool]:
        async with database.tenant(tenant.organization_id) as connection:
            return await create_job(connection, new)

    answers = await asyncio.gather(*(ask(request(a=1, b=2)) for _ in range(4)))
    assert len({job_id for job_id, _ in answers}) == 1
    assert sorted(made for _, made in answers) == [False, False, False, True]
    with pytest.raises(ConflictError, match="another request"):
        await ask(request(a=2))


async def test_a_pipeline_and_its_children_move_together(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    async with await database.connect() as session:
        worker_id = await enlist_worker(session)
        parent = await make_job(kind=JobKind.PIPELINE)
        lease = await claim_job(database, parent, worker_id, Limits())
        assert lease is not None
        async with fenced(database, lease) as step:
            assert await settle_in(step.connection, lease, Settlement(JobState.WAITING)) == JobState.WAITING
            child, _ = await create_job(
                step.connection,
                NewJob(tenant.organization_id, tenant.user_id, JobKind.EXTRACT_SCHOOLS, {}, parent_id=parent, step=1),
            )
        async with database.tenant(tenant.organization_id) as connection:
            await pause_job(connection, parent, by="ada")
            assert [job.state for job in await children_of(connection, parent)] == [JobState.PAUSED]
            assert (await get_job(connection, parent)).state == JobState.PAUSED
            await resume_job(connection, parent, by="ada")
            assert (await get_job(connection, parent)).state == JobState.WAITING
            assert (await get_job(connection, child)).state == JobState.QUEUED
        child_lease = await claim_job(database, child, worker_id, Limits())
        assert child_lease is not None
        await settle(database, child_lease, Settlement(JobState.SUCCEEDED, result={"schools": 3}))
        async with database.tenant(tenant.organization_id) as connection:
            assert (await get_job(connection, parent)).state == JobState.QUEUED
            assert (await get_job(connection, child)).result == {"schools": 3}
            await cancel_job(connection, parent, by="ada")
            assert (await get_job(connection, parent)).reason == "cancelled by ada"
            with pytest.raises(ConflictError, match="ended already"):
                await cancel_job(connection, parent, by="ada")
            with pytest.raises(ConflictError, match="ended already"):
                await pause_job(connection, parent, by="ada")
            with pytest.raises(ConflictError, match="ended already"):
                await resume_job(connection, parent, by="ada")


async def test_a_tenant_sees_only_its_own_and_nothing_without_a_name(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    other = await make_tenant(database, "South")
    job_id = await make_job()
    async with database.tenant(other.organization_id) as connection:
        with pytest.raises(NotFoundError):
            await get_job(connection, job_id)
    async with database.engine.begin() as connection:  # a transaction that forgot to say whose it is
        assert (await connection.execute(select(Job.id))).all() == []
        with pytest.raises(Exception, match="row-level security"):
            await connection.execute(
                text("INSERT INTO school (organization_id, identity, name, confidence) VALUES (:o, 'x', 'x', 1)"),
                {"o": tenant.organization_id},
            )


async def test_the_application_owns_no_table_and_every_tenant_table_is_forced(database: Database) -> None:
    async with database.engine.begin() as connection:
        assert await connection.scalar(text("SELECT current_user")) == "title1_app"
        rows = await connection.execute(
            text(
                "SELECT relname, relforcerowsecurity, pg_get_userbyid(relowner) AS owner FROM pg_class "
                "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            )
        )
        tables = {row.relname: row for row in rows}
    assert all(table.owner not in {"title1_app", "title1_system"} for table in tables.values())
    tenants = {name for name, table in Base.metadata.tables.items() if "organization_id" in table.c} | {"organization"}
    # No tenant's, and closed to all of them.
    closed = {"host_lease", "mail_domain", "rate_bucket", "sign_in_throttle", "signing_key"}
    assert {name for name, table in tables.items() if table.relforcerowsecurity} == tenants | closed


async def test_the_system_role_cannot_read_what_tenants_keep(database: Database) -> None:
    with pytest.raises(Exception, match="permission denied"):
        async with database.system() as connection:
            await connection.execute(select(School.id))


async def test_concurrent_writers_leave_no_gap_and_no_disorder(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job_id = await make_job()

    async def write(writer: int) -> None:
        for n in range(15):
            async with database.tenant(tenant.organization_id) as connection:
                await append_event(connection, job_id, "progress", {"writer": writer, "n": n})

    await asyncio.gather(*(write(writer) for writer in range(8)))
    async with database.tenant(tenant.organization_id) as connection:
        events = await job_events(connection, job_id)
        assert [event.seq for event in events] == list(range(1, 122))
        for writer in range(8):
            assert [event.payload["n"] for event in events if event.payload.get("writer") == writer] == list(range(15))


async def account_of_key(database: Database, key: str) -> Account | None:
    unlimited = Limit("any", 0)
    shown = Credential(key_hash=hashed(key))
    return (await admit(database, shown, known=unlimited, stranger=unlimited, idle_seconds=60)).account


async def test_keys_are_shown_once_and_work_until_they_end(database: Database) -> None:
    first, second = await asyncio.gather(
        *(first_account(database, organization="North", user="admin") for _ in range(2))
    )
    key = first or second
    assert key is not None
    assert None in (first, second)
    account = await account_of_key(database, key)
    assert account is not None
    assert account.user_name == "admin"
    assert await account_of_key(database, key + "x") is None
    assert await account_of_key(database, "something else") is None
    async with database.system() as connection:
        assert await find_user(connection) == account
        with pytest.raises(NotFoundError):
            await find_user(connection, "nobody")
        other = await create_key(connection, account, name="other")
        await connection.execute(text("UPDATE api_key SET revoked_at = now() WHERE name = 'other'"))
        stored = (await connection.execute(text("SELECT hash, prefix FROM api_key"))).all()
    assert await account_of_key(database, other) is None
    assert all(key not in str(row) for row in stored)


async def test_a_job_that_does_not_exist_is_not_found(database: Database, tenant: Account) -> None:
    async with database.tenant(tenant.organization_id) as connection:
        for act in (cancel_job, pause_job, resume_job):
            with pytest.raises(NotFoundError):
                await act(connection, uuid4(), by="ada")


async def test_a_worker_session_is_a_session_of_the_system_role(database: Database) -> None:
    session: psycopg.AsyncConnection
    async with await database.connect() as session:
        row = await (await session.execute("SELECT current_user")).fetchone()
    assert row == ("title1_system",)
