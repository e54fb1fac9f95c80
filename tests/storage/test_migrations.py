"""The schema: what the migrations make is what the models say, from any number of processes at once."""

from __future__ import annotations

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Index, create_engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from storage.migrations.run import migrate
from storage.models import Base
from storage.models.job import TransactionId


async def test_the_migrated_schema_equals_the_models(database_url: str) -> None:
    ischema_names.update({"xid8": TransactionId})  # pyright: ignore[reportArgumentType, reportCallIssue]  SQLAlchemy does not know it when it reads a schema
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": comparable})
        assert compare_metadata(context, Base.metadata) == []
        indexes = set(connection.scalars(text("SELECT indexname FROM pg_indexes")))
    assert {index.name for table in Base.metadata.tables.values() for index in table.indexes} <= indexes
    engine.dispose()


def comparable(thing: object, name: str | None, *_: object) -> bool:
    """Whether Alembic can compare it; PostgreSQL writes an index's expression in words of its own."""
    return not (isinstance(thing, Index) and str(name).endswith(("_words", "_likeness")))


async def test_many_processes_may_migrate_an_empty_database_at_once(empty_database_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate, empty_database_url) for _ in range(4)))
    engine = create_engine(make_url(empty_database_url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM saq.saq_versions")) == 1
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    engine.dispose()
