"""Routes of schools: by filters as pages, and one by one; as files in `control_api.exports.files`."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery

from control_api.auth.guards import viewer
from control_api.pages import (
    DEFAULT_RADIUS,
    FoundPage,
    InState,
    Limit,
    NearPlace,
    PageCursor,
    Radius,
    RowId,
    Search,
    Word,
    decode_cursor,
    found_page,
)
from control_api.schools.schemas import SchoolDetail, SchoolItem
from control_api.schools.service import SchoolService, known_state, near_place, school_item
from control_api.searches.controller import Saved, provide_searches
from control_api.searches.filters import over
from control_api.searches.service import SearchService
from storage.accounts import Account
from storage.database import Database
from storage.filters import SchoolFilter
from storage.search import PageKey


def provide_where(
    in_state: InState = None,
    county: Word = None,
    district: Word = None,
    near: NearPlace = None,
    radius: Radius = DEFAULT_RADIUS,
) -> SchoolFilter:
    """Where the schools lie that a request's query asks for."""
    return SchoolFilter(
        state=known_state(in_state), county=county or None, district=district or None, near=near_place(near, radius)
    )


def provide_wanted(
    where: NamedDependency[SchoolFilter],
    q: Search = None,
    title1_status: Word = None,
    document_id: FromQuery[UUID | None] = None,
    has_website: FromQuery[bool | None] = None,
    job_id: FromQuery[UUID | None] = None,
) -> SchoolFilter:
    """The schools that a request's query asks for."""
    return replace(
        where,
        q=q,
        title1_status=title1_status or None,
        document_id=document_id,
        has_website=has_website,
        job_id=job_id,
    )


async def provide_searched(
    wanted: NamedDependency[SchoolFilter], searches: NamedDependency[SearchService], saved: Saved = None
) -> SchoolFilter:
    """The same, below it what a saved search asks for."""
    return wanted if saved is None else over(wanted, await searches.schools(saved))


SCHOOL_FILTERS = {
    "where": Provide(provide_where, sync_to_thread=False),
    "wanted": Provide(provide_wanted, sync_to_thread=False),
    "searches": Provide(provide_searches, sync_to_thread=False),
    "searched": Provide(provide_searched),
}
"""What a route needs to be given `searched`, the schools that its query asks for."""


def provide_schools(database: NamedDependency[Database], account: NamedDependency[Account]) -> SchoolService:
    """The schools of the account that asks."""
    return SchoolService(database, account)


class SchoolController(Controller):
    """`/api/v1/schools`."""

    path = "/api/v1"
    tags = ("Schools",)
    guards = (viewer,)
    dependencies = {**SCHOOL_FILTERS, "schools": Provide(provide_schools, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @get("/schools", summary="Schools by name")
    async def page(
        self,
        schools: NamedDependency[SchoolService],
        searched: NamedDependency[SchoolFilter],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> FoundPage[SchoolItem]:
        """Lists schools that meet all the filters given."""
        found = await schools.page(searched, after=decode_cursor(cursor, PageKey), most=limit + 1)
        return found_page(found, limit, item=school_item, key=lambda last: (last.name, last.id))

    @get("/schools/{school_id:int}", summary="One school")
    async def one(self, school_id: RowId, schools: NamedDependency[SchoolService]) -> SchoolDetail:
        """A school with the candidates for its website, why each was scored so, and where its values were seen."""
        return await schools.get(school_id)
