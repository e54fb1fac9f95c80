"""The schools of a job that have not ended yet, and the official directory, as spiders want them."""

from __future__ import annotations

from collections.abc import Iterable

from crawler.job_session import open_session
from crawler.targets import SchoolTarget
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
    return [
        SchoolTarget(
            key=str(row.id),
            rejected=tuple(row.rejected or ()),
            **{name: getattr(row, name) for name in SCHOOL_FIELDS},
        )
        for row in rows
    ]


async def load_directory(job: str, attempt: int, states: Iterable[str]) -> list[DirectorySchool]:
    """The official directory's schools of some states."""
    session = await open_session(job, attempt)
    async with session.database.system() as connection:
        rows = await directory_of_states(connection, states)
    return [DirectorySchool(**{name: getattr(row, name) for name in COLUMNS}) for row in rows]
