"""Pushes of people to the fake org: what arrives, what is told of each person, and what an outage does."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import update

from control_api.salesforce.session import SalesforceSession
from storage.database import Database
from storage.jobs import JobState
from storage.models import StaffMember
from storage.suppression import email_key
from storage.suppression_list import NewEntry, add_entries
from tests.control_api.rows import add_person, add_school
from tests.control_api.salesforce.pushing import KilledError, Pushes, add_crowd
from tests.fakes.salesforce.org import EXTERNAL_ID, RULE_ID


@pytest.fixture
async def crowd(database: Database, pushes: Pushes) -> list[int]:
    """Seven people at five schools."""
    return await add_crowd(database, pushes.account, 7)


async def test_everybody_arrives_once_as_they_are_stored(pushes: Pushes, crowd: list[int]) -> None:
    job = await pushes.attempt(await pushes.ask())
    assert (job.state, job.done, job.total) == (JobState.SUCCEEDED, 7, 7), job.reason
    assert job.result["states"] == {"created": 7}
    lead = pushes.fake.org.lead(pushes.key(crowd[1]))
    assert {name: value for name, value in lead.items() if name not in {"Id", "Description"}} == {
        EXTERNAL_ID: pushes.key(crowd[1]),
        "FirstName": "Zoë",
        "LastName": "Núñez-1",
        "Title": 'Teacher, "Grade 3"',
        "Company": "Alder 1, Elementary",
        "Email": "z1@alder.example",
        "Phone": "+1 555 0100",
        "City": "Katy",
        "State": "TX",
        "PostalCode": "77449",
        "Country": "United States",
        "LeadSource": "Title1",
    }
    assert lead["Description"].startswith("Published at https://alder1.example/staff, seen 20")
    again = await pushes.attempt(await pushes.ask())
    assert (again.result["states"], len(pushes.fake.org.leads)) == ({"updated": 7}, 7)
    rows = await pushes.rows(again.id)
    assert [row.lead_id for row in rows] == [pushes.fake.org.lead(row.key)["Id"] for row in rows]


async def test_somebody_at_two_schools_is_one_lead(database: Database, pushes: Pushes) -> None:
    async with database.tenant(pushes.account.organization_id) as connection:
        schools = [await add_school(connection, pushes.account, name) for name in ("Alder", "Birch")]
        await add_person(connection, pushes.account, "Odile Brannock", schools)
    job = await pushes.attempt(await pushes.ask())
    assert (job.result["states"], [lead["Company"] for lead in pushes.fake.org.leads]) == ({"created": 1}, ["Alder"])


async def test_what_is_refused_is_told_of_each_person_without_their_values(
    database: Database, pushes: Pushes, crowd: list[int]
) -> None:
    async with database.tenant(pushes.account.organization_id) as connection:
        for staff_id, values in {
            crowd[0]: {"email": "no address", "email_state": "published"},
            crowd[1]: {"last_name": " "},
            crowd[2]: {"title": "T" * 200},
            crowd[3]: {"email": "guessed@alder.example", "email_state": "none"},
        }.items():
            await connection.execute(update(StaffMember).where(StaffMember.id == staff_id).values(**values))
    pushes.fake.org.add("Lead", LastName="X", Company="Y", Email="z5@alder.example")
    pushes.fake.org.duplicate_rule = True
    pushes.fake.org.locked[pushes.key(crowd[4])] = 1
    pushes.fake.org.locked[pushes.key(crowd[6])] = 9
    job = await pushes.attempt(await pushes.ask())
    rows = await pushes.rows(job.id)
    told = {row.staff_member_id: (row.state, row.code, row.retryable) for row in rows}
    assert told == {
        crowd[0]: ("error", "INVALID_EMAIL_ADDRESS", False),
        crowd[1]: ("skipped", "NOTHING_TO_SEND", False),
        crowd[2]: ("created", None, False),
        crowd[3]: ("created", None, False),
        crowd[4]: ("created", None, False),
        crowd[5]: ("duplicate", "DUPLICATES_DETECTED", False),
        crowd[6]: ("error", "UNABLE_TO_LOCK_ROW", True),
    }
    assert rows[0].message == "Email: invalid email address: …:Email"
    assert (job.state, job.result["retryable"], job.result["changed"]) == (JobState.SUCCEEDED, 1, {"Title": 1})
    assert len(pushes.fake.org.lead(pushes.key(crowd[2]))["Title"]) == 128
    assert "Email" not in pushes.fake.org.lead(pushes.key(crowd[3])), "an address that is not published is never sent"
    assert [row.tries for row in rows] == [1, 0, 1, 1, 2, 1, 3]

    pushes.fake.org.locked.clear()
    retried = await pushes.attempt(await pushes.ask(retry_of=str(job.id)))
    assert (retried.total, retried.result["states"]) == (1, {"created": 1})


async def test_whom_the_list_names_is_not_sent_however_late_the_entry_comes(
    database: Database, pushes: Pushes, crowd: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await pushes.ask()
    crash_at(monkeypatch, "POST jobs/ingest", after=False)
    assert (await pushes.attempt(job_id)).state == JobState.QUEUED
    assert [row.state for row in await pushes.rows(job_id)] == ["pending"] * 7
    async with database.tenant(pushes.account.organization_id) as connection:
        entry = NewEntry(email_key("z1@alder.example"), "request")
        await add_entries(connection, pushes.account.organization_id, pushes.account.user_id, [entry])
        # A row that came back by another way, such as a backup that was restored.
        await connection.execute(update(StaffMember).where(StaffMember.id == crowd[2]).values(email="z1@alder.example"))
    job = await pushes.attempt(job_id)
    assert job.result["states"] == {"created": 5, "skipped": 1, "suppressed": 1}
    assert job.result["codes"] == {"GONE": 1, "SUPPRESSED": 1}
    assert not any(lead.get("Email") == "z1@alder.example" for lead in pushes.fake.org.leads)


async def test_members_join_the_campaign_after_their_leads_and_are_members_already_the_second_time(
    pushes: Pushes, crowd: list[int]
) -> None:
    campaign = pushes.fake.org.add("Campaign", Name="Autumn")
    for _ in range(2):
        job = await pushes.attempt(await pushes.ask(campaign_id=campaign))
        assert (job.state, job.result["members"], job.result["uploads"]) == (JobState.SUCCEEDED, {"member": 7}, 2)
    assert Counter(member["CampaignId"] for member in pushes.fake.org.members) == {campaign: 7}


async def test_the_assignment_rule_is_asked_for(database: Database, pushes: Pushes, crowd: list[int]) -> None:
    other = Pushes(database, pushes.account, pushes.storage_settings, pushes.fake)
    await other.connect(assignment_rule_id=RULE_ID)
    await other.attempt(await other.ask())
    assert pushes.fake.org.assigned == {RULE_ID: 7}


async def test_an_outage_is_a_job_that_waits_with_its_reason_and_no_failure(pushes: Pushes, crowd: list[int]) -> None:
    job_id = await pushes.ask()
    pushes.fake.down = True
    waits: list[float] = []
    for _ in range(7):
        job = await pushes.attempt(job_id)
        assert (job.state, job.failures, job.error_code) == (JobState.QUEUED, 0, "SALESFORCE_UNAVAILABLE")
        assert job.reason == "waits for Salesforce: Salesforce answers 503 (SERVER_UNAVAILABLE)."
        waits.append(job.checkpoint["waits"])
    assert waits == [1, 2, 3, 4, 5, 6, 7]
    pushes.fake.down = False
    pushes.fake.misbehave("limit")
    assert "takes no more requests now" in (await pushes.attempt(job_id)).reason
    job = await pushes.attempt(job_id)
    assert (job.state, job.result["states"]) == (JobState.SUCCEEDED, {"created": 7})


MISFITS: list[tuple[dict[str, Any], str]] = [
    ({"mapping": {"Compny": "school"}}, r"no field Compny on Lead.*did you mean Company\?"),
    ({"mapping": {"OwnerId": "=0055g000001AbCd"}}, "may not write OwnerId"),
    ({"mapping": {"Company": None}}, "Nothing is mapped to Company"),
    ({"mapping": {"DoNotCall": "phone"}}, "DoNotCall is of the type boolean"),
    ({"mapping": {"Rating": "=Boiling"}}, "Rating takes only Cold, Hot, Warm"),
    ({"mapping": {EXTERNAL_ID: "email"}}, "holds the external id"),
    ({"key_field": "Missing__c"}, "no field Missing__c on Lead: make it in Setup"),
    ({"key_field": "Email"}, "Email is no External ID"),
    ({"key_field": "Source_Key__c"}, "at least 31 letters"),
    ({"campaign_id": "7015g0000000000AAA"}, "no campaign 701"),
    ({"assignment_rule_id": "01Q5g000000XXXX"}, "no assignment rule"),
]


async def test_a_mapping_that_does_not_fit_fails_at_once_by_name(database: Database, pushes: Pushes) -> None:
    for values, words in MISFITS:
        other = Pushes(database, pushes.account, pushes.storage_settings, pushes.fake)
        await other.connect(**values)
        job = await other.attempt(await other.ask())
        assert (job.state, job.error_code) == (JobState.FAILED, "SALESFORCE_MAPPING"), values
        assert re.search(words, job.reason), job.reason
    assert pushes.fake.count("POST /services/data") == 0


def crash_at(monkeypatch: pytest.MonkeyPatch, wanted: str, *, after: bool) -> None:
    """The worker dies before or after the next request that is `wanted`, once."""
    left = [1]
    send = SalesforceSession._sent

    def dying(self: SalesforceSession, method: Any, address: str, *args: Any, **kwargs: Any) -> Any:
        verb, _, ending = wanted.partition(" ")
        hit = method == verb and address.rstrip("/").endswith(ending) and left[0] > 0
        if hit:
            left[0] -= 1
        if hit and not after:
            raise KilledError
        answer = send(self, method, address, *args, **kwargs)
        if hit:
            raise KilledError
        return answer

    monkeypatch.setattr(SalesforceSession, "_sent", dying)
