"""Who is on the suppression list is deleted at once and not written again; nothing of the value is kept."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

from storage.accounts import Account
from storage.database import Database
from storage.errors import NotFoundError
from storage.jobs import JobKind
from storage.kept_pages import FetchedPage, pack_body, store_pages
from storage.models import Evidence, Job, Organization, PageBody, School, StaffMember, StaffPost, Suppression, Target
from storage.seen_people import SeenPerson
from storage.staff import store_people
from storage.suppression import (
    SuppressionKey,
    Who,
    domain_key,
    email_key,
    load_list,
    nces_text,
    person_at_domain_key,
    person_at_school_key,
    school_key,
)
from storage.suppression_list import Added, NewEntry, add_entries, find_entries, follow_names, remove_entry
from storage.targets import SchoolSelection, plan_discovery, plan_harvest, plan_reextraction
from tests.storage.conftest import MakeJob, make_tenant
from tests.storage.test_records import NOW, PERSON

ODILE = PERSON
WAIT_SECONDS = 60.0


class Place:
    """An organization with two schools, and what it stores of them."""

    def __init__(self, database: Database, who: Account, make_job: MakeJob) -> None:
        self.database, self.who, self.make_job = database, who, make_job
        self.alder = self.birch = 0

    async def open(self) -> Place:
        rows = [
            {"organization_id": self.who.organization_id, "identity": f"{name}|isd|TX", "name": name, "confidence": 1.0}
            for name in ("alder", "birch")
        ]
        async with self.database.tenant(self.who.organization_id) as connection:
            self.alder, self.birch = (
                await connection.scalars(insert(School).returning(School.id, sort_by_parameter_order=True), rows)
            ).all()
        return self

    def seen(self, name: str, school: int | None = None, **values: Any) -> SeenPerson:
        first, _, last = name.rpartition(" ")
        named = {"name": name, "first_name": first, "last_name": last, "email": None, "email_state": "none"}
        return dataclasses.replace(PERSON, school_id=school or self.alder, **named | values)

    async def store(self, *people: SeenPerson) -> int:
        """Writes people as a crawl's batch does; how many were left out."""
        job_id = await self.make_job(self.who, kind=JobKind.HARVEST_STAFF)
        organization_id = self.who.organization_id
        async with self.database.tenant(organization_id) as connection:
            late = await store_people(connection, people, organization_id=organization_id, job_id=job_id, attempt=1)
            await follow_names(connection, organization_id, [met for _, met in late])
        return len(late)

    async def add(self, *keys: SuppressionKey) -> Added:
        entries = [NewEntry(key, "request", "by letter") for key in keys]
        async with self.database.tenant(self.who.organization_id) as connection:
            return await add_entries(connection, self.who.organization_id, self.who.user_id, entries)

    async def rows(self, query: Any) -> Sequence[Any]:
        async with self.database.tenant(self.who.organization_id) as connection:
            return (await connection.execute(query)).all()

    async def posts(self) -> set[tuple[str, int]]:
        query = select(StaffMember.name, StaffPost.school_id).join(StaffPost)
        return {(name, school) for name, school in await self.rows(query)}


@pytest.fixture
async def place(database: Database, tenant: Account, make_job: MakeJob) -> Place:
    return await Place(database, tenant, make_job).open()


