"""Facets between HTTP and `storage.facets`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from control_api.facets.schemas import FacetsView, FacetValue, FacetView
from extraction.linkage.grades import grades_of
from extraction.staff.teaching import GRADES
from storage.accounts import Account
from storage.database import Database
from storage.facets import CONFIDENCE_BANDS, FRESHNESS_BANDS, Counts, Facet, Facets, people_facets, school_facets
from storage.filters import SchoolFilter, StaffFilter

_IN_ORDER = {
    "confidence": [label for _, label in CONFIDENCE_BANDS],
    "freshness": [label for _, label in FRESHNESS_BANDS],
    "grade": [*GRADES],
}
"""Facets whose values have an order; others begin with what most have."""


@dataclass(frozen=True, slots=True)
class FacetService:
    """What an account may count."""

    database: Database
    account: Account

    async def people(self, wanted: StaffFilter) -> FacetsView:
        """People by role, state, Title I status, state of the e-mail address, confidence and freshness.

        Raises:
            CountingTooLongError: it took too long.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return _view(await people_facets(connection, wanted))

    async def schools(self, wanted: SchoolFilter) -> FacetsView:
        """Schools by state, Title I status, state of the website, and grade; a school counts for each of its grades.

        Raises:
            CountingTooLongError: it took too long.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            return _view(await school_facets(connection, wanted))


def _view(found: Facets) -> FacetsView:
    return FacetsView(
        total=found.total, exact=found.exact, alike=found.alike, facets=[_facet(facet) for facet in found.facets]
    )


def _facet(facet: Facet) -> FacetView:
    name, counts = ("grade", _by_grade(facet.counts)) if facet.name == "grade_span" else (facet.name, facet.counts)
    order = _IN_ORDER.get(name, [])
    places: dict[str | None, int] = {value: place for place, value in enumerate(order)}
    ranked = sorted(counts.items(), key=lambda item: (item[0] is None, places.get(item[0], 0), -item[1], item[0] or ""))
    return FacetView(name=name, exact=facet.exact, values=[FacetValue(value, count) for value, count in ranked])


def _by_grade(spans: Counts) -> Counts:
    """Counts by grade, of counts by span as it is kept ("PK-05")."""
    counted: Counter[str | None] = Counter()
    for span, count in spans.items():
        numbers = {number for part in (span or "").split(",") for number in grades_of(part)}
        grades = [GRADES[number + 1] for number in numbers if number + 1 < len(GRADES)]
        counted.update(dict.fromkeys(grades or [None], count))
    return dict(counted)
