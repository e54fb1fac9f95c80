"""What is sent and answered where people sign in."""

from __future__ import annotations

from typing import Annotated

import msgspec

from control_api.auth.passwords import NewPassword, Password

Email = Annotated[
    str, msgspec.Meta(max_length=254, pattern=r"^\s*[^\s@]+@[^\s@]+\s*$", description="The sign-in name.")
]
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs in."""

    email: Annotated[str, msgspec.Meta(max_length=254)]
    password: Password
    cookie: bool = False
    """True signs a page of this server in by cookies, in place of tokens."""


class Refresh(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refresh token, which this uses up."""

    refresh_token: Token


class PasswordByLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password, by the token of a one-time link."""

    token: Token
    password: NewPassword


class PasswordChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password, by the one before."""

    current: Password
    password: NewPassword


class SignedIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session: its tokens, or for a page the word that it sends with what it changes."""

    must_change: bool
    """Whether another password has to be set before anything else."""
    access_token: str | None = None
    refresh_token: str | None = None
    """Good once; its answer has the next one."""
    token_type: str | None = None
    expires_in: int | None = None
    """Seconds that the access token is good for."""
    csrf_token: str | None = None


def canonical_email(text: str) -> str:
    """An address as sign-in names are compared."""
    return text.strip().casefold()
