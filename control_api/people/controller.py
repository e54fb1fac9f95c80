"""Routes of what is done to people: put right, deleted, followed, merged. They are listed at `/staff`."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from control_api.auth.guards import operator, viewer
from control_api.bodies import check_json_body
from control_api.pages import Limit, Moment, Page, PageCursor, RowId, decode_cursor, known_time, page_of
from control_api.people.schemas import ChangeView, Corrections, DuplicateView, Merge, TombstoneView
from control_api.people.service import PeopleService, change_view, duplicate_view
from control_api.schools.controller import provide_where
from control_api.staff.controller import provide_place, provide_staff
from control_api.staff.schemas import StaffDetail
from control_api.staff.service import StaffService
from control_api.suppressions.schemas import Reason
from storage.accounts import Account
from storage.changes import ChangeFilter, ChangeKey, ChangeKind
from storage.database import Database
from storage.filters import SchoolFilter
from storage.merging import PairKey

OfKind = Annotated[ChangeKind | None, QueryParameter(description="Only lines of this kind.")]
CorrectedField = Annotated[str, PathParameter(max_length=60, description="The corrected field, such as `title`.")]
Note = Annotated[
    str | None, QueryParameter(max_length=500, description="Kept and shown: write no name and no address here.")
]


def provide_people(database: NamedDependency[Database], account: NamedDependency[Account]) -> PeopleService:
    """What the account that asks may do to people."""
    return PeopleService(database, account)


def provide_change_filter(
    place: NamedDependency[SchoolFilter], since: Moment = None, kind: OfKind = None
) -> ChangeFilter:
    """The lines of the change feed that a request's query asks for."""
    return ChangeFilter(since=known_time(since, "since"), kind=kind, schools=place)


class PeopleController(Controller):
    """`/api/v1/people`."""

    path = "/api/v1/people"
    tags = ("Staff",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "where": Provide(provide_where, sync_to_thread=False),
        "place": Provide(provide_place, sync_to_thread=False),
        "staff": Provide(provide_staff, sync_to_thread=False),
        "people": Provide(provide_people, sync_to_thread=False),
        "wanted_changes": Provide(provide_change_filter, sync_to_thread=False),
    }

    @get("/{staff_id:int}", summary="One person")
    async def one(self, staff_id: RowId, staff: NamedDependency[StaffService]) -> StaffDetail:
        """The same as `/staff/{id}`."""
        return await staff.get(staff_id)

    @patch("/{staff_id:int}", guards=[operator], before_request=check_json_body, summary="Put values right by hand")
    async def correct(
        self,
        staff_id: RowId,
        data: JSONBody[Corrections],
        people: NamedDependency[PeopleService],
        staff: NamedDependency[StaffService],
    ) -> StaffDetail:
        """Puts values in the place of those seen. No later crawl overwrites them; what it sees is kept beside."""
        await people.correct(staff_id, data)
        return await staff.get(staff_id)

    @delete("/{staff_id:int}/corrections/{field:str}", guards=[operator], summary="Take a correction back")
    async def take_back(self, staff_id: RowId, field: CorrectedField, people: NamedDependency[PeopleService]) -> None:
        """Lets what was seen last stand again."""
        await people.take_back(staff_id, field)

    @delete("/{staff_id:int}", guards=[operator], summary="Delete a person for good")
    async def delete(
        self,
        staff_id: RowId,
        people: NamedDependency[PeopleService],
        reason: FromQuery[Reason] = "request",
        note: Note = None,
    ) -> None:
        """Deletes all that is kept of a person, and keeps every later crawl from storing them again.

        What stays is a tombstone without personal data. The same request may be sent again.
        """
        await people.delete(staff_id, reason, note)

    @get("/tombstones", summary="People deleted for good, the newest first")
    async def tombstones(
        self, people: NamedDependency[PeopleService], cursor: PageCursor = None, limit: Limit = 50
    ) -> Page[TombstoneView]:
        """Lists when and why somebody was deleted, and the id that they had. `DELETE /suppressions/{id}` lifts one."""
        found = await people.tombstones(after=decode_cursor(cursor, int), most=limit + 1)
        return page_of(found, limit, item=lambda one: one, key=lambda last: last.id)

    @get("/duplicates", summary="Records that may be the same person")
    async def duplicates(
        self, people: NamedDependency[PeopleService], cursor: PageCursor = None, limit: Limit = 50
    ) -> Page[DuplicateView]:
        """Lists pairs by last name, with what they have in common. Who they are, a person says: `/merge`."""
        found = await people.duplicates(after=decode_cursor(cursor, PairKey), most=limit + 1)
        return page_of(found, limit, item=duplicate_view, key=lambda last: (last.last_name, last.id_a, last.id_b))

    @post(
        "/{staff_id:int}/merge",
        guards=[operator],
        status_code=200,
        before_request=check_json_body,
        summary="Say that two records are one person",
    )
    async def merge(
        self,
        staff_id: RowId,
        data: JSONBody[Merge],
        people: NamedDependency[PeopleService],
        staff: NamedDependency[StaffService],
    ) -> StaffDetail:
        """Makes a record a part of another one, which keeps what it says and gets the posts. The id that goes is gone.

        The same request may be sent again.
        """
        await people.merge(staff_id, data.into)
        return await staff.get(data.into)

    @get("/changes", summary="Who joined, who left, whose values changed")
    async def changes(
        self,
        people: NamedDependency[PeopleService],
        wanted_changes: NamedDependency[ChangeFilter],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[ChangeView]:
        """Lists the change feed, the oldest line first. Who has read it asks again with the time of the last line."""
        return await _feed(people, wanted_changes, cursor, limit)

    @get("/{staff_id:int}/changes", summary="What changed about one person")
    async def changes_of_one(
        self,
        staff_id: RowId,
        people: NamedDependency[PeopleService],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[ChangeView]:
        """Lists the lines of one person, the oldest first."""
        return await _feed(people, ChangeFilter(staff_id=staff_id), cursor, limit)


async def _feed(people: PeopleService, wanted: ChangeFilter, cursor: str | None, limit: int) -> Page[ChangeView]:
    found = await people.changes(wanted, after=decode_cursor(cursor, ChangeKey), most=limit + 1)
    return page_of(found, limit, item=change_view, key=lambda last: (last.transaction, last.id))
