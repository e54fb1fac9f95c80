"""Brings a database to this version's schema: roles, tables, policies, the queue's own tables.

Any number of processes may start at once: they take turns on an advisory lock, and all but the first find it done.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from saq.queue.postgres import PostgresQueue
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from storage.conninfo import CONNECT_SECONDS, queue_conninfo, unavailable

MIGRATION_LOCK = 0x7171E0


def migrate(url: str) -> None:
    """Runs the migrations that `url`'s database lacks, then those of the queue. Blocks; takes the owner's role.

    Raises:
        DatabaseUnavailableError: PostgreSQL does not answer.
    """
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"connect_timeout": CONNECT_SECONDS},
    )
    config = alembic_config()
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
            if not _is_current(connection, config):
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
            _migrate_queue(url)
    except (OperationalError, psycopg.OperationalError) as error:
        raise unavailable(error) from error
    finally:
        engine.dispose()


def alembic_config() -> Config:
    """Alembic's configuration, without a file: the scripts stand beside this module."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _is_current(connection: Connection, config: Config) -> bool:
    heads = set(ScriptDirectory.from_config(config).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == heads


def _migrate_queue(url: str) -> None:
    """Lets SAQ make its tables here, under our lock: the loser of SAQ's own lock would start without tables."""

    async def connect_once() -> None:
        queue = PostgresQueue.from_url(queue_conninfo(url), min_size=1, max_size=2)
        await queue.connect()
        await queue.disconnect()

    asyncio.run(connect_once())
