"""The product on a PostgreSQL of its own: schools with known websites, a harvest as a job, real workers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
from sqlalchemy import insert

from benchmarks.crawls.watching import Watched, watch
from benchmarks.crawls.web import Web
from control_api.cli.stack import PROJECT, stop
from storage.accounts import Account, create_account
from storage.conninfo import conninfo
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.jobs import FINAL, JobKind, NewJob, create_job
from storage.migrations.run import migrate
from storage.models import School, Website
from storage.roles import Role
from tests.conftest import fresh_database


@dataclass(frozen=True, slots=True)
class Harvest:
    """What became of a harvest."""

    watched: Watched
    state: str
    schools: int
    people: int
    seconds: float
    """From the first request for a page to the last."""
    stats: dict[str, Any]
    """Of its last spider."""


@contextlib.contextmanager
def server() -> Generator[str]:
    """A PostgreSQL for the length of the block; returns its address."""
    folder = Path(tempfile.mkdtemp(prefix="t1-"))
    folder.chmod(0o755)  # as root, the server runs as a user of its own and must reach its folder
    embedded = EmbeddedPostgres(folder / "pg")
    try:
        yield embedded.acquire()
    finally:
        embedded.release()
        embedded.wait_until_stopped(30)
        shutil.rmtree(folder, ignore_errors=True)


def harvest(
    postgres: str,
    web: Web,
    *,
    workers: int = 1,
    delay: float,
    seconds: float,
    settings: Mapping[str, str] | None = None,
) -> Harvest:
    """Harvests the staff of a web's schools in a database of its own, and watches the spiders.

    Args:
        postgres: address of a server.
        web: the schools' sites.
        workers: worker processes.
        delay: seconds between two requests to one host.
        seconds: the longest time to wait.
        settings: variables for the workers, besides.
    """
    with tempfile.TemporaryDirectory(prefix="t1-", ignore_cleanup_errors=True) as name, fresh_database(postgres) as url:
        migrate(url)
        job_id = asyncio.run(_ask(url, web))
        environment = _environment(url, web, Path(name), delay) | dict(settings or {})
        with _workers(workers, environment, Path(name)) as processes, psycopg.connect(conninfo(url)) as connection:
            connection.autocommit = True

            def goes_on() -> bool:
                if all(process.poll() is not None for process in processes):
                    raise RuntimeError((Path(name) / "worker-0.log").read_text("utf-8", "replace")[-2000:])
                return _scalar(connection, "SELECT state FROM job WHERE id = %s", job_id) not in FINAL

            watched = watch(lambda: _spiders(processes), web, goes_on, seconds=seconds)
            told = web.told()
            return Harvest(
                watched,
                state=_scalar(connection, "SELECT state FROM job WHERE id = %s", job_id),
                schools=_scalar(connection, "SELECT count(*) FROM target WHERE outcome = 'staff'"),
                people=_scalar(connection, "SELECT count(*) FROM staff_member"),
                seconds=told.pages[-1] - told.pages[0],
                stats=_scalar(connection, "SELECT stats FROM job_attempt ORDER BY ended_at DESC LIMIT 1") or {},
            )


async def _ask(url: str, web: Web) -> UUID:
    """Makes an account, a school for each site, and the job."""
    database = Database(url)
    try:
        async with database.system() as connection:
            account, _ = await create_account(connection, organization="Bench", user="bench", role=Role.ADMIN)
        async with database.tenant(account.organization_id) as connection:
            schools = [_school(account, number) for number in range(len(web.sites))]
            ids = (await connection.scalars(insert(School).returning(School.id), schools)).all()
            sites = [_website(account, id_, site) for id_, site in zip(ids, web.sites, strict=True)]
            await connection.execute(insert(Website), sites)
            new = NewJob(account.organization_id, account.user_id, JobKind.HARVEST_STAFF, {})
            job_id, _ = await create_job(connection, new)
            return job_id
    finally:
        await database.close()


def _school(account: Account, number: int) -> dict[str, Any]:
    return {
        "organization_id": account.organization_id,
        "identity": f"bench-{number}",
        "name": f"Bench School {number}",
        "district": f"District {number}",
        "state": "AL",
        "confidence": 1.0,
    }


def _website(account: Account, school_id: int, url: str) -> dict[str, Any]:
    return {
        "organization_id": account.organization_id,
        "school_id": school_id,
        "url": url,
        "provider": "bench",
        "score": 1.0,
        "signals": [],
        "state": "accepted",
    }


def _environment(url: str, web: Web, folder: Path, delay: float) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "TITLE1_DATA_DIR": str(folder / "data"),
        "TITLE1_CRAWL_CONTACT": "https://title1.example/bench",
        "TITLE1_CRAWL_ALLOW_ADDRESSES": "127.0.0.0/8",
        "TITLE1_CRAWL_ALLOW_PORTS": str(web.port),
        "TITLE1_CRAWL_DELAY_SECONDS": str(delay),
        "TITLE1_CRAWL_PAGES_PER_SCHOOL": "1000",
        "TITLE1_CRAWL_SECONDS_PER_SCHOOL": "100000",
    }


@contextlib.contextmanager
def _workers(number: int, environment: Mapping[str, str], folder: Path) -> Generator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("TITLE1_", "OPENAI_"))}
    try:
        for place in range(number):
            with (folder / f"worker-{place}.log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "control_api.cli.main", "worker"],
                    cwd=PROJECT,
                    env=inherited | dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            processes.append(process)
        yield processes
    finally:
        stop(processes)


def _spiders(workers: Sequence[subprocess.Popen[bytes]]) -> list[int]:
    """The spiders of workers: what their fork servers have forked."""
    found: list[int] = []
    for worker in workers:
        with contextlib.suppress(psutil.Error):
            servers = psutil.Process(worker.pid).children()
            found += [spider.pid for fork_server in servers for spider in fork_server.children()]
    return found


def _scalar(connection: psycopg.Connection[Any], query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    return row[0] if row else None
