"""Schedules: added, changed and run over HTTP; fired once for each of their times, by whoever looks first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import delete, func, select, update

from control_api.schedules import firing
from control_api.schedules.firing import fire_due
from control_api.work.settings import WorkerSettings
from control_api.worker import Worker
from storage.database import Database
from storage.models import AuditEntry, Document, Job, Schedule, ScheduleFiring, User
from storage.roles import Role
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.conftest import Bell, ClientOf, MakeUser
from tests.control_api.rows import add_document

LIST = "/api/v1/schedules"
EXPORT: dict[str, Any] = {"kind": "export_leads", "params": {"state": "texas"}}
WEEKLY: dict[str, Any] = {"name": "weekly", "cron": "0 5 * * 1", "time_zone": "America/Chicago", "job": EXPORT}


async def add(api: httpx2.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post(LIST, json=WEEKLY | values)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def make_due(database: Database, account: KeyedAccount, seconds_ago: float, **values: Any) -> None:
    """Sets the clock of all schedules, as far as they know it."""
    async with database.tenant(account.account.organization_id) as connection:
        then = func.clock_timestamp() - timedelta(seconds=seconds_ago)
        await connection.execute(update(Schedule).values(next_fire_at=then, **values))


async def firings(api: httpx2.AsyncClient, schedule: dict[str, Any]) -> list[tuple[str, str]]:
    items = (await api.get(f"{LIST}/{schedule['id']}/firings")).json()["items"]
    return [(item["outcome"], item["reason"] or "") for item in items]


async def end_jobs(database: Database, account: KeyedAccount) -> None:
    async with database.tenant(account.account.organization_id) as connection:
        await connection.execute(update(Job).values(state="succeeded"))


async def test_a_schedule_is_stored_with_its_next_times(api: httpx2.AsyncClient) -> None:
    answer = await api.post(LIST, json=WEEKLY)
    schedule = answer.json()
    assert answer.headers["location"] == f"{LIST}/{schedule['id']}"
    assert (schedule["kind"], schedule["job"]["params"]["state"]) == ("export_leads", "TX")
    assert (schedule["user"], schedule["misfire_grace_seconds"], schedule["last"]) == ("ada", 3600, None)
    times = [datetime.fromisoformat(time) for time in schedule["next_fire_times"]]
    assert len(times) == 5
    assert {(time.weekday(), time.hour, time.minute) for time in times} == {(0, 5, 0)}
    assert datetime.fromisoformat(schedule["next_fire_at"]) == times[0] > datetime.now(UTC)
    assert (await api.get(f"{LIST}/{schedule['id']}")).json() == schedule
    taken = await api.post(LIST, json=WEEKLY)
    assert (taken.status_code, taken.json()["code"]) == (409, "CONFLICT")


WRONG: list[tuple[dict[str, Any], int, str | None]] = [
    ({"cron": "61 * * * *"}, 422, "/cron"),
    ({"cron": "0 0 * * * *"}, 422, "/cron"),
    ({"time_zone": "Mars/Olympus"}, 422, "/time_zone"),
    ({"name": " weekly"}, 422, "/name"),
    ({"misfire_grace_seconds": -1}, 422, "/misfire_grace_seconds"),
    ({"job": {"kind": "export_leads", "params": {"formt": "csv"}}}, 422, "/job/params/formt"),
    ({"job": {"kind": "pipeline", "params": {"document_id": 7}}}, 422, "/job/params/document_id"),
    ({"timezone": "UTC"}, 422, "/timezone"),
    ({"job": {"kind": "export_leads", "params": {"state": "Ohoi"}}}, 422, None),
    ({"job": {"kind": "harvest_staff", "params": {"school_ids": [987654]}}}, 404, None),
]


async def test_a_wrong_schedule_is_told_where_it_is_wrong(api: httpx2.AsyncClient) -> None:
    for values, status, pointer in WRONG:
        answer = await api.post(LIST, json=WEEKLY | values)
        assert answer.status_code == status, answer.text
        assert pointer in [None, *(error["pointer"] for error in answer.json().get("errors", []))], values
    assert (await api.get(LIST)).json()["items"] == []


async def test_schedules_are_listed_by_name_in_pages_and_by_what_they_are(api: httpx2.AsyncClient) -> None:
    for name in ("c", "a", "d", "b"):
        await add(api, name=name, enabled=name != "d")
    await api.patch(f"{LIST}/{(await add(api, name='e'))['id']}", json={"job": {"kind": "harvest_staff", "params": {}}})
    first = (await api.get(LIST, params={"limit": 3})).json()
    rest = (await api.get(LIST, params={"limit": 3, "cursor": first["next"]})).json()
    assert [one["name"] for one in first["items"] + rest["items"]] == ["a", "b", "c", "d", "e"]
    for query, names in (({"enabled": False}, ["d"]), ({"kind": "harvest_staff"}, ["e"])):
        assert [one["name"] for one in (await api.get(LIST, params=query)).json()["items"]] == names


async def test_a_due_schedule_makes_one_job_however_many_look(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    schedule = await add(api)
    assert await fire_due(database, purpose_required=False) == []
    await make_due(database, account, 30)
    made = await asyncio.gather(*(fire_due(database, purpose_required=False) for _ in range(6)))
    (job_id,) = [job_id for ids in made for job_id in ids]
    job = (await api.get(f"/api/v1/jobs/{job_id}")).json()
    assert (job["kind"], job["state"], job["user"]) == ("export_leads", "queued", "ada")
    assert (job["schedule_id"], job["params"]["state"]) == (schedule["id"], "TX")
    after = (await api.get(f"{LIST}/{schedule['id']}")).json()
    assert (after["last"]["outcome"], after["last"]["job_id"]) == ("started", str(job_id))
    assert (after["next_fire_times"], after["updated_at"]) == (schedule["next_fire_times"], schedule["updated_at"])
    assert [job["id"] for job in (await api.get("/api/v1/jobs")).json()["items"]] == [str(job_id)]
    async with database.tenant(account.account.organization_id) as connection:
        acts = list(await connection.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))
    assert acts == ["schedule_create", "export"]


async def test_a_worker_that_is_killed_while_it_fires_has_fired_nothing(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = await add(api)
    await make_due(database, account, 30)

    async def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(firing, "advance_schedule", killed)  # the last write of the transaction
        assert await fire_due(database, purpose_required=False) == []
    assert (await api.get("/api/v1/jobs")).json()["items"] == []
    assert await firings(api, schedule) == []
    assert len(await fire_due(database, purpose_required=False)) == 1
    # Its time once more, as after a change of the clock: it has been answered.
    async with database.tenant(account.account.organization_id) as connection:
        fired = select(ScheduleFiring.fire_at).scalar_subquery()
        await connection.execute(update(Schedule).values(next_fire_at=fired))
    await end_jobs(database, account)
    assert await fire_due(database, purpose_required=False) == []
    assert len(await firings(api, schedule)) == 1


async def test_one_schedule_that_cannot_be_fired_does_not_stop_the_others(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    broken = await add(api, name="broken")
    await add(api, name="good")
    await make_due(database, account, 30)
    async with database.tenant(account.account.organization_id) as connection:
        of_broken = update(Schedule).where(Schedule.id == UUID(broken["id"]))
        await connection.execute(of_broken.values(request={"kind": "export_leads", "params": {"formt": "csv"}}))
    assert len(await fire_due(database, purpose_required=False)) == 1
    ((outcome, reason),) = await firings(api, broken)
    assert outcome == "refused"
    assert "formt" in reason


async def test_a_time_that_nobody_answered_within_the_grace_is_missed(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    schedule = await add(api, cron="0 5 1 1 *", misfire_grace_seconds=60)
    await make_due(database, account, 90)
    assert await fire_due(database, purpose_required=False) == []
    ((outcome, reason),) = await firings(api, schedule)
    assert outcome == "missed"
    assert "more than the grace of 60 s" in reason
    assert (await api.get(f"{LIST}/{schedule['id']}")).json()["next_fire_at"] == schedule["next_fire_at"]


async def test_of_several_times_that_passed_only_the_last_is_caught_up_with(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    schedule = await add(api, cron="* * * * *", misfire_grace_seconds=600)
    await make_due(database, account, 3600)
    (job_id,) = await fire_due(database, purpose_required=False)
    assert [outcome for outcome, _ in await firings(api, schedule)] == ["started", "missed"]
    newest = (await api.get(f"{LIST}/{schedule['id']}/firings", params={"limit": 1})).json()
    assert newest["items"][0]["job_id"] == str(job_id)
    query = {"limit": 1, "cursor": newest["next"]}
    assert (await api.get(f"{LIST}/{schedule['id']}/firings", params=query)).json()["items"][0]["outcome"] == "missed"


async def test_a_schedule_never_has_two_jobs_at_a_time(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, bell: Bell
) -> None:
    schedule = await add(api)
    made = await asyncio.gather(*(api.post(f"{LIST}/{schedule['id']}/run") for _ in range(4)))
    assert sorted(answer.status_code for answer in made) == [201, 409, 409, 409]
    job = next(answer.json() for answer in made if answer.status_code == 201)
    assert bell.rings == [(UUID(job["id"]), 1)]
    await make_due(database, account, 30)
    assert await fire_due(database, purpose_required=False) == []
    assert [outcome for outcome, _ in await firings(api, schedule)] == ["overlapped", "started"]
    await end_jobs(database, account)
    key = {"Idempotency-Key": "now"}
    again = [await api.post(f"{LIST}/{schedule['id']}/run", headers=key) for _ in range(2)]
    assert [answer.status_code for answer in again] == [201, 200]
    assert again[0].json()["id"] == again[1].json()["id"] != job["id"]


async def test_a_request_that_is_good_no_more_is_refused_with_its_reason(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    owner = account.account
    async with database.tenant(owner.organization_id) as connection:
        document = await add_document(connection, owner)
    job = {"kind": "pipeline", "params": {"document_id": str(document)}}
    schedule = await add(api, job=job)
    async with database.tenant(owner.organization_id) as connection:
        await connection.execute(delete(Document))
    await make_due(database, account, 30)
    assert await fire_due(database, purpose_required=False) == []
    assert await firings(api, schedule) == [("refused", f"There is no document {document}. [NOT_FOUND]")]
    # It can be put to rest as it is, but not woken up.
    assert (await api.patch(f"{LIST}/{schedule['id']}", json={"enabled": False})).json()["next_fire_at"] is None
    assert (await api.patch(f"{LIST}/{schedule['id']}", json={"enabled": True})).status_code == 404
    assert (await api.post(f"{LIST}/{schedule['id']}/run")).status_code == 404


async def test_jobs_run_in_the_name_of_who_changed_the_schedule_last(
    api: httpx2.AsyncClient,
    client_of: ClientOf,
    colleague: MakeUser,
    database: Database,
    account: KeyedAccount,
) -> None:
    otto = await colleague("otto", Role.OPERATOR)
    schedule = (await client_of(otto).post(LIST, json=WEEKLY)).json()
    async with database.tenant(account.account.organization_id) as connection:
        await connection.execute(update(User).where(User.name == "otto").values(role="viewer"))
    await make_due(database, account, 30)
    assert await fire_due(database, purpose_required=False) == []
    ((outcome, reason),) = await firings(api, schedule)
    assert (outcome, "otto may not run jobs any more" in reason) == ("refused", True)
    changed = (await api.patch(f"{LIST}/{schedule['id']}", json={"cron": "0  6 * * 2"})).json()
    assert (changed["user"], changed["cron"]) == ("ada", "0 6 * * 2")
    assert datetime.fromisoformat(changed["next_fire_times"][0]).weekday() == 1
    await make_due(database, account, 30)
    assert len(await fire_due(database, purpose_required=False)) == 1


async def test_scheduled_jobs_do_not_use_up_what_their_user_may_ask_for(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    for _ in range(5):
        assert (await api.post("/api/v1/jobs", json=EXPORT)).status_code == 201
    schedule = await add(api)
    await make_due(database, account, 30)
    assert len(await fire_due(database, purpose_required=False)) == 1
    assert (await api.post("/api/v1/jobs", json=EXPORT)).status_code == 429
    assert (await api.delete(f"{LIST}/{schedule['id']}")).status_code == 204
    assert (await api.get(f"{LIST}/{schedule['id']}")).status_code == 404
    jobs = (await api.get("/api/v1/jobs")).json()["items"]
    assert (len(jobs), {job["schedule_id"] for job in jobs}) == (6, {None})


async def test_a_deployment_that_wants_purposes_wants_them_of_schedules(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    schedule = await add(api)
    await make_due(database, account, 30)
    assert await fire_due(database, purpose_required=True) == []
    ((outcome, reason),) = await firings(api, schedule)
    assert (outcome, reason.endswith("[PURPOSE_REQUIRED]")) == ("refused", True)


async def test_a_worker_looks_by_itself(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, storage_settings: StorageSettings
) -> None:
    schedule = await add(api)
    await make_due(database, account, 30)
    looking = asyncio.create_task(Worker(database, WorkerSettings(), storage_settings)._fire_schedules())
    try:
        async with asyncio.timeout(60):
            while not await firings(api, schedule):  # noqa: ASYNC110  another task sets it in the database
                await asyncio.sleep(0.05)
    finally:
        looking.cancel()
    assert await firings(api, schedule) == [("started", "")]
