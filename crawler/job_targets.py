"""The schools of a job that have not ended yet, and the official directory, as spiders want them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Row

from crawler.browser.second_look import Noted, resumed
from crawler.job_session import open_session
from crawler.targets import SchoolTarget
from crawler.visits import Visit
from extraction.nces import DirectorySchool
from storage.directory import COLUMNS, directory_of_states
from storage.targets import pending_schools

SCHOOL_FIELDS = (
    *("name", "district", "nces_id", "address", "city", "county", "state", "zip", "phone", "grade_span", "website"),
)


async def load(job: str, attempt: int) -> list[SchoolTarget]:
    """The pending schools of a job, each with its accepted website, if any."""
    session = await open_session(job, attempt)
    async with session.database.tenant(session.lease.organization_id) as connection:
        rows = await pending_schools(connection, session.lease.job_id)
    return [_school(row) for row in rows]


async def load_waiting(job: str, attempt: int) -> list[Visit]:
    """The schools of a job that were left for a browser, as their first look left them."""
    session = await open_session(job, attempt)
    async with session.database.tenant(session.lease.organization_id) as connection:
        rows = await pending_schools(connection, session.lease.job_id, in_browser=True)
    return [
        resumed(_school(row), msgspec.convert(row.noted[0], Noted), row.visited or (), row.reason or "") for row in rows
    ]


def _school(row: Row[Any]) -> SchoolTarget:
    return SchoolTarget(
        key=str(row.id),
        rejected=tuple(row.rejected or ()),
        **{name: getattr(row, name) for name in SCHOOL_FIELDS},
    )


async def load_directory(job: str, attempt: int, states: Iterable[str]) -> list[DirectorySchool]:
    """The official directory's schools of some states."""
    session = await open_session(job, attempt)
    async with session.database.system() as connection:
        rows = await directory_of_states(connection, states)
    return [DirectorySchool(**{name: getattr(row, name) for name in COLUMNS}) for row in rows]
