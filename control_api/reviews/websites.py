"""Routes of schools' websites: what waits for a person, why a site was chosen, and people's decisions.

A decision that stands already is answered like a new one and changes nothing, so every request may be sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
from litestar import Controller, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.auth.guards import operator, viewer
from control_api.bodies import check_json_body
from control_api.pages import Limit, Page, PageCursor, RowId, decode_cursor, page_of
from control_api.reviews.addresses import web_address
from control_api.reviews.schemas import DecisionView, LookView, ReviewItem, SiteChoice, SiteRejection, WhyView
from control_api.schools.controller import provide_wanted, provide_where
from control_api.schools.schemas import WebsiteView
from control_api.schools.service import school_item, website_views
from storage.accounts import Account
from storage.audit import Act, record
from storage.database import Database
from storage.filters import SchoolFilter
from storage.finding import find_schools
from storage.reviews import Decider, accept_site, candidates_of, decisions_of, reject_sites
from storage.search import PageKey, get_school
from storage.targets import last_discovery


@dataclass(frozen=True, slots=True)
class WebsiteReview:
    """What an account may see and decide of its schools' websites."""

    database: Database
    account: Account

    async def page(self, wanted: SchoolFilter, *, after: PageKey | None, most: int) -> list[ReviewItem]:
        """Schools whose website waits for a person, by name behind `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            schools = (await find_schools(connection, replace(wanted, to_review=True), after=after, most=most)).rows
            candidates = await candidates_of(connection, [school.id for school in schools])
        return [
            ReviewItem(
                school=school_item(school),
                candidates=[_unsigned(candidate) for candidate in candidates[school.id]],
            )
            for school in schools
        ]

    async def why(self, school_id: int) -> WhyView:
        """Why a school has the website that it has, or none.

        Raises:
            NotFoundError: there is no such school in this organization.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return await _why(connection, school_id)

    async def accept(self, school_id: int, url: str, *, by_hand: bool) -> WhyView:
        """Makes a site the school's, for good: no crawl replaces it."""
        async with self.database.tenant(self.account.organization_id) as connection:
            site = web_address(url)
            await accept_site(connection, self._decider, school_id, site, by_hand=by_hand)
            await self._record(connection, school_id, decision="accepted", url=site)
            return await _why(connection, school_id)

    async def reject(self, school_id: int, url: str | None) -> WhyView:
        """Says of one candidate, or of all, that it is not the school's."""
        address = None if url is None else web_address(url)
        async with self.database.tenant(self.account.organization_id) as connection:
            await reject_sites(connection, self._decider, school_id, address)
            await self._record(connection, school_id, decision="rejected", url=address)
            return await _why(connection, school_id)

    async def _record(self, connection: AsyncConnection, school_id: int, **detail: str | None) -> None:
        await record(connection, Act.WEBSITE_DECISION, self.account, about=("school", school_id), detail=detail)

    @property
    def _decider(self) -> Decider:
        return decider_of(self.account)


def decider_of(account: Account) -> Decider:
    """The account as the one who decides."""
    return Decider(account.organization_id, account.user_id, account.user_name)


def provide_websites(database: NamedDependency[Database], account: NamedDependency[Account]) -> WebsiteReview:
    """The websites of the account that asks."""
    return WebsiteReview(database, account)


class WebsiteController(Controller):
    """`/api/v1/websites/review` and `/api/v1/schools/{id}/website`."""

    path = "/api/v1"
    tags = ("Websites",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "where": Provide(provide_where, sync_to_thread=False),
        "wanted": Provide(provide_wanted, sync_to_thread=False),
        "websites": Provide(provide_websites, sync_to_thread=False),
    }

    @get("/websites/review", summary="Websites that wait for a person")
    async def page(
        self,
        websites: NamedDependency[WebsiteReview],
        wanted: NamedDependency[SchoolFilter],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[ReviewItem]:
        """Lists schools that have a likely site and no accepted one, each with its candidates and their signals."""
        found = await websites.page(wanted, after=decode_cursor(cursor, PageKey), most=limit + 1)
        return page_of(found, limit, item=lambda item: item, key=lambda last: (last.school.name, last.school.id))

    @get("/schools/{school_id:int}/website", summary="Why this site?")
    async def why(self, school_id: RowId, websites: NamedDependency[WebsiteReview]) -> WhyView:
        """The school's official site, every candidate with its signals, and who decided what and when."""
        return await websites.why(school_id)

    @put(
        "/schools/{school_id:int}/website",
        guards=[operator],
        before_request=check_json_body,
        summary="Set a school's website by hand",
    )
    async def choose(
        self, school_id: RowId, data: JSONBody[SiteChoice], websites: NamedDependency[WebsiteReview]
    ) -> WhyView:
        """Makes any site the school's official one. The next harvest reads it; no crawl replaces it."""
        return await websites.accept(school_id, data.url, by_hand=True)

    @post(
        "/schools/{school_id:int}/website/accept",
        guards=[operator],
        before_request=check_json_body,
        status_code=200,
        summary="Accept a candidate",
    )
    async def accept(
        self, school_id: RowId, data: JSONBody[SiteChoice], websites: NamedDependency[WebsiteReview]
    ) -> WhyView:
        """Makes a candidate the school's official site; an address that is no candidate is refused."""
        return await websites.accept(school_id, data.url, by_hand=False)

    @post(
        "/schools/{school_id:int}/website/reject",
        guards=[operator],
        before_request=check_json_body,
        status_code=200,
        summary="Reject a candidate, or all",
    )
    async def reject(
        self, school_id: RowId, data: JSONBody[SiteRejection], websites: NamedDependency[WebsiteReview]
    ) -> WhyView:
        """Says that a candidate is not the school's site: it is never offered again, and its people lose their posts.

        Null rejects all there are.
        """
        return await websites.reject(school_id, data.url)


async def _why(connection: AsyncConnection, school_id: int) -> WhyView:
    school = await get_school(connection, school_id)
    candidates = await website_views(connection, school_id)
    decisions = await decisions_of(connection, school_id)
    look = await last_discovery(connection, school_id)
    return WhyView(
        school=school_item(school),
        website=next((site for site in candidates if site.state == "accepted"), None),
        candidates=candidates,
        decisions=[msgspec.convert(row, DecisionView, from_attributes=True) for row in decisions],
        last_look=_look(look) if look is not None else None,
    )


def _look(row: RowMapping) -> LookView:
    return msgspec.convert({**row, "at": row["updated_at"], "tried": row["tried"] or []}, LookView)


def _unsigned(row: object) -> WebsiteView:
    """A candidate in a list: whoever wants to know who decided asks why."""
    names = ("id", "url", "state", "score", "provider", "signals", "http_status", "fetched_at", "decided_at")
    return WebsiteView(**{name: getattr(row, name) for name in names})