def test_what_is_said_in_other_words_is_the_same_entry() -> None:
    salt = b"s"
    spellings: list[tuple[list[SuppressionKey], bool]] = [
        ([email_key("O.Brannock@Alder.Example"), email_key(" o.brannock@alder.example ")], True),
        ([email_key("o@bücher.example"), email_key("o@XN--BCHER-KVA.example")], True),
        ([domain_key("@Alder.Example."), domain_key("alder.example")], True),
        ([domain_key("alder.example"), domain_key("mail.alder.example")], False),
        ([person_at_school_key("José  Núñez", "x"), person_at_school_key("JOSE NUNEZ", "x")], True),
        ([person_at_school_key("Jo Ash", "x"), person_at_school_key("Jo Ash", "y")], False),
        ([person_at_domain_key("Jo Ash", "a.example"), person_at_school_key("Jo Ash", "a.example")], False),
        ([school_key("a.example"), domain_key("a.example")], False),
    ]
    for keys, same in spellings:
        assert (len({key.hashed(salt) for key in keys}) == 1) is same, keys
        assert len({keys[0].hashed(b"s"), keys[0].hashed(b"t")}) == 2
    for wrong in ("", "jo", "jo@", "@x.example", "jo@localhost", "a b@x.example", "jo@-x.example"):
        with pytest.raises(ValueError, match="is no e-mail"):
            email_key(wrong)
    for wrong in ("", "org", "x y.example", "https://x.example", "jo@x.example", "10.0.0.1"):
        with pytest.raises(ValueError, match="is no domain"):
            domain_key(wrong)
    with pytest.raises(ValueError, match="is no name"):
        person_at_school_key("12 -", "x")
    assert "alder" not in repr(email_key("o@alder.example"))


@pytest.mark.parametrize(
    ("entry", "gone"),
    [
        (lambda place: email_key("obrannock@ALDER.example"), {"odile", "odile at birch"}),
        (lambda place: email_key("nobody@alder.example"), set[str]()),
        (lambda place: domain_key("alder.example"), {"odile", "odile at birch", "below"}),
        (lambda place: domain_key("der.example"), set[str]()),
        (lambda place: person_at_school_key("Odile Brannock", "alder|isd|TX"), {"odile"}),
        (lambda place: person_at_school_key("Odile Brannock", "birch|isd|TX"), {"odile at birch"}),
        (lambda place: person_at_domain_key("Odile Brannock", "example"), None),
        (lambda place: person_at_domain_key("Bare Page", "pages.example"), {"bare"}),
        (lambda place: school_key("alder|isd|TX"), {"odile", "below", "bare"}),
        (lambda place: school_key(nces_text("480001200345")), {"odile at birch"}),
    ],
)
async def test_an_entry_deletes_whom_it_names_with_all_evidence_and_keeps_them_away(
    place: Place, entry: Any, gone: set[str] | None
) -> None:
    if gone is None:
        with pytest.raises(ValueError, match="is no domain"):
            entry(place)
        return
    await place.rows(text(f"UPDATE school SET nces_id = '480001200345' WHERE id = {place.birch} RETURNING id"))
    odile = dataclasses.replace(ODILE, school_id=place.alder)
    people = {
        "odile": odile,
        "odile at birch": dataclasses.replace(odile, school_id=place.birch, url="https://birch.example/staff"),
        "below": place.seen("Below Them", email="bt@mail.alder.example", email_state="published"),
        "bare": place.seen("Bare Page", url="https://www.pages.example/staff"),
    }
    await place.store(*people.values())
    added = await place.add(entry(place))
    left = {name: person for name, person in people.items() if name not in gone}
    assert await place.posts() == {(person.name, person.school_id) for person in left.values()}
    assert added.posts == len(gone)
    members = {row.id for row in await place.rows(select(StaffMember.id))}
    seen = await place.rows(select(Evidence.subject_id, Evidence.url).where(Evidence.subject == "staff"))
    assert {subject for subject, _ in seen} == members
    assert {url for _, url in seen} == {person.url for person in left.values()}
    # A crawl that reads the same again writes the same as before, but for them.
    assert await place.store(*people.values()) == len(gone)
    assert await place.posts() == {(person.name, person.school_id) for person in left.values()}


async def test_a_domain_is_the_same_in_its_own_letters(place: Place) -> None:
    emails = ("a@mail.bücher.example", "b@xn--bcher-kva.example", "c@b_cher.example", "d@other.example")
    await place.store(
        *(place.seen(f"Jo {email[0].upper()}sh", email=email, email_state="published") for email in emails)
    )
    assert (await place.add(domain_key("Bücher.example"))).posts == 2
    assert {name for name, _ in await place.posts()} == {"Jo Csh", "Jo Dsh"}
    assert (await place.add(domain_key("b_cher.example"))).posts == 1


