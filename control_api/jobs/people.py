"""The people that a job's parameters choose: as `storage` looks for them, and with a saved search below them."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.jobs.schemas import ChosenPeople
from control_api.searches.filters import over_params, people_filter
from control_api.searches.schemas import PeopleSearch
from control_api.searches.service import saved_params
from storage.accounts import Account
from storage.filters import StaffFilter

Params = TypeVar("Params")


def chosen_people(params: ChosenPeople) -> StaffFilter:
    """The filter of these parameters, whose saved search was read.

    Raises:
        UnknownPlaceError: there is no such state, ZIP or point.
    """
    wanted = people_filter(params)
    return replace(wanted, has_email=True) if params.only_with_email else wanted


async def with_saved(connection: AsyncConnection, account: Account, params: Params) -> Params:
    """The parameters with those of the saved search that they name, which they name no more.

    A job keeps what it was asked for, whatever becomes of the search.

    Raises:
        NotFoundError: there is no such search that the account may see.
        SavedSearchInvalidError: it is of schools, or good no more.
    """
    if not isinstance(params, ChosenPeople) or params.saved is None:
        return params
    saved = await saved_params(connection, account, params.saved, PeopleSearch)
    return msgspec.structs.replace(over_params(params, saved), saved=None)
