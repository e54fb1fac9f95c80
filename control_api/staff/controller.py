"""Routes of people: by filters as pages or as CSV, and one by one."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from control_api.auth.guards import viewer
from control_api.exports.csv_lines import LEAD_COLUMNS
from control_api.exports.stream import csv_download
from control_api.pages import InState, Limit, Page, PageCursor, Search, decode_cursor, page_of
from control_api.schools.service import known_state
from control_api.staff.schemas import StaffDetail, StaffItem
from control_api.staff.service import StaffService
from storage.accounts import Account
from storage.database import Database
from storage.search import PageKey, SchoolFilter, StaffFilter


def provide_place(
    in_state: InState = None,
    county: FromQuery[str | None] = None,
    district: FromQuery[str | None] = None,
    title1_status: FromQuery[str | None] = None,
    document_id: FromQuery[UUID | None] = None,
    school_id: FromQuery[int | None] = None,
) -> SchoolFilter:
    """The schools at which a request's query asks for people."""
    return SchoolFilter(
        state=known_state(in_state),
        county=county or None,
        district=district or None,
        title1_status=title1_status or None,
        document_id=document_id,
        school_ids=None if school_id is None else (school_id,),
    )


def provide_wanted(
    place: NamedDependency[SchoolFilter],
    q: Search = None,
    role: FromQuery[str | None] = None,
    has_email: FromQuery[bool | None] = None,
) -> StaffFilter:
    """The people that a request's query asks for."""
    return StaffFilter(q=q, role=role or None, has_email=has_email, schools=place)


def provide_staff(database: NamedDependency[Database], account: NamedDependency[Account]) -> StaffService:
    """The people of the account that asks."""
    return StaffService(database, account)


class StaffController(Controller):
    """`/api/v1/staff`."""

    path = "/api/v1"
    tags = ("Staff",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "place": Provide(provide_place, sync_to_thread=False),
        "wanted": Provide(provide_wanted, sync_to_thread=False),
        "staff": Provide(provide_staff, sync_to_thread=False),
    }

    @get("/staff", summary="People by last name")
    async def page(
        self,
        staff: NamedDependency[StaffService],
        wanted: NamedDependency[StaffFilter],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[StaffItem]:
        """Lists people who meet all the filters given."""
        found = await staff.page(wanted, after=decode_cursor(cursor, PageKey), most=limit + 1)
        return page_of(found, limit, item=lambda person: person, key=lambda last: (last.last_name, last.id))

    @get("/staff.csv", summary="People as CSV", media_type="text/csv")
    async def csv(self, staff: NamedDependency[StaffService], wanted: NamedDependency[StaffFilter]) -> Stream:
        """All people who meet the filters, a line for each school they work at, as a download."""
        return await csv_download("staff.csv", LEAD_COLUMNS, partial(staff.batch, wanted))

    @get("/staff/{staff_id:int}", summary="One person")
    async def one(self, staff_id: FromPath[int], staff: NamedDependency[StaffService]) -> StaffDetail:
        """A person, the schools they work at, and the page that says so of each value."""
        return await staff.get(staff_id)
