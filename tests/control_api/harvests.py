"""Jobs worked on in the test's own process, whose spiders find their schools' sites on loopback."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from control_api.work.attempt import Attempt
from control_api.work.launcher import Launcher
from control_api.work.settings import WorkerSettings
from control_api.worker import WORKS
from storage.accounts import Account
from storage.blobs import Blobs
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.leases import Limits, Settlement, claim_job, enlist_worker, settle
from storage.settings import StorageSettings
from tests.crawler.conftest import Web

RunJob = Callable[..., Awaitable[tuple[UUID, Settlement]]]


@contextmanager
def open_web(monkeypatch: pytest.MonkeyPatch, folder: Path, *hosts: str) -> Generator[Web]:
    """Hosts on loopback, open to the spiders of a worker."""
    served = Web()
    served.start()
    table = folder / "hosts"
    table.write_text("".join(f"127.0.0.1 {host}\n" for host in hosts), encoding="utf-8")
    for name, value in {
        "CONTACT": "https://operator.example/crawler",
        "ALLOW_ADDRESSES": "127.0.0.0/8",
        "ALLOW_PORTS": str(served.port),
        "HOSTS_FILE": str(table),
        "HOSTS_ONLY": "1",
        "DELAY_SECONDS": "0.05",
        "BACKOFF_SECONDS": "0.1",
    }.items():
        monkeypatch.setenv(f"TITLE1_CRAWL_{name}", value)
    try:
        yield served
    finally:
        served.stop()


@asynccontextmanager
async def working(
    database: Database, storage_settings: StorageSettings, who: Account, launcher: Launcher
) -> AsyncGenerator[RunJob]:
    """Works on jobs as a worker does, each to the end of its first attempt."""
    session = await database.connect()
    worker = await enlist_worker(session)

    async def work(kind: JobKind, *, budget: dict[str, Any] | None = None, **params: Any) -> tuple[UUID, Settlement]:
        async with database.tenant(who.organization_id) as connection:
            new = NewJob(who.organization_id, who.user_id, kind, params, budget=budget)
            job_id, _ = await create_job(connection, new)
        lease = await claim_job(database, job_id, worker, Limits())
        assert lease is not None
        blobs = Blobs.configured(storage_settings)
        attempt = Attempt(lease, database, blobs, WorkerSettings(), storage_settings, launcher)
        settlement = await WORKS[kind](attempt)
        assert settlement is not None
        await settle(database, lease, settlement)
        return job_id, settlement

    try:
        yield work
    finally:
        await session.close()
