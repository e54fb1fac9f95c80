"""Journals between workers: whoever goes on with a crawl has the newest one, or begins the unfinished schools anew."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from control_api.work.attempt import Attempt
from control_api.work.journals import TravellingJournal
from control_api.work.launcher import Launcher
from control_api.work.settings import WorkerSettings
from control_api.worker import WORKS
from storage.blobs import Blobs
from storage.database import Database
from storage.errors import LeaseLostError
from storage.jobs import JobKind, JobState, NewJob, create_job
from storage.leases import Limits, Settlement, claim_job, enlist_worker, settle
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.harvests import open_web
from tests.control_api.rows import add_school, add_website
from tests.crawler.conftest import Web, home_page, staff_table, wait_until

SCHOOLS, PAGES = 4, 3
HOSTS = [f"s{number}.test" for number in range(SCHOOLS)]

Try = Callable[[StorageSettings, int | None], Awaitable[JobState]]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Web]:
    """Schools whose staff lists have several pages, slow enough to be stopped amid them."""
    with open_web(monkeypatch, tmp_path, *HOSTS) as served:
        for host in HOSTS:
            served.page(host, "/", home_page("School", {"Staff Directory": "/staff?page=1"}))
            for number, following in pairwise([*range(1, PAGES + 1), None]):
                names = [f"{given} Thorne{'abcd'[number or 0]}" for given in ("Ada", "Bruno", "Carla", "Dora")]
                people = [(name, "Teacher", f"{name.replace(' ', '.').lower()}@{host}") for name in names]
                link = f'<a rel="next" href="/staff?page={following}">Next</a>' if following else ""
                page = staff_table(*people).replace("</body>", f"{link}</body>")
                served.page(host, f"/staff?page={number}", page, seconds=0.3)
        yield served


@pytest.fixture
async def attempt(database: Database, account: KeyedAccount, web: Web, launcher: Launcher) -> AsyncIterator[Try]:
    """Tries the one harvest of a test on a machine; stops it after so many requests for pages, if that is given."""
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        for host in HOSTS:
            school = await add_school(connection, who, f"School {host}", state="NJ")
            await add_website(connection, who, school, web.url(host))
        job_id, _ = await create_job(connection, NewJob(who.organization_id, who.user_id, JobKind.HARVEST_STAFF, {}))
    session = await database.connect()
    worker = await enlist_worker(session)

    async def go(machine: StorageSettings, stop_after: int | None) -> JobState:
        lease = await claim_job(database, job_id, worker, Limits())
        assert lease is not None
        work = Attempt(lease, database, Blobs.configured(machine), WorkerSettings(), machine, launcher)
        done = asyncio.create_task(WORKS[JobKind.HARVEST_STAFF](work))
        if stop_after is not None:
            await asyncio.to_thread(wait_until, lambda: len(pages_asked(web)) >= stop_after)
            work.stop.set()
        settlement = await done
        assert settlement is not None
        return await settle(database, lease, settlement)

    try:
        yield go
    finally:
        await session.close()


def pages_asked(web: Web) -> list[tuple[str, str]]:
    return [(hit.host, hit.path) for hit in web.hits if hit.path != "/robots.txt"]


def machines(
    settings: StorageSettings, folder: Path, *, blobs_url: str | None
) -> tuple[StorageSettings, StorageSettings]:
    """Two, each with a disk of its own, and one blob store for both if it has a URL."""
    first, second = (
        settings.model_copy(update={"data_dir": folder / name, "blobs_url": blobs_url}) for name in ("first", "second")
    )
    return first, second


async def test_another_machine_goes_on_with_the_journal_that_was_left(
    attempt: Try, web: Web, storage_settings: StorageSettings, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    first, second = machines(storage_settings, tmp_path, blobs_url=store.as_uri())
    assert await attempt(first, SCHOOLS * 2) is JobState.QUEUED
    assert [file.name for file in (store / "journals").rglob("*.db")] == ["1.db"]
    assert await attempt(second, SCHOOLS * 3) is JobState.QUEUED
    # The first machine still has its journal of before, which would ask for the second's pages again.
    assert await attempt(first, None) is JobState.SUCCEEDED
    asked = pages_asked(web)
    assert sorted(asked) == sorted({*asked})
    assert {path for _, path in asked} >= {f"/staff?page={number + 1}" for number in range(PAGES)}
    assert list((store / "journals").rglob("*.db")) == []


async def test_an_attempt_that_was_given_up_and_wakes_up_leaves_its_successors_journal_alone(
    database: Database, account: KeyedAccount, storage_settings: StorageSettings
) -> None:
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        job_id, _ = await create_job(connection, NewJob(who.organization_id, who.user_id, JobKind.HARVEST_STAFF, {}))
    session = await database.connect()
    worker = await enlist_worker(session)
    journals: list[TravellingJournal] = []
    for _ in range(2):
        lease = await claim_job(database, job_id, worker, Limits())
        assert lease is not None
        blobs = Blobs.configured(storage_settings)
        journals.append(TravellingJournal(Attempt(lease, database, blobs, WorkerSettings(), storage_settings)))
        if len(journals) == 1:
            await settle(database, lease, Settlement(JobState.QUEUED))
    sleeper, successor = journals
    await successor.take_up()
    (successor.folder / "frontier.db").write_bytes(b"what is left to do")
    with pytest.raises(LeaseLostError):
        await sleeper.take_up()
    assert (successor.folder / "frontier.db").read_bytes() == b"what is left to do"
    await session.close()


async def test_without_a_store_another_machine_begins_unfinished_schools_anew(
    attempt: Try, web: Web, storage_settings: StorageSettings, tmp_path: Path
) -> None:
    first, second = machines(storage_settings, tmp_path, blobs_url=None)
    assert await attempt(first, SCHOOLS * 2) is JobState.QUEUED
    before = len(web.hits)
    assert await attempt(second, None) is JobState.SUCCEEDED
    again = [hit.path for hit in web.hits[before:] if hit.path == "/"]
    assert len(again) == SCHOOLS


async def test_a_store_that_is_gone_costs_pages_and_nothing_else(
    attempt: Try, storage_settings: StorageSettings, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    first, second = machines(storage_settings, tmp_path, blobs_url=store.as_uri())
    assert await attempt(first, SCHOOLS * 2) is JobState.QUEUED
    shutil.rmtree(store)
    assert await attempt(second, None) is JobState.SUCCEEDED
