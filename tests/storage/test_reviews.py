"""What people decide about websites and links stands, is kept with who and when, and crawls and linkages leave it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account
from storage.database import Database
from storage.directory import COLUMNS, import_directory
from storage.errors import NotFoundError
from storage.filters import SchoolFilter
from storage.finding import find_schools
from storage.jobs import JobKind
from storage.links import FoundLink, LinkedBy, decide_link, find_links, get_link, store_links
from storage.models import Evidence, School, StaffMember, StaffPost, Website
from storage.reviews import Decider, accept_site, candidates_of, decisions_of, reject_sites
from storage.staff import store_people
from storage.targets import (
    SchoolSelection,
    end_target,
    pending_schools,
    plan_discovery,
    plan_harvest,
    target_outcomes,
)
from storage.websites import Candidate, decide_website, site_key, store_candidates
from tests.storage.conftest import MakeJob, make_tenant
from tests.storage.test_records import PERSON, add_schools, listed

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class Case:
    """One school in one organization, and what happens to it."""

    def __init__(self, database: Database, tenant: Account, job_id: UUID, school_id: int, document_id: UUID) -> None:
        self.database = database
        self.tenant = tenant
        self.job_id = job_id
        self.school_id = school_id
        self.document_id = document_id
        self.ada = Decider(tenant.organization_id, tenant.user_id, "ada")

    def open(self) -> Any:
        return self.database.tenant(self.tenant.organization_id)

    async def crawl(self, url: str, outcome: str, score: float) -> None:
        signals = [{"name": "phone", "weight": 35, "detail": "555-0142"}]
        candidate = Candidate(self.school_id, url, "searxng", score, signals, 200, NOW)
        async with self.open() as connection:
            await store_candidates(
                connection, [candidate], organization_id=self.tenant.organization_id, job_id=self.job_id, attempt=1
            )
            await decide_website(connection, self.school_id, url, outcome)

    async def accept(self, url: str, *, by_hand: bool = False) -> None:
        async with self.open() as connection:
            await accept_site(connection, self.ada, self.school_id, url, by_hand=by_hand)

    async def reject(self, url: str | None) -> None:
        async with self.open() as connection:
            await reject_sites(connection, self.ada, self.school_id, url)

    async def states(self) -> dict[str, str]:
        async with self.open() as connection:
            return dict((await connection.execute(select(Website.url, Website.state))).all())

    async def decisions(self) -> list[tuple[str, str, str]]:
        async with self.open() as connection:
            return [(row.by, row.decision, row.url) for row in await decisions_of(connection, self.school_id)]

    async def waits(self) -> bool:
        async with self.open() as connection:
            return bool((await find_schools(connection, SchoolFilter(to_review=True), most=9)).rows)


@pytest.fixture
async def case(database: Database, tenant: Account, make_job: MakeJob) -> Case:
    job_id = await make_job(kind=JobKind.DISCOVER_WEBSITES)
    async with database.tenant(tenant.organization_id) as connection:
        document_id, (school_id,) = await add_schools(connection, tenant, job_id, listed(1, name="Alder", state="TX"))
    return Case(database, tenant, job_id, school_id, document_id)


async def test_an_accepted_candidate_stands_against_every_later_crawl(case: Case) -> None:
    await case.crawl("https://a.test/", "review", 0.7)
    await case.crawl("https://b.test/", "none", 0.4)
    assert await case.waits()
    await case.accept("https://b.test/")
    assert not await case.waits()
    await case.crawl("https://a.test/", "accepted", 0.99)
    await case.crawl("https://c.test/", "accepted", 0.99)
    assert await case.states() == {
        "https://a.test/": "review", "https://b.test/": "accepted", "https://c.test/": "candidate",
    }  # fmt: skip
    assert await case.decisions() == [("ada", "accepted", "https://b.test/")]


async def test_a_rejected_candidate_is_never_offered_again_however_it_is_spelled(case: Case) -> None:
    await case.crawl("https://www.a.test/", "accepted", 0.9)
    await case.reject("http://a.test")
    for spelling in ("https://www.a.test/", "http://a.test/", "http://A.test"):
        await case.crawl(spelling, "accepted", 0.95)
        await case.crawl(spelling, "review", 0.7)
    assert await case.states() == {"https://www.a.test/": "rejected"}
    assert not await case.waits()
    await case.crawl("https://b.test/", "review", 0.7)
    assert await case.waits()


async def test_every_decision_may_be_sent_again_and_is_written_once(case: Case) -> None:
    await case.crawl("https://a.test/", "review", 0.7)
    for _ in range(2):
        await case.accept("https://a.test/")
    for _ in range(2):
        await case.accept("https://own.test/", by_hand=True)
    for _ in range(2):
        await case.reject(None)
    assert await case.states() == {"https://a.test/": "rejected", "https://own.test/": "rejected"}
    assert [(decision, url) for _, decision, url in await case.decisions()] == [
        ("rejected", "https://own.test/"),
        ("rejected", "https://a.test/"),
        ("accepted", "https://own.test/"),
        ("accepted", "https://a.test/"),
    ]
    await case.accept("https://a.test/")  # somebody thinks better of it
    assert (await case.states())["https://a.test/"] == "accepted"


async def test_behind_a_rejected_site_the_next_likely_one_waits(case: Case) -> None:
    await case.crawl("https://a.test/", "accepted", 0.95)
    await case.crawl("https://b.test/", "none", 0.6)
    await case.crawl("https://c.test/", "none", 0.4)
    await case.reject("https://a.test/")
    assert (await case.states())["https://b.test/"] == "review"
    assert await case.waits()
    await case.reject("https://b.test/")
    assert (await case.states())["https://c.test/"] == "candidate"
    assert not await case.waits()


async def test_a_site_named_by_hand_needs_no_crawl_and_says_who_named_it(case: Case) -> None:
    with pytest.raises(NotFoundError, match="no candidate"):
        await case.accept("https://own.test/")
    await case.accept("https://own.test/", by_hand=True)
    async with case.open() as connection:
        site = (await connection.execute(select(Website.__table__))).one()
        assert (site.provider, site.fetched_at, site.decided_by) == ("person", None, case.tenant.user_id)
        evidence = (await connection.execute(select(Evidence.method, Evidence.url, Evidence.snippet).where(
            Evidence.subject == "website"))).all()  # fmt: skip
        assert evidence == [("person", "https://own.test/", "accepted by ada")]


async def test_of_two_people_who_decide_at_once_the_later_one_stands(case: Case) -> None:
    urls = [f"https://s{number}.test/" for number in range(6)]
    await asyncio.gather(*(case.accept(url, by_hand=True) for url in urls))
    states = await case.states()
    assert sorted(states.values()) == ["accepted", *["candidate"] * 5]
    decided = await case.decisions()
    assert len(decided) == 6
    assert states[decided[0][2]] == "accepted"


async def test_another_organizations_school_cannot_be_decided_on(case: Case, database: Database) -> None:
    other = await make_tenant(database, "South")
    stranger = Decider(other.organization_id, other.user_id, "bo")
    async with database.tenant(other.organization_id) as connection:
        for refused in (
            accept_site(connection, stranger, case.school_id, "https://x.test/", by_hand=True),
            reject_sites(connection, stranger, case.school_id, None),
            decide_link(connection, stranger, case.school_id, None),
        ):
            with pytest.raises(NotFoundError):
                await refused


async def test_an_accepted_site_is_harvested_next_and_not_looked_for_again(case: Case, make_job: MakeJob) -> None:
    await case.crawl("https://old.test/", "accepted", 0.9)
    chosen: dict[str, Any] = {
        "organization_id": case.tenant.organization_id,
        "selection": SchoolSelection(school_ids=[case.school_id]),
    }
    first = await make_job(kind=JobKind.HARVEST_STAFF)
    async with case.open() as connection:
        await plan_harvest(connection, job_id=first, fresh_days=7, **chosen)
        await end_target(connection, first, case.school_id, state="done", outcome="staff", reason="a table")
    second, third, again = [await make_job(kind=JobKind.HARVEST_STAFF) for _ in range(3)]
    async with case.open() as connection:
        await plan_harvest(connection, job_id=second, fresh_days=7, **chosen)
        assert (await target_outcomes(connection, second))["outcomes"] == {"recently_read": 1}
    await case.accept("https://right.test/", by_hand=True)
    async with case.open() as connection:
        await plan_harvest(connection, job_id=third, fresh_days=7, **chosen)
        assert [row.website for row in await pending_schools(connection, third)] == ["https://right.test/"]
        await plan_discovery(connection, job_id=again, again=True, **chosen)
        assert (await target_outcomes(connection, again))["outcomes"] == {"decided": 1}
    await case.reject("https://right.test/")
    fourth = await make_job(kind=JobKind.DISCOVER_WEBSITES)
    async with case.open() as connection:
        await plan_discovery(connection, job_id=fourth, again=False, **chosen)
        (school,) = await pending_schools(connection, fourth)
        assert (school.website, school.rejected) == (None, ["https://right.test/"])


async def test_people_of_a_rejected_site_lose_their_posts_and_those_of_others_stay(
    case: Case, make_job: MakeJob
) -> None:
    """Wrongly accepted: a namesake's site, with a spreadsheet elsewhere. One of its people has another post."""
    later = await make_job(kind=JobKind.HARVEST_STAFF)
    await case.crawl("https://www.wrong.test/", "accepted", 0.9)
    read = {
        "odile@wrong.test": "https://wrong.test/staff",
        "both@wrong.test": "https://wrong.test/staff",
        "sheet@wrong.test": "https://docs.example/spreadsheets/d/e/2PACX/pubhtml",
    }
    others: dict[str, Any] = {"organization_id": case.tenant.organization_id, "job_id": case.job_id, "attempt": 1}
    async with case.open() as connection:
        _, (elsewhere,) = await add_schools(connection, case.tenant, case.job_id, listed(1, name="Birch", state="TX"))
        people = [
            replace(PERSON, school_id=case.school_id, url=url, email=email, name=f"Odile {email[:4].title()}")
            for email, url in read.items()
        ]
        await store_people(connection, people, **others)
        await store_people(connection, [replace(people[1], school_id=elsewhere)], **others)
        right = replace(people[0], email="right@right.test", name="Odile Right", url="https://right.test/staff")
        await store_people(connection, [right], organization_id=case.tenant.organization_id, job_id=later, attempt=1)
    await case.reject("https://www.wrong.test/")
    async with case.open() as connection:
        posts = await connection.execute(
            select(StaffMember.email, StaffPost.school_id).join(StaffPost, StaffPost.staff_member_id == StaffMember.id)
        )
        assert set(posts.all()) == {("both@wrong.test", elsewhere), ("right@right.test", case.school_id)}
        kept = set(await connection.scalars(select(StaffMember.id)))
        assert len(kept) == 2
        assert set(await connection.scalars(select(Evidence.subject_id).where(Evidence.subject == "staff"))) == kept


