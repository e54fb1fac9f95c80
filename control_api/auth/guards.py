"""Who is asking, and may they: keys, tokens and cookies become accounts here, before the request is looked at.

A key (`t1_…`) or an access token is sent as `Authorization: Bearer …`, a key also as `X-API-Key`; never in the address,
which would end in logs. The dashboard sends its session's cookie, with its page's word when it changes something.
Every route names the least role it needs by one of these guards, or stands on `PUBLIC_PATHS`; a test walks the routes.
"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.handlers import BaseRouteHandler

from control_api.auth.cookies import check_own_page, session_cookie
from control_api.auth.requests import SAFE_METHODS, AnyConnection, client_address, keep_rate, request_id
from control_api.auth.signing import Claims, Signer
from control_api.problems import ApiError
from control_api.settings import ApiSettings
from storage.accounts import Account, Via
from storage.admission import Admission, Credential, Limit, admit
from storage.roles import Role
from storage.tokens import KEY_MARK, hashed

PUBLIC_PATHS = (
    "/",
    "/static",
    "/health",
    "/schema",
    "/docs",
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/api/v1/auth/password",
)
"""Paths (with what is below all but the first) that ask for nobody: the page, probes, the API's description, doors."""

WHILE_MUST_CHANGE = "while_must_change"
"""Marks a route (`opt`) that is open to who has to set another password first."""

REALM = 'Bearer realm="title1"'


class UnauthenticatedError(ApiError):
    """No credential, or one that opens nothing."""

    code = "UNAUTHENTICATED"
    status = 401


class ForbiddenError(ApiError):
    """The credential is good, but its user's role, or the key's scope, is too low."""

    code = "FORBIDDEN"
    status = 403


class MustChangePasswordError(ForbiddenError):
    """The user has to set another password before anything else."""

    code = "PASSWORD_MUST_CHANGE"


class RateLimitedError(ApiError):
    """The user, or the address, has asked too often."""

    code = "RATE_LIMITED"
    status = 429


async def viewer(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Lets in who may look."""
    await _admit(connection, handler, Role.VIEWER)


async def operator(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Lets in who may upload and run jobs."""
    await _admit(connection, handler, Role.OPERATOR)


async def admin(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Lets in who may manage users, keys and budgets."""
    await _admit(connection, handler, Role.ADMIN)


async def newcomer(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Lets anybody in who is about to say who they are, so and so often from one address."""
    settings: ApiSettings = connection.app.state["settings"]
    await _ask(connection, Credential(), Limit("sign-in", settings.sign_ins_per_minute))


ROLE_GUARDS = (viewer, operator, admin)


def provide_account(request: Request[Account, Any, Any]) -> Account:
    """The account that a guard has let in, for handlers that ask for `account`."""
    return request.user


def provide_via(request: Request[Any, Any, Any]) -> Via:
    """How a request came from whom no guard has identified, for handlers that ask for `via`."""
    return Via(address=client_address(request), request_id=_request_id(request))


async def _admit(connection: AnyConnection, handler: BaseRouteHandler, needed: Role) -> None:
    account: Account | None = connection.scope.get("user")
    if account is None:  # a controller's guard may have asked already
        account = await _authenticate(connection)
        connection.scope["user"] = account
    if account.must_change and not handler.opt.get(WHILE_MUST_CHANGE):
        raise MustChangePasswordError("Set another password first: POST /api/v1/me/password.")
    if not account.role.includes(needed):
        raise ForbiddenError(f"This needs the role {needed}; you are {account.role}.")


async def _authenticate(connection: AnyConnection) -> Account:
    signer: Signer = connection.app.state["signer"]
    settings: ApiSettings = connection.app.state["settings"]
    shown, cookie, claims = presented(connection), None, None
    if shown is None:
        cookie = session_cookie(connection)
        credential = Credential(cookie_hash=hashed(cookie)) if cookie else Credential()
    elif shown.startswith(KEY_MARK):
        credential = Credential(key_hash=hashed(shown))
    else:
        claims = signer.claims(shown)
        credential = Credential(session_id=claims.session_id) if claims else Credential()
    stranger = Limit("stranger", settings.strangers_per_minute)
    account = (await _ask(connection, credential, stranger)).account
    if account is None or (claims is not None and not _fits(claims, account)):
        raise _refusal(shown or cookie)
    if cookie and account.via.session_id and not _only_looks(connection):
        check_own_page(connection, signer, account.via.session_id)
    return account


async def _ask(connection: AnyConnection, credential: Credential, stranger: Limit) -> Admission:
    """Looks the credential up, and takes from the limit.

    Raises:
        RateLimitedError: it is used up.
    """
    settings: ApiSettings = connection.app.state["settings"]
    reads = _only_looks(connection)
    allowed = settings.reads_per_minute if reads else settings.writes_per_minute
    admission = await admit(
        connection.app.state["database"],
        credential,
        known=Limit("read" if reads else "write", allowed),
        stranger=stranger,
        idle_seconds=settings.session_idle_seconds,
        address=client_address(connection),
        request_id=_request_id(connection),
    )
    keep_rate(connection.scope, admission.rate)  # pyright: ignore[reportArgumentType]  a scope is a mapping
    if admission.rate and not admission.rate.admitted:
        seconds = admission.rate.retry_seconds
        raise RateLimitedError(
            f"More than {admission.rate.limit} requests a minute. Ask again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )
    return admission


def _only_looks(connection: AnyConnection) -> bool:
    return connection.scope.get("method") in SAFE_METHODS


def _fits(claims: Claims, account: Account) -> bool:
    return (claims.user_id, claims.organization_id) == (account.user_id, account.organization_id)


def _refusal(shown: str | None) -> UnauthenticatedError:
    if shown is None:
        return UnauthenticatedError(
            "This needs an API key or an access token, as `Authorization: Bearer …`. `title1 key create` makes a key.",
            headers={"WWW-Authenticate": REALM},
        )
    return UnauthenticatedError(
        "This credential is unknown, expired or revoked.",
        headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'},
    )


def _request_id(connection: AnyConnection) -> str:
    return request_id(connection.scope)  # pyright: ignore[reportArgumentType]  a scope is a mapping


def presented(connection: AnyConnection) -> str | None:
    """The key or token in a request's headers."""
    scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return connection.headers.get("x-api-key") or None
