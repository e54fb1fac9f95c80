"""A crawl of many schools, parted into shards: child jobs of the same kind, each with targets of its own.

A school's target moves to its shard, so it stands in exactly one job, and the counts of the whole add up by
construction. The schools of one host stay together, and those of one district where they fit: their pages are fetched
once, and their hosts are asked by one process.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import School, Target, Website
from storage.websites import site_host


class PlacedSchool(NamedTuple):
    """A school that waits for its crawl, and where it belongs."""

    host: str
    """Of its accepted website; empty where none is known."""
    state: str
    district: str
    """In small letters; the school's own id where the list names none."""
    school_id: int


async def pending_parts(connection: AsyncConnection, job_id: UUID, most: int) -> list[list[int]]:
    """The ids of a job's pending schools in parts of about `most`; one part where they are not more than that."""
    rows = await connection.execute(
        select(School.id, School.state, School.district, Website.url)
        .join(Target, Target.school_id == School.id)
        .outerjoin(Website, (Website.school_id == School.id) & (Website.state == "accepted"))
        .where(Target.job_id == job_id, Target.state == "pending")
    )
    schools = (
        PlacedSchool(site_host(url or ""), state or "", (district or f"#{school_id}").casefold(), school_id)
        for school_id, state, district, url in rows
    )
    return parts_of(schools, most)


def parts_of(schools: Iterable[PlacedSchool], most: int) -> list[list[int]]:
    """Parts of about equal size: schools of one host in one part, neighbours of a district next to each other.

    A part is larger than `most` only where a single host has more schools, or, without hosts, a single district.
    """
    by_host = sorted(schools)
    total = len(by_host)
    if total <= most:
        return [[school.school_id for school in by_host]] if by_host else []
    groups = [list(group) for _, group in groupby(by_host, key=_together)]
    groups.sort(key=lambda group: (group[0].state, group[0].district, group[0].host))
    parts: list[list[int]] = [[]]
    even = math.ceil(total / math.ceil(total / most))
    for group in groups:
        if parts[-1] and len(parts[-1]) + len(group) > even:
            parts.append([])
        parts[-1].extend(school.school_id for school in group)
    return parts


def _together(school: PlacedSchool) -> tuple[str, ...]:
    return (school.host,) if school.host else ("", school.state, school.district)


async def move_targets(connection: AsyncConnection, job_id: UUID, shard_id: UUID, school_ids: Sequence[int]) -> None:
    """Gives pending schools of a job to one of its shards."""
    await connection.execute(
        update(Target)
        .where(Target.job_id == job_id, Target.school_id.in_(school_ids), Target.state == "pending")
        .values(job_id=shard_id)
    )
