"""Users, as they are asked for and shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from control_api.auth.schemas import Email
from storage.roles import Role, Scope

UserName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$", description="As others see it.")
]


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user to be."""

    name: UserName
    role: Role
    email: Email | None = None
    """What they sign in with; without it the user can have keys only."""


class UserChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different of a user; what is left away stays."""

    name: UserName | msgspec.UnsetType = msgspec.UNSET
    role: Role | msgspec.UnsetType = msgspec.UNSET
    email: Email | msgspec.UnsetType | None = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    must_change: bool | msgspec.UnsetType = msgspec.UNSET
    """True lets them do nothing before they have set another password."""


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A user."""

    id: UUID
    name: str
    email: str | None
    role: Role
    has_password: bool
    must_change: bool
    created_at: datetime
    disabled_at: datetime | None


class PasswordLinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time link, shown this once."""

    token: str
    link: str
    """The dashboard's address that asks for the new password."""
    expires_at: datetime


class UserCreated(msgspec.Struct, frozen=True, kw_only=True):
    """A new user, and the link by which they set their first password."""

    user: UserView
    password_link: PasswordLinkView | None
    """Null for a user without an e-mail address."""


class MeView(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what they may."""

    user: UserView
    organization: str
    role: Role
    """What this very request may: the user's role, or less by the key's scope."""
    key_scope: Scope | None
    """Null for a session."""
