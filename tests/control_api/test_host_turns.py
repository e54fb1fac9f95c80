"""Crawls of different jobs and organizations at one host: they take turns, as the host's own log shows."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text

from storage.accounts import Account
from storage.database import Database
from storage.hosts import take_hosts
from storage.jobs import JobKind, NewJob, create_job
from storage.leases import Lease, Limits, claim_job, enlist_worker
from storage.models import HostLease, JobAttempt, StaffMember, Target
from storage.targets import SchoolSelection, plan_harvest
from tests.conftest import KeyedAccount
from tests.control_api.rows import add_school, add_website
from tests.crawler.conftest import ROOT, Web, home_page, staff_table

HOST = "district.test"
DELAY = 0.3


@pytest.fixture
def web() -> Iterator[Web]:
    served = Web()
    served.start()
    yield served
    served.stop()


def open_school(web: Web, host: str, path: str, name: str) -> str:
    """A school of three pages and two people, with a prefix of its own; returns its address."""
    mail = name.lower()
    web.page(host, f"{path}/", home_page(f"{name} School", {"Staff Directory": f"{path}/staff"}))
    people = ((f"Maria {name}son", "Principal"), (f"John {name}man", "Art Teacher"))
    web.page(host, f"{path}/staff", staff_table(*((who, title, f"{who[0]}@{mail}.test") for who, title in people)))
    return web.url(host, f"{path}/")


@dataclass(slots=True)
class Crawls:
    """Jobs of any organization, each crawled by a process of its own as a worker starts it."""

    database: Database
    web: Web
    worker: int
    folder: Path
    environment: dict[str, str]
    processes: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])

    async def begin(self, who: Account, *websites: str, **settings: str) -> tuple[UUID, subprocess.Popen[str]]:
        async with self.database.tenant(who.organization_id) as connection:
            for website in websites:
                school_id = await add_school(connection, who, website, state="NJ")
                await add_website(connection, who, school_id, website)
            new = NewJob(who.organization_id, who.user_id, JobKind.HARVEST_STAFF, {})
            job_id, _ = await create_job(connection, new)
            await plan_harvest(
                connection,
                organization_id=who.organization_id,
                job_id=job_id,
                selection=SchoolSelection(),
                fresh_days=0,
            )
        lease = await claim_job(self.database, job_id, self.worker, Limits())
        assert lease is not None
        return job_id, self.launch(job_id, settings)

    def launch(self, job_id: UUID, settings: dict[str, str]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "crawler.launch", "staff_directory", f"job={job_id}", "attempt=1"]
        with (self.folder / f"{job_id}.log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [*command, "-s", f"JOBDIR={self.folder / str(job_id)}"],
                cwd=ROOT, env=os.environ | self.environment | settings, stderr=log, text=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    async def end(self, process: subprocess.Popen[str]) -> None:
        await asyncio.to_thread(process.wait, 90)

    async def targets(self, who: Account, job_id: UUID) -> list[Any]:
        async with self.database.tenant(who.organization_id) as connection:
            return list(await connection.execute(select(*Target.__table__.c).where(Target.job_id == job_id)))

    async def stats(self, who: Account, job_id: UUID) -> dict[str, Any]:
        async with self.database.tenant(who.organization_id) as connection:
            return await connection.scalar(select(JobAttempt.stats).where(JobAttempt.job_id == job_id)) or {}

    async def people(self, who: Account) -> int:
        async with self.database.tenant(who.organization_id) as connection:
            return await connection.scalar(select(func.count()).select_from(StaffMember)) or 0

    async def holder(self) -> UUID | None:
        async with self.database.system() as connection:
            return await connection.scalar(select(HostLease.job_id).where(HostLease.host == HOST))


@pytest.fixture
async def crawls(database: Database, web: Web, tmp_path: Path) -> AsyncGenerator[Crawls]:
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {HOST}\n127.0.0.1 alone.test\n", encoding="utf-8")
    values = {
        "CONTACT": "https://operator.example/crawler",
        "ALLOW_ADDRESSES": "127.0.0.0/8",
        "ALLOW_PORTS": str(web.port),
        "HOSTS_FILE": str(hosts),
        "HOSTS_ONLY": "1",
        "DELAY_SECONDS": str(DELAY),
        "TIMEOUT_SECONDS": "2",
        "HOST_LEASE_SECONDS": "3",
    }
    environment = {f"TITLE1_CRAWL_{name}": value for name, value in values.items()} | {"DATABASE_URL": database.url}
    session = await database.connect()
    running = Crawls(database, web, await enlist_worker(session), tmp_path, environment)
    yield running
    for process in running.processes:
        process.kill()
        process.wait(30)
    await session.close()


async def until(condition: Any, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  the web of the test has no events
            await asyncio.sleep(0.02)


@pytest.mark.untraced
async def test_two_crawls_of_one_host_never_come_closer_than_its_pause(
    crawls: Crawls, web: Web, account: KeyedAccount, outsider: KeyedAccount
) -> None:
    web.page(HOST, "/robots.txt", "User-agent: *\nCrawl-delay: 0.5\n")
    first, one = await crawls.begin(account.account, *(open_school(web, HOST, f"/{n}", n) for n in ("Oak", "Elm")))
    second, two = await crawls.begin(outsider.account, *(open_school(web, HOST, f"/{n}", n) for n in ("Ash", "Fir")))
    await crawls.end(one)
    await crawls.end(two)
    for who, job_id in ((account.account, first), (outsider.account, second)):
        assert [(target.state, target.people) for target in await crawls.targets(who, job_id)] == [("done", 2)] * 2
    assert {"/Oak/staff", "/Elm/staff", "/Ash/staff", "/Fir/staff"} <= set(web.paths(HOST))
    # Only the first request of all is made before the Crawl-delay is known; the second crawl knows it from the first.
    assert min(web.gaps(HOST)) >= 0.5
    assert await crawls.holder() is None


@pytest.mark.untraced
async def test_the_host_of_a_crawl_that_was_killed_is_taken_over(
    crawls: Crawls, web: Web, account: KeyedAccount, outsider: KeyedAccount
) -> None:
    dead, holder = await crawls.begin(
        account.account, open_school(web, HOST, "/Oak", "Oak"), TITLE1_CRAWL_DELAY_SECONDS="8"
    )
    await until(lambda: web.paths(HOST))
    second, heir = await crawls.begin(
        outsider.account, open_school(web, HOST, "/Ash", "Ash"), open_school(web, "alone.test", "", "Elm")
    )
    # Its other school does not wait.
    await until(lambda: "/staff" in web.paths("alone.test"))
    assert await crawls.holder() == dead
    assert "/Ash/" not in web.paths(HOST)
    holder.send_signal(signal.SIGKILL)
    await crawls.end(heir)
    assert {target.state for target in await crawls.targets(outsider.account, second)} == {"done"}
    assert await crawls.people(outsider.account) == 4
    assert "/Ash/staff" in web.paths(HOST)
    assert min(web.gaps(HOST)) >= DELAY
    assert (await crawls.stats(outsider.account, second))["host_leases/taken"] == 2
    assert await crawls.holder() is None


async def test_a_host_that_is_kept_too_long_is_for_another_time_and_what_is_known_of_it_is_believed(
    crawls: Crawls, web: Web, account: KeyedAccount, database: Database
) -> None:
    stranger = Lease(uuid4(), 1, uuid4(), uuid4(), None, "harvest_staff", {}, {})
    async with database.system() as connection:
        await take_hosts(connection, stranger, [HOST], lease_seconds=600, wish_seconds=1)
        await connection.execute(
            text(
                "INSERT INTO host_lease (host, parked_until, parked_reason) "
                "VALUES ('alone.test', now() + interval '1 hour', 'it asked for a pause of a day')"
            )
        )
    sites = open_school(web, HOST, "/Oak", "Oak"), open_school(web, "alone.test", "", "Elm")
    job_id, process = await crawls.begin(account.account, *sites, TITLE1_CRAWL_HOST_WAIT_SECONDS="1")
    await crawls.end(process)
    targets = await crawls.targets(account.account, job_id)
    assert {(target.state, target.outcome) for target in targets} == {("failed", "try_later")}
    assert {target.reason for target in targets} == {
        "other crawls kept the host for all of the 1 s that this one waits",
        "the host is parked: it asked for a pause of a day",
    }
    assert web.hits == []
