"""Routes of people: by filters as pages, and one by one; as files in `control_api.exports.files`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from control_api.auth.guards import viewer
from control_api.pages import (
    LARGEST_ID,
    FoundPage,
    Limit,
    Moment,
    PageCursor,
    RowId,
    Search,
    Word,
    decode_cursor,
    found_page,
    known_time,
)
from control_api.schools.controller import provide_where
from control_api.searches.controller import Saved, provide_searches
from control_api.searches.filters import over
from control_api.searches.schemas import EmailState
from control_api.searches.service import SearchService
from control_api.staff.schemas import StaffDetail, StaffItem
from control_api.staff.service import StaffService
from storage.accounts import Account
from storage.database import Database
from storage.email_checks import EmailCheck
from storage.filters import SchoolFilter, StaffFilter, Trust
from storage.search import PageKey

Confidence = Annotated[
    float | None,
    # What is 0 gets lost on the way into the description.
    QueryParameter(ge=0, le=1, schema_extra={"minimum": 0.0}, description="How sure a person must be at least."),
]
OfSchool = Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID, description="Only people at this school.")]
AlsoLeft = Annotated[bool | None, QueryParameter(description="Also those who have left their schools.")]


def provide_place(
    where: NamedDependency[SchoolFilter],
    title1_status: Word = None,
    document_id: FromQuery[UUID | None] = None,
    school_id: OfSchool = None,
) -> SchoolFilter:
    """The schools at which a request's query asks for people."""
    return replace(
        where,
        title1_status=title1_status or None,
        document_id=document_id,
        school_ids=None if school_id is None else (school_id,),
    )


def provide_trust(min_confidence: Confidence = None, seen_since: Moment = None) -> Trust:
    """How sure and how fresh the people of a request have to be."""
    return Trust(min_confidence, known_time(seen_since, "seen_since"))


@dataclass(frozen=True, slots=True)
class AddressFilter:
    """What is asked of people's e-mail addresses; what is None does not matter."""

    has_email: bool | None
    email_state: str | None
    email_check: EmailCheck | None


def provide_address(
    has_email: FromQuery[bool | None] = None,
    email_state: FromQuery[EmailState | None] = None,
    email_check: FromQuery[EmailCheck | None] = None,
) -> AddressFilter:
    """What a request's query asks of addresses."""
    return AddressFilter(has_email, email_state, email_check)


def provide_wanted(
    place: NamedDependency[SchoolFilter],
    q: Search = None,
    role: Word = None,
    address: NamedDependency[AddressFilter | None] = None,
    subject: Word = None,
    grade: Word = None,
    left: AlsoLeft = None,
    trust: NamedDependency[Trust | None] = None,
) -> StaffFilter:
    """The people that a request's query asks for."""
    return StaffFilter(
        q=q,
        role=role or None,
        has_email=address.has_email if address else None,
        email_state=address.email_state if address else None,
        email_check=address.email_check if address else None,
        left=left,
        subject=subject or None,
        grade=grade or None,
        trust=trust or Trust(),
        schools=place,
    )


async def provide_searched(
    wanted: NamedDependency[StaffFilter], searches: NamedDependency[SearchService], saved: Saved = None
) -> StaffFilter:
    """The same, below it what a saved search asks for."""
    return wanted if saved is None else over(wanted, await searches.people(saved))


PEOPLE_FILTERS = {
    "where": Provide(provide_where, sync_to_thread=False),
    "trust": Provide(provide_trust, sync_to_thread=False),
    "address": Provide(provide_address, sync_to_thread=False),
    "place": Provide(provide_place, sync_to_thread=False),
    "wanted": Provide(provide_wanted, sync_to_thread=False),
    "searches": Provide(provide_searches, sync_to_thread=False),
    "searched": Provide(provide_searched),
}
"""What a route needs to be given `searched`, the people that its query asks for."""


def provide_staff(database: NamedDependency[Database], account: NamedDependency[Account]) -> StaffService:
    """The people of the account that asks."""
    return StaffService(database, account)


class StaffController(Controller):
    """`/api/v1/staff`."""

    path = "/api/v1"
    tags = ("Staff",)
    guards = (viewer,)
    dependencies = {**PEOPLE_FILTERS, "staff": Provide(provide_staff, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @get(["/staff", "/people"], summary="People by last name")
    async def page(
        self,
        staff: NamedDependency[StaffService],
        searched: NamedDependency[StaffFilter],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> FoundPage[StaffItem]:
        """Lists people who meet all the filters given."""
        found = await staff.page(searched, after=decode_cursor(cursor, PageKey), most=limit + 1)
        return found_page(found, limit, item=lambda person: person, key=lambda last: (last.last_name, last.id))

    @get("/staff/{staff_id:int}", summary="One person")
    async def one(self, staff_id: RowId, staff: NamedDependency[StaffService]) -> StaffDetail:
        """A person, the schools they work at, the page that says so of each value, and what was put right by hand."""
        return await staff.get(staff_id)
