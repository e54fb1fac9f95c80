"""The secret that access tokens are signed with, for deployments whose settings name none.

It is made once, kept where only the system's role sees it, and so the same in every process.
"""

from __future__ import annotations

import secrets

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from storage.database import Database
from storage.models import SigningKey

SIGNING_LOCK = 0x7171E3


async def signing_secrets(database: Database) -> dict[str, bytes]:
    """The stored secrets by their ids, the newest first; the first of all is made here."""
    query = select(SigningKey.id, SigningKey.secret).order_by(SigningKey.created_at.desc(), SigningKey.id)
    async with database.system() as connection:
        # In a statement of its own, see `create_job`: what another process has just made must be seen afterwards.
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SIGNING_LOCK})
        rows = (await connection.execute(query)).all()
        if not rows:
            row = {"id": secrets.token_hex(4), "secret": secrets.token_bytes(32)}
            await connection.execute(insert(SigningKey).values(row))
            rows = (await connection.execute(query)).all()
    return {row.id: row.secret for row in rows}
