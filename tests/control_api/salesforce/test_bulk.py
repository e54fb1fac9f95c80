"""Ingest jobs against the fake org, with simple-salesforce, unmodified, as a second opinion on what is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from control_api.salesforce.bulk import BulkIngest, IngestInfo, NewIngest, _lines, csv_content
from control_api.salesforce.errors import SalesforceRefusedError, SalesforceUnavailableError
from tests.control_api.salesforce.conftest import ClientBy
from tests.fakes.salesforce.org import EXTERNAL_ID, RULE_ID
from tests.fakes.salesforce.server import CLIENT_ID, CLIENT_SECRET, FakeSalesforce

COLUMNS = [EXTERNAL_ID, "FirstName", "LastName", "Company", "Email", "Phone", "Description"]
LEADS = NewIngest("Lead", "upsert", EXTERNAL_ID)
TRAPS = [
    ["k1", "Zoë", "Núñez", "Alder, Elementary", "z@alder.example", "+1 555 0100", 'She said "hi"\nand left\u2028twice'],
    ["k2", "Tam", "O'Rrin", "Birch \u00a0Elementary", "", "", "=1+1"],
]


@pytest.fixture
def bulk(client_by: ClientBy) -> BulkIngest:
    return BulkIngest(client_by())


def run(bulk: BulkIngest, new: NewIngest, columns: list[str], rows: list[list[str]]) -> IngestInfo:
    job = bulk.create(new)
    content, sent = csv_content(columns, rows)
    assert sent == len(rows)
    bulk.upload(job.id, content)
    bulk.close(job.id)
    for _ in range(10):
        job = bulk.info(job.id)
        if job.state in {"JobComplete", "Failed", "Aborted"}:
            break
    return job


async def test_rows_arrive_as_they_are_and_come_back_as_they_were(fake: FakeSalesforce, bulk: BulkIngest) -> None:
    job = await asyncio.to_thread(run, bulk, LEADS, COLUMNS, TRAPS)
    assert (job.state, job.number_records_processed, job.number_records_failed) == ("JobComplete", 2, 0)
    for row in TRAPS:
        assert {name: fake.org.lead(row[0]).get(name, "") for name in COLUMNS} == dict(zip(COLUMNS, row, strict=True))
    for _ in range(4):  # whichever charset is declared
        back = await asyncio.to_thread(lambda: list(bulk.results(job.id, "successfulResults")))
        assert sorted([one[name] for name in COLUMNS] for one in back) == TRAPS
        assert {one["sf__Created"] for one in back} == {"true"}


async def test_what_is_blank_overwrites_nothing_and_a_repeat_makes_nobody_twice(
    fake: FakeSalesforce, bulk: BulkIngest
) -> None:
    await asyncio.to_thread(run, bulk, LEADS, COLUMNS, TRAPS)
    again = [["K1", "Zoë", "Nunez", "Alder", "", "", ""]]
    job = await asyncio.to_thread(run, bulk, LEADS, COLUMNS, again)
    assert len(fake.org.leads) == 2
    assert (fake.org.leads[0]["LastName"], fake.org.leads[0]["Email"]) == ("Nunez", "z@alder.example")
    [row] = await asyncio.to_thread(lambda: list(bulk.results(job.id, "successfulResults")))
    assert row["sf__Created"] == "false"


async def test_every_row_may_fail_in_a_job_that_is_complete(bulk: BulkIngest) -> None:
    rows = [["k1", "A", "", "Alder", "", "", ""], ["k2", "B", "B", "Birch", "no address", "", ""]]
    job = await asyncio.to_thread(run, bulk, LEADS, COLUMNS, [*rows, rows[1]])
    assert (job.state, job.number_records_processed, job.number_records_failed) == ("JobComplete", 3, 3)
    failed = await asyncio.to_thread(lambda: list(bulk.results(job.id, "failedResults")))
    assert {one["sf__Error"].partition(":")[0] for one in failed} == {
        "REQUIRED_FIELD_MISSING",
        "INVALID_EMAIL_ADDRESS",
        "DUPLICATE_EXTERNAL_ID",
    }


async def test_an_unknown_column_fails_the_whole_job_with_its_name(bulk: BulkIngest) -> None:
    job = await asyncio.to_thread(run, bulk, LEADS, [EXTERNAL_ID, "LastName", "Foo__c"], [["k1", "A", "x"]])
    assert (job.state, job.error_message) == ("Failed", "InvalidBatch : Field name not found : Foo__c")
    rest = await asyncio.to_thread(lambda: list(bulk.results(job.id, "unprocessedrecords")))
    assert rest == [{EXTERNAL_ID: "k1", "LastName": "A", "Foo__c": "x"}]


async def test_data_is_taken_once_and_an_aborted_job_does_nothing(fake: FakeSalesforce, bulk: BulkIngest) -> None:
    job = await asyncio.to_thread(bulk.create, LEADS)
    content, _ = csv_content(COLUMNS, TRAPS)
    await asyncio.to_thread(bulk.upload, job.id, content)
    with pytest.raises(SalesforceRefusedError, match="only do 'PUT' once"):
        await asyncio.to_thread(bulk.upload, job.id, content)
    for _ in range(2):  # the second time it is too late, which is told as it is
        assert (await asyncio.to_thread(bulk.abort, job.id)).state == "Aborted"
    assert fake.org.leads == []


async def test_a_job_whose_answer_was_lost_is_found_among_those_left_open(
    fake: FakeSalesforce, bulk: BulkIngest
) -> None:
    await asyncio.to_thread(bulk.create, NewIngest("CampaignMember", "insert"))
    fake.misbehave("lost")
    with pytest.raises(SalesforceUnavailableError):
        await asyncio.to_thread(bulk.create, LEADS)
    now, minute = datetime.now(UTC), timedelta(minutes=1)
    [found] = await asyncio.to_thread(bulk.left_open, LEADS, now - minute, now + minute)
    assert found.id in fake.ingest.jobs
    assert await asyncio.to_thread(bulk.left_open, LEADS, now + minute, now + 2 * minute) == []


async def test_the_session_is_renewed_between_any_two_steps(fake: FakeSalesforce, bulk: BulkIngest) -> None:
    fake.one_request_a_session = True
    job = await asyncio.to_thread(run, bulk, NewIngest("Lead", "upsert", EXTERNAL_ID, RULE_ID), COLUMNS, TRAPS)
    assert (job.state, len(fake.org.leads), fake.org.assigned[RULE_ID]) == ("JobComplete", 2, 2)
    assert fake.count("PUT") == 2, "once without a session, once with"


def test_an_upload_has_no_more_than_finds_room_and_letters_are_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control_api.salesforce.bulk.LARGEST_UPLOAD_BYTES", 40)
    content, count = csv_content(["A"], [["ä" * 10], ["b" * 10], ["c" * 10]])
    assert (count, content.decode()) == (2, f"A\n{'ä' * 10}\n{'b' * 10}\n")
    whole = "x,ä\u2028y\r\nlast".encode()
    chunks: Iterator[bytes] = (bytes([byte]) for byte in whole)
    assert list(_lines(chunks)) == ["x,ä\u2028y\r\n", "last"]


class ToFake(HTTPAdapter):
    """Leads simple-salesforce, which knows no other hosts, to the fake."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # pyright: ignore[reportIncompatibleMethodOverride]
        path = request.path_url
        request.url = f"{self.url}{path}"
        return super().send(request, **kwargs)


