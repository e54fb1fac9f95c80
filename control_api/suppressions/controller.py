"""Routes of the suppression list: see it (without the values), add to it, take off it."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter

from control_api.auth.guards import admin, operator, viewer
from control_api.bodies import check_json_body
from control_api.pages import Limit, Page, PageCursor, RowId, decode_cursor, page_of
from control_api.suppressions.schemas import NewSuppressions, SuppressedView, SuppressionView
from control_api.suppressions.service import SuppressionService
from storage.accounts import Account
from storage.database import Database
from storage.suppression import SuppressionKind

OfKind = Annotated[SuppressionKind | None, QueryParameter(description="Only entries of this kind.")]


def provide_suppressions(database: NamedDependency[Database], account: NamedDependency[Account]) -> SuppressionService:
    """The list of the organization that asks."""
    return SuppressionService(database, account)


class SuppressionController(Controller):
    """`/api/v1/suppressions`."""

    path = "/api/v1/suppressions"
    tags = ("Suppression list",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "suppressions": Provide(provide_suppressions, sync_to_thread=False)
    }

    @get("/", summary="The suppression list, the newest entries first")
    async def page(
        self,
        suppressions: NamedDependency[SuppressionService],
        kind: OfKind = None,
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[SuppressionView]:
        """Lists kind, reason, note, time and user of each entry. The value is not kept, only a salted hash of it."""
        found = await suppressions.page(kind=kind, after=decode_cursor(cursor, int), most=limit + 1)
        return page_of(found, limit, item=lambda entry: entry, key=lambda last: last.id)

    @post(
        "/",
        guards=[operator],
        before_request=check_json_body,
        summary="Suppress addresses, people, schools",
        responses={200: ResponseSpec(SuppressedView, description="All of them were on the list already.")},
    )
    async def add(
        self, data: JSONBody[NewSuppressions], suppressions: NamedDependency[SuppressionService]
    ) -> Response[SuppressedView]:
        """Deletes whom the entries name, at once, and keeps them from being stored again.

        The same request may be sent again: an entry that is on the list stays as it is.
        """
        added = await suppressions.add(data)
        return Response(added, status_code=201 if added.added else 200)

    @delete("/{entry_id:int}", guards=[admin], summary="Take an entry off the list")
    async def remove(self, entry_id: RowId, suppressions: NamedDependency[SuppressionService]) -> None:
        """Whom it named may be stored by the next crawl; what was deleted does not come back by itself."""
        await suppressions.remove(entry_id)
