"""Schools between HTTP and `storage.search`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.exports.stream import Batch
from control_api.schools.schemas import EvidenceView, ListingView, SchoolDetail, SchoolItem, WebsiteView
from extraction.errors import UnknownPlaceError
from extraction.places import state_code
from storage.accounts import Account
from storage.database import Database
from storage.search import (
    PageKey,
    SchoolFilter,
    SchoolLine,
    evidence_of,
    find_schools,
    get_school,
    listings_of,
    websites_of,
)

SCHOOLS_A_BATCH = 1000


@dataclass(frozen=True, slots=True)
class SchoolService:
    """What an account may see of its organization's schools."""

    database: Database
    account: Account

    async def page(self, wanted: SchoolFilter, *, after: PageKey | None, most: int) -> list[SchoolLine]:
        """Schools by name behind `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            return await find_schools(connection, wanted, after=after, most=most)

    async def batch(self, wanted: SchoolFilter, after: PageKey | None) -> Batch:
        """The next schools of a download."""
        found = await self.page(wanted, after=after, most=SCHOOLS_A_BATCH)
        return found, ((found[-1].name, found[-1].id) if len(found) == SCHOOLS_A_BATCH else None)

    async def get(self, school_id: int) -> SchoolDetail:
        """A school with its websites, evidence and the documents that list it.

        Raises:
            NotFoundError: there is no such school in this organization.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            school = await get_school(connection, school_id)
            shown = await website_views(connection, school_id)
            seen = evidence_views(await evidence_of(connection, "school", school_id))
            listings = await listings_of(connection, school_id)
        return SchoolDetail(
            **msgspec.structs.asdict(school_item(school)),
            websites=shown,
            evidence=seen,
            listed_in=[msgspec.convert(row, ListingView, from_attributes=True) for row in listings],
        )


async def website_views(connection: AsyncConnection, school_id: int) -> list[WebsiteView]:
    """All candidates for a school's website, each with its evidence, the accepted one first."""
    shown: list[WebsiteView] = []
    for website in await websites_of(connection, school_id):
        view = msgspec.convert(website, WebsiteView, from_attributes=True)
        found = evidence_views(await evidence_of(connection, "website", website.id))
        shown.append(msgspec.structs.replace(view, evidence=found))
    return shown


def school_item(line: SchoolLine) -> SchoolItem:
    """A school as a list shows it."""
    return msgspec.convert(line, SchoolItem, from_attributes=True, strict=False)


def evidence_views(rows: Iterable[Any]) -> list[EvidenceView]:
    """Rows of evidence as the API shows them."""
    return [msgspec.convert(row, EvidenceView, from_attributes=True) for row in rows]


def known_state(printed: str | None) -> str | None:
    """A state's two letters, as a filter needs them.

    Raises:
        UnknownPlaceError: there is no such state.
    """
    if not printed:
        return None
    code = state_code(printed)
    if code is None:
        raise UnknownPlaceError(f"There is no state {printed[:60]!r}. Give its two letters or its name, such as TX.")
    return code