def witness(fake: FakeSalesforce) -> Salesforce:
    """simple-salesforce as everybody uses it."""
    session = requests.Session()
    session.mount("https://", ToFake(fake.url))
    return Salesforce(consumer_key=CLIENT_ID, consumer_secret=CLIENT_SECRET, domain="acme.my", session=session)


async def test_simple_salesforce_sees_what_we_wrote_and_writes_what_we_see(
    fake: FakeSalesforce, bulk: BulkIngest
) -> None:
    await asyncio.to_thread(run, bulk, LEADS, COLUMNS, TRAPS)

    def look_and_write() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        other = witness(fake)
        seen = other.query_all(f"SELECT {', '.join(COLUMNS)} FROM Lead")["records"]
        rows = [{EXTERNAL_ID: "k3", "LastName": "Quill", "Company": "Cedar"}, {EXTERNAL_ID: "k4", "Company": "X"}]
        loader: Any = other.bulk2  # it takes any name for an object's, which no checker knows
        wrote = loader.Lead.upsert(records=rows, external_id_field=EXTERNAL_ID, wait=0)
        return seen, wrote

    seen, [wrote] = await asyncio.to_thread(look_and_write)
    assert [[one[name] or "" for name in COLUMNS] for one in seen] == TRAPS
    assert (wrote["numberRecordsProcessed"], wrote["numberRecordsFailed"]) == (2, 1)
    failed = await asyncio.to_thread(lambda: list(bulk.results(wrote["job_id"], "failedResults")))
    assert failed[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]")
    assert fake.org.lead("k3")["LastName"] == "Quill"
