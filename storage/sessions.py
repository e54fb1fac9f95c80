"""Sessions of people: opened by a password, renewed by refresh tokens, ended at once for every process.

`storage/admission.py` asks with every request whether a session still holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account
from storage.database import Database
from storage.models import RefreshToken, User, UserSession
from storage.queries import statement
from storage.roles import Role
from storage.tokens import COOKIE_MARK, REFRESH_MARK, hashed, new_token


@dataclass(frozen=True, slots=True)
class Renewal:
    """What came of a refresh token."""

    account: Account | None
    """Whose session goes on; None where it does not."""
    session_id: UUID | None
    """The session that the token is of; None for a token that nobody knows."""
    reused: bool = False
    """Whether the token had been used before, so that the session was ended."""


async def open_session(
    connection: AsyncConnection, account: Account, *, days: float, by_cookie: bool
) -> tuple[UUID, str]:
    """Signs a user in, in a system transaction.

    Returns:
        The session, and its cookie or first refresh token, which is kept as a hash only.
    """
    session_id = uuid4()
    token = new_token(COOKIE_MARK if by_cookie else REFRESH_MARK)
    await connection.execute(
        insert(UserSession).values(
            id=session_id,
            organization_id=account.organization_id,
            user_id=account.user_id,
            cookie_hash=hashed(token) if by_cookie else None,
            address=account.via.address,
            expires_at=func.now() + timedelta(days=days),
        )
    )
    if not by_cookie:
        await _keep_refresh_token(connection, account.organization_id, session_id, token)
    return session_id, token


async def renew_session(connection: AsyncConnection, token: str, *, idle_seconds: float) -> tuple[Renewal, str | None]:
    """Uses a refresh token up, in a system transaction.

    One that was used before ends its session: somebody has stolen it, and nobody can tell who of the two.

    Returns:
        What came of it, and the next token where the session goes on.
    """
    used = await connection.execute(
        update(RefreshToken)
        .where(RefreshToken.hash == hashed(token), RefreshToken.used_at.is_(None))
        .values(used_at=func.now())
        .returning(RefreshToken.session_id)
    )
    session_id = used.scalar_one_or_none()
    if session_id is None:
        return await _used_before(connection, token), None
    row = (
        await connection.execute(
            select(User.organization_id, User.id, User.name, User.role, User.must_change)
            .join(UserSession, UserSession.user_id == User.id)
            .where(
                UserSession.id == session_id,
                UserSession.ended_at.is_(None),
                UserSession.expires_at > func.now(),
                UserSession.last_seen_at > func.now() - timedelta(seconds=idle_seconds),
                User.disabled_at.is_(None),
            )
        )
    ).one_or_none()
    if row is None:
        return Renewal(None, session_id), None
    following = new_token(REFRESH_MARK)
    await _keep_refresh_token(connection, row.organization_id, session_id, following)
    await connection.execute(update(UserSession).where(UserSession.id == session_id).values(last_seen_at=func.now()))
    return Renewal(
        Account(row.organization_id, row.id, row.name, Role(row.role), row.must_change), session_id
    ), following


async def end_session(connection: AsyncConnection, session_id: UUID, reason: str) -> None:
    """Ends a session; one that has ended stays as it ended."""
    await connection.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
        .values(ended_at=func.now(), end_reason=reason)
    )


async def end_sessions_of(connection: AsyncConnection, user_id: UUID, reason: str, *, keep: UUID | None = None) -> None:
    """Ends all sessions of a user but `keep`."""
    others = update(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
    if keep is not None:
        others = others.where(UserSession.id != keep)
    await connection.execute(others.values(ended_at=func.now(), end_reason=reason))


async def _used_before(connection: AsyncConnection, token: str) -> Renewal:
    row = (
        await connection.execute(
            select(RefreshToken.session_id, User.organization_id, User.id, User.name, User.role, User.must_change)
            .join(UserSession, UserSession.id == RefreshToken.session_id)
            .join(User, User.id == UserSession.user_id)
            .where(RefreshToken.hash == hashed(token))
        )
    ).one_or_none()
    if row is None:
        return Renewal(None, None)
    await end_session(connection, row.session_id, "token reuse")
    account = Account(row.organization_id, row.id, row.name, Role(row.role), row.must_change)
    return Renewal(account, row.session_id, reused=True)


async def _keep_refresh_token(connection: AsyncConnection, organization_id: UUID, session_id: UUID, token: str) -> None:
    await connection.execute(
        insert(RefreshToken).values(hash=hashed(token), organization_id=organization_id, session_id=session_id)
    )


async def forget_old_access(database: Database) -> None:
    """Removes sessions and links that have long ended, and counters that are at rest."""
    async with database.system() as connection:
        await connection.execute(statement("forget_access"))
