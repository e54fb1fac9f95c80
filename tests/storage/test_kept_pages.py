"""Fetched pages: kept once, for so many days, by nobody else seen, and gone with their school or organization."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import func, insert, select

from storage import kept_pages
from storage.accounts import Account
from storage.conninfo import conninfo
from storage.database import Database
from storage.jobs import JobKind
from storage.kept_pages import (
    FetchedPage,
    body_of,
    forget_old_pages,
    known_pages,
    pack_body,
    pages_of_school,
    schools_with_known_pages,
    store_pages,
)
from storage.models import KeptPage, PageBody, Target
from tests.control_api.rows import add_school
from tests.storage.conftest import MakeJob, make_tenant

BODY = b"<html><body><table><tr><td>Odile Brannock</td></tr></table></body></html>" * 200


def fetched(
    school_id: int, path: str = "/staff", *, days_ago: float = 0, body: bytes = BODY, etag: str | None = None
) -> FetchedPage:
    url = f"https://alder.example{path}"
    step: dict[str, Any] = {"url": url, "kind": "link", "score": 0.9}
    at = datetime.now(UTC) - timedelta(days=days_ago)
    return FetchedPage(school_id, url, False, url, 200, "text/html", True, step, pack_body(body), at, etag)


async def keep(database: Database, tenant: Account, job_id: UUID, *pages: FetchedPage) -> None:
    async with database.tenant(tenant.organization_id) as connection:
        await store_pages(connection, pages, organization_id=tenant.organization_id, job_id=job_id)


async def counted(database: Database, tenant: Account) -> tuple[int, int]:
    """Pages and bodies that an organization sees."""
    async with database.tenant(tenant.organization_id) as connection:
        pages = await connection.scalar(select(func.count()).select_from(KeptPage))
        bodies = await connection.scalar(select(func.count()).select_from(PageBody))
    return pages or 0, bodies or 0


@pytest.fixture
async def school(database: Database, tenant: Account) -> int:
    async with database.tenant(tenant.organization_id) as connection:
        return await add_school(connection, tenant, "Alder Elementary")


async def test_a_page_fetched_again_is_there_once_and_its_body_for_all_jobs_of_the_school(
    database: Database, tenant: Account, make_job: MakeJob, school: int
) -> None:
    first, second = [await make_job(kind=JobKind.HARVEST_STAFF) for _ in range(2)]
    home = fetched(school, "/", days_ago=2)
    await keep(database, tenant, first, home, fetched(school, days_ago=1), fetched(school, days_ago=1))
    await keep(database, tenant, first, fetched(school, "/", days_ago=2, body=b"another"))
    await keep(database, tenant, second, fetched(school))
    assert await counted(database, tenant) == (3, 2)
    async with database.tenant(tenant.organization_id) as connection:
        pages = await pages_of_school(connection, first, school)
        assert [page.asked for page in pages] == ["https://alder.example/", "https://alder.example/staff"]
        assert [await body_of(connection, school, page.sha256) for page in pages] == [b"another", BODY]
        (body,) = (await connection.execute(select(PageBody.__table__).where(PageBody.size_bytes == len(BODY)))).all()
        assert len(body.packed) < len(BODY) / 20


async def test_old_bodies_are_forgotten_in_small_steps_and_their_pages_still_told(
    database: Database, tenant: Account, make_job: MakeJob, school: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_pages, "FORGOTTEN_AT_ONCE", 2)
    job_id = await make_job(kind=JobKind.HARVEST_STAFF)
    old = [fetched(school, f"/{number}", days_ago=31, body=b"%d" % number) for number in range(5)]
    seen_since = dataclasses.replace(old[0], fetched_at=datetime.now(UTC))
    await keep(database, tenant, job_id, *old, fetched(school, days_ago=29))
    await keep(database, tenant, await make_job(kind=JobKind.HARVEST_STAFF), seen_since)
    assert await forget_old_pages(database, 30) == 4
    assert await forget_old_pages(database, 30) == 0
    assert await counted(database, tenant) == (7, 2)
    assert await forget_old_pages(database, 0) == 2
    assert await counted(database, tenant) == (7, 0)


async def test_what_another_is_writing_is_left_for_the_next_time(
    database: Database, tenant: Account, make_job: MakeJob, school: int
) -> None:
    job_id = await make_job(kind=JobKind.HARVEST_STAFF)
    old = fetched(school, days_ago=40)
    await keep(database, tenant, job_id, old, fetched(school, "/other", days_ago=40, body=b"other"))
    async with database.tenant(tenant.organization_id) as connection:
        renewed = dataclasses.replace(old, fetched_at=datetime.now(UTC))
        await store_pages(connection, [renewed], organization_id=tenant.organization_id, job_id=job_id)
        assert await forget_old_pages(database, 30) == 1
    assert await forget_old_pages(database, 30) == 0
    async with database.tenant(tenant.organization_id) as connection:
        assert await body_of(connection, school, old.body.sha256) == BODY


async def test_known_are_the_last_plain_answers_that_can_be_compared_and_are_still_there(
    database: Database, tenant: Account, make_job: MakeJob, school: int
) -> None:
    first, second = [await make_job(kind=JobKind.HARVEST_STAFF) for _ in range(2)]
    shown = dataclasses.replace(fetched(school, "/shown", etag='"s"'), shown=True)
    teapot = dataclasses.replace(fetched(school, "/teapot", etag='"t"'), http_status=203)
    moved = dataclasses.replace(fetched(school, "/old", etag='"m"'), url="https://alder.example/new")
    dated = dataclasses.replace(fetched(school, "/dated", etag=None), last_modified="Tue, 03 Mar 2026 07:08:09 GMT")
    gone = fetched(school, "/gone", days_ago=40, body=b"gone", etag='"g"')
    silent = fetched(school, "/silent", days_ago=2, etag='"then"')
    await keep(database, tenant, first, shown, teapot, moved, dated, gone, silent)
    await keep(database, tenant, first, fetched(school, days_ago=2, body=b"old", etag='"1"'))
    # Kept by the later job: another answer with another tag, and one that has none any more.
    await keep(database, tenant, second, fetched(school, etag='W/"2"'), fetched(school, "/silent"))
    await forget_old_pages(database, 30)

    async def known() -> dict[str, tuple[str | None, str | None]]:
        async with database.tenant(tenant.organization_id) as connection:
            return {page.url: (page.etag, page.last_modified) for page in await known_pages(connection, school)}

    assert await known() == {
        "https://alder.example/staff": ('W/"2"', None),
        "https://alder.example/new": ('"m"', None),
        "https://alder.example/dated": (None, "Tue, 03 Mar 2026 07:08:09 GMT"),
    }
    async with database.tenant((await make_tenant(database, "South")).organization_id) as connection:
        assert await known_pages(connection, school) == []
    await forget_old_pages(database, 0)
    assert await known() == {}


async def test_schools_of_which_nothing_can_be_compared_are_known_beforehand(
    database: Database, tenant: Account, make_job: MakeJob, school: int
) -> None:
    harvest, other = [await make_job(kind=JobKind.HARVEST_STAFF) for _ in range(2)]
    async with database.tenant(tenant.organization_id) as connection:
        schools = [school, *[await add_school(connection, tenant, f"{name} Elementary") for name in ("Elm", "Fir")]]
        for number, one in enumerate(schools):
            state = "done" if number == 2 else "pending"
            values = {"job_id": harvest, "school_id": one, "state": state, "organization_id": tenant.organization_id}
            await connection.execute(insert(Target).values(values))
    await keep(database, tenant, other, *(fetched(one, etag=None if one == schools[1] else '"1"') for one in schools))
    async with database.tenant(tenant.organization_id) as connection:
        # The last one has ended; a spider that was killed then may still ask for its last page again.
        assert await schools_with_known_pages(connection, harvest) == {school, schools[2]}
        assert await schools_with_known_pages(connection, other) == set()


async def test_others_see_nothing_and_a_deleted_school_or_organization_leaves_nothing(
    database: Database, tenant: Account, make_job: MakeJob, school: int, database_url: str
) -> None:
    async with database.tenant(tenant.organization_id) as connection:
        other_school = await add_school(connection, tenant, "Birch Elementary")
    job_id = await make_job(kind=JobKind.HARVEST_STAFF)
    await keep(database, tenant, job_id, fetched(school), fetched(other_school))
    assert await counted(database, await make_tenant(database, "South")) == (0, 0)
    with psycopg.connect(conninfo(database_url)) as owner:
        owner.execute("DELETE FROM school WHERE id = %s", [school])
    assert await counted(database, tenant) == (1, 1)
    with psycopg.connect(conninfo(database_url)) as owner:
        owner.execute("DELETE FROM organization WHERE id = %s", [tenant.organization_id])
        left = owner.execute("SELECT (SELECT count(*) FROM kept_page), (SELECT count(*) FROM page_body)").fetchone()
    assert left == (0, 0)
