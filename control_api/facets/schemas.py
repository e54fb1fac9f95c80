"""Facets as the API shows them."""

from __future__ import annotations

import msgspec


class FacetValue(msgspec.Struct, frozen=True):
    """How many have a value."""

    value: str | None
    """Null: those without one."""
    count: int


class FacetView(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one kind, counted with all filters but those of this kind."""

    name: str
    exact: bool
    """Whether the counts were counted; else they are estimates of two digits."""
    values: list[FacetValue]


class FacetsView(msgspec.Struct, frozen=True, kw_only=True):
    """What a search finds, by its values."""

    total: int
    exact: bool
    """Whether `total` was counted; else it is an estimate of two digits."""
    alike: bool
    """Nothing has the words; names that look like them were counted."""
    facets: list[FacetView]
