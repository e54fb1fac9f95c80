"""The columns of schools, for every format."""

from __future__ import annotations

from control_api.exports.layout import Column, Kind, Layout, layout_of
from storage.search import SchoolLine


def _percent(line: SchoolLine) -> float | None:
    return None if line.low_income_pct is None else float(line.low_income_pct)


SCHOOLS = (
    Column("name", width=32),
    Column("district", width=28),
    Column("address", width=28),
    Column("city", width=18),
    Column("county", width=16),
    Column("county_fips", width=11),
    Column("state", width=7),
    Column("zip", width=11),
    Column("phone", width=18),
    Column("nces_id", width=14),
    Column("title1_status", width=14),
    Column("grade_span", width=11),
    Column("enrollment", Kind.WHOLE, width=11),
    Column("low_income_pct", Kind.NUMBER, width=14, value=_percent),
    Column("website", width=32),
    Column("website_score", Kind.NUMBER, width=13),
    Column("confidence", Kind.NUMBER, width=11),
)


def schools_layout() -> Layout:
    """The columns of a file of schools."""
    return layout_of("Schools", SCHOOLS)
