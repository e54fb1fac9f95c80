"""Connections to Salesforce orgs. All functions run in the caller's tenant transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import ConflictError, NotFoundError
from storage.models import SalesforceConnection

AnyRow = Row[*tuple[Any, ...]]


async def add_connection(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Stores a connection.

    Raises:
        ConflictError: the organization has one of this name.
    """
    await _named(connection, insert(SalesforceConnection).values(**values), values)


async def change_connection(connection: AsyncConnection, connection_id: UUID, values: dict[str, Any]) -> None:
    """Changes a connection.

    Raises:
        ConflictError: the organization has another one of this name.
    """
    query = update(SalesforceConnection).where(SalesforceConnection.id == connection_id)
    await _named(connection, query.values(**values, updated_at=func.now()), values)


async def find_connections(connection: AsyncConnection) -> Sequence[AnyRow]:
    """All connections of the organization, by name."""
    query = select(*SalesforceConnection.__table__.c).order_by(SalesforceConnection.name)
    return (await connection.execute(query)).all()


async def get_connection(connection: AsyncConnection, connection_id: UUID) -> AnyRow:
    """One connection.

    Raises:
        NotFoundError: no such connection in this organization.
    """
    query = select(*SalesforceConnection.__table__.c).where(SalesforceConnection.id == connection_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no connection {connection_id}.")
    return row


async def remove_connection(connection: AsyncConnection, connection_id: UUID) -> None:
    """Deletes a connection with its secret; the pushes that used it stay.

    Raises:
        NotFoundError: no such connection in this organization.
    """
    await get_connection(connection, connection_id)
    await connection.execute(delete(SalesforceConnection).where(SalesforceConnection.id == connection_id))


async def _named(connection: AsyncConnection, statement: Any, values: dict[str, Any]) -> None:
    try:
        async with connection.begin_nested():
            await connection.execute(statement)
    except IntegrityError as error:
        if "uq_salesforce_connection" not in str(error.orig):
            raise
        raise ConflictError(f"There is a connection named {values.get('name')!r} already.") from error
