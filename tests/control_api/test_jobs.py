"""Jobs over HTTP: made once, shown to their organization only, stopped and resumed, never more than allowed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import insert, update

from control_api.jobs.people import chosen_people
from control_api.jobs.schemas import PARAMS_OF_KIND, ExportLeads
from storage.database import Database
from storage.filters import Trust
from storage.jobs import JobKind, NewJob, create_job
from storage.models import Job, JobAttempt
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.conftest import Bell, ClientOf, MakeUser
from tests.control_api.rows import add_document, add_school

EXPORT: dict[str, Any] = {"kind": "export_leads", "params": {}}


async def test_a_job_is_durable_told_and_rung_for(api: httpx2.AsyncClient, bell: Bell) -> None:
    answer = await api.post("/api/v1/jobs", json=EXPORT)
    job = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["kind"], job["state"], job["attempt"], job["user"]) == ("export_leads", "queued", 0, "ada")
    given = {name: value for name, value in job["params"].items() if value is not None}
    assert given == {"format": "csv", "preset": "plain", "only_with_email": False, "bom": False}
    assert bell.rings == [(UUID(job["id"]), 1)]
    assert (await api.get(answer.headers["location"])).json() == job
    events = (await api.get(f"{answer.headers['location']}/events", headers={"Accept": "application/json"})).json()
    assert [(event["seq"], event["kind"]) for event in events["items"]] == [(1, "created")]
    assert events["next"] is None


async def test_a_lost_ring_does_not_lose_the_job(api: httpx2.AsyncClient, bell: Bell) -> None:
    bell.broken = True
    assert (await api.post("/api/v1/jobs", json=EXPORT)).status_code == 201
    assert len((await api.get("/api/v1/jobs")).json()["items"]) == 1


async def test_the_same_request_with_its_key_makes_one_job(api: httpx2.AsyncClient, bell: Bell) -> None:
    key = {"Idempotency-Key": "monday"}
    answers = await asyncio.gather(*(api.post("/api/v1/jobs", json=EXPORT, headers=key) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(bell.rings) == 1
    other = await api.post("/api/v1/jobs", json={"kind": "discover_websites", "params": {}}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "CONFLICT")
    bad = await api.post("/api/v1/jobs", json=EXPORT, headers={"Idempotency-Key": "x" * 201})
    assert (bad.status_code, bad.json()["errors"][0]["parameter"]) == (400, "Idempotency-Key")


async def test_a_sixth_unfinished_job_is_refused_however_many_ask_at_once(api: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(api.post("/api/v1/jobs", json=EXPORT) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 7
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "TASK_LIMIT_EXCEEDED"
    assert int(refused.headers["retry-after"]) > 0
    done = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert (await api.post(f"/api/v1/jobs/{done}/cancel")).status_code == 202
    assert (await api.post("/api/v1/jobs", json=EXPORT)).status_code == 201


async def test_each_user_has_limits_of_their_own(
    api: httpx2.AsyncClient, client_of: ClientOf, colleague: MakeUser
) -> None:
    for _ in range(5):
        assert (await api.post("/api/v1/jobs", json=EXPORT)).status_code == 201
    other = client_of(await colleague("otto", Role.OPERATOR))
    assert (await other.post("/api/v1/jobs", json=EXPORT)).status_code == 201


WRONG_BODIES: list[tuple[Any, str]] = [
    ({"kind": "extract_schools", "params": {}}, "/params"),
    ({"kind": "extract_schools", "params": {"document_id": "seven"}}, "/params/document_id"),
    ({"kind": "export_leads", "params": {"formt": "csv"}}, "/params/formt"),
    ({"kind": "export_leads", "params": {"format": "xls"}}, "/params/format"),
    ({"kind": "harvest_staff", "params": {"school_ids": []}}, "/params/school_ids"),
    ({"kind": "harvest_staff", "params": {"school_ids": [1, "x"]}}, "/params/school_ids/1"),
    ({"kind": "delete_everything", "params": {}}, "/kind"),
    ({"params": {}}, "/"),
    ([], "/"),
]


async def test_a_wrong_body_is_told_where_it_is_wrong(api: httpx2.AsyncClient) -> None:
    for body, pointer in WRONG_BODIES:
        answer = await api.post("/api/v1/jobs", json=body)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "INVALID_REQUEST"), body
        assert problem["errors"][0]["pointer"] == pointer
        assert problem["errors"][0]["detail"] in problem["detail"]


async def test_an_unknown_state_document_or_school_is_refused(
    api: httpx2.AsyncClient, database: Database, outsider: KeyedAccount
) -> None:
    async with database.tenant(outsider.account.organization_id) as connection:
        theirs = await add_document(connection, outsider.account)
        school = await add_school(connection, outsider.account, "Oak Elementary")
    for nowhere in ({"state": "Ohoi"}, {"near": "00000"}, {"near": "Austin"}):
        place = await api.post("/api/v1/jobs", json={"kind": "export_leads", "params": nowhere})
        assert (place.status_code, place.json()["code"]) == (422, "UNKNOWN_PLACE")
    for document_id in (theirs, uuid4()):
        unknown = await api.post("/api/v1/jobs", json={"kind": "pipeline", "params": {"document_id": str(document_id)}})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")
        assert unknown.json()["detail"] == f"There is no document {document_id}."
    request = {"kind": "harvest_staff", "params": {"school_ids": [school]}}
    assert (await api.post("/api/v1/jobs", json=request)).status_code == 404


async def test_a_state_is_kept_by_its_letters(api: httpx2.AsyncClient) -> None:
    job = (await api.post("/api/v1/jobs", json={"kind": "export_leads", "params": {"state": "texas"}})).json()
    assert job["params"]["state"] == "TX"


def test_the_people_chosen_by_a_job_are_those_of_the_same_search() -> None:
    params = ExportLeads(
        state="Texas",
        district="Riverbend ISD",
        near="78701",
        q="garcia",
        role="principal",
        subject="math",
        grade="7",
        min_confidence=0.9,
        seen_since=datetime(2026, 9, 1),  # noqa: DTZ001  as a request may name it
        only_with_email=True,
        school_ids=[1, 2],
    )
    chosen = chosen_people(params)
    schools, near = chosen.schools, chosen.schools.near
    assert (chosen.q, chosen.role, chosen.subject, chosen.grade) == ("garcia", "principal", "math", "7")
    assert chosen.trust == Trust(0.9, datetime(2026, 9, 1, tzinfo=UTC))
    assert (chosen.has_email, schools.state, schools.district, schools.school_ids) == (
        True,
        "TX",
        "Riverbend ISD",
        (1, 2),
    )
    assert near is not None
    assert (near.miles, "78613" in near.zips) == (25.0, True)


def test_each_kind_has_one_model_of_its_parameters() -> None:
    assert set(PARAMS_OF_KIND) == set(JobKind)


async def test_bodies_that_are_not_json_are_refused(api: httpx2.AsyncClient) -> None:
    form = await api.post("/api/v1/jobs", data={"kind": "export_leads"})
    assert (form.status_code, form.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    broken = await api.post("/api/v1/jobs", content=b'{"kind": ', headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["code"]) == (400, "MALFORMED_BODY")
    large = await api.post("/api/v1/jobs", content=b" " * 2_000_000, headers={"Content-Type": "application/json"})
    assert (large.status_code, large.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_jobs_come_in_pages_the_newest_first(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    made: list[UUID] = []
    for _ in range(7):
        async with database.tenant(account.account.organization_id) as connection:
            new = NewJob(account.account.organization_id, account.account.user_id, JobKind.EXPORT_LEADS, {})
            made.append((await create_job(connection, new, limit=100))[0])
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await api.get("/api/v1/jobs", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [job["id"] for job in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [str(job_id) for job_id in reversed(made)]


async def test_jobs_are_filtered_by_state_and_kind(api: httpx2.AsyncClient) -> None:
    first = (await api.post("/api/v1/jobs", json=EXPORT)).json()["id"]
    second = (await api.post("/api/v1/jobs", json={"kind": "discover_websites", "params": {}})).json()["id"]
    await api.post(f"/api/v1/jobs/{first}/cancel")
    for query, expected in (
        ({"state": "cancelled"}, [first]),
        ({"kind": "discover_websites"}, [second]),
        ({"state": "queued", "kind": "export_leads"}, []),
    ):
        found = (await api.get("/api/v1/jobs", params=query)).json()["items"]
        assert [job["id"] for job in found] == expected
    bad = await api.get("/api/v1/jobs", params={"state": "tired"})
    assert (bad.status_code, bad.json()["code"]) == (400, "INVALID_PARAMETER")
    assert bad.json()["errors"][0]["parameter"] == "state"


async def test_a_job_is_paused_resumed_cancelled_and_then_ended(api: httpx2.AsyncClient, bell: Bell) -> None:
    job_id = (await api.post("/api/v1/jobs", json=EXPORT)).json()["id"]
    paused = await api.post(f"/api/v1/jobs/{job_id}/pause")
    assert (paused.status_code, paused.json()["state"]) == (202, "paused")
    resumed = await api.post(f"/api/v1/jobs/{job_id}/resume")
    assert (resumed.status_code, resumed.json()["state"]) == (202, "queued")
    assert len(bell.rings) == 2
    cancelled = await api.post(f"/api/v1/jobs/{job_id}/cancel")
    assert (cancelled.json()["state"], cancelled.json()["reason"]) == ("cancelled", "cancelled by ada")
    for action in ("cancel", "pause", "resume"):
        again = await api.post(f"/api/v1/jobs/{job_id}/{action}")
        assert (again.status_code, again.json()["code"]) == (409, "CONFLICT")


async def test_a_pipeline_shows_its_steps_and_a_job_its_attempts(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    owner = account.account
    async with database.tenant(owner.organization_id) as connection:
        document = await add_document(connection, owner)
    made = await api.post("/api/v1/jobs", json={"kind": "pipeline", "params": {"document_id": str(document)}})
    pipeline = UUID(made.json()["id"])
    async with database.tenant(owner.organization_id) as connection:
        for step, kind in enumerate((JobKind.EXTRACT_SCHOOLS, JobKind.DISCOVER_WEBSITES), 1):
            new = NewJob(owner.organization_id, owner.user_id, kind, {}, parent_id=pipeline, step=step)
            await create_job(connection, new)
        await connection.execute(
            insert(JobAttempt).values(organization_id=owner.organization_id, job_id=pipeline, number=1, worker_id=4)
        )
    shown = (await api.get(f"/api/v1/jobs/{pipeline}")).json()
    assert [(child["step"], child["kind"]) for child in shown["children"]] == [
        (1, "extract_schools"),
        (2, "discover_websites"),
    ]
    assert shown["attempts"][0]["worker_id"] == 4
    listed = (await api.get("/api/v1/jobs")).json()["items"]
    assert [job["id"] for job in listed] == [str(pipeline)]
    assert len(listed[0]["children"]) == 2


async def test_a_job_of_others_is_told_like_one_that_does_not_exist(
    api: httpx2.AsyncClient, client_of: ClientOf, outsider: KeyedAccount
) -> None:
    theirs = (await client_of(outsider).post("/api/v1/jobs", json=EXPORT)).json()["id"]
    nobodys = str(uuid4())
    for request in ("GET ", "POST /cancel", "POST /pause", "POST /resume", "GET /events", "GET /result"):
        method, path = request.split(" ")
        told = [
            (answer.status_code, answer.json()["code"], answer.json()["detail"].replace(job_id, "…"))
            for job_id in (theirs, nobodys)
            for answer in [await api.request(method, f"/api/v1/jobs/{job_id}{path}")]
        ]
        assert told == [(404, "NOT_FOUND", "There is no job ….")] * 2
    assert (await api.get("/api/v1/jobs")).json()["items"] == []


async def test_the_file_of_an_export_is_downloaded(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, tmp_path: Any
) -> None:
    job_id = (await api.post("/api/v1/jobs", json=EXPORT)).json()["id"]
    early = await api.get(f"/api/v1/jobs/{job_id}/result")
    assert (early.status_code, early.json()["detail"]) == (409, "The job is queued and still has no result.")
    blob = tmp_path / "blobs" / "exports" / job_id / "leads.csv"
    blob.parent.mkdir(parents=True)
    blob.write_bytes("name\r\nZoë\r\n".encode() * 20_000)
    result = {"blob": f"exports/{job_id}/leads.csv", "rows": 1, "filename": 'Leads "Ohio" é.csv'}
    async with database.tenant(account.account.organization_id) as connection:
        await connection.execute(update(Job).values(state="succeeded", result=result))
    answer = await api.get(f"/api/v1/jobs/{job_id}/result")
    assert answer.status_code == 200
    assert answer.content == blob.read_bytes()
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"Leads _Ohio_ _.csv\"; filename*=UTF-8''Leads%20%22Ohio%22%20%C3%A9.csv"
    )
    blob.unlink()
    assert (await api.get(f"/api/v1/jobs/{job_id}/result")).status_code == 404


async def test_a_pipelines_file_is_that_of_its_last_step_and_other_kinds_have_none(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, tmp_path: Any
) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "leads.csv").write_bytes(b"name\r\n")
    owner = account.account
    async with database.tenant(owner.organization_id) as connection:
        ids = [
            (await create_job(connection, NewJob(owner.organization_id, owner.user_id, kind, {})))[0]
            for kind in (JobKind.PIPELINE, JobKind.PIPELINE, JobKind.DISCOVER_WEBSITES)
        ]
        await connection.execute(update(Job).values(state="succeeded"))
        result = {"export_leads": {"blob": "leads.csv", "rows": 0}}
        await connection.execute(update(Job).where(Job.id == ids[0]).values(result=result))
    answers = [await api.get(f"/api/v1/jobs/{job_id}/result") for job_id in ids]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert "writes no file" in answers[2].json()["detail"]
