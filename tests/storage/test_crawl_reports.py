"""The figures of a crawl's report."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account
from storage.crawl_reports import (
    REASONS_AN_OUTCOME,
    attempt_stats,
    field_coverage,
    previous_result,
    reasons_by_outcome,
)
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.models import Job, JobAttempt, Target
from storage.staff import store_people
from tests.storage.conftest import MakeJob
from tests.storage.test_records import PERSON, add_schools, listed


async def test_the_commonest_reasons_of_each_outcome_are_told(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job = await make_job(kind=JobKind.HARVEST_STAFF)
    async with database.tenant(tenant.organization_id) as connection:
        _, ids = await add_schools(
            connection, tenant, job, *(listed(row, name=f"School {row}", state="TX") for row in range(1, 12))
        )
        for place, school_id in enumerate(ids):
            outcome, reason = ("staff", "a table") if place < 3 else ("unreachable", f"reason {place // 4 * place}")
            row = {"organization_id": tenant.organization_id, "job_id": job, "school_id": school_id}
            await connection.execute(insert(Target).values(**row, state="done", outcome=outcome, reason=reason))
        reasons = await reasons_by_outcome(connection, job)
        assert list(reasons) == ["unreachable"], "each school with staff has a reason of its own"
        assert len(reasons["unreachable"]) == REASONS_AN_OUTCOME
        assert await reasons_by_outcome(connection, await new_harvest(connection, tenant)) == {}


async def test_coverage_is_that_of_the_people_seen_and_compared_with_the_last_run_that_asked_the_same(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    first = await make_job(kind=JobKind.HARVEST_STAFF, params={"state": "TX"})
    async with database.tenant(tenant.organization_id) as connection:
        _, (school_id,) = await add_schools(connection, tenant, first, listed(1, name="Oak", state="TX"))
        ada = dataclasses.replace(PERSON, school_id=school_id, phone=None, phone_e164=None)
        people = [ada, dataclasses.replace(ada, name="Bo Roe", first_name="Bo", last_name="Roe", email=None)]
        whose: dict[str, Any] = {"organization_id": tenant.organization_id, "attempt": 1}
        await store_people(connection, people, job_id=first, **whose)
        coverage = await field_coverage(connection, first)
        assert coverage == {"posts": 2, "email": 0.5, "title": 1.0, "phone": 0.0, "department": 0.0}
        result = {"coverage": coverage}
        await connection.execute(update(Job).where(Job.id == first).values(state="succeeded", result=result))
        assert await previous_result(connection, first) is None

        # A shard of the first harvest asked for the same, too, but is not the run before.
        shard = await new_harvest(connection, tenant, parent_id=first, step=1)
        await connection.execute(update(Job).where(Job.id == shard).values(state="succeeded", result={"coverage": {}}))
    async with database.tenant(tenant.organization_id) as connection:
        await new_harvest(connection, tenant, params={"state": "NJ"})
        second = await new_harvest(connection, tenant)
        assert await previous_result(connection, second) == {"job_id": str(first), "result": result}
        assert await field_coverage(connection, second) == {"posts": 0}


async def test_what_spiders_counted_is_that_of_all_attempts_which_reported(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job = await make_job(kind=JobKind.HARVEST_STAFF)
    counted = [{"downloader/request_count": 5}, None, {"browser_process/downloader/request_count": 2}]
    async with database.tenant(tenant.organization_id) as connection:
        for number, stats in enumerate(counted, 1):
            row = {"organization_id": tenant.organization_id, "job_id": job, "number": number, "worker_id": 1}
            await connection.execute(insert(JobAttempt).values(**row, stats=stats))
        assert sorted(await attempt_stats(connection, job), key=str) == sorted(filter(None, counted), key=str)


async def new_harvest(connection: AsyncConnection, tenant: Account, **values: Any) -> Any:
    wanted: dict[str, Any] = {"kind": JobKind.HARVEST_STAFF, "params": {"state": "TX"}} | values
    job_id, _ = await create_job(connection, NewJob(tenant.organization_id, tenant.user_id, **wanted))
    return job_id
