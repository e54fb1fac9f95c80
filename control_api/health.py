"""Probes: is this process alive, and can it serve."""

from __future__ import annotations

import asyncio
from functools import cache

import psycopg
from litestar import Controller, get
from litestar.di import NamedDependency

from control_api.problems import ApiError
from storage.conninfo import CONNECT_SECONDS, conninfo, unavailable
from storage.database import Database


class NotReadyError(ApiError):
    """The process lives but cannot serve yet."""

    code = "NOT_READY"
    status = 503


class HealthController(Controller):
    """`/health`."""

    path = "/health"
    tags = ("Health",)

    @get("/live", summary="Is the process alive?")
    async def live(self) -> dict[str, str]:
        """Answers as long as the process does, whatever is the matter with its database."""
        return {"status": "ok"}

    @get("/ready", summary="Can requests be served?")
    async def ready(self, database: NamedDependency[Database]) -> dict[str, str]:
        """Answers 200 when PostgreSQL does and its schema is this version's; else 503 with the cause."""
        stored, expected = await _stored_revision(database.url), await asyncio.to_thread(_expected_revision)
        if stored != expected:
            raise NotReadyError(f"The database's schema is {stored or 'missing'}, this program needs {expected}.")
        return {"status": "ok", "schema": expected}


async def _stored_revision(url: str) -> str | None:
    # As the owner and outside the pool: the application's role does not see Alembic's table, and a probe must not
    # wait behind requests.
    try:
        async with await psycopg.AsyncConnection.connect(
            conninfo(url), autocommit=True, connect_timeout=CONNECT_SECONDS
        ) as connection:
            row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.OperationalError as error:
        raise unavailable(error) from error
    return None if row is None else str(row[0])


@cache
def _expected_revision() -> str:
    from alembic.script import ScriptDirectory  # noqa: PLC0415  Alembic is slow to import

    from storage.migrations.run import alembic_config  # noqa: PLC0415

    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())
