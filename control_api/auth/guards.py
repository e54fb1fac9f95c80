"""Who is asking, and may they: API keys become accounts here, before anything else of a request is looked at.

A key is sent as `Authorization: Bearer t1_…` or `X-API-Key: t1_…`, never in the address, which would end in logs.
Every route names the least role it needs by one of these guards, or stands on `PUBLIC_PATHS`; a test walks the routes.
"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from control_api.problems import ApiError
from storage.accounts import Account, account_of_key
from storage.database import Database
from storage.roles import Role

PUBLIC_PATHS = ("/", "/static", "/health", "/schema")
"""Paths (with what is below all but the first) that ask for no key: the page, probes, the description of the API."""

REALM = 'Bearer realm="title1"'


class UnauthenticatedError(ApiError):
    """No key, or one that opens nothing."""

    code = "UNAUTHENTICATED"
    status = 401


class ForbiddenError(ApiError):
    """The key is good, but its user's role is too low."""

    code = "FORBIDDEN"
    status = 403


async def viewer(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Lets in who may look."""
    await _admit(connection, Role.VIEWER)


async def operator(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Lets in who may upload and run jobs."""
    await _admit(connection, Role.OPERATOR)


async def admin(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Lets in who may manage users, keys and budgets."""
    await _admit(connection, Role.ADMIN)


ROLE_GUARDS = (viewer, operator, admin)


def provide_account(request: Request[Account, Any, Any]) -> Account:
    """The account that a guard has let in, for handlers that ask for `account`."""
    return request.user


async def _admit(connection: ASGIConnection[Any, Any, Any, Any], needed: Role) -> None:
    account: Account | None = connection.scope.get("user")
    if account is None:  # a controller's guard may have asked already
        account = await _authenticate(connection.app.state["database"], presented_key(connection))
        connection.scope["user"] = account
    if not account.role.includes(needed):
        raise ForbiddenError(f"This needs the role {needed}; you are {account.role}.")


async def _authenticate(database: Database, key: str | None) -> Account:
    if key is None:
        raise UnauthenticatedError(
            "This needs an API key, as `Authorization: Bearer t1_…`. `title1 key create` makes one.",
            headers={"WWW-Authenticate": REALM},
        )
    account = await account_of_key(database, key)
    if account is None:
        raise UnauthenticatedError(
            "This API key is unknown, expired or revoked.",
            headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'},
        )
    return account


def presented_key(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The key in a request's headers."""
    scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return connection.headers.get("x-api-key") or None
