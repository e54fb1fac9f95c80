"""Whose turn it is among the jobs that wait: by priority, by waiting, and by what each user may still begin."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, text, update

from storage.accounts import Account, create_user
from storage.database import Database
from storage.jobs import JobKind, JobState, change_priority, get_job
from storage.leases import Limits, Settlement, claim_job, settle, waiting_rings
from storage.models import Job
from storage.priority import Priority
from storage.queries import statement
from storage.roles import Role
from tests.storage.conftest import MakeJob, claim, story


async def test_the_claim_follows_priority_then_age_and_waiting_counts(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    limits = Limits(in_total=1, per_user=1, aging_seconds=600)
    made = {
        name: await make_job(priority=priority)
        for name, priority in (
            ("old low", Priority.LOW),
            ("normal", Priority.NORMAL),
            ("later normal", Priority.NORMAL),
            ("high", Priority.HIGH),
            ("low", Priority.LOW),
        )
    }
    async with database.tenant(tenant.organization_id) as connection:
        waited = {"old low": 1300, "normal": 300, "later normal": 200, "high": 100, "low": 700}
        for name, seconds in waited.items():
            then = func.clock_timestamp() - timedelta(seconds=seconds)
            await connection.execute(update(Job).where(Job.id == made[name]).values(created_at=then))
    # The old one has waited for two classes and a bit: it stands before a high one that is a moment old.
    order = ["old low", "high", "normal", "later normal", "low"]
    for place, name in enumerate(order):
        for other in order[place + 1 :]:
            assert await claim_job(database, made[other], worker_id, limits) is None, (other, name)
        lease = await claim(database, made[name], worker_id, limits)
        await settle(database, lease, Settlement(JobState.SUCCEEDED))


async def test_who_waits_for_a_users_own_limit_is_in_nobodys_way(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    async with database.system() as connection:
        other = await create_user(connection, tenant.organization_id, name="b", role=Role.OPERATOR)
    limits = Limits(in_total=3, per_user=1)
    mine = [await make_job(priority=Priority.HIGH) for _ in range(4)]
    theirs = await make_job(other, priority=Priority.LOW)
    assert [job_id for job_id, _ in await waiting_rings(database, limits)] == [mine[0], theirs]
    await claim(database, theirs, worker_id, limits)
    await claim(database, mine[0], worker_id, limits)


async def test_a_child_has_its_parents_priority_and_follows_its_changes(
    database: Database, make_job: MakeJob, tenant: Account
) -> None:
    parent = await make_job(kind=JobKind.PIPELINE, priority=Priority.HIGH)
    child = await make_job(parent_id=parent, step=1)

    async def ranks() -> list[int]:
        async with database.tenant(tenant.organization_id) as connection:
            return [(await get_job(connection, job_id)).priority for job_id in (parent, child)]

    assert await ranks() == [-1, -1]
    async with database.tenant(tenant.organization_id) as connection:
        await change_priority(connection, parent, Priority.LOW, by="ada")
    assert await ranks() == [1, 1]
    assert await story(database, tenant, child) == [(1, "created"), (2, "changed")]


async def test_the_line_is_read_from_the_index_of_what_waits(
    database: Database, make_job: MakeJob, tenant: Account
) -> None:
    job_id = await make_job()
    async with database.tenant(tenant.organization_id) as connection:
        ended = text(
            "INSERT INTO job (id, organization_id, user_id, kind, params, state) SELECT gen_random_uuid(),"
            " organization_id, user_id, kind, params, 'succeeded' FROM job, generate_series(1, 5000) WHERE id = :id"
        )
        await connection.execute(ended, {"id": job_id})
    given = {"limit_in_total": 7, "limit_per_user": 5, "aging_seconds": 600.0}
    async with database.system() as connection:
        plan = await connection.scalars(text(f"EXPLAIN {statement('waiting_rings').text}"), given)
        words = "\n".join(plan)
    assert "ix_job_queued" in words, words
    assert "Seq Scan on job" not in words, words
