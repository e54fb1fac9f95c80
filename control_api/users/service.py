"""Users between HTTP and `storage.users`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.auth.schemas import canonical_email
from control_api.users.schemas import MeView, NewUser, PasswordLinkView, UserChanges, UserCreated, UserView
from storage.accounts import Account, create_user
from storage.audit import Act, record
from storage.database import Database
from storage.errors import ConflictError
from storage.models import Organization
from storage.users import change_user, find_users, get_user, new_password_link, remove_user

LINK_HOURS = 24
UserKey = tuple[str, UUID]
TAKEN = "This name or e-mail address is taken."


@dataclass(frozen=True, slots=True)
class UserService:
    """What an admin may do with the organization's users.

    Args:
        database: where they are.
        account: who asks.
        page_url: the dashboard's address, for links.
    """

    database: Database
    account: Account
    page_url: str

    async def page(self, *, after: UserKey | None, most: int) -> list[UserView]:
        """Users by name behind `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            return [_view(row) for row in await find_users(connection, after=after, most=most)]

    async def get(self, user_id: UUID) -> UserView:
        """A user.

        Raises:
            NotFoundError: there is no such user in this organization.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return _view(await get_user(connection, user_id))

    async def me(self) -> MeView:
        """Who asks."""
        via = self.account.via
        async with self.database.tenant(self.account.organization_id) as connection:
            user = _view(await get_user(connection, self.account.user_id))
            organization = await connection.scalar(select(Organization.name))
        return MeView(
            user=user,
            organization=organization or "",
            role=self.account.role,
            key_scope=via.scope if via.key_id else None,
        )

    async def create(self, new: NewUser) -> UserCreated:
        """Adds a user, with a link to set the first password.

        Raises:
            ConflictError: the name or the e-mail address is taken.
        """
        email = canonical_email(new.email) if new.email else None
        try:
            async with self.database.tenant(self.account.organization_id) as connection:
                made = await create_user(
                    connection, self.account.organization_id, name=new.name, role=new.role, email=email
                )
                await self._record(connection, Act.USER_CREATE, made.user_id, name=new.name, role=new.role)
                user = await get_user(connection, made.user_id)
                link = await self._link(connection, user) if email else None
        except IntegrityError as error:
            raise ConflictError(TAKEN) from error
        return UserCreated(user=_view(user), password_link=link)

    async def change(self, user_id: UUID, asked: UserChanges) -> UserView:
        """Changes a user; it holds from their next request on.

        Raises:
            NotFoundError: there is no such user in this organization.
            ConflictError: the name or the e-mail address is taken, or it is the last admin.
        """
        said = {name: value for name in asked.__struct_fields__ if (value := getattr(asked, name)) is not msgspec.UNSET}
        changes = dict(said)
        if "disabled" in changes:
            changes["disabled_at"] = func.now() if changes.pop("disabled") else None
        if changes.get("email"):
            changes["email"] = canonical_email(changes["email"])
        try:
            async with self.database.tenant(self.account.organization_id) as connection:
                user = await change_user(connection, user_id, changes)
                told = {name: value for name, value in said.items() if name != "email"}
                await self._record(connection, Act.USER_CHANGE, user_id, **told, email_changed="email" in said)
        except IntegrityError as error:
            raise ConflictError(TAKEN) from error
        return _view(user)

    async def remove(self, user_id: UUID) -> None:
        """Takes a user's access away for good.

        Raises:
            NotFoundError: there is no such user in this organization.
            LastAdminError: it is the last admin.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            removed = await remove_user(connection, user_id)
            await self._record(connection, Act.USER_REMOVE, user_id, name=removed.name)

    async def password_link(self, user_id: UUID) -> PasswordLinkView:
        """A one-time link by which a user sets a password; links before it are good no more.

        Raises:
            NotFoundError: there is no such user in this organization.
            ConflictError: the user cannot sign in.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return await self._link(connection, await get_user(connection, user_id))

    async def _link(self, connection: AsyncConnection, user: Row[Any]) -> PasswordLinkView:
        token, expires_at = await new_password_link(connection, user, hours=LINK_HOURS)
        await self._record(connection, Act.PASSWORD_LINK, user.id)
        return PasswordLinkView(token=token, link=f"{self.page_url}#password={token}", expires_at=expires_at)

    async def _record(self, connection: AsyncConnection, act: Act, user_id: UUID, **detail: Any) -> None:
        await record(connection, act, self.account, about=("user", user_id), detail=detail)


def _view(row: Any) -> UserView:
    return msgspec.convert(row, UserView, from_attributes=True)