async def test_a_host_that_the_accepted_site_shares_keeps_its_people(case: Case) -> None:
    await case.crawl("https://district.test/o/other", "candidate", 0.6)
    await case.accept("https://district.test/o/alder", by_hand=True)
    async with case.open() as connection:
        await store_people(
            connection,
            [replace(PERSON, school_id=case.school_id, url="https://district.test/o/alder/staff")],
            organization_id=case.tenant.organization_id,
            job_id=case.job_id,
            attempt=1,
        )
    await case.reject("https://district.test/o/other")
    async with case.open() as connection:
        assert list(await connection.scalars(select(StaffPost.school_id))) == [case.school_id]


async def test_the_likeliest_candidates_are_shown_and_rejected_ones_are_not(case: Case) -> None:
    for number in range(15):
        await case.crawl(f"https://s{number:02d}.test/", "review", 0.5 + number / 100)
    await case.reject("https://s14.test/")
    async with case.open() as connection:
        shown = (await candidates_of(connection, [case.school_id]))[case.school_id]
    assert [row.url for row in shown] == [f"https://s{number:02d}.test/" for number in range(13, 1, -1)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.A.test/x/", "http://a.test/X", True),
        ("http://a.test:8080/", "http://a.test/", False),
        ("http://a.test/x", "http://a.test/y", False),
        ("http://a.test/?s=1", "http://a.test/?s=2", False),
    ],
)
def test_spellings_of_one_site(one: str, other: str, *, same: bool) -> None:
    assert (site_key(one) == site_key(other)) is same


