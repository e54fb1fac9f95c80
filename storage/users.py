"""Users of an organization: listed, changed, taken away, given links to set a password.

Functions work in the caller's tenant transaction, unless they say that they need the system's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account, Via
from storage.errors import ConflictError, NotFoundError
from storage.models import ApiKey, PasswordLink, User
from storage.roles import Role
from storage.sessions import end_sessions_of
from storage.tokens import LINK_MARK, hashed, new_token

AnyRow = Row[*tuple[Any, ...]]


class LastAdminError(ConflictError):
    """The organization would be left without anybody who may manage it."""

    code = "LAST_ADMIN"


async def find_users(connection: AsyncConnection, *, after: tuple[str, UUID] | None, most: int) -> Sequence[AnyRow]:
    """Users by name behind `after`."""
    query = _users().order_by(User.name, User.id).limit(most)
    if after is not None:
        query = query.where((User.name > after[0]) | ((User.name == after[0]) & (User.id > after[1])))
    return (await connection.execute(query)).all()


async def get_user(connection: AsyncConnection, user_id: UUID) -> AnyRow:
    """A user.

    Raises:
        NotFoundError: there is no such user in this organization.
    """
    row = (await connection.execute(_users().where(User.id == user_id))).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no user {user_id}.")
    return row


async def change_user(connection: AsyncConnection, user_id: UUID, changes: dict[str, Any]) -> AnyRow:
    """Changes columns of a user; who is disabled has no session from then on.

    Raises:
        NotFoundError: there is no such user in this organization.
        LastAdminError: they are the organization's last admin, and would be no more.
    """
    await _hold_admins(connection, user_id, changes)
    await get_user(connection, user_id)
    if changes:
        await connection.execute(update(User).where(User.id == user_id).values(changes))
    if changes.get("disabled_at") is not None:
        await end_sessions_of(connection, user_id, "disabled")
    return await get_user(connection, user_id)


async def remove_user(connection: AsyncConnection, user_id: UUID) -> AnyRow:
    """Takes a user's access away for good: disabled, no sign-in name, no password, no key. Their work keeps their name.

    Raises:
        NotFoundError: there is no such user in this organization.
        LastAdminError: they are the organization's last admin.
    """
    changes = {"disabled_at": func.now(), "email": None, "password": None, "must_change": False}
    removed = await change_user(connection, user_id, changes)
    await connection.execute(
        update(ApiKey).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None)).values(revoked_at=func.now())
    )
    await _spend_links(connection, user_id)
    return removed


async def new_password_link(connection: AsyncConnection, user: AnyRow, *, hours: int) -> tuple[str, datetime]:
    """A token by which the user sets a password once; links made before are good no more.

    Raises:
        ConflictError: the user has no sign-in name, or is disabled.
    """
    if user.email is None or user.disabled_at is not None:
        raise ConflictError(f"{user.name} cannot sign in: give the user an e-mail address, and enable them, first.")
    await _spend_links(connection, user.id)
    token = new_token(LINK_MARK)
    row = {
        "hash": hashed(token),
        "organization_id": user.organization_id,
        "user_id": user.id,
        "expires_at": func.now() + timedelta(hours=hours),
    }
    made = await connection.execute(insert(PasswordLink).values(row).returning(PasswordLink.expires_at))
    return token, made.scalar_one()


async def use_password_link(connection: AsyncConnection, token: str, via: Via) -> Account | None:
    """Whose link this is, used up by this; None where it is unknown, used, or too old. In a system transaction."""
    used = (
        update(PasswordLink)
        .where(PasswordLink.hash == hashed(token), PasswordLink.used_at.is_(None), PasswordLink.expires_at > func.now())
        .values(used_at=func.now())
        .returning(PasswordLink.user_id)
    )
    user_id = await connection.scalar(used)
    user = (await connection.execute(_users().where(User.id == user_id, User.disabled_at.is_(None)))).one_or_none()
    return Account(user.organization_id, user.id, user.name, Role(user.role), via=via) if user else None


async def set_password(
    connection: AsyncConnection, user_id: UUID, password: str, *, keep_session: UUID | None = None
) -> None:
    """Stores a password's hash; all sessions but `keep_session` end, and open links are good no more."""
    await connection.execute(update(User).where(User.id == user_id).values(password=password, must_change=False))
    await end_sessions_of(connection, user_id, "password changed", keep=keep_session)
    await _spend_links(connection, user_id)


async def _hold_admins(connection: AsyncConnection, user_id: UUID, changes: dict[str, Any]) -> None:
    """Locks the organization's admins, so that two of them cannot take each other's role away at the same time."""
    if changes.get("disabled_at") is None and changes.get("role", Role.ADMIN) == Role.ADMIN:
        return
    held = await connection.scalars(
        select(User.id).where(User.role == Role.ADMIN, User.disabled_at.is_(None)).order_by(User.id).with_for_update()
    )
    if list(held) == [user_id]:
        raise LastAdminError("This is the organization's last admin. Make somebody else an admin first.")


async def _spend_links(connection: AsyncConnection, user_id: UUID) -> None:
    await connection.execute(
        update(PasswordLink)
        .where(PasswordLink.user_id == user_id, PasswordLink.used_at.is_(None))
        .values(used_at=func.now())
    )


def _users() -> Select[*tuple[Any, ...]]:
    shown = (column for column in User.__table__.c if column.name != "password")
    return select(*shown, User.password.is_not(None).label("has_password"))
