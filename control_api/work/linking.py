"""Links the schools of a document to the official directory: at the end of its extraction, and on command.

State by state: a list of the whole country does not need the whole directory in memory.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any
from uuid import UUID

import msgspec

from control_api.work.attempt import Attempt
from extraction.linkage.directory import Directory
from extraction.linkage.link import link_schools
from extraction.linkage.records import Band, Link, ListedSchool
from extraction.nces import DirectorySchool
from extraction.places import state_code
from storage.database import Database
from storage.directory import COLUMNS, directory_of_states, directory_size
from storage.leases import fenced
from storage.links import PRINTED, FoundLink, LinkedBy, schools_of_document, store_links

_PRINTED_FIELDS = tuple(name for name in ListedSchool.__struct_fields__ if name not in {"key", "nces_id"})


async def link_in_job(attempt: Attempt, document_id: UUID) -> dict[str, int] | None:
    """Links a document's schools, fenced by the attempt's lease; None where no directory was imported."""
    lease = attempt.lease
    found = await found_links(attempt.database, lease.organization_id, document_id)
    if found is None:
        return None
    async with fenced(attempt.database, lease) as step:
        by = LinkedBy(lease.organization_id, document_id, lease.job_id, lease.attempt)
        return await store_links(step.connection, found, by)


async def link_document(database: Database, organization_id: UUID, document_id: UUID) -> dict[str, int] | None:
    """Links a document's schools outside any job; None where no directory was imported."""
    found = await found_links(database, organization_id, document_id)
    if found is None:
        return None
    async with database.tenant(organization_id) as connection:
        return await store_links(connection, found, LinkedBy(organization_id, document_id))


async def found_links(database: Database, organization_id: UUID, document_id: UUID) -> list[FoundLink] | None:
    """What the linkage says of a document's schools; nothing is written."""
    async with database.tenant(organization_id) as connection:
        if not await directory_size(connection):
            return None
        schools = await schools_of_document(connection, document_id)
    by_state: dict[str, list[ListedSchool]] = defaultdict(list)
    for school in schools:
        code = state_code(school.state) if school.state else None
        by_state[code or ""].append(_listed(school))
    found: list[FoundLink] = []
    for state, listed in by_state.items():
        async with database.tenant(organization_id) as connection:
            rows = await directory_of_states(connection, [state])
        directory = [DirectorySchool(**{name: getattr(row, name) for name in COLUMNS}) for row in rows]
        # A second of computing for a large state: the worker's other jobs go on meanwhile.
        links = await asyncio.to_thread(_linked, listed, directory)
        found += [_found(link) for link in links]
    return found


def _linked(listed: list[ListedSchool], directory: list[DirectorySchool]) -> list[Link]:
    return link_schools(listed, Directory(directory))


def _listed(school: Any) -> ListedSchool:
    printed = {name: getattr(school, name) for name in _PRINTED_FIELDS}
    # An id that came from an earlier linkage proves nothing to this one.
    nces_id = school.nces_id if school.identity.startswith(PRINTED) else None
    return ListedSchool(key=str(school.id), nces_id=nces_id, **printed)


def _found(link: Link) -> FoundLink:
    state = str(link.band) if link.nces_id is not None else str(Band.NONE)
    reasons, choices = msgspec.to_builtins(link.reasons), msgspec.to_builtins(link.choices)
    return FoundLink(int(link.key), state, link.nces_id, link.score, link.method, list(reasons), list(choices))
