"""Kept pages read again: what a crawl would store, dated as the pages were fetched, and nobody is asked."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from sqlalchemy import Row, delete, func, insert, select, update

from control_api.work.attempt import Attempt
from control_api.work.crawl import reextract_staff
from control_api.work.launcher import Launcher
from control_api.work.settings import WorkerSettings
from crawler.visits import Step
from storage.blobs import Blobs
from storage.conninfo import conninfo
from storage.database import Database
from storage.jobs import JobKind, JobState, NewJob, create_job
from storage.kept_pages import FetchedPage, pack_body, store_pages
from storage.leases import Limits, Settlement, claim_job, enlist_worker, settle
from storage.models import Evidence, Job, PageBody, PageVisit, StaffMember, StaffPost, Target
from storage.settings import StorageSettings
from storage.targets import SchoolSelection, plan_harvest
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf
from tests.control_api.rows import add_document, add_person, add_school, add_website
from tests.crawler.conftest import home_page, staff_table
from tests.crawler.shells import shell
from tests.extraction.staff.papers.lists import columns_under_departments
from tests.processes import started

FETCHED = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
WAIT_SECONDS = 60.0
HTML = "text/html; charset=utf-8"
ROSALIND = ("Rosalind Aldermere", "Principal", "raldermere@quillfern.test")
TOBIAS = ("Tobias Quennell", "School Counselor", "tquennell@quillfern.test")
IMELDA = ("Imelda Farrowby", "Third Grade Teacher", "ifarrowby@quillfern.test")


@dataclass(slots=True)
class Archive:
    """A harvest that has ended, with the pages that it kept, and jobs that read them again as a worker does."""

    database: Database
    account: KeyedAccount
    storage_settings: StorageSettings
    worker: int
    harvest: UUID
    launcher: Launcher

    async def keep(
        self, name: str, *pages: tuple[str, str, bytes | str], site: str | None = None, people: int = 0
    ) -> int:
        """A school with its kept pages: path, kind of step (or `shown`) and body; the home page first."""
        who, host = self.account.account, f"http://{name.split(maxsplit=1)[0].lower()}.test"
        async with self.database.tenant(who.organization_id) as connection:
            school_id = await add_school(connection, who, name, state="NJ")
            await add_website(connection, who, school_id, site or f"{host}/")
            await connection.execute(
                insert(Target).values(
                    organization_id=who.organization_id,
                    job_id=self.harvest,
                    school_id=school_id,
                    state="done",
                    outcome="staff",
                    people=people,
                    updated_at=FETCHED,
                )
            )
            kept = [kept_page(school_id, host, number, *page) for number, page in enumerate(pages)]
            await store_pages(connection, kept, organization_id=who.organization_id, job_id=self.harvest)
        return school_id

    async def new_job(self, kind: JobKind = JobKind.REEXTRACT_STAFF, **params: Any) -> UUID:
        who = self.account.account
        wanted = params or ({"job_id": str(self.harvest)} if kind is JobKind.REEXTRACT_STAFF else {})
        async with self.database.tenant(who.organization_id) as connection:
            return (await create_job(connection, NewJob(who.organization_id, who.user_id, kind, wanted)))[0]

    async def attempt(self, job_id: UUID) -> Attempt:
        lease = await claim_job(self.database, job_id, self.worker, Limits())
        assert lease is not None
        blobs = Blobs.configured(self.storage_settings)
        settings = WorkerSettings(stop_seconds=1)
        return Attempt(lease, self.database, blobs, settings, self.storage_settings, self.launcher)

    async def read(self, job_id: UUID) -> Settlement:
        """One attempt, settled."""
        attempt = await self.attempt(job_id)
        settlement = await reextract_staff(attempt)
        assert settlement is not None
        await settle(self.database, attempt.lease, settlement)
        return settlement

    async def targets(self, job_id: UUID) -> dict[int, Row[Any]]:
        rows = await self.rows(select(Target.__table__).where(Target.job_id == job_id))
        return {row.school_id: row for row in rows}

    async def rows(self, query: Any) -> list[Any]:
        async with self.database.tenant(self.account.account.organization_id) as connection:
            return list((await connection.execute(query)).all())

    async def change(self, statement: Any) -> None:
        async with self.database.tenant(self.account.account.organization_id) as connection:
            await connection.execute(statement)

    async def people(self, school_id: int) -> set[tuple[str, str | None]]:
        posts = select(StaffMember.name, StaffMember.email).join(StaffPost)
        return {(name, email) for name, email in await self.rows(posts.where(StaffPost.school_id == school_id))}


def kept_page(school_id: int, host: str, number: int, path: str, kind: str, body: bytes | str) -> FetchedPage:
    shown, html = kind == "shown", isinstance(body, str)
    step = Step(host + path, "link" if shown else kind, 1.0, number, "Staff Directory", shown=shown)
    return FetchedPage(
        school_id,
        step.url,
        shown,
        step.url,
        200,
        HTML if html else "application/pdf",
        html,
        {"url": step.url, "kind": step.kind, "score": 1.0, "note": step.note, "shown": shown},
        pack_body(body.encode() if isinstance(body, str) else body),
        FETCHED + timedelta(seconds=number),
    )


@pytest.fixture
async def archive(
    database: Database,
    storage_settings: StorageSettings,
    account: KeyedAccount,
    launcher: Launcher,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Archive]:
    # Whoever wanted to ask a site could not: there is no contact, and no name has an address.
    monkeypatch.delenv("TITLE1_CRAWL_CONTACT", raising=False)
    monkeypatch.setenv("TITLE1_CRAWL_HOSTS_ONLY", "1")
    session = await database.connect()
    found = Archive(database, account, storage_settings, await enlist_worker(session), UUID(int=0), launcher)
    found.harvest = await found.new_job(JobKind.HARVEST_STAFF)
    await found.change(update(Job).where(Job.id == found.harvest).values(state=JobState.SUCCEEDED))
    yield found
    await session.close()


def home(name: str) -> tuple[str, str, str]:
    return "/", "home", home_page(name, {"Staff Directory": "/staff"}, "Welcome, where every child learns. " * 20)


async def test_kept_pages_are_read_as_a_crawl_would_and_dated_as_they_were_fetched(archive: Archive) -> None:
    pdf, listed = columns_under_departments()
    quillfern = await archive.keep(
        "Quillfern Elementary", home("Quillfern"), ("/staff", "link", staff_table(ROSALIND, TOBIAS)), people=1
    )
    larkspur = await archive.keep("Larkspur Elementary", home("Larkspur"), ("/staff.pdf", "document", pdf), people=2)
    pine = await archive.keep(
        "Pine Elementary", home("Pine"), ("/staff", "link", shell()), ("/staff", "shown", staff_table(IMELDA))
    )
    who = archive.account.account
    async with archive.database.tenant(who.organization_id) as connection:
        # Whom the new reading does not find stays.
        await add_person(connection, who, "Wilhelmina Ostrander", [quillfern])

    job_id = await archive.new_job()
    settlement = await archive.read(job_id)

    assert settlement.state is JobState.SUCCEEDED, settlement
    told = {name: settlement.result[name] for name in ("schools", "pages", "pages_gone", "people_before", "people")}
    assert told == {"schools": 3, "pages": 6, "pages_gone": 0, "people_before": 3, "people": 3 + len(listed)}
    assert settlement.result["outcomes"] == {"staff": 3}
    kept = {("Wilhelmina Ostrander", None), (ROSALIND[0], ROSALIND[2]), (TOBIAS[0], TOBIAS[2])}
    assert await archive.people(quillfern) == kept
    assert {name for name, _ in await archive.people(larkspur)} == {name for name, *_ in listed}
    assert await archive.people(pine) == {(IMELDA[0], IMELDA[2])}
    places = await archive.rows(select(Evidence.url, Evidence.seen_at, Evidence.job_id, Evidence.page).distinct())
    assert {(url, at, page is not None) for url, at, _, page in places} == {
        ("http://quillfern.test/staff", FETCHED + timedelta(seconds=1), False),
        ("http://larkspur.test/staff.pdf", FETCHED + timedelta(seconds=1), True),
        ("http://pine.test/staff", FETCHED + timedelta(seconds=2), False),
    }
    assert {job for _, _, job, _ in places} == {job_id}
    ((first, last),) = await archive.rows(
        select(StaffPost.first_seen, StaffPost.last_seen).where(StaffPost.school_id == pine)
    )
    assert first == last == FETCHED + timedelta(seconds=2)
    assert {at for (at,) in await archive.rows(select(PageVisit.fetched_at))} <= {
        FETCHED + timedelta(seconds=number) for number in range(3)
    }
    # The site was not visited: the next harvest is due as it was before.
    async with archive.database.tenant(who.organization_id) as connection:
        again = await archive.new_job(JobKind.HARVEST_STAFF)
        selection = SchoolSelection()
        await plan_harvest(
            connection, organization_id=who.organization_id, job_id=again, selection=selection, fresh_days=7
        )
    assert {target.state for target in (await archive.targets(again)).values()} == {"pending"}


async def test_what_is_gone_or_no_more_the_schools_is_told_and_nothing_is_taken_from_it(archive: Archive) -> None:
    page = ("/staff", "link", staff_table(ROSALIND))
    part = await archive.keep("Part Elementary", home("Part"), page, ("/more", "next", staff_table(TOBIAS)))
    gone = await archive.keep("Gone Elementary", home("Gone"), page)
    moved = await archive.keep("Moved Elementary", home("Moved"), page, site="http://other.test/")
    newer = await archive.keep("Newer Elementary", home("Newer"), page)
    await archive.change(delete(PageBody).where((PageBody.school_id == gone) | (PageBody.sha256 == hash_of(TOBIAS))))
    later = await archive.new_job(JobKind.HARVEST_STAFF)
    values = {"job_id": later, "school_id": newer, "state": "done", "outcome": "staff"}
    await archive.change(insert(Target).values(organization_id=archive.account.account.organization_id, **values))

    job_id = await archive.new_job()
    settlement = await archive.read(job_id)

    assert settlement.result["outcomes"] == {"staff": 1, "pages_gone": 1, "other_site": 1, "read_since": 1}
    assert (settlement.result["pages"], settlement.result["pages_gone"], settlement.result["people"]) == (2, 3, 1)
    targets = await archive.targets(job_id)
    assert targets[part].reason.endswith("; 1 of 3 pages are kept no more")
    assert (targets[part].state, targets[part].pages, targets[part].pages_gone) == ("done", 2, 1)
    assert (targets[gone].state, targets[gone].pages_gone) == ("skipped", 2)
    assert "harvest it again" in targets[gone].reason
    assert "harvest it again" in targets[moved].reason
    assert "another harvest" in targets[newer].reason
    assert await archive.people(part) == {(ROSALIND[0], ROSALIND[2])}
    assert [await archive.people(school) for school in (gone, moved, newer)] == [set(), set(), set()]


async def test_kept_pages_do_not_bring_back_who_was_suppressed_since(api: httpx2.AsyncClient, archive: Archive) -> None:
    pages = (
        ("/leaders", "link", staff_table((*ROSALIND[:2], ""), IMELDA)),
        ("/staff", "link", staff_table(ROSALIND, TOBIAS)),
    )
    quillfern = await archive.keep("Quillfern Elementary", home("Quillfern"), *pages)
    await archive.read(await archive.new_job())
    assert {name for name, _ in await archive.people(quillfern)} == {ROSALIND[0], TOBIAS[0], IMELDA[0]}
    answer = await api.post("/api/v1/suppressions", json={"entries": [{"kind": "email", "email": ROSALIND[2]}]})
    assert answer.json()["posts_deleted"] == 1

    settlement = await archive.read(await archive.new_job())

    assert {name for name, _ in await archive.people(quillfern)} == {TOBIAS[0], IMELDA[0]}
    assert (settlement.result["people"], settlement.result["pages"]) == (2, 3)
    # The first page prints her name alone, as it is known since the entry from what was stored.
    assert settlement.result["suppressed"] == {"email": 1, "person": 1}


def hash_of(*people: tuple[str, str, str]) -> str:
    return pack_body(staff_table(*people).encode()).sha256


@pytest.mark.untraced
@pytest.mark.parametrize("killed", [True, False], ids=["killed", "paused"])
async def test_a_rereading_that_ends_in_its_middle_goes_on_with_the_school_where_it_was(
    archive: Archive, database_url: str, *, killed: bool
) -> None:
    tables = [staff_table(ROSALIND), staff_table(TOBIAS), staff_table(IMELDA)]
    names = ("Ash Elementary", "Birch Elementary", "Cedar Elementary")
    schools = [
        await archive.keep(name, home(name), ("/staff", "link", table))
        for name, table in zip(names, tables, strict=True)
    ]
    job_id = await archive.new_job()
    attempt = await archive.attempt(job_id)
    with psycopg.connect(conninfo(database_url)) as blocker:
        # What its second school would write is being written by somebody else, as long as we like.
        blocker.execute(
            "INSERT INTO page_visit SELECT %s, %s, 'http://birch.test/staff', 200, 'staff', '', 0, now(), %s",
            [job_id, schools[1], archive.account.account.organization_id],
        )
        async with asyncio.timeout(WAIT_SECONDS):
            running = asyncio.create_task(reextract_staff(attempt))
            while not is_waited_for(database_url):  # noqa: ASYNC110  another process is waited for
                await asyncio.sleep(0.05)
            if killed:
                [spider] = started("crawler.forkserver").children()
                os.killpg(spider.pid, signal.SIGKILL)
            else:
                attempt.stop.set()
            settlement = await running
        blocker.rollback()
    assert settlement is not None
    assert (settlement.state, settlement.failure) == (JobState.QUEUED, killed)
    states = {school: target.state for school, target in (await archive.targets(job_id)).items()}
    assert [states[school] for school in schools] == ["done", "pending", "pending"]
    await settle(archive.database, attempt.lease, settlement)

    ended = await archive.read(job_id)
    assert (ended.state, ended.result["people"], ended.result["pages"]) == (JobState.SUCCEEDED, 3, 6)
    assert await archive.rows(select(func.count()).select_from(StaffMember)) == [(3,)]
    told = "jsonb_array_elements(payload->'schools')->>'school_id'"
    ends = f"SELECT {told} FROM job_event WHERE job_id = %s AND kind = 'target' ORDER BY seq"
    with psycopg.connect(conninfo(database_url)) as connection:
        assert [int(school) for (school,) in connection.execute(ends, [job_id])] == schools


def is_waited_for(database_url: str) -> bool:
    """Whether somebody waits for what is held."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(conninfo(database_url)) as connection:
        return connection.execute(blocked).fetchone() != (0,)


