"""Saved searches between HTTP and `storage.saved_searches`, and as lists and jobs use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.auth.guards import ForbiddenError
from control_api.problems import ApiError, invalid_body
from control_api.searches.filters import given_params, people_filter, school_filter
from control_api.searches.schemas import (
    SEARCH_OF_KIND,
    AnySearch,
    ChangedSearch,
    NewPeopleSearch,
    NewSearch,
    PeopleSearch,
    SchoolSearch,
    SearchKind,
    SearchView,
)
from extraction.errors import UnknownPlaceError
from storage.accounts import Account
from storage.audit import Act, record
from storage.database import Database
from storage.filters import SchoolFilter, StaffFilter
from storage.roles import Role
from storage.saved_searches import AnyRow, add_search, change_search, find_searches, get_search, remove_search

Search = TypeVar("Search", PeopleSearch, SchoolSearch)


class SavedSearchInvalidError(ApiError):
    """A saved search cannot be used: its filters are good no more, or it is of the other kind."""

    code = "SAVED_SEARCH_INVALID"
    status = 409


@dataclass(frozen=True, slots=True)
class SearchService:
    """What an account may do with saved searches."""

    database: Database
    account: Account

    async def page(
        self, *, kind: SearchKind | None, name: str | None, after: str | None, most: int
    ) -> list[SearchView]:
        """Saved searches by name behind the name `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            rows = await find_searches(connection, self.account, kind=kind, name=name, after=after, most=most)
        return [_view(row) for row in rows]

    async def get(self, search_id: UUID) -> SearchView:
        """A saved search.

        Raises:
            NotFoundError: there is none that the account may see.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return _view(await get_search(connection, self.account, search_id))

    async def people(self, search_id: UUID) -> StaffFilter:
        """The people that a saved search asks for.

        Raises:
            NotFoundError: there is none that the account may see.
            SavedSearchInvalidError: it is of schools, or good no more.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return people_filter(await saved_params(connection, self.account, search_id, PeopleSearch))

    async def schools(self, search_id: UUID) -> SchoolFilter:
        """The schools that a saved search asks for.

        Raises:
            NotFoundError: there is none that the account may see.
            SavedSearchInvalidError: it is of people, or good no more.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return school_filter(await saved_params(connection, self.account, search_id, SchoolSearch))

    async def add(self, new: NewSearch) -> SearchView:
        """Keeps a search.

        Raises:
            UnknownPlaceError: there is no such state, ZIP or point.
            ConflictError: the name is taken, or there are as many as allowed.
        """
        search_id = uuid4()
        kind = "people" if isinstance(new, NewPeopleSearch) else "schools"
        values: dict[str, Any] = {"id": search_id, "name": new.name, "kind": kind, "shared": new.shared}
        async with self.database.tenant(self.account.organization_id) as connection:
            await add_search(connection, self.account, values | {"params": given_params(new.params)})
            return await self._told(connection, Act.SEARCH_CREATE, search_id)

    async def change(self, search_id: UUID, changed: ChangedSearch) -> SearchView:
        """Changes what is given.

        Raises:
            NotFoundError: there is none that the account may see.
            ForbiddenError: it is somebody else's.
            ValidationException, UnknownPlaceError: the parameters are none of its kind.
            ConflictError: the name is taken.
        """
        values = {name: value for name in changed.__struct_fields__ if (value := getattr(changed, name)) is not UNSET}
        async with self.database.tenant(self.account.organization_id) as connection:
            search = await self._own(connection, search_id)
            if not values:
                return _view(search)
            if "params" in values:
                try:
                    params = msgspec.convert(values["params"], SEARCH_OF_KIND[search.kind])
                except msgspec.ValidationError as error:
                    raise invalid_body("params", str(error)) from error
                values["params"] = given_params(params)
            await change_search(connection, search_id, values)
            return await self._told(connection, Act.SEARCH_CHANGE, search_id)

    async def remove(self, search_id: UUID) -> None:
        """Deletes a saved search; what uses it is refused from then on.

        Raises:
            NotFoundError: there is none that the account may see.
            ForbiddenError: it is somebody else's.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            search = await self._own(connection, search_id)
            await remove_search(connection, search_id)
            about, detail = ("search", search_id), {"name": search.name, "kind": search.kind}
            await record(connection, Act.SEARCH_REMOVE, self.account, about=about, detail=detail)

    async def _own(self, connection: AsyncConnection, search_id: UUID) -> AnyRow:
        search = await get_search(connection, self.account, search_id, hold=True)
        if search.user_id != self.account.user_id and not self.account.role.includes(Role.ADMIN):
            raise ForbiddenError("Only its owner or an admin changes a saved search. Save one of your own.")
        return search

    async def _told(self, connection: AsyncConnection, act: Act, search_id: UUID) -> SearchView:
        search = await get_search(connection, self.account, search_id)
        # What filters say may be somebody's name; the log has which there are.
        detail = {"name": search.name, "kind": search.kind, "shared": search.shared, "filters": sorted(search.params)}
        await record(connection, act, self.account, about=("search", search_id), detail=detail)
        return _view(search)


async def saved_params(connection: AsyncConnection, account: Account, search_id: UUID, kind: type[Search]) -> Search:
    """The parameters of a saved search, checked again.

    Raises:
        NotFoundError: there is none that the account may see.
        SavedSearchInvalidError: it is of the other kind, or good no more.
    """
    search = await get_search(connection, account, search_id)
    if SEARCH_OF_KIND[search.kind] is not kind:
        raise SavedSearchInvalidError(f"The saved search {search.name!r} is of {search.kind}, which are not asked for.")
    params = _checked(search)
    if isinstance(params, str):
        raise SavedSearchInvalidError(
            f"The saved search {search.name!r} cannot be used any more: {params}. Change its parameters, or remove it."
        )
    return msgspec.convert(params, kind, from_attributes=True)


def _checked(search: AnyRow) -> AnySearch | str:
    """The parameters, or what is wrong with them."""
    try:
        params = msgspec.convert(search.params, SEARCH_OF_KIND[search.kind])
        given_params(params)
    except msgspec.ValidationError as error:
        return str(error)
    except UnknownPlaceError as error:
        return error.message.rstrip(".")
    return params


def _view(search: AnyRow) -> SearchView:
    checked = _checked(search)
    problem = checked if isinstance(checked, str) else None
    fields = {str(name): value for name, value in search._mapping.items()}
    return msgspec.convert(fields | {"problem": problem}, SearchView)
