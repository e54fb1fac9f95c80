"""The door: whose key or session a request shows, and whether its owner may ask once more.

One statement (`storage/queries/admit.sql`) answers both, so that a user who was disabled, a session that was ended and
a limit that is used up hold for the very next request, in every process.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from storage.accounts import Account, Via
from storage.database import Database
from storage.queries import statement
from storage.roles import Role, Scope

WINDOW_SECONDS = 60
"""Limits are so many requests in this time, all of which may come at once."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows of itself: one of the three, or nothing."""

    key_hash: bytes | None = field(default=None, repr=False)
    cookie_hash: bytes | None = field(default=None, repr=False)
    session_id: UUID | None = None
    """Of an access token whose signature was checked."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Requests a minute; 0 is no limit."""

    kind: str
    allowed: int


@dataclass(frozen=True, slots=True)
class Rate:
    """What came of a limit."""

    limit: int
    admitted: bool
    remaining: int
    reset_seconds: int
    """Until the bucket is full again."""
    retry_seconds: int
    """Until a request that was refused may come again."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who asks (None: nobody who is known), and what came of their limit (None: there is none)."""

    account: Account | None
    rate: Rate | None


async def admit(
    database: Database,
    credential: Credential,
    *,
    known: Limit,
    stranger: Limit,
    idle_seconds: float,
    address: str | None = None,
    request_id: str | None = None,
) -> Admission:
    """Looks a credential up and takes one request from its user's limit, or from the address's where it opens nothing.

    Args:
        database: where both are.
        credential: what the request shows.
        known: the limit of a user.
        stranger: the limit of the address.
        idle_seconds: silence after which a session has ended.
        address: of the client.
        request_id: for the audit log.
    """
    values = {
        "key_hash": credential.key_hash,
        "cookie_hash": credential.cookie_hash,
        "session_id": credential.session_id,
        "idle_seconds": idle_seconds,
        "kind": known.kind,
        "allowed": known.allowed,
        "stranger": f"address:{address or 'unknown'}:{stranger.kind}",
        "stranger_allowed": stranger.allowed,
        "window_seconds": WINDOW_SECONDS,
    }
    async with database.system() as connection:
        row = (await connection.execute(statement("admit"), values)).one()
    rate = _rate(row.allowed, row.admitted, row.used_seconds) if row.allowed else None
    if row.user_id is None:
        return Admission(None, rate)
    scope = Scope(row.scope)
    via = Via(row.key_id, row.session_id, scope, address, request_id)
    role = scope.cap(Role(row.role))
    return Admission(Account(row.organization_id, row.user_id, row.name, role, row.must_change, via), rate)


async def still_good(database: Database, ids: Collection[UUID]) -> set[UUID]:
    """Those of the keys and sessions, by their ids, that would still be let in."""
    async with database.system() as connection:
        return set((await connection.scalars(statement("still_good"), {"ids": list(ids)})).all())


def _rate(allowed: int, admitted: bool, used_seconds: float) -> Rate:
    gap = WINDOW_SECONDS / allowed
    used = max(0.0, used_seconds)
    return Rate(
        limit=allowed,
        admitted=admitted,
        remaining=max(0, math.floor((WINDOW_SECONDS - used) / gap + 1e-6)) if admitted else 0,
        reset_seconds=math.ceil(used),
        retry_seconds=max(1, math.ceil(used + gap - WINDOW_SECONDS)),
    )
