"""Routes of saved searches: see them, add, change, remove; and how lists take one."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from control_api.auth.guards import operator, viewer
from control_api.bodies import check_json_body
from control_api.pages import Limit, Page, PageCursor, decode_cursor, page_of
from control_api.searches.schemas import ChangedSearch, NewSearch, SearchKind, SearchView
from control_api.searches.service import SearchService
from storage.accounts import Account
from storage.database import Database

Saved = Annotated[
    UUID | None,
    QueryParameter(description="A saved search, by its id; filters that are given take the place of its own."),
]
ByName = Annotated[str | None, QueryParameter(max_length=100, description="Only the one of this name.")]


def provide_searches(database: NamedDependency[Database], account: NamedDependency[Account]) -> SearchService:
    """The saved searches of the account that asks."""
    return SearchService(database, account)


class SearchController(Controller):
    """`/api/v1/searches`."""

    path = "/api/v1/searches"
    tags = ("Saved searches",)
    guards = (viewer,)
    dependencies = {"searches": Provide(provide_searches, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @get("/", summary="Saved searches, by name")
    async def page(
        self,
        searches: NamedDependency[SearchService],
        kind: FromQuery[SearchKind | None] = None,
        name: ByName = None,
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[SearchView]:
        """Lists your own searches and those that are shared; an admin sees all."""
        found = await searches.page(kind=kind, name=name, after=decode_cursor(cursor, str), most=limit + 1)
        return page_of(found, limit, item=lambda search: search, key=lambda last: last.name)

    @post("/", guards=[operator], before_request=check_json_body, summary="Save a search")
    async def add(self, data: JSONBody[NewSearch], searches: NamedDependency[SearchService]) -> Response[SearchView]:
        """Keeps filters under a name: for `saved` of lists, and of the jobs `export_leads` and `push_leads`."""
        search = await searches.add(data)
        return Response(search, status_code=201, headers={"Location": f"/api/v1/searches/{search.id}"})

    @get("/{search_id:uuid}", summary="One saved search")
    async def one(self, search_id: FromPath[UUID], searches: NamedDependency[SearchService]) -> SearchView:
        """A search with its parameters; `problem` says why it cannot be used any more."""
        return await searches.get(search_id)

    @patch("/{search_id:uuid}", guards=[operator], before_request=check_json_body, summary="Change a search")
    async def change(
        self, search_id: FromPath[UUID], data: JSONBody[ChangedSearch], searches: NamedDependency[SearchService]
    ) -> SearchView:
        """Changes what is given; `params` as a whole. Its owner may, and an admin."""
        return await searches.change(search_id, data)

    @delete("/{search_id:uuid}", guards=[operator], summary="Remove a search")
    async def remove(self, search_id: FromPath[UUID], searches: NamedDependency[SearchService]) -> None:
        """Deletes it. A schedule that asks by it is refused from then on, and says so."""
        await searches.remove(search_id)