async def test_nothing_of_the_value_is_kept_and_each_organization_has_a_salt_of_its_own(
    place: Place, database: Database, make_job: MakeJob
) -> None:
    other = await Place(database, await make_tenant(database, "South"), make_job).open()
    for one in (place, other):
        await one.store(dataclasses.replace(ODILE, school_id=one.alder))
    await place.add(email_key("obrannock@alder.example"))
    assert (await place.posts(), len(await other.posts())) == (set(), 1)
    assert await other.rows(select(Suppression.id)) == []
    await other.add(email_key("obrannock@alder.example"))
    hashes = [{row.hash for row in await one.rows(select(Suppression.hash))} for one in (place, other)]
    assert hashes[0].isdisjoint(hashes[1])
    ((salt,),) = await place.rows(select(Organization.suppression_salt))
    assert len(salt) == 32
    printed = str(await place.rows(select(text("suppression::text")).select_from(Suppression))).lower()
    assert "by letter" in printed
    assert "brannock" not in printed
    assert "alder" not in printed


async def test_a_name_met_with_a_suppressed_address_stays_away_also_where_it_is_printed_alone(place: Place) -> None:
    odile = dataclasses.replace(ODILE, school_id=place.alder)
    alone = place.seen("Odile Brannock", url="https://alder.example/about")
    elsewhere = place.seen("Odile Brannock", place.birch)
    await place.store(odile)
    added = await place.add(email_key("obrannock@alder.example"))
    assert await place.store(alone, elsewhere) == 1
    assert await place.posts() == {("Odile Brannock", place.birch)}
    # Where the entry was there first, the name is noted when it is met, and whoever had it before goes.
    await place.store(place.seen("Tam Orrin"))
    await place.add(domain_key("birch.example"))
    assert await place.store(place.seen("Tam Orrin", email="t@birch.example", email_state="published")) == 1
    assert await place.posts() == {("Odile Brannock", place.birch)}
    # Such names are no entries of their own: they are not listed, and go with the address.
    async with place.database.tenant(place.who.organization_id) as connection:
        listed = await find_entries(connection, most=10)
        assert [row.kind for row in listed] == ["domain", "email"]
        assert (await find_entries(connection, after=listed[0].id, most=10))[0].id == added.ids[0]
        assert await find_entries(connection, kind="school", most=10) == []
        await remove_entry(connection, place.who.organization_id, added.ids[0])
        with pytest.raises(NotFoundError):
            await remove_entry(connection, place.who.organization_id, added.ids[0])
    assert await place.store(alone, odile) == 0


async def test_the_same_entry_twice_is_one_and_a_followed_name_can_become_an_entry_of_its_own(place: Place) -> None:
    await place.store(dataclasses.replace(ODILE, school_id=place.alder))
    first = await place.add(email_key("obrannock@alder.example"), email_key("OBrannock@alder.example"))
    assert (len(set(first.ids)), len(first.new), first.posts) == (1, 1, 1)
    again = await place.add(email_key("obrannock@alder.example"))
    assert (again.ids, again.new, again.posts) == (first.ids[:1], set(), 0)
    person = await place.add(person_at_school_key("Odile Brannock", "alder|isd|TX"))
    assert len(person.new) == 1
    async with place.database.tenant(place.who.organization_id) as connection:
        await remove_entry(connection, place.who.organization_id, first.ids[0])
    assert await place.store(place.seen("Odile Brannock")) == 1


async def test_a_suppressed_school_is_no_target_and_its_pages_are_kept_no_more(place: Place) -> None:
    organization_id = place.who.organization_id
    harvest = await place.make_job(place.who, kind=JobKind.HARVEST_STAFF)
    async with place.database.tenant(organization_id) as connection:
        for school in (place.alder, place.birch):
            url = f"https://school{school}.example/"
            page = FetchedPage(school, url, False, url, 200, "text/html", True, {}, pack_body(b"names"), NOW)
            await store_pages(connection, [page], organization_id=organization_id, job_id=harvest)
            row = {"organization_id": organization_id, "job_id": harvest, "school_id": school, "state": "done"}
            await connection.execute(insert(Target).values(row | {"outcome": "staff"}))
    await place.add(school_key("alder|isd|TX"))
    assert {row.school_id for row in await place.rows(select(PageBody.school_id))} == {place.birch}
    plans: list[tuple[Any, dict[str, Any]]] = [
        (plan_discovery, {"selection": SchoolSelection(), "again": False}),
        (plan_harvest, {"selection": SchoolSelection(), "fresh_days": 0}),
        (plan_reextraction, {"harvest_id": harvest}),
    ]
    for plan, values in plans:
        job_id = await place.make_job(place.who, kind=JobKind.DISCOVER_WEBSITES)
        async with place.database.tenant(organization_id) as connection:
            await plan(connection, organization_id=organization_id, job_id=job_id, **values)
        targets = await place.rows(select(Target.school_id, Target.outcome).where(Target.job_id == job_id))
        outcomes = dict(targets)
        assert outcomes[place.alder] == "suppressed"
        assert outcomes[place.birch] != "suppressed"