async def test_a_job_whose_pages_cannot_be_read_again_is_told_why(
    api: httpx2.AsyncClient, client_of: ClientOf, outsider: KeyedAccount, archive: Archive
) -> None:
    async def refused(job_id: object, by: httpx2.AsyncClient = api) -> tuple[int, str]:
        answer = await by.post("/api/v1/jobs", json={"kind": "reextract_staff", "params": {"job_id": str(job_id)}})
        return answer.status_code, answer.json().get("detail", "")

    nobodys = uuid4()
    assert await refused(nobodys) == (404, f"There is no job {nobodys}.")
    status, told = await refused(archive.harvest)
    assert (status, "Harvest the schools again." in told) == (409, True)
    await archive.keep("Quillfern Elementary", home("Quillfern"))
    assert await refused(archive.harvest, client_of(outsider)) == (404, f"There is no job {archive.harvest}.")
    assert (await refused(archive.harvest))[0] == 201
    export = await archive.new_job(JobKind.EXPORT_LEADS)
    status, told = await refused(export)
    assert (status, "of the kind export_leads" in told) == (409, True)
    running = await archive.new_job(JobKind.HARVEST_STAFF)
    status, told = await refused(running)
    assert (status, "Wait for it, or cancel it." in told) == (409, True)
    who = archive.account.account
    async with archive.database.tenant(who.organization_id) as connection:
        document_id = await add_document(connection, who)
    pipeline = await archive.new_job(JobKind.PIPELINE, document_id=str(document_id))
    await archive.change(update(Job).where(Job.id == archive.harvest).values(parent_id=pipeline))
    status, told = await refused(pipeline)
    assert (status, str(archive.harvest) in told) == (409, True)
