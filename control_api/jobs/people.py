"""The people that a job's parameters choose, as `storage` looks for them."""

from __future__ import annotations

from datetime import UTC, datetime

from control_api.jobs.schemas import ChosenPeople
from control_api.pages import DEFAULT_RADIUS
from control_api.schools.service import known_state, near_place
from storage.filters import SchoolFilter, StaffFilter, Trust


def chosen_people(params: ChosenPeople) -> StaffFilter:
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
        has_email=True if params.only_with_email else None,
        left=params.left or None,
        trust=Trust(params.min_confidence, in_utc(params.seen_since)),
        schools=schools,
    )


def in_utc(time: datetime | None) -> datetime | None:
    """A time that names no zone, as one of UTC."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
