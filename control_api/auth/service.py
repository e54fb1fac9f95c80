"""People sign in, stay signed in, sign out, and set passwords."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from control_api.auth.guards import REALM, ForbiddenError, UnauthenticatedError
from control_api.auth.passwords import Passwords, check_strength
from control_api.auth.schemas import PasswordByLink, PasswordChange, SignedIn, SignIn, canonical_email
from control_api.auth.signing import Signer
from control_api.problems import ApiError
from control_api.settings import ApiSettings
from storage.accounts import Account, Via
from storage.audit import Act, record
from storage.database import Database
from storage.sessions import end_session, open_session, renew_session
from storage.sign_in import SignInAttempt, begin_sign_in, forgive_sign_in
from storage.users import get_user, set_password, use_password_link

REFUSED = (
    "The e-mail address or the password is wrong, or there were too many attempts. After several, wait a minute before "
    "the next one."
)


class InvalidLinkError(ApiError):
    """A one-time link that is unknown, used, or too old."""

    code = "INVALID_LINK"
    status = 410


@dataclass(frozen=True, slots=True)
class AuthService:
    """What somebody who is not yet known may do."""

    database: Database
    signer: Signer
    passwords: Passwords
    settings: ApiSettings

    async def sign_in(self, asked: SignIn, via: Via) -> tuple[SignedIn, str | None]:
        """Opens a session.

        Returns:
            What is answered, and the cookie where one was asked for.

        Raises:
            UnauthenticatedError: whatever is wrong; nobody learns whether the name exists.
        """
        attempt = await self._attempt(canonical_email(asked.email), via)
        fits = await self.passwords.verify(attempt.password, asked.password)
        account = attempt.account
        if not (fits and attempt.open and account):
            async with self.database.system() as connection:
                await record(connection, Act.SIGN_IN, account or via, refused=True)
            raise _refused()
        renewed = await self.passwords.hash(asked.password) if self._is_outdated(attempt) else None
        async with self.database.system() as connection:
            await forgive_sign_in(connection, attempt, via)
            session_id, token = await open_session(
                connection, account, days=self.settings.session_days, by_cookie=asked.cookie
            )
            if renewed is not None:
                await set_password(connection, account.user_id, renewed, keep_session=session_id)
            known = replace(account, via=replace(via, session_id=session_id))
            await record(connection, Act.SIGN_IN, known, about=("session", session_id))
        if asked.cookie:
            word = self.signer.page_word(session_id)
            return SignedIn(must_change=account.must_change, csrf_token=word), token
        return self._tokens(known, session_id, token), None

    async def refresh(self, token: str, via: Via) -> SignedIn:
        """Renews a session's access token.

        Raises:
            UnauthenticatedError: the token is unknown or was used, or the session has ended.
        """
        idle = self.settings.session_idle_seconds
        async with self.database.system() as connection:
            renewal, following = await renew_session(connection, token, idle_seconds=idle)
            session_id = renewal.session_id
            if renewal.account and renewal.reused:
                known = replace(renewal.account, via=replace(via, session_id=session_id))
                await record(connection, Act.TOKEN_REUSE, known, about=("session", session_id), refused=True)
        if renewal.account is None or session_id is None or following is None:
            raise UnauthenticatedError(
                "This refresh token is unknown, was used, or its session has ended. Sign in again.",
                headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'},
            )
        return self._tokens(renewal.account, session_id, following)

    async def sign_out(self, account: Account) -> None:
        """Ends the session that asks.

        Raises:
            ForbiddenError: a key asks, which has no session.
        """
        session_id = account.via.session_id
        if session_id is None:
            raise ForbiddenError("An API key has no session to end; `DELETE /api/v1/keys/{id}` revokes it.")
        async with self.database.tenant(account.organization_id) as connection:
            await end_session(connection, session_id, "signed out")
            await record(connection, Act.SIGN_OUT, account, about=("session", session_id))

    async def set_by_link(self, asked: PasswordByLink, via: Via) -> None:
        """Sets the password that a one-time link is for; the user's sessions end.

        Raises:
            InvalidLinkError: the link is unknown, used, or too old.
            WeakPasswordError: the password is guessed early; the link stays good.
        """
        check_strength(asked.password)
        password = await self.passwords.hash(asked.password)
        async with self.database.system() as connection:
            account = await use_password_link(connection, asked.token, via)
            if account is None:
                raise InvalidLinkError("This link was used, or is too old. Ask an admin for another one.")
            await set_password(connection, account.user_id, password)
            await record(
                connection, Act.PASSWORD_CHANGE, account, about=("user", account.user_id), detail={"by": "link"}
            )

    async def change_password(self, account: Account, asked: PasswordChange) -> None:
        """Sets another password; the user's other sessions end.

        Raises:
            ForbiddenError: a key asks.
            UnauthenticatedError: the current password is wrong, or was tried too often.
            WeakPasswordError: the new one is guessed early.
        """
        if account.via.session_id is None:
            raise ForbiddenError("Sign in to change your password; an API key cannot.")
        async with self.database.tenant(account.organization_id) as connection:
            user = await get_user(connection, account.user_id)
        check_strength(asked.password, user.name, user.email)
        attempt = await self._attempt(user.email or "", account.via)
        if not (await self.passwords.verify(attempt.password, asked.current) and attempt.open):
            async with self.database.tenant(account.organization_id) as connection:
                await record(connection, Act.PASSWORD_CHANGE, account, refused=True)
            raise _refused()
        password = await self.passwords.hash(asked.password)
        async with self.database.system() as connection:
            await forgive_sign_in(connection, attempt, account.via)
            await set_password(connection, account.user_id, password, keep_session=account.via.session_id)
            await record(connection, Act.PASSWORD_CHANGE, account, about=("user", account.user_id))

    async def _attempt(self, email: str, via: Via) -> SignInAttempt:
        async with self.database.system() as connection:
            return await begin_sign_in(connection, email, via, first_wait_seconds=self.settings.sign_in_wait_seconds)

    def _is_outdated(self, attempt: SignInAttempt) -> bool:
        return attempt.password is not None and self.passwords.is_outdated(attempt.password)

    def _tokens(self, account: Account, session_id: UUID, refresh_token: str) -> SignedIn:
        return SignedIn(
            must_change=account.must_change,
            access_token=self.signer.access_token(account, session_id),
            refresh_token=refresh_token,
            token_type="Bearer",  # noqa: S106  the name of a scheme
            expires_in=self.signer.token_seconds,
        )


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError(REFUSED, headers={"WWW-Authenticate": REALM})
