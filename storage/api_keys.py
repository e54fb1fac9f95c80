"""API keys of an organization: listed, replaced with an overlap, revoked. In the caller's tenant transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account, create_key
from storage.errors import ConflictError, NotFoundError
from storage.models import ApiKey, User
from storage.roles import Role, Scope

AnyRow = Row[*tuple[Any, ...]]


async def find_keys(
    connection: AsyncConnection, *, user_id: UUID | None, after: tuple[Any, UUID] | None, most: int
) -> Sequence[AnyRow]:
    """Keys, the newest first, behind `after`; of one user, or of all. Revoked ones stay on the list."""
    query = _keys().order_by(ApiKey.created_at.desc(), ApiKey.id.desc()).limit(most)
    if user_id is not None:
        query = query.where(ApiKey.user_id == user_id)
    if after is not None:
        query = query.where((ApiKey.created_at < after[0]) | ((ApiKey.created_at == after[0]) & (ApiKey.id < after[1])))
    return (await connection.execute(query)).all()


async def get_key(connection: AsyncConnection, key_id: UUID, *, user_id: UUID | None) -> AnyRow:
    """A key; with `user_id`, only of that user.

    Raises:
        NotFoundError: there is no such key.
    """
    query = _keys().where(ApiKey.id == key_id)
    row = (await connection.execute(query if user_id is None else query.where(ApiKey.user_id == user_id))).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no key {key_id}.")
    return row


async def rotate_key(connection: AsyncConnection, key: AnyRow, *, overlap_hours: float) -> tuple[UUID, str]:
    """Makes a key in another's place, which stays good for the overlap; the new one lives as long as it was to.

    Returns:
        The new key's id, and the key, which is shown this once.

    Raises:
        ConflictError: the key is revoked, expired, or was replaced already.
    """
    locked = (
        await connection.execute(
            select(
                ApiKey.revoked_at,
                ApiKey.replaced_by,
                (func.coalesce(ApiKey.expires_at <= func.now(), False)).label("expired"),
                (func.now() + (ApiKey.expires_at - ApiKey.created_at)).label("until"),
            )
            .where(ApiKey.id == key.id)
            .with_for_update()
        )
    ).one()
    if locked.revoked_at is not None or locked.replaced_by is not None or locked.expired:
        raise ConflictError("This key is revoked, expired, or was replaced already. Make a new one.")
    owner = Account(key.organization_id, key.user_id, key.user, Role.VIEWER)
    new_id = uuid4()
    made = await create_key(
        connection, owner, name=key.name, scope=Scope(key.scope), expires_at=locked.until, key_id=new_id
    )
    ends = func.now() + timedelta(hours=overlap_hours)
    await connection.execute(
        update(ApiKey)
        .where(ApiKey.id == key.id)
        .values(replaced_by=new_id, expires_at=func.least(func.coalesce(ApiKey.expires_at, ends), ends))
    )
    return new_id, made


async def revoke_key(connection: AsyncConnection, key_id: UUID) -> None:
    """Ends a key now; one that was revoked stays as it is."""
    await connection.execute(
        update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).values(revoked_at=func.now())
    )


def _keys() -> Select[*tuple[Any, ...]]:
    shown = (column for column in ApiKey.__table__.c if column.name != "hash")
    return select(*shown, User.name.label("user")).join(User, User.id == ApiKey.user_id)
