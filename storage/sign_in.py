"""Attempts to sign in: counted for the name and for the address before the password is looked at, and made to wait.

The name is counted whether or not anybody has it, whatever organization it would belong to, and kept as a hash only:
people type passwords into the wrong field. Waiting for a name ends after a minute at most, and does not hold at an
address from which its owner has signed in within the last month; so a stranger who keeps guessing can neither lock
somebody out for good, nor guess more than a name's minute allows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, exists, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account, Via
from storage.models import SignInThrottle, User, UserSession
from storage.queries import statement
from storage.roles import Role

NAME_FREE, ADDRESS_FREE = 5, 20
"""Failures from which on there is a wait, doubled with each further one. Many people may share an address."""
NAME_LONGEST_SECONDS, ADDRESS_LONGEST_SECONDS = 60, 900
FORGET_SECONDS = 3600
KNOWN_ADDRESS_DAYS = 30


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """An attempt that was counted, and what is known of its name."""

    open: bool
    """Whether the password may be looked at; else the attempt fails whatever it is."""
    account: Account | None
    """The user of that name, also where they are disabled or have no password."""
    password: str | None = field(repr=False)
    """Their password's hash; none where they may not sign in."""
    email: str = field(repr=False)


async def begin_sign_in(
    connection: AsyncConnection, email: str, via: Via, *, first_wait_seconds: float
) -> SignInAttempt:
    """Counts an attempt, in a system transaction that the caller commits before the password is looked at."""
    name, address = _subjects(email, via)
    rules = {
        "subjects": [name, address],
        "name_free": NAME_FREE,
        "address_free": ADDRESS_FREE,
        "name_longest": NAME_LONGEST_SECONDS,
        "address_longest": ADDRESS_LONGEST_SECONDS,
        "first_wait": first_wait_seconds,
        "forget_seconds": FORGET_SECONDS,
    }
    free = set((await connection.scalars(statement("begin_sign_in"), rules)).all())
    known_here = exists().where(
        UserSession.user_id == User.id,
        UserSession.address == via.address,
        UserSession.created_at > func.now() - text(f"interval '{KNOWN_ADDRESS_DAYS} days'"),
    )
    row: Any = (
        await connection.execute(select(*User.__table__.c, known_here.label("known_here")).where(User.email == email))
    ).one_or_none()
    free_name = name in free or (row is not None and row.known_here)
    if row is None:
        return SignInAttempt(free_name and address in free, None, None, email)
    account = Account(row.organization_id, row.id, row.name, Role(row.role), row.must_change, via)
    password = None if row.disabled_at else row.password
    return SignInAttempt(free_name and address in free, account, password, email)


async def forgive_sign_in(connection: AsyncConnection, attempt: SignInAttempt, via: Via) -> None:
    """Takes the count of an attempt back that was right: the name begins anew, the address has one failure less."""
    name, address = _subjects(attempt.email, via)
    await connection.execute(
        update(SignInThrottle)
        .where(SignInThrottle.subject == address)
        .values(failures=func.greatest(SignInThrottle.failures - 1, 0), blocked_until=func.now())
    )
    await connection.execute(delete(SignInThrottle).where(SignInThrottle.subject == name))


def _subjects(email: str, via: Via) -> tuple[str, str]:
    return f"name:{hashlib.sha256(email.encode()).hexdigest()}", f"address:{via.address or 'unknown'}"
