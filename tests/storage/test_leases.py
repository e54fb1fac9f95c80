"""Invariants 2, 3 and 5: who may claim, who may write, and what the story says of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text, update

from storage.accounts import Account, create_user
from storage.database import Database
from storage.errors import LeaseLostError
from storage.events import job_events
from storage.jobs import (
    JobKind,
    JobState,
    NewJob,
    cancel_job,
    create_job,
    get_job,
    pause_job,
    resume_job,
)
from storage.leases import (
    Lease,
    Limits,
    Settlement,
    claim_job,
    enlist_worker,
    fenced,
    release_orphans,
    renew_leases,
    settle,
    settle_in,
    waiting_rings,
)
from storage.models import Job
from storage.roles import Role
from tests.storage.conftest import LIMITS, MakeJob, claim, story


async def write(database: Database, lease: Lease) -> None:
    async with fenced(database, lease) as step:
        await step.event("progress")


async def test_a_job_is_claimed_once(database: Database, make_job: MakeJob, worker_id: int) -> None:
    job_id = await make_job()
    leases = await asyncio.gather(*(claim_job(database, job_id, worker_id, LIMITS) for _ in range(8)))
    assert [lease.attempt for lease in leases if lease] == [1]


async def test_never_more_than_seven_run_and_five_of_one_user(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    async with database.system() as connection:
        users = [tenant] + [
            await create_user(connection, tenant.organization_id, name=name, role=Role.OPERATOR) for name in "bc"
        ]
    jobs = [(user, await make_job(user)) for user in users for _ in range(6)]
    leases = await asyncio.gather(*(claim_job(database, job_id, worker_id, LIMITS) for _, job_id in jobs))
    running = Counter(str(lease.user_id) for lease in leases if lease)
    assert sum(running.values()) == 7
    assert max(running.values()) <= 5
    assert await waiting_rings(database, LIMITS) == []


async def test_rings_name_only_jobs_that_there_is_room_for(
    database: Database, make_job: MakeJob, worker_id: int
) -> None:
    jobs = [await make_job() for _ in range(7)]
    for job_id in jobs[:4]:
        await claim(database, job_id, worker_id)
    assert [job_id for job_id, _ in await waiting_rings(database, LIMITS)] == jobs[4:5]
    await claim(database, jobs[4], worker_id)
    assert await waiting_rings(database, LIMITS) == []  # five of this user run


async def test_the_death_of_a_worker_is_seen_at_once_and_its_job_runs_again(
    database: Database, make_job: MakeJob, tenant: Account, session: psycopg.AsyncConnection, worker_id: int
) -> None:
    job_id = await make_job()
    await claim(database, job_id, worker_id)
    assert await release_orphans(database) == []
    await session.close()
    async with asyncio.timeout(60):
        while not (released := await release_orphans(database)):  # noqa: ASYNC110  seen by the server, not by us
            await asyncio.sleep(0.02)
    assert released == [job_id]
    async with await database.connect() as other:
        assert (await claim(database, job_id, await enlist_worker(other))).attempt == 2
    assert [kind for _, kind in await story(database, tenant, job_id)] == ["created", "started", "requeued", "started"]


async def test_a_frozen_worker_loses_its_job_when_the_lease_ends_and_can_write_no_more(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    job_id = await make_job()
    old = await claim(database, job_id, worker_id, Limits(lease_seconds=0.05))
    await asyncio.sleep(0.1)
    assert await release_orphans(database) == [job_id]
    new = await claim(database, job_id, worker_id)
    with pytest.raises(LeaseLostError, match="is over"):
        await write(database, old)
    with pytest.raises(LeaseLostError):
        await settle(database, old, Settlement(JobState.SUCCEEDED))
    assert await settle(database, new, Settlement(JobState.SUCCEEDED)) == JobState.SUCCEEDED
    kinds = [kind for _, kind in await story(database, tenant, job_id)]
    assert kinds == ["created", "started", "requeued", "started", "succeeded"]


async def test_renewing_prolongs_the_lease_and_tells_what_is_wished(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    job_id = await make_job()
    await claim(database, job_id, worker_id, Limits(lease_seconds=0.05))
    assert await renew_leases(database, worker_id, LIMITS) == {(job_id, 1): "run"}
    await asyncio.sleep(0.1)
    assert await release_orphans(database) == []
    async with database.tenant(tenant.organization_id) as connection:
        await cancel_job(connection, job_id, by="ada")
    assert await renew_leases(database, worker_id, LIMITS) == {(job_id, 1): "cancel"}


async def test_failures_back_off_and_end_the_job_with_its_reason(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    job_id = await make_job()
    waits: list[float] = []
    state = JobState.QUEUED
    for _ in range(5):
        async with database.system() as connection:
            await connection.execute(update(Job).where(Job.id == job_id).values(run_after=text("now()")))
        lease = await claim(database, job_id, worker_id)
        state = await settle(
            database, lease, Settlement(JobState.QUEUED, reason="the site fell over", error_code="X", failure=True)
        )
        async with database.tenant(tenant.organization_id) as connection:
            waits.append(
                await connection.scalar(
                    text("SELECT extract(epoch FROM run_after - clock_timestamp())::float FROM job WHERE id = :id"),
                    {"id": job_id},
                )
                or 0.0
            )
    assert state == JobState.FAILED
    assert [round(max(wait, 0)) for wait in waits[:4]] == [0, 1, 3, 7]
    async with database.tenant(tenant.organization_id) as connection:
        job = await get_job(connection, job_id)
    assert job.reason == "the site fell over; given up after 5 failures in a row"
    assert job.finished_at is not None


async def test_a_step_forward_clears_the_failures(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    job_id = await make_job()
    for page in range(8):
        async with database.system() as connection:
            await connection.execute(update(Job).where(Job.id == job_id).values(run_after=text("now()")))
        lease = await claim(database, job_id, worker_id)
        assert lease.checkpoint == ({"page": page} if page else {})
        async with fenced(database, lease) as step:
            await step.advance(done=page + 1, total=9, checkpoint={"page": page + 1})
        assert (
            await settle(database, lease, Settlement(JobState.QUEUED, reason="crash", failure=True)) == JobState.QUEUED
        )


async def test_a_job_that_waits_for_something_outside_keeps_its_reason_and_counts_no_failure(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    job_id = await make_job()
    waiting = Settlement(JobState.QUEUED, reason="waits for Salesforce", wait_seconds=600)
    for _ in range(7):
        assert await settle(database, await claim(database, job_id, worker_id), waiting) == JobState.QUEUED
        async with database.tenant(tenant.organization_id) as connection:
            job = await get_job(connection, job_id)
            seconds = await connection.scalar(text("SELECT extract(epoch FROM run_after - clock_timestamp()) FROM job"))
            (last,) = (await job_events(connection, job_id))[-1:]
            assert (job.reason, job.failures, last.payload["retry_in_seconds"]) == (waiting.reason, 0, 600)
            assert 500 < float(seconds or 0) <= 600
            await connection.execute(update(Job).values(run_after=text("clock_timestamp()")))
    lease = await claim(database, job_id, worker_id)
    async with database.tenant(tenant.organization_id) as connection:
        await cancel_job(connection, job_id, by="ada")
    assert await settle(database, lease, waiting) == JobState.CANCELLED


async def test_a_wish_wins_over_going_on(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    job_id = await make_job()
    lease = await claim(database, job_id, worker_id)
    async with database.tenant(tenant.organization_id) as connection:
        await pause_job(connection, job_id, by="ada")
    assert await settle(database, lease, Settlement(JobState.QUEUED)) == JobState.PAUSED
    assert await claim_job(database, job_id, worker_id, LIMITS) is None
    async with database.tenant(tenant.organization_id) as connection:
        await resume_job(connection, job_id, by="ada")
    lease = await claim(database, job_id, worker_id)
    async with database.tenant(tenant.organization_id) as connection:
        await cancel_job(connection, job_id, by="ada")
    assert await settle(database, lease, Settlement(JobState.QUEUED)) == JobState.CANCELLED
    assert [kind for _, kind in await story(database, tenant, job_id)] == [
        "created",
        "started",
        "requested",
        "paused",
        "resumed",
        "started",
        "requested",
        "cancelled",
    ]


async def test_resuming_before_the_worker_saw_the_pause_lets_it_go_on(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    job_id = await make_job()
    lease = await claim(database, job_id, worker_id)
    async with database.tenant(tenant.organization_id) as connection:
        await pause_job(connection, job_id, by="ada")
        await resume_job(connection, job_id, by="ada")
    assert await settle(database, lease, Settlement(JobState.QUEUED)) == JobState.QUEUED


async def test_a_step_that_fails_writes_nothing(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    job_id = await make_job()
    lease = await claim(database, job_id, worker_id)

    async def fail_after_writing() -> None:
        async with fenced(database, lease) as step:
            await step.event("progress", done=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_writing()
    async with fenced(database, lease) as step:
        assert await step.event("progress", done=1) == 3  # no number was used up


async def test_the_lock_must_stand_before_the_claim_not_inside_it(
    database: Database, make_job: MakeJob, worker_id: int
) -> None:
    """A regression guard: with one connection each, simultaneous claims see what the one before them committed."""
    jobs = [await make_job() for _ in range(20)]
    for _ in range(2):
        await asyncio.gather(*(claim_job(database, job_id, worker_id, LIMITS) for job_id in jobs))
    async with database.system() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM job WHERE state = 'running'")) == 5


async def test_pausing_a_family_at_work_is_no_deadlock(
    database: Database, make_job: MakeJob, tenant: Account, worker_id: int
) -> None:
    parent = await make_job(kind=JobKind.PIPELINE)
    lease = await claim(database, parent, worker_id)
    async with fenced(database, lease) as step:
        await settle_in(step.connection, lease, Settlement(JobState.WAITING))
        children = [
            (
                await create_job(
                    step.connection,
                    NewJob(
                        tenant.organization_id,
                        tenant.user_id,
                        JobKind.HARVEST_STAFF,
                        {},
                        parent_id=parent,
                        step=number,
                    ),
                )
            )[0]
            for number in (1, 2, 3)
        ]
    over = asyncio.Event()

    async def pause_and_resume() -> None:
        for _ in range(25):
            for act in (pause_job, resume_job):
                async with database.tenant(tenant.organization_id) as connection:
                    await act(connection, parent, by="ada")
        over.set()

    steps: list[int] = []

    async def work(child: UUID) -> None:
        while not over.is_set():
            lease = await claim_job(database, child, worker_id, LIMITS)
            if lease is None:
                await asyncio.sleep(0.002)
                continue
            for done in range(3):
                async with fenced(database, lease) as step:
                    await step.advance(done=done)
                    await step.event("progress", done=done)
                    steps.append(done)
            await settle(database, lease, Settlement(JobState.QUEUED))

    async def renew() -> None:
        while not over.is_set():
            await renew_leases(database, worker_id, LIMITS)

    await asyncio.gather(pause_and_resume(), renew(), *(work(child) for child in children))
    assert steps
    for job_id in (parent, *children):
        numbers = [seq for seq, _ in await story(database, tenant, job_id)]
        assert numbers == list(range(1, len(numbers) + 1))
