"""API keys between HTTP and `storage.api_keys`: users have their own, admins everybody's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from control_api.auth.guards import ForbiddenError
from control_api.keys.schemas import KeyCreated, KeyView, NewKey, Rotation
from storage.accounts import Account, create_key
from storage.api_keys import find_keys, get_key, revoke_key, rotate_key
from storage.audit import Act, record
from storage.database import Database
from storage.errors import ConflictError
from storage.roles import Role, Scope
from storage.users import get_user

KeyPlace = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class KeyService:
    """What an account may do with keys.

    A key may make others only where its scope is `admin`: one that was given away to look, or to run jobs, cannot
    outlive its end through another one.
    """

    database: Database
    account: Account

    async def page(self, *, after: KeyPlace | None, most: int) -> list[KeyView]:
        """The user's keys, or everybody's for an admin, the newest first behind `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            rows = await find_keys(connection, user_id=self._only, after=after, most=most)
        return [_view(row) for row in rows]

    async def create(self, new: NewKey) -> KeyCreated:
        """Makes a key.

        Raises:
            ForbiddenError: it is for somebody else, or may more than who asks.
            NotFoundError: there is no such user in this organization.
            ConflictError: the user is disabled.
        """
        self._check_may_make()
        owner_id = new.user_id or self.account.user_id
        if not self.account.role.includes(new.scope.role):
            raise ForbiddenError(f"You are {self.account.role}; a key of scope {new.scope} may more.")
        if self._only not in {None, owner_id}:
            raise ForbiddenError("Only an admin makes keys for others.")
        key_id, expires_at = uuid4(), datetime.now(UTC) + timedelta(days=new.expires_in_days)
        async with self.database.tenant(self.account.organization_id) as connection:
            user = await get_user(connection, owner_id)
            if user.disabled_at is not None:
                raise ConflictError(f"{user.name} is disabled.")
            owner = Account(user.organization_id, user.id, user.name, Role(user.role))
            key = await create_key(
                connection, owner, name=new.name, scope=new.scope, expires_at=expires_at, key_id=key_id
            )
            about = ("key", key_id)
            await record(
                connection, Act.KEY_CREATE, self.account, about=about, detail={"scope": new.scope, "user": user.name}
            )
            return KeyCreated(key=key, view=_view(await get_key(connection, key_id, user_id=None)))

    async def rotate(self, key_id: UUID, asked: Rotation) -> KeyCreated:
        """Makes a key in another's place.

        Raises:
            ForbiddenError: the key that asks cannot make keys, or the key may more than who asks.
            NotFoundError: there is no such key, or it is somebody else's.
            ConflictError: it is good no more, or was replaced already.
        """
        self._check_may_make()
        async with self.database.tenant(self.account.organization_id) as connection:
            old = await get_key(connection, key_id, user_id=self._only)
            if not self.account.role.includes(Scope(old.scope).cap(Role.ADMIN)):
                raise ForbiddenError(f"You are {self.account.role}; a key of scope {old.scope} may more.")
            new_id, key = await rotate_key(connection, old, overlap_hours=asked.overlap_hours)
            detail = {"replaced_by": str(new_id), "overlap_hours": asked.overlap_hours}
            await record(connection, Act.KEY_ROTATE, self.account, about=("key", key_id), detail=detail)
            return KeyCreated(key=key, view=_view(await get_key(connection, new_id, user_id=None)))

    async def revoke(self, key_id: UUID) -> None:
        """Ends a key now.

        Raises:
            ForbiddenError: the key that asks may only be used, not end others.
            NotFoundError: there is no such key, or it is somebody else's.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            key = await get_key(connection, key_id, user_id=self._only)
            if key.id != self.account.via.key_id:
                self._check_may_make()
            await revoke_key(connection, key_id)
            await record(connection, Act.KEY_REVOKE, self.account, about=("key", key_id))

    @property
    def _only(self) -> UUID | None:
        """Whose keys are seen; None: everybody's."""
        return None if self.account.role is Role.ADMIN else self.account.user_id

    def _check_may_make(self) -> None:
        via = self.account.via
        if via.key_id is not None and via.scope is not Scope.ADMIN:
            raise ForbiddenError(f"A key of scope {via.scope} cannot manage keys. Sign in, or use one of scope admin.")


def _view(row: Any) -> KeyView:
    return msgspec.convert(row, KeyView, from_attributes=True)
