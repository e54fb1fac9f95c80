"""People over several crawls: corrections that stay, deletions that stay, who left, who joined, what changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from extraction.staff.addresses import is_office_address
from storage.accounts import Account
from storage.changes import ChangeFilter, ChangeKind, find_changes
from storage.corrections import Corrector, NewCorrection, correct, corrections_of, take_back
from storage.database import Database
from storage.errors import ConflictError, NotFoundError
from storage.filters import SchoolFilter, StaffFilter
from storage.finding import find_staff
from storage.jobs import JobKind
from storage.leads import LeadFilter, lead_batch
from storage.leaving import count_missed
from storage.merging import find_duplicates, merge_people
from storage.models import Evidence, StaffChange, StaffMember, StaffPost, Suppression, Target
from storage.seen_people import SeenPerson
from storage.staff import store_people
from storage.suppression import domain_key, email_key
from storage.suppression_list import NewEntry, add_entries, remove_entry
from storage.targets import Visit, store_visits
from storage.tombstones import Burial, bury, find_tombstones
from tests.storage.conftest import MakeJob
from tests.storage.test_records import NOW, PERSON, add_schools, listed

CASSIA = dataclasses.replace(
    PERSON, name="Cassia Thorne", first_name="Cassia", last_name="Thorne", email="cthorne@alder.example"
)


@dataclasses.dataclass(slots=True)
class School:
    """A school whose staff page is crawled again and again."""

    database: Database
    tenant: Account
    make_job: MakeJob
    id: int
    crawls: int = 0

    async def crawl(
        self, *people: SeenPerson, visits: Sequence[tuple[str, str, int]] = (), outcome: str = "staff"
    ) -> UUID:
        """A harvest that finds these people, on a later day than the one before."""
        self.crawls += 1
        at = NOW + timedelta(days=self.crawls)
        job_id = await self.make_job(kind=JobKind.HARVEST_STAFF)
        seen = [dataclasses.replace(one, school_id=one.school_id or self.id, seen_at=at) for one in people]
        pages = visits or [(PERSON.url, "staff", 200)]
        async with self.database.tenant(self.tenant.organization_id) as connection:
            target = {"organization_id": self.tenant.organization_id, "job_id": job_id, "school_id": self.id}
            await connection.execute(insert(Target).values(**target))
            of = {"organization_id": self.tenant.organization_id, "job_id": job_id}
            await store_people(connection, seen, **of, attempt=1)
            read = [Visit(self.id, url, status, came, "", 1, at) for url, came, status in pages]
            await store_visits(connection, read, **of)
            if outcome == "staff":
                await count_missed(connection, self.tenant.organization_id, job_id, self.id)
        return job_id

    async def rows(self, query: Any) -> list[Any]:
        async with self.database.tenant(self.tenant.organization_id) as connection:
            return [tuple(row) for row in await connection.execute(query)]

    async def feed(self, **wanted: Any) -> list[tuple[str, str, str | None, str | None, str | None]]:
        async with self.database.tenant(self.tenant.organization_id) as connection:
            found = await find_changes(connection, ChangeFilter(**wanted), after=None, most=100)
        return [(row.kind, row.name, row.field, row.old, row.new) for row in found]

    async def found(self, **wanted: Any) -> list[str]:
        async with self.database.tenant(self.tenant.organization_id) as connection:
            rows = (await find_staff(connection, StaffFilter(**wanted), most=100)).rows
            leads, _ = await lead_batch(connection, LeadFilter(StaffFilter(**wanted)))
        assert sorted(lead.name for lead in leads) == sorted(row.name for row in rows)
        return [row.name for row in rows]

    @property
    def by(self) -> Corrector:
        return Corrector(self.tenant.organization_id, self.tenant.user_id, "ada")


@pytest.fixture
async def school(database: Database, tenant: Account, make_job: MakeJob) -> School:
    job_id = await make_job(kind=JobKind.EXTRACT_SCHOOLS)
    async with database.tenant(tenant.organization_id) as connection:
        _, (school_id,) = await add_schools(connection, tenant, job_id, listed(1, name="Alder", state="TX"))
    return School(database, tenant, make_job, school_id)


async def id_of(connection: AsyncConnection, name: str) -> int:
    return (await connection.execute(select(StaffMember.id).where(StaffMember.name == name))).scalar_one()


async def test_a_correction_stays_whatever_later_crawls_see_and_can_be_taken_back(school: School) -> None:
    await school.crawl(PERSON)
    fixed = [
        NewCorrection("title", {"title": "Principal"}),
        NewCorrection("email", {"email": "odile@alder.example", "email_state": "corrected"}),
        NewCorrection("phone", {"phone": None, "phone_e164": None}),
    ]
    async with school.database.tenant(school.tenant.organization_id) as connection:
        staff_id = await id_of(connection, PERSON.name)
        assert await correct(connection, school.by, staff_id, fixed, "called them") == ["title", "email", "phone"]
    await school.crawl(dataclasses.replace(PERSON, title="Assistant Principal"))
    person = select(StaffMember.title, StaffMember.email, StaffMember.email_state, StaffMember.phone)
    assert await school.rows(person) == [("Principal", "odile@alder.example", "corrected", None)]
    assert await school.rows(select(StaffPost.title)) == [("Principal",)]
    async with school.database.tenant(school.tenant.organization_id) as connection:
        assert await correct(connection, school.by, staff_id, fixed, "called them") == []
        (lead,), _ = await lead_batch(connection, LeadFilter(StaffFilter()), evidence=True)
        assert (lead.title, lead.email) == ("Principal", "odile@alder.example")
        said = [one["snippet"] for one in lead.evidence or () if one["method"] == "correction"]
        assert len(said) == 2
        assert all(words.startswith("corrected by ada on 20") and words.endswith(": called them") for words in said)
        seen = {row.field: row.seen[row.field] for row in await corrections_of(connection, staff_id)}
        assert seen == {"title": "Assistant Principal", "email": PERSON.email, "phone": PERSON.phone}
        for field in ("title", "email", "phone"):
            await take_back(connection, school.by, staff_id, field)
        with pytest.raises(NotFoundError, match="Nobody has corrected the title"):
            await take_back(connection, school.by, staff_id, "title")
    assert await school.rows(person) == [("Assistant Principal", PERSON.email, "published", PERSON.phone)]
    assert await school.rows(select(StaffPost.title)) == [("Assistant Principal",)]
    assert await school.rows(select(Evidence.id).where(Evidence.method == "correction")) == []
    told = await school.feed(kind=ChangeKind.CHANGED)
    assert ("changed", PERSON.name, "title", PERSON.title, "Principal") in told
    assert ("changed", PERSON.name, "title", "Principal", "Assistant Principal") in told


async def test_who_was_put_right_by_name_is_still_known_by_what_pages_print(school: School) -> None:
    nameless = dataclasses.replace(PERSON, email=None, email_state="none")
    await school.crawl(nameless)
    columns: dict[str, str | None] = {"name": "Odile Bannock", "first_name": "Odile", "last_name": "Bannock"}
    columns |= dict.fromkeys(("middle_name", "honorific", "suffix", "nickname"))
    async with school.database.tenant(school.tenant.organization_id) as connection:
        staff_id = await id_of(connection, PERSON.name)
        await correct(connection, school.by, staff_id, [NewCorrection("name", columns)], "a slip of the page")
    await school.crawl(nameless)
    await school.crawl(PERSON)  # now with an address
    known = select(StaffMember.id, StaffMember.name, StaffMember.last_name, StaffMember.email)
    assert await school.rows(known) == [(staff_id, "Odile Bannock", "Bannock", PERSON.email)]


async def test_who_is_deleted_leaves_a_tombstone_and_does_not_come_back(school: School) -> None:
    await school.crawl(PERSON, CASSIA)
    async with school.database.tenant(school.tenant.organization_id) as connection:
        staff_id = await id_of(connection, PERSON.name)
        name = {"name": "Odile Bannock", "last_name": "Bannock"}
        await correct(connection, school.by, staff_id, [NewCorrection("name", name)], "a slip")
        wanted = Burial(staff_id, "request", None, is_office_address)
        buried = [await bury(connection, school.tenant.organization_id, school.tenant.user_id, wanted) for _ in "12"]
        assert buried == [True, False]
        other = dataclasses.replace(wanted, staff_id=987654)
        with pytest.raises(NotFoundError):
            await bury(connection, school.tenant.organization_id, school.tenant.user_id, other)
        (tombstone,) = await find_tombstones(connection, after=None, most=9)
        assert (tombstone.staff_id, tombstone.reason, tombstone.by) == (staff_id, "request", "ada")
    bare = dataclasses.replace(PERSON, email=None, email_state="none", url="https://alder.example/leaders")
    renamed = dataclasses.replace(bare, name="Odile Bannock", last_name="Bannock")
    await school.crawl(PERSON, bare, renamed, CASSIA)
    assert await school.rows(select(StaffMember.name)) == [("Cassia Thorne",)]
    for table in (StaffChange.staff_member_id, Evidence.subject_id):
        assert (staff_id,) not in await school.rows(select(table))
    kept = await school.rows(select(Suppression.kind, Suppression.note, Suppression.staff_member_id))
    assert {kind for kind, _, _ in kept} == {"email", "person"}
    assert "Odile" not in str(kept)


async def test_who_was_put_right_is_still_suppressed_by_what_pages_print(school: School) -> None:
    for key in (email_key("obrannock@alder.example"), domain_key("alder.example")):
        await school.crawl(PERSON)
        new = NewCorrection("email", {"email": "odile@elm.example", "email_state": "corrected"})
        async with school.database.tenant(school.tenant.organization_id) as connection:
            await correct(connection, school.by, await id_of(connection, PERSON.name), [new], "a slip")
            by = (school.tenant.organization_id, school.tenant.user_id)
            added = await add_entries(connection, *by, [NewEntry(key, "request")])
            assert added.posts == 1
            for entry_id in added.ids:
                await remove_entry(connection, school.tenant.organization_id, entry_id)
    assert await school.rows(select(StaffMember.id)) == []


async def test_who_is_missed_by_two_complete_crawls_has_left_and_joins_again_when_seen(school: School) -> None:
    first = await school.crawl(PERSON, CASSIA)
    await school.crawl(CASSIA)
    assert await school.found() == [PERSON.name, CASSIA.name]
    for outcome in ("try_later", "no_staff", "blocked"):
        await school.crawl(outcome=outcome)
    second = await school.crawl(CASSIA)
    assert await school.found() == ["Cassia Thorne"]
    assert await school.found(schools=SchoolFilter(state="TX")) == ["Cassia Thorne"]
    assert await school.found(left=True) == [PERSON.name, CASSIA.name]
    told = await school.rows(select(StaffChange.kind, StaffChange.job_id).order_by(StaffChange.id))
    assert told == [("joined", first), ("joined", first), ("left", second)]
    await school.crawl(CASSIA)  # who has left does not leave again
    back = await school.crawl(PERSON, CASSIA)
    assert await school.found() == [PERSON.name, CASSIA.name]
    told = await school.rows(select(StaffChange.kind, StaffChange.job_id).order_by(StaffChange.id))
    assert told[3:] == [("joined", back)]
    await school.crawl(CASSIA)  # counted from the beginning
    assert await school.found() == [PERSON.name, CASSIA.name]


SILENCES: list[tuple[list[tuple[str, str, int]], bool]] = [
    ([(PERSON.url, "unreachable", 0), ("https://alder.example/", "no_staff", 200)], False),
    ([(PERSON.url, "http_error", 503)], False),
    ([(PERSON.url, "blocked", 200)], False),
    ([("https://alder.example/new-list", "staff", 200)], True),
    ([("https://alder.example/new-list", "staff", 200), ("https://alder.example/b", "http_error", 500)], False),
    ([(PERSON.url, "http_error", 404), ("https://alder.example/new-list", "staff", 200)], True),
    ([(PERSON.url, "staff", 200), ("https://alder.example/b", "robots_denied", 0)], True),
]


async def test_nobody_leaves_because_a_page_could_not_be_read(school: School) -> None:
    job_id = await school.make_job(kind=JobKind.EXTRACT_SCHOOLS)
    names = [listed(row, name=f"Birch {row}", state="TX") for row in range(1, len(SILENCES) + 1)]
    async with school.database.tenant(school.tenant.organization_id) as connection:
        _, ids = await add_schools(connection, school.tenant, job_id, *names)
    for school_id, (visits, left) in zip(ids, SILENCES, strict=True):
        here = dataclasses.replace(school, id=school_id)
        odile = dataclasses.replace(PERSON, email=f"odile{school_id}@alder.example")
        cassia = dataclasses.replace(CASSIA, email=f"cassia{school_id}@alder.example")
        await here.crawl(odile, cassia)
        for _ in range(2):
            await here.crawl(cassia, visits=visits)
        found = await here.found(schools=SchoolFilter(school_ids=(school_id,)))
        assert (PERSON.name not in found) is left, visits


async def test_a_crawl_that_misses_most_people_is_about_the_site_and_not_about_them(school: School) -> None:
    crowd = [
        dataclasses.replace(PERSON, name=f"Odile {word}", last_name=word, email=f"{word}@alder.example")
        for word in ("Ash", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gum", "Holly", "Ivy")
    ]
    await school.crawl(*crowd)
    for _ in range(3):
        await school.crawl(*crowd[:4])
    assert len(await school.found()) == 9
    for _ in range(2):
        await school.crawl(*crowd[:5])
    assert len(await school.found()) == 5


async def test_the_feed_tells_what_is_news_and_not_what_another_page_printed_already(school: School) -> None:
    profile = dataclasses.replace(PERSON, url="https://alder.example/odile", phone="(512) 555-0199")
    await school.crawl(PERSON, profile)
    await school.crawl(PERSON, profile)  # two pages with two numbers: neither is new
    assert await school.feed(kind=ChangeKind.CHANGED) == []
    principal: dict[str, Any] = {"title": "Principal", "role": "principal"}
    await school.crawl(dataclasses.replace(PERSON, **principal), dataclasses.replace(profile, **principal))
    assert await school.feed(kind=ChangeKind.CHANGED) == [
        ("changed", PERSON.name, "title", PERSON.title, "Principal"),
        ("changed", PERSON.name, "role", PERSON.role, "principal"),
    ]
    assert await school.feed(since=datetime(2100, 1, 1, tzinfo=NOW.tzinfo)) == []
    assert await school.feed(schools=SchoolFilter(state="WY")) == []
    assert len(await school.feed(schools=SchoolFilter(state="TX"))) == 3


async def test_one_person_at_two_schools_of_a_district_is_known_by_more_than_the_name(school: School) -> None:
    job_id = await school.make_job(kind=JobKind.EXTRACT_SCHOOLS)
    names = [listed(row, name=name, district="Elm ISD", state="TX") for row, name in enumerate(("East", "West"), 1)]
    async with school.database.tenant(school.tenant.organization_id) as connection:
        _, (east, west) = await add_schools(connection, school.tenant, job_id, *names)
    bare = dataclasses.replace(PERSON, email=None, email_state="none", phone=None, phone_e164=None)
    page = dataclasses.replace(bare, profile_url="https://elm.example/people/7")
    own_phone = dataclasses.replace(CASSIA, email=None, email_state="none", extension="12")
    namesake = dataclasses.replace(bare, name="Ivy Marlow", first_name="Ivy", last_name="Marlow")
    office = dataclasses.replace(namesake, name="Ned Marlow", first_name="Ned", phone_e164="+15125550100")
    clerk = dataclasses.replace(office, name="Una Finch", first_name="Una", last_name="Finch")
    for school_id in (east, west):
        here = dataclasses.replace(school, id=school_id)
        await here.crawl(
            *(
                dataclasses.replace(one, school_id=0, url=f"https://elm.example/{school_id}")
                for one in (page, own_phone, namesake, office, clerk)
            )
        )
    posts = await school.rows(select(StaffMember.name, StaffPost.school_id).join(StaffPost))
    people = await school.rows(select(StaffMember.name))
    assert sorted(name for (name,) in people) == sorted(
        # A name alone says nothing, nor does the number of an office, under which others are listed, too.
        [PERSON.name, CASSIA.name, *("Ivy Marlow", "Ned Marlow", "Una Finch") * 2]
    )
    assert len(posts) == 10
    later = dataclasses.replace(page, title="Dean", school_id=west, url=f"https://elm.example/{west}")
    await dataclasses.replace(school, id=west, crawls=5).crawl(later)
    titles = select(StaffPost.title).join(StaffMember).where(StaffMember.name == PERSON.name)
    assert set(await school.rows(titles)) == {(PERSON.title,), ("Dean",)}
    async with school.database.tenant(school.tenant.organization_id) as connection:
        pairs = await find_duplicates(connection, after=None, most=9)
        assert [(pair.last_name, pair.same_phone, pair.same_district) for pair in pairs] == [
            ("Finch", True, True),
            ("Marlow", False, True),
            ("Marlow", True, True),
        ]
        rest = await find_duplicates(connection, after=("Finch", pairs[0].id_a, pairs[0].id_b), most=9)
        assert [pair.id_a for pair in rest] == [pair.id_a for pair in pairs[1:]]


async def test_merged_people_are_one_with_the_posts_of_both_and_stay_so(school: School) -> None:
    other = dataclasses.replace(PERSON, name="Dilly Brannock", email=None, email_state="none", department="Reading")
    job_id = await school.make_job(kind=JobKind.EXTRACT_SCHOOLS)
    async with school.database.tenant(school.tenant.organization_id) as connection:
        _, (_, west) = await add_schools(
            connection, school.tenant, job_id, listed(1, name="Alder", state="TX"), listed(2, name="West", state="TX")
        )
    at_west = dataclasses.replace(school, id=west)
    await school.crawl(PERSON, other)
    await at_west.crawl(other)
    async with school.database.tenant(school.tenant.organization_id) as connection:
        kept = await id_of(connection, PERSON.name)
        both = (await connection.scalars(select(StaffMember.id).where(StaffMember.name == other.name))).all()
        assert len(both) == 2  # by name and school only
        await correct(connection, school.by, both[1], [NewCorrection("title", {"title": "Dean"})], "so she says")
        merged = [await merge_people(connection, school.tenant.organization_id, one, kept) for one in (*both, both[0])]
        assert merged == [True, True, False]
        for wrong in ((kept, kept), (both[0] + 999, kept)):
            with pytest.raises((ConflictError, NotFoundError)):
                await merge_people(connection, school.tenant.organization_id, *wrong)
    person = select(StaffMember.id, StaffMember.name, StaffMember.department, StaffMember.title)
    for _ in range(2):
        assert await school.rows(person) == [(kept, PERSON.name, "Reading", "Dean")]
        assert set(await school.rows(select(StaffPost.school_id, StaffPost.title))) == {
            (school.id, "Dean"),
            (west, "Dean"),
        }
        told = await school.feed()
        await school.crawl(PERSON, dataclasses.replace(other, email="dilly@alder.example", email_state="published"))
        await dataclasses.replace(school, id=west, crawls=school.crawls).crawl(other)
        assert await school.feed() == told  # the name by which she is seen elsewhere is no change
    async with school.database.tenant(school.tenant.organization_id) as connection:
        await take_back(connection, school.by, kept, "title")
        wanted = Burial(kept, "request", None, is_office_address)
        await bury(connection, school.tenant.organization_id, school.tenant.user_id, wanted)
    await at_west.crawl(PERSON, other)
    assert await school.rows(select(StaffMember.name)) == []
