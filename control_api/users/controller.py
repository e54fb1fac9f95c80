"""Routes of users: an admin's, and each user's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from control_api.auth.controller import provide_auth
from control_api.auth.guards import WHILE_MUST_CHANGE, admin, viewer
from control_api.auth.schemas import PasswordChange
from control_api.auth.service import AuthService
from control_api.bodies import check_json_body
from control_api.pages import Limit, Page, PageCursor, decode_cursor, page_of
from control_api.users.schemas import MeView, NewUser, PasswordLinkView, UserChanges, UserCreated, UserView
from control_api.users.service import UserKey, UserService
from storage.accounts import Account
from storage.database import Database


def provide_users(
    request: Request[Account, Any, Any],
    database: NamedDependency[Database],
    account: NamedDependency[Account],
) -> UserService:
    """The users of the organization that asks."""
    return UserService(database, account, str(request.base_url))


class UserController(Controller):
    """`/api/v1/users`."""

    path = "/api/v1/users"
    tags = ("Users",)
    guards = (admin,)
    dependencies = {"users": Provide(provide_users, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @get("/", summary="Users by name")
    async def page(
        self, users: NamedDependency[UserService], cursor: PageCursor = None, limit: Limit = 50
    ) -> Page[UserView]:
        """Lists the organization's users, also disabled ones."""
        found = await users.page(after=decode_cursor(cursor, UserKey), most=limit + 1)
        return page_of(found, limit, item=lambda user: user, key=lambda last: (last.name, last.id))

    @post("/", before_request=check_json_body, summary="Add a user")
    async def create(self, data: JSONBody[NewUser], users: NamedDependency[UserService]) -> UserCreated:
        """Adds a user; with an e-mail address, also a link, shown this once, by which they set their password."""
        return await users.create(data)

    @get("/{user_id:uuid}", summary="One user")
    async def one(self, user_id: FromPath[UUID], users: NamedDependency[UserService]) -> UserView:
        """A user."""
        return await users.get(user_id)

    @patch("/{user_id:uuid}", before_request=check_json_body, summary="Change a user")
    async def change(
        self, user_id: FromPath[UUID], data: JSONBody[UserChanges], users: NamedDependency[UserService]
    ) -> UserView:
        """Changes name, role, e-mail address; disables or enables. It holds from the user's next request on."""
        return await users.change(user_id, data)

    @delete("/{user_id:uuid}", summary="Take a user's access away")
    async def remove(self, user_id: FromPath[UUID], users: NamedDependency[UserService]) -> None:
        """Disables the user and deletes sign-in name and password; keys are revoked. What they did keeps their name."""
        await users.remove(user_id)

    @post("/{user_id:uuid}/password-link", summary="Let a user set a password")
    async def password_link(self, user_id: FromPath[UUID], users: NamedDependency[UserService]) -> PasswordLinkView:
        """Makes a link, shown this once and good for a day and one use; links made before are good no more."""
        return await users.password_link(user_id)


class MeController(Controller):
    """`/api/v1/me`."""

    path = "/api/v1/me"
    tags = ("Users",)
    guards = (viewer,)
    opt = {WHILE_MUST_CHANGE: True}  # noqa: RUF012  Litestar declares it so
    dependencies = {  # noqa: RUF012  the same
        "users": Provide(provide_users, sync_to_thread=False),
        "auth": Provide(provide_auth, sync_to_thread=False),
    }

    @get("/", summary="Who am I?")
    async def me(self, users: NamedDependency[UserService]) -> MeView:
        """The user who asks, their organization, and what this request's key or session may."""
        return await users.me()

    @post("/password", status_code=204, before_request=check_json_body, summary="Change my password")
    async def change_password(
        self,
        data: JSONBody[PasswordChange],
        account: NamedDependency[Account],
        auth: NamedDependency[AuthService],
    ) -> None:
        """Sets another password by the one before; sessions elsewhere end. A key cannot do this."""
        await auth.change_password(account, data)
