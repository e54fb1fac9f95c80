"""The API in the test's own event loop, and clients of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from litestar import Litestar

from control_api.app import create_app, first_state
from control_api.jobs.service import Ring
from control_api.settings import ApiSettings
from control_api.work.settings import WorkerSettings
from control_api.worker import Worker
from storage.accounts import create_account, create_key, create_user
from storage.database import Database
from storage.roles import Role
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.cli.shell import Shell
from tests.control_api.streams import serving


@dataclass(slots=True)
class Bell:
    """Stands where the queue is: remembers who rang, or breaks."""

    rings: list[tuple[UUID, int]] = field(default_factory=list[tuple[UUID, int]])
    broken: bool = False

    @asynccontextmanager
    async def open(self, database: Database) -> AsyncGenerator[Ring]:
        yield self.ring

    async def ring(self, job_id: UUID, attempt: int, /) -> None:
        if self.broken:
            raise ConnectionError("nobody hears")
        self.rings.append((job_id, attempt))


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def settings() -> ApiSettings:
    """Small limits, so that tests reach them."""
    return ApiSettings(
        upload_max_bytes=200_000,
        stream_ping_seconds=0.3,
        streams_per_user=3,
        password_memory_kib=64,
        password_rounds=1,
        sign_ins_per_minute=0,
        strangers_per_minute=0,
    )


@pytest.fixture
def storage_settings(database_url: str, tmp_path: Path) -> StorageSettings:
    return StorageSettings(database_url=database_url, data_dir=tmp_path)


@pytest.fixture
async def app(settings: ApiSettings, storage_settings: StorageSettings, bell: Bell) -> AsyncGenerator[Litestar]:
    made = routed(settings.upload_max_bytes)
    made.state = first_state(settings, storage_settings, bell.open)
    async with started(made):
        yield made


@cache
def routed(upload_max_bytes: int) -> Litestar:
    """The routes and their description: half a second of work, the same for all tests. They hold nothing of a test."""
    return create_app(ApiSettings(upload_max_bytes=upload_max_bytes))


@asynccontextmanager
async def started(app: Litestar) -> AsyncGenerator[None]:
    """The app's life in a task of its own: it must end where it began, and fixtures end in another task."""
    begun, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            begun.set()
            await over.wait()

    life = asyncio.create_task(live())
    beginning = asyncio.create_task(begun.wait())
    await asyncio.wait({life, beginning}, return_when=asyncio.FIRST_COMPLETED)
    beginning.cancel()
    try:
        if not life.done():
            yield
    finally:
        over.set()
        await life


ClientOf = Callable[[KeyedAccount | None], httpx2.AsyncClient]


@pytest.fixture
async def client_of(app: Litestar) -> AsyncGenerator[ClientOf]:
    """Makes clients of the API with somebody's key."""
    clients: list[httpx2.AsyncClient] = []

    def make(account: KeyedAccount | None) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)  # pyright: ignore[reportArgumentType]  Litestar names its messages by classes of its own
        clients.append(
            httpx2.AsyncClient(
                transport=transport, base_url="http://title1.test", headers=account.headers if account else {}
            )
        )
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def api(client_of: ClientOf, account: KeyedAccount) -> httpx2.AsyncClient:
    """The admin's client."""
    return client_of(account)


@pytest.fixture
def stranger(client_of: ClientOf) -> httpx2.AsyncClient:
    """A client without a key."""
    return client_of(None)


@pytest.fixture
async def outsider(database: Database) -> KeyedAccount:
    """The admin of another organization."""
    async with database.system() as connection:
        return KeyedAccount(
            *await create_account(connection, organization="Harborlight Books", user="ben", role=Role.ADMIN)
        )


MakeUser = Callable[[str, Role], Awaitable[KeyedAccount]]


@pytest.fixture
def colleague(database: Database, account: KeyedAccount) -> MakeUser:
    """Makes another user of the first organization."""

    async def make(name: str, role: Role) -> KeyedAccount:
        async with database.system() as connection:
            user = await create_user(connection, account.account.organization_id, name=name, role=role)
            return KeyedAccount(user, await create_key(connection, user, name="test"))

    return make


@pytest.fixture
async def shell(app: Litestar, account: KeyedAccount, database_url: str, tmp_path: Path) -> AsyncGenerator[Shell]:
    """The admin's command line beside the API; it reaches the database too."""
    async with serving(app) as served:
        yield Shell(
            {
                "TITLE1_URL": served.url,
                "TITLE1_API_KEY": account.key,
                "DATABASE_URL": database_url,
                "TITLE1_DATA_DIR": str(tmp_path),
            }
        )


@pytest.fixture
async def worker(app: Litestar, database: Database, storage_settings: StorageSettings) -> AsyncGenerator[Worker]:
    """A worker in the test's own event loop. No bell rings for it: it looks at the table when it hears of a job."""
    worker = Worker(database, WorkerSettings(), storage_settings)
    life = asyncio.create_task(worker.run())
    yield worker
    worker.stopping.set()
    await asyncio.wait_for(life, 30)
