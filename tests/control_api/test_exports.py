"""What leaves the house: whom a file has, what the ledger tells of it, and that a job tells it once."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from io import BytesIO, StringIO
from typing import Any
from uuid import UUID

import httpx2
import pyarrow.parquet as pq
import pytest
from litestar import Litestar
from openpyxl import load_workbook
from sqlalchemy import text, update
from sqlalchemy.exc import ProgrammingError

from control_api.exports.formats.known import Format
from control_api.work import export as export_work
from control_api.work.attempt import Attempt, WorkError
from control_api.work.export import export_leads
from control_api.work.settings import WorkerSettings
from storage.blobs import Blobs
from storage.database import Database
from storage.errors import LeaseLostError
from storage.jobs import JobKind, JobState, NewJob, create_job, get_job
from storage.leads import lead_batch
from storage.leases import Limits, Settlement, claim_job, enlist_worker, settle
from storage.models import Job, StaffPost
from storage.roles import Role
from storage.settings import StorageSettings
from storage.suppression import email_key
from storage.suppression_list import NewEntry, add_entries
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf, MakeUser
from tests.control_api.rows import add_evidence, add_person, add_school, add_website

LEDGER = "/api/v1/exports/ledger"
ANN = "abbott@oak.example"


@pytest.fixture
async def schools(database: Database, account: KeyedAccount) -> dict[str, int]:
    """Ann works at two schools; Bo has no address, but his school has; Cy has neither."""
    who = account.account
    ids: dict[str, int] = {}
    async with database.tenant(who.organization_id) as connection:
        place = {"address": "1 Oak St", "city": "Topeka", "zip": "66603", "state": "KS", "county": "Shawnee"}
        ids["oak"] = await add_school(connection, who, "Oak Elementary", **place)
        ids["pine"] = await add_school(connection, who, "Pine Middle", state="TX")
        await add_website(connection, who, ids["oak"], "https://oak.example/")
        both = [ids["oak"], ids["pine"]]
        ann = await add_person(
            connection, who, "Ann Abbott", both, email=ANN, title="T" * 200, honorific="Dr.", phone="+1 512 555 0100"
        )
        await add_evidence(connection, who, "staff", ann, field="email", printed=ANN, value=ANN)
        await add_person(connection, who, "Bo Boyd", [ids["oak"]])
        # No page has printed this address, however it came there.
        await add_person(connection, who, "Cy Cole", [ids["pine"]], email="cole@guess.example", email_state="none")
        ids["ann"] = ann
        seen = text("now() + interval '1 hour'")
        later = update(StaffPost).where(StaffPost.staff_member_id == ann, StaffPost.school_id == ids["pine"])
        await connection.execute(later.values(last_seen=seen))
    return ids


async def file(api: httpx2.AsyncClient, file_format: Format, **query: Any) -> list[dict[str, Any]]:
    """The rows of a file of people, by the header's names."""
    answer = await api.get(f"/api/v1/staff.{file_format}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="staff.{file_format}"'
    assert answer.headers["content-type"].startswith(file_format.media_type)
    assert answer.headers["link"] == '</api/v1/notices>; rel="terms-of-service"'
    match file_format:
        case Format.CSV:
            return list(csv.DictReader(StringIO(answer.text)))
        case Format.JSON:
            return json.loads(answer.content)
        case Format.JSONL:
            return [json.loads(line) for line in answer.content.splitlines()]
        case Format.PARQUET:
            return pq.ParquetFile(BytesIO(answer.content)).read().to_pylist()
        case Format.XLSX:
            head, *rows = load_workbook(BytesIO(answer.content))["People"].iter_rows(values_only=True)
            return [dict(zip(map(str, head), row, strict=True)) for row in rows]


@pytest.mark.parametrize("file_format", list(Format))
async def test_every_format_has_the_same_people_and_no_address_that_nobody_printed(
    api: httpx2.AsyncClient, schools: dict[str, int], file_format: Format
) -> None:
    rows = await file(api, file_format)
    assert [(row["school"], row["name"]) for row in rows] == [
        ("Oak Elementary", "Ann Abbott"),
        ("Oak Elementary", "Bo Boyd"),
        ("Pine Middle", "Ann Abbott"),
        ("Pine Middle", "Cy Cole"),
    ]
    assert [row["email"] or None for row in rows] == [ANN, None, ANN, None]
    notices = [row["notices"] for row in rows]
    empty, kansas = ([], ["ks-public-records"]) if isinstance(notices[0], list) else (notices[2], "ks-public-records")
    assert notices == [kansas, kansas, empty, empty]
    assert not empty
    assert ("evidence" in rows[0]) is file_format.nested
    if file_format.nested:
        assert [one["printed"] for one in rows[0]["evidence"]] == [ANN]
        assert [row["evidence"] for row in rows[1::2]] == [[], []]


async def test_presets_have_the_names_that_their_readers_know_and_each_person_once(
    api: httpx2.AsyncClient, schools: dict[str, int]
) -> None:
    leads = await file(api, Format.CSV, preset="salesforce")
    assert [(lead["Company"], lead["Last Name"]) for lead in leads] == [
        ("Oak Elementary", "Boyd"),
        ("Pine Middle", "Abbott"),
        ("Pine Middle", "Cole"),
    ]
    assert set(leads[0]) == {
        *("Company", "Street", "City", "State/Province", "Zip/Postal Code", "Website", "Salutation", "First Name"),
        *("Last Name", "Title", "Email", "Phone", "Description"),
    }
    ann = leads[1]
    assert (len(ann["Title"]), ann["Email"]) == (128, ANN)
    assert ann["Phone"] == "+1 512 555 0100", "no apostrophe ends up in Salesforce"
    letters = await file(api, Format.CSV, preset="mail_merge")
    assert [(letter["Full Name"], letter["Address"], letter["Email"]) for letter in letters] == [
        ("Bo Boyd", "1 Oak St", ""),
        ("Ann Abbott", "", ANN),
    ]
    assert letters[1]["Phone"] == "'+1 512 555 0100"
    raw = await file(api, Format.CSV, preset="mail_merge", raw="true")
    assert raw[1]["Phone"] == "+1 512 555 0100"
    # Of the schools asked for: there Ann was seen at Oak only.
    oak = await file(api, Format.CSV, preset="mail_merge", school_id=schools["oak"])
    assert [(letter["Full Name"], letter["School"]) for letter in oak] == [
        ("Ann Abbott", "Oak Elementary"),
        ("Bo Boyd", "Oak Elementary"),
    ]


async def test_the_ledger_tells_who_took_what_when_and_what_for(
    api: httpx2.AsyncClient,
    client_of: ClientOf,
    colleague: MakeUser,
    account: KeyedAccount,
    outsider: KeyedAccount,
    schools: dict[str, int],
) -> None:
    viewer = client_of(await colleague("vi", Role.VIEWER))
    query = {"state": "Kansas", "role": "teacher", "purpose": "fall mailing", "preset": "mail_merge"}
    answer = await viewer.get("/api/v1/staff.csv", params=query)
    await api.get("/api/v1/schools.parquet", params={"has_website": "true"})
    schools_line, line = (await api.get(LEDGER)).json()["items"]
    assert answer.headers["x-export-id"] == str(line["id"])
    assert (line["user_name"], line["subject"], line["source"], line["job_id"]) == ("vi", "people", "download", None)
    assert line["api_key"].startswith("t1_")
    assert (line["filters"], line["purpose"]) == ({"state": "KS", "role": "teacher"}, "fall mailing")
    assert (line["format"], line["preset"], line["raw"]) == ("csv", "mail_merge", False)
    assert line["columns"] == answer.text.splitlines()[0].split(",")
    assert (line["outcome"], line["rows"], line["size_bytes"]) == ("complete", 2, len(answer.content))
    assert line["begun_at"] <= line["ended_at"]
    assert len(line["sha256"]) == 64
    assert (schools_line["subject"], schools_line["rows"]) == ("schools", 1)
    assert schools_line["filters"] == {"has_website": True}
    page = (await api.get(LEDGER, params={"limit": 1})).json()
    older = (await api.get(LEDGER, params={"limit": 1, "cursor": page["next"]})).json()
    assert [page["items"], older["items"], older["next"]] == [[schools_line], [line], None]
    listed = list(csv.DictReader(StringIO((await api.get(f"{LEDGER}.csv")).text)))
    assert [row["purpose"] for row in listed] == ["", "fall mailing"]
    for who in (viewer, client_of(await colleague("op", Role.OPERATOR))):
        assert [(await who.get(path)).status_code for path in (LEDGER, f"{LEDGER}.json")] == [403, 403]
    assert (await client_of(outsider).get(LEDGER)).json()["items"] == []


async def test_the_application_cannot_change_or_erase_what_the_ledger_has(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, schools: dict[str, int]
) -> None:
    await api.get("/api/v1/staff.csv")
    for statement in ("DELETE FROM export_record", "UPDATE export_record SET purpose = 'none', user_name = 'x'"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.tenant(account.account.organization_id) as connection:
                await connection.execute(text(statement))
    async with database.engine.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM export_record"))).scalar_one() == 0, "no tenant"
    assert len((await api.get(LEDGER)).json()["items"]) == 1


async def test_a_download_that_its_reader_leaves_is_told_as_broken_off(
    app: Litestar,
    api: httpx2.AsyncClient,
    account: KeyedAccount,
    schools: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("storage.leads.LEAD_SCHOOLS", 1)
    gone = asyncio.Event()
    sent: list[bytes] = []

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            sent.append(message["body"])
            gone.set()
            await asyncio.sleep(30)  # nothing more is taken; the listener for the end of the connection goes first

    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/staff.csv",
        "raw_path": b"/api/v1/staff.csv",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {account.key}".encode())],
        "server": ("title1.test", 80),
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    await app(scope, receive, send)
    (line,) = (await api.get(LEDGER)).json()["items"]
    assert (line["outcome"], line["rows"]) == ("broken off", 2)
    assert line["size_bytes"] == len(b"".join(sent))


async def test_a_record_names_the_notices_of_its_state(api: httpx2.AsyncClient, schools: dict[str, int]) -> None:
    posts = (await api.get(f"/api/v1/staff/{schools['ann']}")).json()["posts"]
    assert {post["school"]: post["notices"] for post in posts} == {
        "Pine Middle": [],
        "Oak Elementary": ["ks-public-records"],
    }


async def test_where_a_purpose_is_required_nothing_leaves_without_one(
    api: httpx2.AsyncClient, app: Litestar, schools: dict[str, int]
) -> None:
    app.state["settings"].export_purpose_required = True
    for path in ("staff.csv", "staff.xlsx", "schools.json"):
        refused = await api.get(f"/api/v1/{path}", params={"purpose": " "})
        assert (refused.status_code, refused.json()["code"]) == (422, "PURPOSE_REQUIRED")
    body = {"kind": "export_leads", "params": {"state": "KS"}}
    refused = await api.post("/api/v1/jobs", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "PURPOSE_REQUIRED")
    assert (await api.get(LEDGER)).json()["items"] == []
    body["params"] = {"state": "KS", "purpose": "fall mailing"}
    assert (await api.post("/api/v1/jobs", json=body)).status_code == 201
    assert (await api.get("/api/v1/staff.csv", params={"purpose": "fall mailing"})).status_code == 200
    assert (await api.get("/api/v1/jobs.csv")).status_code == 200, "a list without contacts"


async def test_every_list_is_a_file_too(
    api: httpx2.AsyncClient, schools: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("control_api.exports.lists.ROWS_A_BATCH", 2)
    for state in ("KS", "TX", "NY"):
        made = await api.post("/api/v1/jobs", json={"kind": "export_leads", "params": {"state": state}})
        assert made.status_code == 201
    await api.post("/api/v1/suppressions", json={"entries": [{"kind": "email", "email": ANN}]})
    for name, count in {"jobs": 3, "documents": 0, "links": 0, "suppressions": 1}.items():
        listed = (await api.get(f"/api/v1/{name}.json")).json()
        table = list(csv.DictReader(StringIO((await api.get(f"/api/v1/{name}.csv")).text)))
        assert (len(listed), len(table)) == (count, count), name
        assert not listed or set(table[0]) <= set(listed[0])
    jobs = (await api.get("/api/v1/jobs.json", params={"state": "queued", "kind": "export_leads"})).json()
    assert [job["params"]["state"] for job in jobs] == ["NY", "TX", "KS"]
    assert (await api.get("/api/v1/jobs.json", params={"state": "running"})).json() == []
    assert len((await api.get("/api/v1/notices")).json()) >= 4


Claim = Callable[..., Awaitable[Attempt]]


@pytest.fixture
async def claimed(
    database: Database, account: KeyedAccount, storage_settings: StorageSettings
) -> AsyncGenerator[Claim]:
    """Claims an export: a new one with these parameters, or another attempt at `job_id`."""
    who = account.account
    session = await database.connect()
    worker = await enlist_worker(session)

    async def claim(job_id: UUID | None = None, **params: Any) -> Attempt:
        if job_id is None:
            async with database.tenant(who.organization_id) as connection:
                new = NewJob(who.organization_id, who.user_id, JobKind.EXPORT_LEADS, params)
                job_id, _ = await create_job(connection, new)
        lease = await claim_job(database, job_id, worker, Limits())
        assert lease is not None
        return Attempt(lease, database, Blobs.configured(storage_settings), WorkerSettings(), storage_settings)

    yield claim
    await session.close()


async def result_of(attempt: Attempt) -> dict[str, Any]:
    async with attempt.database.tenant(attempt.lease.organization_id) as connection:
        job = await get_job(connection, attempt.lease.job_id)
    assert job.state == JobState.SUCCEEDED
    return job.result


@pytest.mark.parametrize("file_format", list(Format))
async def test_a_job_writes_the_file_that_a_download_has_and_tells_it_once(
    api: httpx2.AsyncClient, claimed: Claim, schools: dict[str, int], file_format: Format
) -> None:
    attempt = await claimed(format=str(file_format), county="Shawnee", purpose="fall mailing")
    assert await export_leads(attempt) is None
    result = await result_of(attempt)
    got = await api.get(f"/api/v1/jobs/{attempt.lease.job_id}/result")
    assert got.status_code == 200
    assert got.headers["content-type"].startswith(file_format.media_type)
    direct = await api.get(f"/api/v1/staff.{file_format}", params={"county": "Shawnee"})
    if file_format is not Format.XLSX:  # a workbook has the second of its making
        assert got.content == direct.content
    download, fetched, written = (await api.get(LEDGER)).json()["items"]
    assert [line["source"] for line in (download, fetched, written)] == ["download", "job_download", "job"]
    assert (written["job_id"], written["user_name"], written["purpose"]) == (
        str(attempt.lease.job_id),
        "ada",
        "fall mailing",
    )
    told = ("rows", "size_bytes", "sha256", "filters", "columns", "outcome")
    assert {name: fetched[name] for name in told} == {name: written[name] for name in told}
    assert {name: written[name] for name in told[:3]} == {name: result[name] for name in told[:3]}
    assert (written["rows"], written["size_bytes"]) == (2, len(got.content))
    assert written["filters"] == {"county": "Shawnee"} == download["filters"]


async def test_an_attempt_that_lost_its_job_leaves_neither_file_nor_line(
    api: httpx2.AsyncClient, database: Database, claimed: Claim, schools: dict[str, int]
) -> None:
    first = await claimed(format="jsonl")
    job_id = first.lease.job_id
    lost = Settlement(JobState.QUEUED, reason="the worker gave no sign of life", failure=True)
    await settle(database, first.lease, lost)
    second = await claimed(job_id)
    with pytest.raises(LeaseLostError):
        await export_leads(first)
    left = f"exports/{job_id}/1/leads.jsonl"
    assert not first.blobs.exists(left)
    # Killed before it could remove its file: the next attempt does.
    (first.storage_settings.data_dir / "blobs" / left).parent.mkdir(parents=True, exist_ok=True)
    (first.storage_settings.data_dir / "blobs" / left).write_bytes(b"{}\n")
    assert await export_leads(second) is None
    assert not first.blobs.exists(left)
    assert (await result_of(second))["blob"] == f"exports/{job_id}/2/leads.jsonl"
    with pytest.raises(LeaseLostError):
        await export_leads(second)
    assert [line["source"] for line in (await api.get(LEDGER)).json()["items"]] == ["job"]


async def test_who_is_suppressed_while_a_job_writes_is_not_in_its_file(
    api: httpx2.AsyncClient,
    database: Database,
    account: KeyedAccount,
    claimed: Claim,
    schools: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches = 0

    async def suppressed_behind_the_first_batch(*arguments: Any, **options: Any) -> Any:
        nonlocal batches
        found = await lead_batch(*arguments, **options)
        batches += 1
        if batches == 1:
            async with database.tenant(account.account.organization_id) as connection:
                entry = NewEntry(email_key(ANN), "request")
                await add_entries(connection, account.account.organization_id, account.account.user_id, [entry])
        return found

    monkeypatch.setattr(export_work, "lead_batch", suppressed_behind_the_first_batch)
    attempt = await claimed()
    assert await export_leads(attempt) is None
    assert batches == 2, "written a second time"
    got = await api.get(f"/api/v1/jobs/{attempt.lease.job_id}/result")
    assert [row["name"] for row in csv.DictReader(StringIO(got.text))] == ["Bo Boyd", "Cy Cole"]
    assert [line["rows"] for line in (await api.get(LEDGER)).json()["items"]] == [2, 2]
    # A file is not given out any more once it may have somebody who is on the list.
    await api.post("/api/v1/suppressions", json={"entries": [{"kind": "email", "email": "else@oak.example"}]})
    gone = await api.get(f"/api/v1/jobs/{attempt.lease.job_id}/result")
    assert (gone.status_code, gone.json()["code"]) == (410, "EXPORT_OUTDATED")


async def test_a_list_that_keeps_growing_ends_the_job_with_its_reason(
    database: Database,
    account: KeyedAccount,
    claimed: Claim,
    schools: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = 0

    async def suppressed_behind_each_batch(*arguments: Any, **options: Any) -> Any:
        nonlocal number
        number += 1
        async with database.tenant(account.account.organization_id) as connection:
            entry = NewEntry(email_key(f"n{number}@oak.example"), "request")
            await add_entries(connection, account.account.organization_id, account.account.user_id, [entry])
        return await lead_batch(*arguments, **options)

    monkeypatch.setattr(export_work, "lead_batch", suppressed_behind_each_batch)
    attempt = await claimed()
    with pytest.raises(WorkError, match="grew each of 5 times") as refused:
        await export_leads(attempt)
    assert (refused.value.code, number) == ("SUPPRESSIONS_CHANGING", export_work.ROUNDS)
    assert not attempt.blobs.exists(f"exports/{attempt.lease.job_id}/1/leads.csv")


async def test_a_job_tells_its_progress_seldom_and_stops_between_batches(
    api: httpx2.AsyncClient,
    database: Database,
    account: KeyedAccount,
    claimed: Claim,
    schools: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("storage.leads.LEAD_SCHOOLS", 1)
    attempt = await claimed()
    await export_leads(attempt)
    path = f"/api/v1/jobs/{attempt.lease.job_id}/events"
    events = (await api.get(path, headers={"Accept": "application/json"})).json()["items"]
    progress = [event["payload"] for event in events if event["kind"] == "progress"]
    assert progress[-1] == {"done": 4, "total": 4, "rows": 4}
    assert len(progress) <= 2, "at most the first batch and the end"
    stopped = await claimed()
    stopped.stop.set()
    settlement = await export_leads(stopped)
    assert settlement == Settlement(JobState.QUEUED)
    async with database.tenant(account.account.organization_id) as connection:
        await connection.execute(update(Job).where(Job.id == stopped.lease.job_id).values(state="running"))
    assert len((await api.get(LEDGER)).json()["items"]) == 1
