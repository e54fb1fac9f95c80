"""The parameters of a search as `storage` looks for them, and a saved search below what is given with it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar, cast

import msgspec

from control_api.pages import DEFAULT_RADIUS, in_utc
from control_api.schools.service import known_state, near_place
from control_api.searches.schemas import AnySearch, PeopleSearch, SchoolSearch
from storage.filters import SchoolFilter, StaffFilter, Trust

Wanted = TypeVar("Wanted", StaffFilter, SchoolFilter, Trust)
Params = TypeVar("Params", bound=PeopleSearch)


def people_filter(params: PeopleSearch) -> StaffFilter:
    """The filter of these parameters.

    Raises:
        UnknownPlaceError: there is no such state, ZIP or point.
    """
    schools = SchoolFilter(
        state=known_state(params.state),
        county=params.county,
        district=params.district,
        title1_status=params.title1_status,
        document_id=params.document_id,
        school_ids=None if params.school_ids is None else tuple(params.school_ids),
        near=near_place(params.near, params.radius or DEFAULT_RADIUS),
    )
    return StaffFilter(
        q=params.q,
        role=params.role,
        subject=params.subject,
        grade=params.grade,
        has_email=params.has_email,
        email_state=params.email_state,
        email_check=params.email_check,
        left=params.left,
        trust=Trust(params.min_confidence, in_utc(params.seen_since)),
        schools=schools,
    )


def school_filter(params: SchoolSearch) -> SchoolFilter:
    """The filter of these parameters.

    Raises:
        UnknownPlaceError: there is no such state, ZIP or point.
    """
    return SchoolFilter(
        q=params.q,
        state=known_state(params.state),
        county=params.county,
        district=params.district,
        title1_status=params.title1_status,
        document_id=params.document_id,
        has_website=params.has_website,
        job_id=params.job_id,
        near=near_place(params.near, params.radius or DEFAULT_RADIUS),
    )


def over(given: Wanted, saved: Wanted) -> Wanted:
    """The saved filter, with what was given in the place of what it says."""
    values: dict[str, Any] = {}
    for one in fields(given):
        new, old = getattr(given, one.name), getattr(saved, one.name)
        nested = isinstance(new, SchoolFilter | Trust)
        values[one.name] = over(cast("Any", new), old) if nested else (old if new is None else new)
    return type(given)(**values)


def over_params(given: Params, saved: PeopleSearch) -> Params:
    """The same of parameters. A radius belongs to the place that it is given with."""
    kept = {name: getattr(saved, name) for name in saved.__struct_fields__ if getattr(given, name) is None}
    if given.near is not None:
        kept.pop("radius", None)
    return msgspec.structs.replace(given, **kept)


def given_params(params: AnySearch) -> dict[str, Any]:
    """What of a search was given, as JSON has it; the state by its two letters.

    Raises:
        UnknownPlaceError: there is no such state, ZIP or point.
    """
    wanted = people_filter(params).schools if isinstance(params, PeopleSearch) else school_filter(params)
    given = msgspec.to_builtins(msgspec.structs.replace(params, state=wanted.state))
    return {name: value for name, value in given.items() if value is not None}
