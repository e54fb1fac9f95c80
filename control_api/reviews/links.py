"""Routes of links to the official directory: which school of it a listed school is, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, QueryParameter

from control_api.auth.guards import operator, viewer
from control_api.bodies import check_json_body
from control_api.pages import Limit, Page, PageCursor, RowId, decode_cursor, page_of
from control_api.reviews.schemas import LinkChoice, LinkState, LinkView
from control_api.reviews.websites import decider_of
from control_api.schools.controller import provide_wanted, provide_where
from storage.accounts import Account
from storage.audit import Act, record
from storage.database import Database
from storage.filters import SchoolFilter
from storage.links import AnyRow, decide_link, find_links, get_link
from storage.search import PageKey

Linked = Annotated[LinkState | None, QueryParameter(description="Only links of this state, such as review.")]


@dataclass(frozen=True, slots=True)
class LinkReview:
    """What an account may see and decide of its schools' links."""

    database: Database
    account: Account

    async def page(self, wanted: SchoolFilter, state: str | None, *, after: PageKey | None, most: int) -> list[AnyRow]:
        """Links by the schools' names behind `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            return list(await find_links(connection, wanted, state=state, after=after, most=most))

    async def get(self, school_id: int) -> LinkView:
        """One school's link.

        Raises:
            NotFoundError: there is no such school, or it was not linked yet.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return link_view(await get_link(connection, school_id))

    async def decide(self, school_id: int, nces_id: str | None) -> LinkView:
        """Says which school of the directory it is, or that it is none."""
        async with self.database.tenant(self.account.organization_id) as connection:
            await decide_link(connection, decider_of(self.account), school_id, nces_id)
            about = ("school", school_id)
            await record(connection, Act.LINK_DECISION, self.account, about=about, detail={"nces_id": nces_id})
            return link_view(await get_link(connection, school_id))


def provide_links(database: NamedDependency[Database], account: NamedDependency[Account]) -> LinkReview:
    """The links of the account that asks."""
    return LinkReview(database, account)


class LinkController(Controller):
    """`/api/v1/links` and `/api/v1/schools/{id}/link`."""

    path = "/api/v1"
    tags = ("Official directory",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "where": Provide(provide_where, sync_to_thread=False),
        "wanted": Provide(provide_wanted, sync_to_thread=False),
        "links": Provide(provide_links, sync_to_thread=False),
    }

    @get("/links", summary="Links to the official directory")
    async def page(
        self,
        links: NamedDependency[LinkReview],
        wanted: NamedDependency[SchoolFilter],
        linked: Linked = None,
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[LinkView]:
        """Lists which school of the directory each listed school is; `linked=review` are those that wait."""
        found = await links.page(wanted, linked, after=decode_cursor(cursor, PageKey), most=limit + 1)
        return page_of(found, limit, item=link_view, key=lambda last: (last.name, last.school_id))

    @get("/schools/{school_id:int}/link", summary="Why this NCES id?")
    async def one(self, school_id: RowId, links: NamedDependency[LinkReview]) -> LinkView:
        """A school's link with its reasons and the likeliest other schools."""
        return await links.get(school_id)

    @put(
        "/schools/{school_id:int}/link",
        guards=[operator],
        before_request=check_json_body,
        summary="Set a school's NCES id by hand",
    )
    async def choose(
        self, school_id: RowId, data: JSONBody[LinkChoice], links: NamedDependency[LinkReview]
    ) -> LinkView:
        """Says which school of the directory it is; null: none of them. No linkage changes that."""
        return await links.decide(school_id, data.nces_id)


def link_view(row: Any) -> LinkView:
    """A link as the API shows it."""
    names = set(LinkView.__struct_fields__) - {"decided_by"}
    values = {name: getattr(row, name) for name in names}
    return msgspec.convert(values | {"decided_by": row.decided_by_name}, LinkView)
