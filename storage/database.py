"""The way to PostgreSQL: one engine a process, and transactions that belong to a tenant or to the system.

Every connection runs as the role `title1_app`, which owns no table and is bound by row-level security. A transaction
names its tenant with SET LOCAL; one that forgets sees nothing. The few things that concern all tenants at once (whose
API key is this, which job is next, whose worker died) run as `title1_system`, whose policies open just those tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.conninfo import APP_ROLE, CONNECT_SECONDS, SYSTEM_ROLE, conninfo, unavailable
from storage.embedded import EmbeddedPostgres
from storage.settings import StorageSettings


class Database:
    """PostgreSQL as this process sees it.

    Args:
        url: owner's connection URL (`postgresql://…`), as given by `DATABASE_URL` or the embedded server.
        pool_size: connections kept at most.
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            pool_pre_ping=True,
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
            connect_args={
                "options": f"-c role={APP_ROLE} -c timezone=UTC -c lock_timeout=30s",
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "title1",
            },
        )

    @asynccontextmanager
    async def tenant(self, organization_id: UUID) -> AsyncGenerator[AsyncConnection]:
        """One transaction that sees one organization; the end of the block commits, and raises if that fails."""
        async with self._transaction() as connection:
            await connection.execute(
                text("SELECT set_config('title1.organization_id', :id, true)"), {"id": str(organization_id)}
            )
            yield connection

    @asynccontextmanager
    async def system(self) -> AsyncGenerator[AsyncConnection]:
        """One transaction over all organizations, limited to jobs, workers, accounts and the public directory."""
        async with self._transaction() as connection:
            await connection.execute(text(f"SET LOCAL ROLE {SYSTEM_ROLE}"))
            yield connection

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self.engine.begin() as connection:
                yield connection
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise unavailable(error) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise unavailable(error) from error
            raise

    async def listen(self, *channels: str) -> psycopg.AsyncConnection[Any]:
        """A connection of its own that listens on `channels`; the caller closes it.

        Raises:
            DatabaseUnavailableError: PostgreSQL does not answer.
        """
        connection = await self.connect()
        try:
            for channel in channels:
                await connection.execute(f"LISTEN {channel}".encode())
        except BaseException as error:
            await connection.close()
            if isinstance(error, psycopg.OperationalError):
                raise unavailable(error) from error
            raise
        return connection

    async def connect(self) -> psycopg.AsyncConnection[Any]:
        """A connection outside the pool, autocommitting, as `title1_system`; its life can stand for its owner's.

        Raises:
            DatabaseUnavailableError: PostgreSQL does not answer.
        """
        try:
            return await psycopg.AsyncConnection.connect(
                conninfo(self.url),
                autocommit=True,
                options=f"-c role={SYSTEM_ROLE} -c timezone=UTC",
                connect_timeout=CONNECT_SECONDS,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
        except psycopg.OperationalError as error:
            raise unavailable(error) from error

    async def close(self) -> None:
        """Closes the pool."""
        await self.engine.dispose()


@asynccontextmanager
async def open_database(settings: StorageSettings | None = None, *, migrated: bool = True) -> AsyncGenerator[Database]:
    """The configured database for the length of the block, started if it is the embedded one, and migrated.

    Args:
        settings: where it is; default: from the environment.
        migrated: bring the schema to this version first (under a lock, a no-op when it is there).

    Raises:
        DatabaseUnavailableError: PostgreSQL does not answer or cannot be started.
    """
    from storage.migrations.run import migrate  # noqa: PLC0415  Alembic is slow to import and often not needed

    settings = settings or StorageSettings()
    embedded: EmbeddedPostgres | None = None
    url = settings.database_url
    if url is None:
        embedded = EmbeddedPostgres(settings.data_dir / "postgres")
        url = await asyncio.to_thread(embedded.acquire)
    database: Database | None = None
    try:
        if migrated:
            await asyncio.to_thread(migrate, url)
        database = Database(url, pool_size=settings.pool_size)
        yield database
    finally:
        if database is not None:
            await database.close()
        if embedded is not None:
            await asyncio.to_thread(embedded.release)


def job_dir(settings: StorageSettings, job_id: UUID) -> Path:
    """The folder of one job's checkpoints on this machine."""
    return settings.data_dir / "jobs" / str(job_id)