def found(case: Case, state: str, nces_id: str | None, score: float = 0.9) -> FoundLink:
    reasons = [{"name": "name", "points": 60.0, "detail": "Alder ES"}]
    return FoundLink(case.school_id, state, nces_id, score, "name", reasons, [])


async def nces_id(connection: AsyncConnection) -> str | None:
    return await connection.scalar(select(School.nces_id))


async def test_a_certain_link_gives_its_school_the_id_with_evidence_and_takes_it_back(case: Case) -> None:
    by = LinkedBy(case.tenant.organization_id, case.document_id, case.job_id, 1)
    async with case.open() as connection:
        counts = await store_links(connection, [found(case, "automatic", "480000100001")], by)
        assert counts == {"automatic": 1, "review": 0, "none": 0}
        assert await nces_id(connection) == "480000100001"
        seen = (await connection.execute(select(Evidence.value, Evidence.method, Evidence.document_id, Evidence.snippet)
            .where(Evidence.field == "nces_id"))).all()  # fmt: skip
        assert seen == [("480000100001", "linkage", case.document_id, "name: Alder ES")]
        await store_links(connection, [found(case, "review", "480000100002", 0.6)], by)
        assert await nces_id(connection) is None
        assert (await connection.scalars(select(Evidence.value).where(Evidence.field == "nces_id"))).all() == []


