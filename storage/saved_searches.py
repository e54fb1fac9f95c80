"""Saved searches: kept, found and changed. All functions run in the caller's tenant transaction.

An account sees its own and those that are shared; an admin all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, insert, or_, select, text, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account
from storage.errors import ConflictError, NotFoundError
from storage.models import SavedSearch, User
from storage.roles import Role

AnyRow = Row[*tuple[Any, ...]]
MOST_SEARCHES = 1_000
"""Of one organization."""


async def find_searches(
    connection: AsyncConnection, account: Account, *, kind: str | None, name: str | None, after: str | None, most: int
) -> Sequence[AnyRow]:
    """Saved searches with their owners, by name behind the name `after`."""
    query = _visible(account).order_by(SavedSearch.name).limit(most)
    if kind is not None:
        query = query.where(SavedSearch.kind == kind)
    if name is not None:
        query = query.where(SavedSearch.name == name)
    if after is not None:
        query = query.where(SavedSearch.name > after)
    return (await connection.execute(query)).all()


async def get_search(connection: AsyncConnection, account: Account, search_id: UUID, *, hold: bool = False) -> AnyRow:
    """A saved search with its owner; locked, where it is to be held.

    Raises:
        NotFoundError: there is none that the account may see.
    """
    query = _visible(account).where(SavedSearch.id == search_id)
    if hold:
        query = query.with_for_update(of=SavedSearch)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no saved search {search_id}.")
    return row


async def add_search(connection: AsyncConnection, account: Account, values: dict[str, Any]) -> None:
    """Keeps a search as the account's.

    Raises:
        ConflictError: the organization has one of this name, or as many as it may have.
    """
    # Counted in turns, and in a statement of its own, see `storage.jobs.create_job`.
    key = {"key": f"title1.searches.{account.organization_id}"}
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    if (await connection.scalar(select(func.count()).select_from(SavedSearch)) or 0) >= MOST_SEARCHES:
        raise ConflictError(
            f"There are {MOST_SEARCHES} saved searches, as many as an organization may have. Remove one."
        )
    owned = {"organization_id": account.organization_id, "user_id": account.user_id}
    await _named(connection, insert(SavedSearch).values(**owned, **values), values)


async def change_search(connection: AsyncConnection, search_id: UUID, values: dict[str, Any]) -> None:
    """Changes a saved search.

    Raises:
        ConflictError: the organization has another one of this name.
    """
    changed = update(SavedSearch).where(SavedSearch.id == search_id).values(**values, updated_at=func.now())
    await _named(connection, changed, values)


async def remove_search(connection: AsyncConnection, search_id: UUID) -> None:
    """Deletes a saved search."""
    await connection.execute(delete(SavedSearch).where(SavedSearch.id == search_id))


def _visible(account: Account) -> Select[*tuple[Any, ...]]:
    query = select(*SavedSearch.__table__.c, User.name.label("owner")).outerjoin(User, User.id == SavedSearch.user_id)
    own = or_(SavedSearch.shared, SavedSearch.user_id == account.user_id)
    return query.where(true() if account.role.includes(Role.ADMIN) else own)


async def _named(connection: AsyncConnection, statement: Any, values: dict[str, Any]) -> None:
    try:
        async with connection.begin_nested():
            await connection.execute(statement)
    except IntegrityError as error:
        if "uq_saved_search_organization_id_name" not in str(error.orig):
            raise
        raise ConflictError(f"A saved search is called {values.get('name')!r} already. Take another name.") from error
