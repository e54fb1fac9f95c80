"""Routes of facets: the filters of the lists of people and schools, answered with counts."""

from __future__ import annotations

from litestar import Controller, get
from litestar.di import NamedDependency, Provide

from control_api.auth.guards import viewer
from control_api.facets.schemas import FacetsView
from control_api.facets.service import FacetService
from control_api.schools.controller import SCHOOL_FILTERS
from control_api.staff.controller import PEOPLE_FILTERS
from storage.accounts import Account
from storage.database import Database
from storage.filters import SchoolFilter, StaffFilter


def provide_facets(database: NamedDependency[Database], account: NamedDependency[Account]) -> FacetService:
    """What the account that asks may count."""
    return FacetService(database, account)


class PeopleFacetController(Controller):
    """`/api/v1/people/facets`."""

    path = "/api/v1/people/facets"
    tags = ("Staff",)
    guards = (viewer,)
    dependencies = {**PEOPLE_FILTERS, "facets": Provide(provide_facets, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @get("/", summary="How many people have which value")
    async def people(self, facets: NamedDependency[FacetService], searched: NamedDependency[StaffFilter]) -> FacetsView:
        """Counts the people of `/staff` by role, state, Title I status, state of the address, confidence, freshness.

        Each facet is counted without its own filter. Up to 15,000 people are counted; of more, counts are estimates.
        """
        return await facets.people(searched)


class SchoolFacetController(Controller):
    """`/api/v1/schools/facets`."""

    path = "/api/v1/schools/facets"
    tags = ("Schools",)
    guards = (viewer,)
    dependencies = {**SCHOOL_FILTERS, "facets": Provide(provide_facets, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @get("/", summary="How many schools have which value")
    async def schools(
        self, facets: NamedDependency[FacetService], searched: NamedDependency[SchoolFilter]
    ) -> FacetsView:
        """Counts the schools of `/schools` by state, Title I status, state of the website, and grade.

        Each facet is counted without its own filter. Up to 50,000 schools are counted; of more, counts are estimates.
        """
        return await facets.schools(searched)
