"""Schedules as they are asked for, changed and shown. The job is the very body of `POST /jobs`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from control_api.jobs.schemas import JobRequest
from storage.jobs import JobKind
from storage.schedules import FiringCause, FiringOutcome

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
CronLine = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=100, description="minute hour day-of-month month day-of-week, such as `30 6 * * 1-5`."
    ),
]
Zone = Annotated[str, msgspec.Meta(min_length=1, max_length=60, description="As IANA names it: America/Chicago.")]
Grace = Annotated[
    int,
    msgspec.Meta(ge=0, le=7 * 24 * 3600, description="A time that nobody answered for so many seconds is left out."),
]
DEFAULT_GRACE_SECONDS = 3600
"""A machine that is restarted or updated is back by then; a day's harvest may still begin an hour late."""
PREVIEWED = 5


class NewSchedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job that is to be made again and again."""

    name: Name
    cron: CronLine
    time_zone: Zone = "UTC"
    job: JobRequest
    misfire_grace_seconds: Grace = DEFAULT_GRACE_SECONDS
    enabled: bool = True


class ChangedSchedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a schedule is to be another; what is not given stays."""

    name: Name | UnsetType = UNSET
    cron: CronLine | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    job: JobRequest | UnsetType = UNSET
    misfire_grace_seconds: Grace | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class FiringView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one time of a schedule."""

    id: int
    cause: FiringCause
    fire_at: datetime
    """The time that this answers."""
    at: datetime
    """When it was answered."""
    outcome: FiringOutcome
    reason: str | None
    job_id: UUID | None


class ScheduleView(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as it stands."""

    id: UUID
    name: str
    kind: JobKind
    job: dict[str, Any]
    """The body of `POST /jobs` that each firing asks with."""
    cron: str
    time_zone: str
    misfire_grace_seconds: int
    enabled: bool
    next_fire_at: datetime | None
    next_fire_times: list[datetime]
    """The next five, in the schedule's own time zone; none while it is disabled."""
    user: str
    """In whose name its jobs run: who made it or changed it last."""
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    last: FiringView | None
    """Its newest firing."""