@pytest.mark.parametrize("first", ["store", "entry"])
async def test_an_entry_and_a_batch_at_the_same_time_leave_nobody_behind(place: Place, first: str) -> None:
    """Two connections: the second one waits for the first to commit, and then knows what it wrote."""
    odile = dataclasses.replace(ODILE, school_id=place.alder)
    organization_id, job_id = place.who.organization_id, await place.make_job(place.who, kind=JobKind.HARVEST_STAFF)

    async def store(hold: asyncio.Event, done: asyncio.Event) -> None:
        async with place.database.tenant(organization_id) as connection:
            await store_people(connection, [odile], organization_id=organization_id, job_id=job_id, attempt=1)
            done.set()
            await hold.wait()

    async def enter(hold: asyncio.Event, done: asyncio.Event) -> None:
        async with place.database.tenant(organization_id) as connection:
            entry = NewEntry(email_key("obrannock@alder.example"), "request")
            await add_entries(connection, organization_id, place.who.user_id, [entry])
            done.set()
            await hold.wait()

    quick, slow = (store, enter) if first == "store" else (enter, store)
    go, written, late = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(WAIT_SECONDS), asyncio.TaskGroup() as both:
        both.create_task(quick(go, written))
        await written.wait()
        both.create_task(slow(go, late))
        own = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        blocked = text(f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND {own}")
        while not await place.rows(blocked):  # noqa: ASYNC110  another connection is waited for
            await asyncio.sleep(0.01)
        assert not late.is_set()
        go.set()
    assert await place.posts() == set()
    assert len(await place.rows(select(Suppression.id).where(Suppression.parent_id.is_(None)))) == 1


async def test_batches_of_several_crawls_do_not_wait_for_each_other(place: Place) -> None:
    job_id = await place.make_job(place.who, kind=JobKind.HARVEST_STAFF)
    whose: dict[str, Any] = {"organization_id": place.who.organization_id, "job_id": job_id, "attempt": 1}
    async with asyncio.timeout(WAIT_SECONDS), place.database.tenant(place.who.organization_id) as connection:
        await store_people(connection, [place.seen("Jo Ash")], **whose)
        async with place.database.tenant(place.who.organization_id) as other:
            await store_people(other, [place.seen("Bo Birch", place.birch)], **whose)
    assert len(await place.posts()) == 2


async def test_a_crawl_that_has_read_the_whole_list_finds_the_same_entries(place: Place) -> None:
    await place.add(*(email_key(f"p{number}@alder.example") for number in range(30)), school_key("birch|isd|TX"))
    async with place.database.tenant(place.who.organization_id) as connection:
        entries = await load_list(connection)
        jobs = await connection.scalar(select(func.count()).select_from(Job))
    assert (len(entries.hashes), entries.kinds, jobs) == (31, {"email", "school"}, 0)

    def find(email: str, school: str) -> str | None:
        url, schools = "https://x.example/", (school,)
        who = Who.seen("Jo Ash", first="Jo", last="Ash", nickname=None, email=email, url=url, schools=schools)
        key = entries.find(who)
        return None if key is None else str(key.kind)

    assert find("P7@alder.example", "alder|isd|TX") == "email"
    assert find("p30@alder.example", "alder|isd|TX") is None
    assert find("p30@alder.example", "birch|isd|TX") == "school"
