"""Routes of schools: by filters as pages or as CSV, and one by one."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from control_api.auth.guards import viewer
from control_api.exports.csv_lines import SCHOOL_COLUMNS
from control_api.exports.stream import csv_download
from control_api.pages import InState, Limit, Page, PageCursor, Search, decode_cursor, page_of
from control_api.schools.schemas import SchoolDetail, SchoolItem
from control_api.schools.service import SchoolService, known_state, school_item
from storage.accounts import Account
from storage.database import Database
from storage.search import PageKey, SchoolFilter


def provide_wanted(
    q: Search = None,
    in_state: InState = None,
    county: FromQuery[str | None] = None,
    district: FromQuery[str | None] = None,
    title1_status: FromQuery[str | None] = None,
    document_id: FromQuery[UUID | None] = None,
    has_website: FromQuery[bool | None] = None,
    job_id: FromQuery[UUID | None] = None,
) -> SchoolFilter:
    """The schools that a request's query asks for."""
    return SchoolFilter(
        q=q,
        state=known_state(in_state),
        county=county or None,
        district=district or None,
        title1_status=title1_status or None,
        document_id=document_id,
        has_website=has_website,
        job_id=job_id,
    )


def provide_schools(database: NamedDependency[Database], account: NamedDependency[Account]) -> SchoolService:
    """The schools of the account that asks."""
    return SchoolService(database, account)


class SchoolController(Controller):
    """`/api/v1/schools`."""

    path = "/api/v1"
    tags = ("Schools",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "wanted": Provide(provide_wanted, sync_to_thread=False),
        "schools": Provide(provide_schools, sync_to_thread=False),
    }

    @get("/schools", summary="Schools by name")
    async def page(
        self,
        schools: NamedDependency[SchoolService],
        wanted: NamedDependency[SchoolFilter],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[SchoolItem]:
        """Lists schools that meet all the filters given."""
        found = await schools.page(wanted, after=decode_cursor(cursor, PageKey), most=limit + 1)
        return page_of(found, limit, item=school_item, key=lambda last: (last.name, last.id))

    @get("/schools.csv", summary="Schools as CSV", media_type="text/csv")
    async def csv(self, schools: NamedDependency[SchoolService], wanted: NamedDependency[SchoolFilter]) -> Stream:
        """All schools that meet the filters, as a download."""
        return await csv_download("schools.csv", SCHOOL_COLUMNS, partial(schools.batch, wanted))

    @get("/schools/{school_id:int}", summary="One school")
    async def one(self, school_id: FromPath[int], schools: NamedDependency[SchoolService]) -> SchoolDetail:
        """A school with the candidates for its website, why each was scored so, and where its values were seen."""
        return await schools.get(school_id)
