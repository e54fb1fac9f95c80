"""Routes of API keys."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from control_api.auth.guards import viewer
from control_api.bodies import check_json_body
from control_api.keys.schemas import KeyCreated, KeyView, NewKey, Rotation
from control_api.keys.service import KeyPlace, KeyService
from control_api.pages import Limit, Page, PageCursor, decode_cursor, page_of
from storage.accounts import Account
from storage.database import Database


def provide_keys(database: NamedDependency[Database], account: NamedDependency[Account]) -> KeyService:
    """The keys that the account may see."""
    return KeyService(database, account)


class KeyController(Controller):
    """`/api/v1/keys`."""

    path = "/api/v1/keys"
    tags = ("API keys",)
    guards = (viewer,)
    dependencies = {"keys": Provide(provide_keys, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @get("/", summary="API keys, the newest first")
    async def page(
        self, keys: NamedDependency[KeyService], cursor: PageCursor = None, limit: Limit = 50
    ) -> Page[KeyView]:
        """Lists your keys, or for an admin everybody's, by their first letters; also those that are good no more."""
        found = await keys.page(after=decode_cursor(cursor, KeyPlace), most=limit + 1)
        return page_of(found, limit, item=lambda key: key, key=lambda last: (last.created_at, last.id))

    @post("/", before_request=check_json_body, summary="Make an API key")
    async def create(self, data: JSONBody[NewKey], keys: NamedDependency[KeyService]) -> KeyCreated:
        """Makes a key that may at most what its scope says, and never more than its user. It is shown this once."""
        return await keys.create(data)

    @post("/{key_id:uuid}/rotate", before_request=check_json_body, summary="Replace an API key")
    async def rotate(
        self, key_id: FromPath[UUID], data: JSONBody[Rotation], keys: NamedDependency[KeyService]
    ) -> KeyCreated:
        """Makes a key of the same scope and life; the old one stays good for a day, or `overlap_hours`."""
        return await keys.rotate(key_id, data)

    @delete("/{key_id:uuid}", summary="Revoke an API key")
    async def revoke(self, key_id: FromPath[UUID], keys: NamedDependency[KeyService]) -> None:
        """Ends a key; it opens nothing from the next request on."""
        await keys.revoke(key_id)
