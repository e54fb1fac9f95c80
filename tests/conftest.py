"""What tests of several rooms share: a PostgreSQL, an empty migrated database a test, an account, a fork server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from coverage import Coverage
from hypothesis import settings
from psycopg import sql

from control_api.work.launcher import Launcher
from storage.accounts import Account, create_account
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrations.run import migrate
from storage.roles import Role
from tests.databases import DatabasePool, fresh_database

# A busy machine is no reason to fail: no property is one of time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def untraced(request: pytest.FixtureRequest) -> Generator[None]:
    """Tests marked `untraced` run without coverage, here and in the processes that they start."""
    tracing = Coverage.current() if request.node.get_closest_marker("untraced") else None
    if tracing is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        tracing.stop()
        try:
            yield
        finally:
            tracing.start()


@pytest.fixture(scope="session", autouse=True)
def without_a_model() -> Generator[None]:
    """Nobody's own key is used, and no model asked, but by the tests that say so."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("OPENAI_", "TITLE1_LLM_"))]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def without_name_servers() -> Generator[None]:
    """No worker asks DNS for the domains of addresses, but in the tests that bring a name server of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TITLE1_EMAIL_CHECK", "false")
        yield


@pytest.fixture(scope="session")
def launcher() -> Generator[Launcher]:
    """One fork server for the spiders of all tests: each would need two seconds of work for one of its own.

    What a spider knows of its test comes with the request for it. Tests of the server itself start others.
    """
    launcher = Launcher()
    launcher.prepare()  # here, in the main thread: the kernel ends it with the thread that has started it
    yield launcher
    launcher.kill()


@pytest.fixture(scope="session")
def postgres_url() -> Generator[str]:
    """A server that tests may make databases on: `TITLE1_TEST_DATABASE_URL`, or an embedded one of this run."""
    if url := os.environ.get("TITLE1_TEST_DATABASE_URL"):
        yield url
        return
    # Not in pytest's own folder: that is closed to the account which the server runs as when root runs the tests, and
    # closed again whenever another run starts.
    with tempfile.TemporaryDirectory(prefix="title1-test-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            url = server.acquire()
            with psycopg.connect(url, autocommit=True) as connection:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    # Nothing here outlives the run, and a third of its time was spent on waiting for the disk.
                    connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
                connection.execute("SELECT pg_reload_conf()")
            yield url
        finally:
            server.release()
            server.wait_until_stopped(30)


@pytest.fixture(scope="session")
def template_url(postgres_url: str) -> Generator[str]:
    """A migrated, empty database that others are copied from in a few hundredths of a second."""
    with fresh_database(postgres_url) as url:
        migrate(url)
        yield url


@pytest.fixture
def empty_database_url(postgres_url: str) -> Generator[str]:
    """A database without any schema."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def database_pool(postgres_url: str, template_url: str) -> Generator[DatabasePool]:
    """Migrated, empty databases for test after test."""
    pool = DatabasePool(postgres_url, template_url)
    yield pool
    pool.close()


@pytest.fixture
def database_url(database_pool: DatabasePool) -> Generator[str]:
    """A migrated database of this test's own."""
    with database_pool.lend() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """That database, as the program sees it."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@dataclass(frozen=True, slots=True)
class KeyedAccount:
    """An account and the key that opens it."""

    account: Account
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of its requests."""
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture
async def account(database: Database) -> KeyedAccount:
    """The first organization's admin."""
    async with database.system() as connection:
        return KeyedAccount(
            *await create_account(connection, organization="Riverbend Supplies", user="ada", role=Role.ADMIN)
        )
