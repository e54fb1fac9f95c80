"""Schools between HTTP and `storage.search`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.exports.downloads import Batch
from control_api.schools.schemas import EvidenceView, ListingView, SchoolDetail, SchoolItem, WebsiteView
from extraction.errors import UnknownPlaceError
from extraction.places import Point, state_code, zip_point, zips_within
from storage.accounts import Account
from storage.database import Database
from storage.filters import Near, SchoolFilter
from storage.finding import Found, find_schools
from storage.search import PageKey, SchoolLine, evidence_of, get_school, listings_of, websites_of

SCHOOLS_A_BATCH = 1000


@dataclass(frozen=True, slots=True)
class SchoolService:
    """What an account may see of its organization's schools."""

    database: Database
    account: Account

    async def page(self, wanted: SchoolFilter, *, after: PageKey | None, most: int) -> Found[SchoolLine]:
        """Schools by name behind `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            return await find_schools(connection, wanted, after=after, most=most)

    async def batch(self, wanted: SchoolFilter, after: PageKey | None) -> Batch:
        """The next schools of a download."""
        searched = await self.page(wanted, after=after, most=SCHOOLS_A_BATCH)
        found = [] if searched.alike else searched.rows  # who looks for a file wants what was asked for
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


def near_place(near: str | None, miles: float) -> Near | None:
    """What lies around a ZIP ("78701") or a point ("30.27,-97.74", degrees).

    Raises:
        UnknownPlaceError: there is no such ZIP, or it is no point on earth.
    """
    if not near:
        return None
    center = zip_point(near) if _ZIP.fullmatch(near.strip()) else _point(near)
    if center is None:
        raise UnknownPlaceError(
            f"{near[:60]!r} is neither a known ZIP nor a point. Give five digits, or latitude,longitude in degrees."
        )
    return Near(center.latitude, center.longitude, miles, tuple(zips_within(center, miles)))


_ZIP = re.compile(r"\d{5}(?:-\d{4})?", re.ASCII)
_POINT = re.compile(r"\s*([+-]?\d{1,2}(?:\.\d{1,12})?)\s*,\s*([+-]?\d{1,3}(?:\.\d{1,12})?)\s*", re.ASCII)


def _point(text: str) -> Point | None:
    found = _POINT.fullmatch(text)
    point = Point(float(found[1]), float(found[2])) if found else None
    return point if point and abs(point.latitude) <= 90 and abs(point.longitude) <= 180 else None


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
