"""An ended job tried again: of a crawl only what failed, once at a time, and not where nothing failed."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import insert, select, update

from storage.database import Database
from storage.jobs import JobKind, JobState, NewJob, create_job
from storage.leases import Limits, Settlement, claim_job, enlist_worker, fenced, settle
from storage.models import AuditEntry, Job, School, Target
from storage.priority import Priority
from storage.targets import SchoolSelection, plan_discovery, plan_harvest, selected_schools
from tests.conftest import KeyedAccount
from tests.control_api.conftest import Bell
from tests.control_api.rows import add_document, add_school, add_website

EXPORT: dict[str, Any] = {"kind": "export_leads", "params": {"role": "principal"}, "priority": "low"}


async def end(database: Database, account: KeyedAccount, job_id: str, state: str = "failed") -> None:
    async with database.tenant(account.account.organization_id) as connection:
        await connection.execute(update(Job).where(Job.id == UUID(job_id)).values(state=state, reason="it was so"))


async def crawl_with(
    database: Database, account: KeyedAccount, states: dict[str, str], parent_id: UUID | None = None
) -> tuple[UUID, dict[str, int]]:
    """A harvest with schools in these states, and the schools by name."""
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        params = {"state": "TX", "again": True}
        new = NewJob(who.organization_id, who.user_id, JobKind.HARVEST_STAFF, params, parent_id=parent_id)
        job_id, _ = await create_job(connection, new)
        schools = {name: await add_school(connection, who, name, state="TX") for name in states}
        for name, state in states.items():
            await add_website(connection, who, schools[name], f"https://{name}.test/")
            row = {"job_id": job_id, "school_id": schools[name], "state": state}
            await connection.execute(insert(Target).values(organization_id=who.organization_id, **row))
    return job_id, schools


async def test_a_crawl_is_tried_again_with_the_schools_that_failed_or_were_not_come_to(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, bell: Bell
) -> None:
    whole, schools = await crawl_with(
        database, account, {"a": "done", "b": "failed", "c": "pending", "d": "skipped", "e": "failed"}
    )
    shard, more = await crawl_with(database, account, {"f": "failed", "g": "done"}, parent_id=whole)
    early = await api.post(f"/api/v1/jobs/{whole}/retry")
    assert (early.status_code, "once it has ended" in early.json()["detail"]) == (409, True)
    await end(database, account, str(whole))
    await end(database, account, str(shard))
    part = await api.post(f"/api/v1/jobs/{shard}/retry")
    assert (part.status_code, str(whole) in part.json()["detail"]) == (409, True)

    key = {"Idempotency-Key": "again"}
    answers = await asyncio.gather(*(api.post(f"/api/v1/jobs/{whole}/retry", headers=key) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    (retry_id,) = {answer.json()["id"] for answer in answers}
    job = (await api.get(f"/api/v1/jobs/{retry_id}")).json()
    given = {name: value for name, value in job["params"].items() if value is not None}
    assert (job["retry_of"], given) == (str(whole), {"again": True, "retry_of": str(whole)})
    assert bell.rings == [(UUID(retry_id), 1)]
    second = await api.post(f"/api/v1/jobs/{whole}/retry")
    assert (second.status_code, retry_id in second.json()["detail"]) == (409, True)

    who = account.account
    async with database.tenant(who.organization_id) as connection:
        plan = {"organization_id": who.organization_id, "job_id": UUID(retry_id)}
        await plan_harvest(connection, **plan, selection=SchoolSelection(retry_of=whole), fresh_days=0)
        planned = await connection.scalars(select(School.name).join(Target).where(Target.job_id == UUID(retry_id)))
        assert sorted(planned) == ["b", "c", "e", "f"]
        acts = await connection.scalars(select(AuditEntry.act))
        assert list(acts) == ["job_retry"]
    assert len(schools | more) == 7


async def test_where_nothing_failed_nothing_is_tried_again(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    whole, _ = await crawl_with(database, account, {"a": "done", "b": "skipped"})
    await end(database, account, str(whole), "succeeded")
    export = (await api.post("/api/v1/jobs", json=EXPORT)).json()["id"]
    await end(database, account, export, "succeeded")
    for job_id in (whole, export):
        refused = await api.post(f"/api/v1/jobs/{job_id}/retry")
        assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT")
        assert "Nothing in this" in refused.json()["detail"]
    # The parameter is held to the same.
    for params, status in (
        ({"retry_of": str(whole)}, 409),
        ({"retry_of": export}, 404),
        ({"retry_of": str(uuid4())}, 404),
    ):
        asked = await api.post("/api/v1/jobs", json={"kind": "harvest_staff", "params": params})
        assert asked.status_code == status, params


async def test_a_job_without_parts_is_asked_for_as_it_was(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        document = await add_document(connection, who)
    pipeline = {"kind": "pipeline", "params": {"document_id": str(document)}, "priority": "high"}
    for body in (EXPORT, pipeline, {"kind": "discover_websites", "params": {"state": "TX"}}):
        old = (await api.post("/api/v1/jobs", json=body)).json()
        await end(database, account, old["id"], "cancelled")
        answer = await api.post(f"/api/v1/jobs/{old['id']}/retry")
        new = answer.json()
        assert (answer.status_code, answer.headers["location"]) == (201, f"/api/v1/jobs/{new['id']}")
        assert [new[name] for name in ("kind", "params", "priority")] == [
            old[name] for name in ("kind", "params", "priority")
        ]
        assert (new["retry_of"], new["state"]) == (old["id"], "queued")
        await end(database, account, new["id"], "cancelled")


async def test_a_discovery_tries_again_only_what_is_still_without_a_site(
    database: Database, account: KeyedAccount
) -> None:
    whole, schools = await crawl_with(database, account, {"a": "failed", "b": "failed", "c": "done"})
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        found = set(await connection.scalars(selected_schools(SchoolSelection(retry_of=whole))))
        assert found == {schools["a"], schools["b"]}
        new = NewJob(who.organization_id, who.user_id, JobKind.DISCOVER_WEBSITES, {})
        retry_id, _ = await create_job(connection, new)
        plan = {"organization_id": who.organization_id, "job_id": retry_id}
        await plan_discovery(connection, **plan, selection=SchoolSelection(retry_of=whole), again=False)
        outcomes = await connection.scalars(select(Target.outcome).where(Target.job_id == retry_id))
        assert list(outcomes) == ["has_website"] * 2


async def test_a_jobs_priority_is_shown_changed_and_filtered_by(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    low = (await api.post("/api/v1/jobs", json=EXPORT)).json()
    normal = (await api.post("/api/v1/jobs", json={"kind": "export_leads", "params": {}})).json()
    assert [job["priority"] for job in (low, normal)] == ["low", "normal"]
    high = await api.patch(f"/api/v1/jobs/{normal['id']}", json={"priority": "high"})
    assert (high.status_code, high.json()["priority"], high.json()["last_seq"]) == (200, "high", 2)
    events = await api.get(f"/api/v1/jobs/{normal['id']}/events", headers={"Accept": "application/json"})
    assert events.json()["items"][-1]["payload"] == {"priority": "high", "by": "ada"}
    for priority, expected in ((Priority.LOW, [low["id"]]), (Priority.HIGH, [normal["id"]]), (Priority.NORMAL, [])):
        found = (await api.get("/api/v1/jobs", params={"priority": priority})).json()["items"]
        assert [job["id"] for job in found] == expected
    file = (await api.get("/api/v1/jobs.json", params={"priority": "low"})).json()
    assert [(job["id"], job["priority"]) for job in file] == [(low["id"], "low")]
    wrong = await api.patch(f"/api/v1/jobs/{low['id']}", json={"priority": "urgent"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/priority")
    await end(database, account, low["id"])
    assert (await api.patch(f"/api/v1/jobs/{low['id']}", json={"priority": "high"})).status_code == 409


async def test_a_jobs_attempts_come_in_pages_each_with_its_own_events(
    api: httpx2.AsyncClient, database: Database
) -> None:
    job_id = (await api.post("/api/v1/jobs", json=EXPORT)).json()["id"]
    session = await database.connect()
    worker_id = await enlist_worker(session)
    ends = (
        Settlement(JobState.QUEUED, reason="it stumbled", error_code="INTERNAL_ERROR", failure=True),
        Settlement(JobState.QUEUED),
        Settlement(JobState.SUCCEEDED, result={"rows": 1}),
    )
    for end_of_attempt in ends:
        lease = await claim_job(database, UUID(job_id), worker_id, Limits())
        assert lease is not None
        async with fenced(database, lease) as step:
            await step.event("progress", done=lease.attempt)
        await settle(database, lease, end_of_attempt)
    await session.close()
    first = (await api.get(f"/api/v1/jobs/{job_id}/attempts", params={"limit": 2})).json()
    rest = (await api.get(f"/api/v1/jobs/{job_id}/attempts", params={"cursor": first["next"]})).json()
    told = [(one["number"], one["outcome"], one["reason"]) for one in first["items"] + rest["items"]]
    assert told == [(3, "succeeded", None), (2, "queued", None), (1, "queued", "it stumbled")]
    assert {one["worker_id"] for one in first["items"]} == {worker_id}
    story = f"/api/v1/jobs/{job_id}/events"
    json = {"Accept": "application/json"}
    for attempt, kinds in (
        (1, [(2, "started"), (3, "progress"), (4, "requeued")]),
        (2, [(5, "started"), (6, "progress"), (7, "requeued")]),
        (3, [(8, "started"), (9, "progress"), (10, "succeeded")]),
        (4, []),
    ):
        page = (await api.get(story, params={"attempt": attempt}, headers=json)).json()
        assert [(event["seq"], event["kind"]) for event in page["items"]] == kinds
    behind = (await api.get(story, params={"attempt": 2, "after": "5", "limit": 1}, headers=json)).json()
    assert ([event["seq"] for event in behind["items"]], behind["next"]) == ([6], "6")
    streamed = await api.get(story, params={"attempt": 1})
    assert (streamed.status_code, streamed.json()["code"]) == (400, "INVALID_PARAMETER")
