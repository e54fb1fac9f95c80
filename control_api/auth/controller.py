"""Routes by which people sign in and out, and set the password that a one-time link is for."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from control_api.auth.cookies import signed_in, signed_out
from control_api.auth.guards import WHILE_MUST_CHANGE, newcomer, provide_via, viewer
from control_api.auth.passwords import Passwords
from control_api.auth.requests import refuse_other_sites
from control_api.auth.schemas import PasswordByLink, Refresh, SignedIn, SignIn
from control_api.auth.service import AuthService
from control_api.auth.signing import Signer
from control_api.bodies import check_json_body
from control_api.settings import ApiSettings
from storage.accounts import Account, Via
from storage.database import Database


def provide_auth(
    database: NamedDependency[Database],
    signer: NamedDependency[Signer],
    passwords: NamedDependency[Passwords],
    settings: NamedDependency[ApiSettings],
) -> AuthService:
    """Signs people in and out."""
    return AuthService(database, signer, passwords, settings)


class AuthController(Controller):
    """`/api/v1/auth`."""

    path = "/api/v1/auth"
    tags = ("Sign-in",)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "auth": Provide(provide_auth, sync_to_thread=False),
        "via": Provide(provide_via, sync_to_thread=False),
    }

    @post(
        "/login",
        guards=[newcomer],
        status_code=200,
        before_request=check_json_body,
        summary="Sign in",
    )
    async def login(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[SignIn],
        auth: NamedDependency[AuthService],
        via: NamedDependency[Via],
    ) -> Response[SignedIn]:
        """Opens a session by e-mail address and password: an access token of ten minutes and a refresh token.

        Whatever is wrong, the answer is the same. After five failures in a row it is so for up to a minute also where
        the password is right, unless you have signed in from the same address within the last month.
        """
        if data.cookie:
            refuse_other_sites(request)
        answer, cookie = await auth.sign_in(data, via)
        cookies = (
            signed_in(request, cookie, answer.csrf_token, days=auth.settings.session_days)
            if cookie and answer.csrf_token
            else ()
        )
        return Response(answer, cookies=cookies)

    @post(
        "/refresh",
        guards=[newcomer],
        status_code=200,
        before_request=check_json_body,
        summary="Renew an access token",
    )
    async def refresh(
        self, data: JSONBody[Refresh], auth: NamedDependency[AuthService], via: NamedDependency[Via]
    ) -> SignedIn:
        """Uses a refresh token up and answers with the next one. A token that comes twice ends the whole session."""
        return await auth.refresh(data.refresh_token, via)

    @post("/logout", guards=[viewer], opt={WHILE_MUST_CHANGE: True}, status_code=204, summary="Sign out")
    async def logout(
        self,
        request: Request[Any, Any, Any],
        account: NamedDependency[Account],
        auth: NamedDependency[AuthService],
    ) -> Response[None]:
        """Ends the session; its tokens and its cookie are good no more, anywhere, from the next request on."""
        await auth.sign_out(account)
        return Response(None, cookies=signed_out(request))

    @post(
        "/password",
        guards=[newcomer],
        status_code=204,
        before_request=check_json_body,
        summary="Set a password by a one-time link",
    )
    async def set_password(
        self, data: JSONBody[PasswordByLink], auth: NamedDependency[AuthService], via: NamedDependency[Via]
    ) -> None:
        """Sets the password of whom the link was made for; sessions that they have elsewhere end."""
        await auth.set_by_link(data, via)
