"""Organizations, users and API keys: the first start's account, new keys, and whose key this is."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.errors import NotFoundError
from storage.models import ApiKey, Organization, User
from storage.roles import Role

KEY_MARK = "t1_"
FIRST_START_LOCK = 0x7171E2


@dataclass(frozen=True, slots=True)
class Account:
    """Who is asking."""

    organization_id: UUID
    user_id: UUID
    user_name: str
    role: Role
    key_prefix: str | None = None
    """The first letters of the API key that asks; None where somebody acts without one."""


async def first_account(database: Database, *, organization: str, user: str) -> str | None:
    """Makes an organization, an admin and a key if there is no organization yet.

    Returns:
        The key, which is shown this once and kept only as a hash; None when there is an organization already.
    """
    async with database.system() as connection:
        # Two processes may start at once on an empty database; in a statement of its own, see `create_job`.
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FIRST_START_LOCK})
        if await connection.scalar(select(func.count()).select_from(Organization)):
            return None
        return (await create_account(connection, organization=organization, user=user, role=Role.ADMIN))[1]


async def create_account(
    connection: AsyncConnection, *, organization: str, user: str, role: Role
) -> tuple[Account, str]:
    """Makes an organization with one user and a key for it, in the caller's system transaction."""
    organization_id, user_id = uuid4(), uuid4()
    await connection.execute(insert(Organization).values(id=organization_id, name=organization))
    await connection.execute(insert(User).values(id=user_id, organization_id=organization_id, name=user, role=role))
    account = Account(organization_id, user_id, user, role)
    return account, await create_key(connection, account, name="first key")


async def organization_ids(connection: AsyncConnection) -> list[UUID]:
    """All organizations, in a system transaction."""
    return list(await connection.scalars(select(Organization.id).order_by(Organization.id)))


async def create_user(connection: AsyncConnection, organization_id: UUID, *, name: str, role: Role) -> Account:
    """Adds a user to an organization."""
    user_id = uuid4()
    await connection.execute(insert(User).values(id=user_id, organization_id=organization_id, name=name, role=role))
    return Account(organization_id, user_id, name, role)


async def find_user(connection: AsyncConnection, name: str | None = None) -> Account:
    """A user by name, or the oldest admin, in the caller's system transaction.

    Raises:
        NotFoundError: no such user.
    """
    query = select(User.organization_id, User.id, User.name, User.role).order_by(User.created_at).limit(1)
    query = query.where(User.name == name) if name else query.where(User.role == Role.ADMIN)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no user {name!r}." if name else "There is no admin yet; run `title1 up` first.")
    return Account(row.organization_id, row.id, row.name, Role(row.role))


async def create_key(
    connection: AsyncConnection, account: Account, *, name: str, expires_at: datetime | None = None
) -> str:
    """Makes an API key of 256 random bits. What is returned cannot be read again: only its hash is kept."""
    key = KEY_MARK + secrets.token_urlsafe(32)
    await connection.execute(
        insert(ApiKey).values(
            id=uuid4(),
            organization_id=account.organization_id,
            user_id=account.user_id,
            name=name,
            prefix=key[: len(KEY_MARK) + 6],
            hash=_hash(key),
            expires_at=expires_at,
        )
    )
    return key


async def account_of_key(database: Database, key: str) -> Account | None:
    """Whose key this is; None for a key that is unknown, revoked, expired, or of a disabled user."""
    if not key.startswith(KEY_MARK):
        return None
    async with database.system() as connection:
        row = (
            await connection.execute(
                select(ApiKey.id, ApiKey.prefix, User.organization_id, User.id.label("user_id"), User.name, User.role)
                .join(User, User.id == ApiKey.user_id)
                .where(
                    ApiKey.hash == _hash(key),
                    ApiKey.revoked_at.is_(None),
                    User.disabled_at.is_(None),
                    func.coalesce(ApiKey.expires_at > func.now(), True),
                )
            )
        ).one_or_none()
        if row is None:
            return None
        # Once a minute is exact enough for "last used", and spares every request a write.
        await connection.execute(
            update(ApiKey)
            .where(
                ApiKey.id == row.id,
                func.coalesce(ApiKey.last_used_at < func.now() - text("interval '1 minute'"), True),
            )
            .values(last_used_at=func.now())
        )
        return Account(row.organization_id, row.user_id, row.name, Role(row.role), row.prefix)


def _hash(key: str) -> bytes:
    # A fast hash is right for 256 random bits: there is nothing to guess.
    return hashlib.sha256(key.encode()).digest()
