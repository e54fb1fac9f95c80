"""Whom a crawl for a job leaves out, as the list was when it began and as it is when a batch is stored."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.settings import Settings
from scrapy.statscollectors import MemoryStatsCollector
from sqlalchemy import insert, select

from crawler.items import PageItem, TargetItem, now
from crawler.job_session import close_session, open_session
from crawler.pipelines.store import StorePipeline
from crawler.pipelines.suppress import SuppressPipeline
from extraction.staff.records import Person
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.leases import Limits, claim_job, enlist_worker
from storage.models import PageVisit, School, StaffMember, Target
from storage.suppression import SuppressionKey, domain_key, email_key, person_at_domain_key, school_key
from storage.suppression_list import NewEntry, add_entries
from tests.conftest import KeyedAccount

ODILE = Person("Ms. Odile Brannock", "Odile", "Brannock", email="o@pine.test", email_state="published")
ALONE = Person("Odile Brannock", "Odile", "Brannock")
TAM = Person("Tam Orrin", "Tam", "Orrin", email="t@mail.oak.test", email_state="published")
INES = Person("Ines Quill", "Ines", "Quill")


@dataclass(slots=True)
class Crawl:
    """A crawl's last two pipelines with a job's database behind them."""

    database: Database
    account: KeyedAccount
    crawler: Crawler
    school: int

    async def add(self, *keys: SuppressionKey) -> None:
        who = self.account.account
        async with self.database.tenant(who.organization_id) as connection:
            entries = [NewEntry(key, "request") for key in keys]
            await add_entries(connection, who.organization_id, who.user_id, entries)

    async def begin(self) -> SuppressPipeline:
        suppress = SuppressPipeline.from_crawler(self.crawler)
        await suppress.open_spider()
        return suppress

    def page(self, path: str, *people: Person) -> PageItem:
        return PageItem(str(self.school), f"https://pine.test/{path}", 200, "staff", "a table", now(), list(people))

    def end(self, people: int) -> TargetItem:
        return TargetItem(str(self.school), "done", "staff", f"{people} people", people=people)

    async def store(self, *items: PageItem) -> None:
        session = await open_session("".join(vars(self.crawler.spider)["job"]), 1)
        await StorePipeline.from_crawler(self.crawler)._write(session, list(items))

    async def rows(self, *columns: Any) -> list[tuple[Any, ...]]:
        async with self.database.tenant(self.account.account.organization_id) as connection:
            return [tuple(row) for row in await connection.execute(select(*columns).order_by(columns[0]))]

    def counted(self) -> dict[str, Any]:
        stats = self.crawler.stats.get_stats() if self.crawler.stats else {}
        return {name: value for name, value in stats.items() if name.startswith("suppress/")}


@pytest.fixture
async def crawl(
    database: Database, database_url: str, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Crawl]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        values = {"organization_id": who.organization_id, "identity": "pine", "name": "Pine", "confidence": 1.0}
        school = await connection.scalar(insert(School).values(values).returning(School.id))
        assert school is not None
        job_id, _ = await create_job(connection, NewJob(who.organization_id, who.user_id, JobKind.HARVEST_STAFF, {}))
        await connection.execute(
            insert(Target).values(organization_id=who.organization_id, job_id=job_id, school_id=school, state="pending")
        )
    async with await database.connect() as session:
        assert await claim_job(database, job_id, await enlist_worker(session), Limits()) is not None
        crawler = Crawler(Spider, Settings())
        crawler.stats = MemoryStatsCollector(crawler)
        crawler.spider = Spider("pine", job=str(job_id), attempt=1)
        yield Crawl(database, account, crawler, school)
        await close_session(str(job_id), 1)


async def test_people_on_the_list_are_left_out_and_counted_by_kind(crawl: Crawl) -> None:
    await crawl.add(email_key("o@pine.test"), domain_key("oak.test"), person_at_domain_key("Ines Quill", "pine.test"))
    suppress = await crawl.begin()
    kept = suppress.process_item(crawl.page("staff", ODILE, TAM, INES, Person("Jo Ash", "Jo", "Ash")))
    assert [person.name for person in kept.people] == ["Jo Ash"]
    assert crawl.counted() == {"suppress/email": 1, "suppress/domain": 1, "suppress/person": 1}
    # The name that stood beside the address is left out also where it stands alone.
    assert suppress.process_item(crawl.page("about", ALONE)).people == []
    end = suppress.process_item(crawl.end(5))
    assert (end.people, end.outcome) == (1, "staff")
    assert end.reason == "5 people; 4 left out by the suppression list"
    assert suppress.process_item(crawl.end(5)).people == 5, "the next visit"
    suppress.process_item(crawl.page("about", ALONE))
    assert suppress.process_item(crawl.end(1)).outcome == "no_staff"
    suppress.process_item(item := crawl.page("more"))
    assert item.people == []


async def test_everybody_at_a_suppressed_school_is_left_out(crawl: Crawl) -> None:
    await crawl.add(school_key("pine"))
    suppress = await crawl.begin()
    assert suppress.process_item(crawl.page("staff", ODILE, INES)).people == []
    assert crawl.counted() == {"suppress/school": 2}


async def test_an_entry_that_comes_while_the_crawl_runs_holds_from_the_next_batch_on(crawl: Crawl) -> None:
    suppress = await crawl.begin()
    await crawl.store(suppress.process_item(crawl.page("staff", ODILE, INES)))
    assert [name for (name,) in await crawl.rows(StaffMember.name)] == ["Ines Quill", "Ms. Odile Brannock"]
    await crawl.add(email_key("o@pine.test"))
    assert [name for (name,) in await crawl.rows(StaffMember.name)] == ["Ines Quill"]
    page = suppress.process_item(crawl.page("again", ODILE, INES))
    assert len(page.people) == 2, "this crawl has not read the entry"
    await crawl.store(page)
    assert [name for (name,) in await crawl.rows(StaffMember.name)] == ["Ines Quill"]
    assert await crawl.rows(PageVisit.url, PageVisit.people) == [
        ("https://pine.test/again", 1),
        ("https://pine.test/staff", 2),
    ]
    assert crawl.counted() == {"suppress/email": 1}


async def test_who_was_stored_by_the_bare_name_goes_when_the_suppressed_address_is_met(crawl: Crawl) -> None:
    await crawl.add(email_key("o@pine.test"))
    suppress = await crawl.begin()
    await crawl.store(suppress.process_item(crawl.page("about", ALONE)))
    assert len(await crawl.rows(StaffMember.name)) == 1, "nothing tells yet that it is she"
    await crawl.store(suppress.process_item(crawl.page("staff", ODILE)))
    assert await crawl.rows(StaffMember.name) == []
    later = await crawl.begin()
    assert later.process_item(crawl.page("about", ALONE)).people == [], "the next crawl knows the name"


def test_a_crawl_by_hand_has_no_list() -> None:
    crawler = Crawler(Spider, Settings())
    crawler.spider = Spider("pine")
    with pytest.raises(NotConfigured):
        SuppressPipeline.from_crawler(crawler)
