"""What crawls and documents bring: upserted by identity, never blanked, always with evidence."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account
from storage.database import Database
from storage.directory import COLUMNS, directory_of_states, import_directory, import_places, locate_schools
from storage.jobs import JobKind
from storage.models import Document, DocumentSchool, Evidence, School, StaffMember, StaffPost, Target, Website
from storage.schools import ListedSchool, ReadPage, store_page
from storage.seen_people import SeenPerson
from storage.sightings import Sighting, key_words
from storage.staff import store_people
from storage.targets import (
    SchoolSelection,
    Visit,
    end_target,
    last_discovery,
    pending_schools,
    plan_discovery,
    plan_harvest,
    store_visits,
    target_counts,
    target_outcomes,
)
from storage.websites import Candidate, decide_website, store_candidates
from tests.storage.conftest import MakeJob

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PERSON = SeenPerson(
    school_id=0,
    url="https://alder.example/staff",
    seen_at=NOW,
    name="Ms. Odile Brannock",
    first_name="Odile",
    last_name="Brannock",
    title="Title I Coordinator",
    role="title_i_coordinator",
    department=None,
    email="obrannock@alder.example",
    email_state="published",
    email_method="mailto",
    phone="(512) 555-0142",
    phone_e164="+15125550142",
    extension=None,
    profile_url=None,
    snippet="Ms. Odile Brannock Title I Coordinator",
    confidence=0.9,
)


def listed(row: int, **values: str) -> ListedSchool:
    return ListedSchool(
        1, row, 0.9, [Sighting(field, value, value, 0.9, box=[1.0, 2.0, 3.0, 4.0]) for field, value in values.items()]
    )


async def add_document(connection: AsyncConnection, tenant: Account) -> UUID:
    document_id = uuid4()
    await connection.execute(
        insert(Document).values(
            id=document_id,
            organization_id=tenant.organization_id,
            sha256=document_id.hex,
            filename="list.pdf",
            size_bytes=1,
            pages=2,
            created_by=tenant.user_id,
        )
    )
    return document_id


async def add_schools(
    connection: AsyncConnection, tenant: Account, job_id: UUID, *schools: ListedSchool
) -> tuple[UUID, list[int]]:
    document_id = await add_document(connection, tenant)
    page = ReadPage(document_id, 1, "ruled", 0.9, len(schools), [], schools)
    await store_page(connection, page, organization_id=tenant.organization_id, job_id=job_id, attempt=1, seen_at=NOW)
    ids = await connection.execute(select(School.identity, School.id))
    by_identity = dict(ids.all())
    return document_id, [by_identity[school.identity] for school in schools]


async def people_of(connection: AsyncConnection) -> Sequence[Any]:
    return (await connection.execute(select(StaffMember.__table__).order_by(StaffMember.id))).all()


async def test_a_page_stored_twice_is_there_once_and_what_a_row_omits_stays(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job_id = await make_job(kind=JobKind.EXTRACT_SCHOOLS)
    full = listed(1, name="Alder Elementary School", district="Alder ISD", state="TX", zip="78701", enrollment="412")
    async with database.tenant(tenant.organization_id) as connection:
        await add_schools(connection, tenant, job_id, full)
        sparse = listed(1, name="ALDER Elementary  School", district="Alder I.S.D.", state="TX")
        assert sparse.identity != full.identity  # "I.S.D." is read as three words
        sparse = listed(1, name="ALDER Elementary  School", district="Alder ISD", state="TX", low_income_pct="61.5")
        assert sparse.identity == full.identity
        await add_schools(connection, tenant, job_id, sparse)
        (school,) = (await connection.execute(select(School.__table__))).all()
        assert (school.zip, school.enrollment, float(school.low_income_pct)) == ("78701", 412, 61.5)
        evidence = (await connection.execute(select(Evidence.field, Evidence.page, Evidence.box))).all()
        assert len(evidence) == 9
        assert all(page == 1 and box == [1.0, 2.0, 3.0, 4.0] for _, page, box in evidence)


async def test_a_county_keeps_its_code_only_as_long_as_it_is_named(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job_id = await make_job(kind=JobKind.EXTRACT_SCHOOLS)
    school = listed(1, name="Alder", state="NJ", county="Mercer")
    told = [
        (dataclasses.replace(school, county_fips="34021"), "34021"),
        (listed(1, name="Alder", state="NJ"), "34021"),
        (listed(1, name="Alder", state="NJ", county="Region 4"), None),
    ]
    async with database.tenant(tenant.organization_id) as connection:
        for listing, fips in told:
            await add_schools(connection, tenant, job_id, listing)
            assert (await connection.scalars(select(School.county_fips))).all() == [fips]


async def test_a_page_read_again_says_only_what_the_last_reading_found(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job_id = await make_job(kind=JobKind.EXTRACT_SCHOOLS)
    async with database.tenant(tenant.organization_id) as connection:
        document_id = await add_document(connection, tenant)
        alder, footer = listed(1, name="Alder", state="TX"), listed(2, name="Page 1 of 2")
        for rows in ([alder, footer], [alder]):
            page = ReadPage(document_id, 1, "ruled", 0.9, len(rows), [], rows)
            await store_page(
                connection, page, organization_id=tenant.organization_id, job_id=job_id, attempt=1, seen_at=NOW
            )
        listings = await connection.execute(select(DocumentSchool.row, School.name).join(School))
        assert listings.all() == [(1, "Alder")]
        assert set(await connection.scalars(select(Evidence.value).where(Evidence.field == "name"))) == {"Alder"}


async def test_a_printed_nces_id_is_the_identity() -> None:
    assert listed(1, name="A", nces_id="480001200345").identity == "nces:480001200345"
    assert key_words("P.S. 12, José  Martí") == "p s 12 jose marti"


@pytest.mark.parametrize("address_first", [True, False])
async def test_a_person_with_and_without_an_address_is_one_person(
    database: Database, tenant: Account, make_job: MakeJob, *, address_first: bool
) -> None:
    job_id = await make_job(kind=JobKind.HARVEST_STAFF)
    async with database.tenant(tenant.organization_id) as connection:
        _, (school_id,) = await add_schools(connection, tenant, job_id, listed(1, name="Alder", state="TX"))
        known = dataclasses.replace(PERSON, school_id=school_id)
        bare = dataclasses.replace(
            known,
            url="https://alder.example/office",
            email=None,
            email_state="none",
            title=None,
            role="unknown",
            phone=None,
            phone_e164=None,
        )
        for person in [known, bare] if address_first else [bare, known]:
            await store_people(connection, [person], organization_id=tenant.organization_id, job_id=job_id, attempt=1)
        (person,) = await people_of(connection)
        assert (person.email, person.email_state, person.title) == (
            "obrannock@alder.example",
            "published",
            "Title I Coordinator",
        )
        assert person.role == "title_i_coordinator"
        urls = await connection.scalars(
            select(Evidence.url).where(Evidence.subject == "staff", Evidence.field == "name")
        )
        assert set(urls) == {"https://alder.example/staff", "https://alder.example/office"}


async def test_the_evidence_of_a_person_in_a_pdf_has_its_page_which_may_change(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job_id = await make_job(kind=JobKind.HARVEST_STAFF)
    async with database.tenant(tenant.organization_id) as connection:
        _, (school_id,) = await add_schools(connection, tenant, job_id, listed(1, name="Alder", state="TX"))
        known = dataclasses.replace(PERSON, school_id=school_id, url="https://alder.example/staff.pdf", page=2)
        for page in (2, 3):
            person = dataclasses.replace(known, page=page)
            await store_people(connection, [person], organization_id=tenant.organization_id, job_id=job_id, attempt=1)
            seen = await connection.execute(select(Evidence.url, Evidence.page).where(Evidence.subject == "staff"))
            assert set(seen.all()) == {("https://alder.example/staff.pdf", page)}


async def test_parts_of_the_name_and_what_is_taught_are_kept_and_never_blanked(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job_id = await make_job(kind=JobKind.HARVEST_STAFF)
    full = dataclasses.replace(
        PERSON,
        middle_name="Ruth",
        honorific="Ms.",
        suffix="III",
        credentials=("Ed.D.", "NBCT"),
        nickname="Dilly",
        subjects=("math", "algebra"),
        grades=("7", "8"),
    )
    async with database.tenant(tenant.organization_id) as connection:
        _, (school_id,) = await add_schools(connection, tenant, job_id, listed(1, name="Alder", state="TX"))
        everything = dataclasses.replace(full, school_id=school_id)
        bare = dataclasses.replace(PERSON, school_id=school_id, url="https://alder.example/office")
        moved = dataclasses.replace(bare, subjects=("science",), grades=("9",))
        stored: dict[str, Any] = {"organization_id": tenant.organization_id, "job_id": job_id, "attempt": 1}
        for batch in ([bare, everything, bare], [bare]):
            await store_people(connection, batch, **stored)
            (person,) = await people_of(connection)
            assert (person.middle_name, person.honorific, person.suffix, person.nickname) == (
                "Ruth",
                "Ms.",
                "III",
                "Dilly",
            )
            assert (person.credentials, person.subjects, person.grades) == (
                ["Ed.D.", "NBCT"],
                ["math", "algebra"],
                ["7", "8"],
            )
        await store_people(connection, [moved], **stored)
        (person,) = await people_of(connection)
        assert (person.credentials, person.subjects, person.grades) == (["Ed.D.", "NBCT"], ["science"], ["9"])


async def test_namesakes_with_addresses_of_their_own_stay_two_and_one_person_may_have_two_posts(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job_id = await make_job(kind=JobKind.HARVEST_STAFF)
    async with database.tenant(tenant.organization_id) as connection:
        _, (north, south) = await add_schools(
            connection, tenant, job_id, listed(1, name="North", state="TX"), listed(2, name="South", state="TX")
        )
        here = dataclasses.replace(PERSON, school_id=north)
        namesake = dataclasses.replace(here, email="odile2@alder.example")
        unclear = dataclasses.replace(here, email=None, email_state="none", url="https://alder.example/x")
        there = dataclasses.replace(PERSON, school_id=south, url="https://south.example/staff")
        await store_people(
            connection,
            [here, namesake, unclear, there],
            organization_id=tenant.organization_id,
            job_id=job_id,
            attempt=1,
        )
        people = await people_of(connection)
        assert sorted(str(person.email) for person in people) == [
            "None",
            "obrannock@alder.example",
            "odile2@alder.example",
        ]  # whose the third sighting is cannot be told
        posts = (await connection.execute(select(StaffPost.staff_member_id, StaffPost.school_id))).all()
        both = [person.id for person in people if person.email == "obrannock@alder.example"]
        assert {school for member, school in posts if member in both} == {north, south}


async def test_a_decision_is_replaced_only_by_an_accepted_site_and_a_rejected_one_stays_rejected(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job_id = await make_job(kind=JobKind.DISCOVER_WEBSITES)
    async with database.tenant(tenant.organization_id) as connection:
        _, (school_id,) = await add_schools(connection, tenant, job_id, listed(1, name="Alder", state="TX"))

        async def offer(url: str, decision: str, score: float) -> dict[str, str]:
            candidate = Candidate(
                school_id, url, "nces", score, [{"name": "phone", "weight": 0.35, "detail": "555-0142"}], 200, NOW
            )
            await store_candidates(
                connection, [candidate], organization_id=tenant.organization_id, job_id=job_id, attempt=1
            )
            await decide_website(connection, school_id, url, decision)
            rows = await connection.execute(select(Website.url, Website.state))
            return dict(rows.all())

        assert await offer("https://a/", "accepted", 0.9) == {"https://a/": "accepted"}
        assert await offer("https://b/", "review", 0.6) == {"https://a/": "accepted", "https://b/": "review"}
        assert await offer("https://b/", "accepted", 0.95) == {"https://a/": "candidate", "https://b/": "accepted"}
        await connection.execute(text("UPDATE website SET state = 'rejected' WHERE url = 'https://a/'"))
        assert (await offer("https://a/", "review", 0.7))["https://a/"] == "rejected"
        assert (await offer("https://c/", "none", 0.1))["https://c/"] == "candidate"


async def test_the_counts_of_targets_add_up_and_an_end_is_told_once(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    discovery, harvest = await make_job(kind=JobKind.DISCOVER_WEBSITES), await make_job(kind=JobKind.HARVEST_STAFF)
    async with database.tenant(tenant.organization_id) as connection:
        document_id, (one, two, three) = await add_schools(
            connection, tenant, discovery, *(listed(row, name=name, state="TX") for row, name in enumerate("abc", 1))
        )
        for school_id in (one, two):
            await store_candidates(
                connection,
                [Candidate(school_id, f"https://{school_id}/", "nces", 0.9, [], 200, NOW)],
                organization_id=tenant.organization_id,
                job_id=discovery,
                attempt=1,
            )
            await decide_website(connection, school_id, f"https://{school_id}/", "accepted")
        chosen: dict[str, Any] = {
            "organization_id": tenant.organization_id,
            "selection": SchoolSelection(document_id=document_id),
        }
        await plan_discovery(connection, job_id=discovery, again=False, **chosen)
        assert await target_counts(connection, discovery) == {"skipped": 2, "pending": 1}
        assert [row.id for row in await pending_schools(connection, discovery)] == [three]

        await plan_harvest(connection, job_id=harvest, fresh_days=7, **chosen)
        assert [row.website for row in await pending_schools(connection, harvest)] == [
            f"https://{one}/",
            f"https://{two}/",
        ]
        visit = Visit(one, f"https://{one}/staff", 200, "staff", "a table", 12, NOW)
        for new in (1, 0):
            assert (
                await store_visits(connection, [visit], organization_id=tenant.organization_id, job_id=harvest) == new
            )
        end: dict[str, Any] = {"state": "done", "outcome": "staff", "reason": "a table"}
        assert await end_target(connection, harvest, one, **end)
        assert not await end_target(connection, harvest, one, **end)
        assert await target_outcomes(connection, harvest) == {
            "outcomes": {"staff": 1, "no_website": 1, "pending": 1},
            "pages": 1,
            "people": 12,
        }
        later = await make_job(kind=JobKind.HARVEST_STAFF)
        await plan_harvest(connection, job_id=later, fresh_days=7, **chosen)
        rows = await connection.execute(select(Target.school_id, Target.outcome).where(Target.job_id == later))
        assert dict(rows.all()) == {one: "recently_read", two: None, three: "no_website"}


async def test_what_each_provider_said_of_a_school_stays_with_its_last_discovery(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    tried: list[dict[str, Any]] = [{"provider": "nces", "outcome": "nothing", "found": 0, "detail": ""}]
    async with database.tenant(tenant.organization_id) as connection:
        first, second = [await make_job(kind=JobKind.DISCOVER_WEBSITES) for _ in range(2)]
        _, (school_id,) = await add_schools(connection, tenant, first, listed(1, name="Alder", state="TX"))
        assert await last_discovery(connection, school_id) is None
        ends: list[tuple[UUID, str, list[dict[str, Any]]]] = [
            (first, "none", tried),
            (second, "try_later", [*tried, *tried]),
        ]
        for job_id, outcome, said in ends:
            await connection.execute(
                insert(Target).values(organization_id=tenant.organization_id, job_id=job_id, school_id=school_id)
            )
            await end_target(connection, job_id, school_id, state="done", outcome=outcome, reason="so", tried=said)
        last = await last_discovery(connection, school_id)
        assert last is not None
        assert (last["job_id"], last["outcome"], last["tried"]) == (second, "try_later", [*tried, *tried])


def directory_row(nces_id: str, name: str) -> list[str | None]:
    values = {"nces_id": nces_id, "name": name, "state": "TX", "website": "https://x.example"}
    return [values.get(column) for column in COLUMNS]


async def test_schools_have_the_places_of_their_rows_in_the_directory(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job_id = await make_job(kind=JobKind.EXTRACT_SCHOOLS)
    known, later, unknown = (listed(row, name=name, nces_id=f"48000000000{row}") for row, name in enumerate("abc", 1))
    async with database.system() as connection:
        await import_directory(connection, [directory_row("480000000001", "A"), directory_row("480000000002", "B")])
        places = [("480000000001", 9.0, 9.0), ("480000000001", 31.5, -97.1), ("480000000009", 1.0, 1.0)]
        assert await import_places(connection, places) == 1
    async with database.tenant(tenant.organization_id) as connection:
        await add_schools(connection, tenant, job_id, known, later, unknown)
        assert await places_of(connection) == [(31.5, -97.1), (None, None), (None, None)]
    async with database.system() as connection:
        assert await import_places(connection, [("480000000002", 30.0, -96.0)]) == 2
        # A newer directory says nothing about places: they stay.
        await import_directory(connection, [directory_row("480000000001", "A again")])
    async with database.tenant(tenant.organization_id) as connection:
        assert await locate_schools(connection) == 1
        assert await locate_schools(connection) == 0
        assert await places_of(connection) == [(31.5, -97.1), (30.0, -96.0), (None, None)]


async def places_of(connection: AsyncConnection) -> list[tuple[float | None, float | None]]:
    rows = await connection.execute(select(School.latitude, School.longitude).order_by(School.nces_id))
    return [(latitude, longitude) for latitude, longitude in rows]


async def test_the_directory_is_replaced_school_by_school(database: Database) -> None:
    async with database.system() as connection:
        assert (
            await import_directory(
                connection,
                [directory_row("1", "Old"), directory_row("2", "Two"), directory_row("1", "Newer in the file")],
            )
            == 2
        )
    async with database.system() as connection:
        assert await import_directory(connection, [directory_row("1", "New"), directory_row("3", "Three")]) == 3
        found = {school.nces_id: school.name for school in await directory_of_states(connection, ["TX"])}
    assert found == {"1": "New", "2": "Two", "3": "Three"}
