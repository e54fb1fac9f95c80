"""Alembic's entry: runs the scripts on the connection that `storage.migrations.run` opened."""

from __future__ import annotations

from alembic import context

from storage.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