async def test_another_list_does_not_take_back_what_one_made_certain(case: Case) -> None:
    here = LinkedBy(case.tenant.organization_id, case.document_id)
    async with case.open() as connection:
        other_document, _ = await add_schools(connection, case.tenant, case.job_id, listed(1, name="Alder", state="TX"))
        there = LinkedBy(case.tenant.organization_id, other_document)
        await store_links(connection, [found(case, "automatic", "480000100001")], here)
        await store_links(connection, [found(case, "review", "480000100002", 0.6)], there)
        assert await nces_id(connection) == "480000100001"
        await store_links(connection, [found(case, "automatic", "480000100003")], there)
        assert await nces_id(connection) == "480000100003"


async def test_a_printed_id_is_not_the_linkages_to_change(case: Case) -> None:
    async with case.open() as connection:
        printed = listed(2, name="Birch", state="TX", nces_id="480000100009")
        document_id, (school_id,) = await add_schools(connection, case.tenant, case.job_id, printed)
        link = FoundLink(school_id, "none", None, 0.0, "", [], [])
        await store_links(connection, [link], LinkedBy(case.tenant.organization_id, document_id))
        kept = await connection.scalar(select(School.nces_id).where(School.id == school_id))
        assert kept == "480000100009"


async def test_a_persons_link_stands_against_every_later_linkage(case: Case) -> None:
    by = LinkedBy(case.tenant.organization_id, case.document_id)
    row = {"nces_id": "480000100007", "name": "Alder Elementary", "state": "TX"}
    async with case.database.system() as connection:
        await import_directory(connection, [[row.get(column) for column in COLUMNS]])
    async with case.open() as connection:
        await store_links(connection, [found(case, "review", "480000100001", 0.6)], by)
        (waiting,) = await find_links(connection, SchoolFilter(), state="review", after=None, most=9)
        assert (waiting.school_id, waiting.nces_id) == (case.school_id, "480000100001")
        with pytest.raises(NotFoundError, match="no school 000000000000"):
            await decide_link(connection, case.ada, case.school_id, "000000000000")
        for _ in range(2):
            await decide_link(connection, case.ada, case.school_id, "480000100007")
        await store_links(connection, [found(case, "automatic", "480000100001")], by)
        link = await get_link(connection, case.school_id)
        assert (link.state, link.nces_id, link.decided_by_name) == ("accepted", "480000100007", "ada")
        assert link.official_name == "Alder Elementary"
        assert await nces_id(connection) == "480000100007"
        methods = (await connection.scalars(select(Evidence.method).where(Evidence.field == "nces_id"))).all()
        assert methods == ["person"]
        await decide_link(connection, case.ada, case.school_id, None)
        await store_links(connection, [found(case, "automatic", "480000100001")], by)
        assert (await get_link(connection, case.school_id)).state == "rejected"
        assert await nces_id(connection) is None
        assert await connection.scalar(text("SELECT count(*) FROM evidence WHERE field = 'nces_id'")) == 0
