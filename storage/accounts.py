"""Organizations, users and API keys as they begin: the first start's account, new users, new keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.errors import NotFoundError
from storage.models import ApiKey, Organization, User
from storage.roles import Role, Scope
from storage.tokens import KEY_MARK, hashed, new_token

FIRST_START_LOCK = 0x7171E2


PREFIX_LETTERS = len(KEY_MARK) + 6


@dataclass(frozen=True, slots=True)
class Via:
    """How a request came: by which key or session, from which address. The audit log tells it."""

    key_id: UUID | None = None
    session_id: UUID | None = None
    scope: Scope = Scope.ADMIN
    """Of the key; a session has no limit of its own."""
    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Who is asking."""

    organization_id: UUID
    user_id: UUID
    user_name: str
    role: Role
    """The user's, or less where the key's scope allows less."""
    must_change: bool = False
    """Whether the user has to set another password first."""
    via: Via = field(default=Via(), compare=False)


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


async def create_user(
    connection: AsyncConnection, organization_id: UUID, *, name: str, role: Role, email: str | None = None
) -> Account:
    """Adds a user to an organization, who can sign in once a password is set."""
    user_id = uuid4()
    row = {"id": user_id, "organization_id": organization_id, "name": name, "role": role, "email": email}
    await connection.execute(insert(User).values(row))
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
    connection: AsyncConnection,
    account: Account,
    *,
    name: str,
    scope: Scope = Scope.ADMIN,
    expires_at: datetime | None = None,
    key_id: UUID | None = None,
) -> str:
    """Makes an API key. What is returned cannot be read again: only its hash is kept."""
    key = new_token(KEY_MARK)
    await connection.execute(
        insert(ApiKey).values(
            id=key_id or uuid4(),
            organization_id=account.organization_id,
            user_id=account.user_id,
            name=name,
            prefix=key[:PREFIX_LETTERS],
            hash=hashed(key),
            scope=scope,
            expires_at=expires_at,
        )
    )
    return key
