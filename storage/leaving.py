"""Who has left a school: not seen in two complete crawls of it in a row.

What a crawl could not see it does not say. Counted is a harvest that found staff; a person counts as missed if the page
that named them was read and does not any more, or is gone (404, 410), or, where it was not asked for, if no page of the
school failed. A crawl that misses more than half of those who were there says more about the site than about them: then
nobody is counted, and what is known stays.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.changes import Change, ChangeKind, write_changes
from storage.filters import is_present
from storage.models import PageVisit, StaffPost
from storage.staff_removal import mark_departed

CRAWLS_WITHOUT = 2
"""Complete crawls in a row that must not have seen somebody."""
FEW = 3
"""So many may go from a school at once, however few it has."""
_READ = frozenset({"staff", "no_staff"})
_GONE = frozenset({404, 410})


async def count_missed(connection: AsyncConnection, organization_id: UUID, job_id: UUID, school_id: int) -> int:
    """Counts those whom a harvest that has just read a school did not see; returns how many have left.

    The caller ends the school's turn in the same transaction, so that each crawl counts once.
    """
    visits = (
        await connection.execute(
            select(PageVisit.url, PageVisit.outcome, PageVisit.http_status, PageVisit.fetched_at).where(
                PageVisit.job_id == job_id, PageVisit.school_id == school_id
            )
        )
    ).all()
    if not visits:
        return 0
    begun = min(visit.fetched_at for visit in visits)
    posts = (
        await connection.execute(
            select(StaffPost.staff_member_id, StaffPost.source_url, StaffPost.missed, StaffPost.last_seen < begun)
            .where(StaffPost.school_id == school_id, StaffPost.first_seen < begun, is_present())
            .order_by(StaffPost.staff_member_id)
            .with_for_update(key_share=True)
        )
    ).all()
    unseen = [(member_id, url, missed) for member_id, url, missed, not_seen in posts if not_seen]
    if len(unseen) > max(FEW, len(posts) - len(unseen)):
        return 0
    speaks = _speaking(visits)
    missed = [(member_id, times + 1) for member_id, url, times in unseen if speaks.get(url, speaks[None])]
    left = [member_id for member_id, times in missed if times >= CRAWLS_WITHOUT]
    at_school = StaffPost.school_id == school_id
    counted = update(StaffPost).where(at_school, StaffPost.staff_member_id.in_([one for one, _ in missed]))
    await connection.execute(counted.values(missed=StaffPost.missed + 1))
    if left:
        gone = update(StaffPost).where(at_school, StaffPost.staff_member_id.in_(left))
        await connection.execute(gone.values(left_at=func.clock_timestamp()))
        await mark_departed(connection, left)
        changes = [Change(member_id, school_id, ChangeKind.LEFT) for member_id in left]
        await write_changes(connection, organization_id, changes, job_id=job_id)
    return len(left)


def _speaking(visits: Any) -> dict[str | None, bool]:
    """Whether a page's silence about somebody says that they are not there; None: that of a page not asked for."""
    told = {visit.url: visit.outcome in _READ or visit.http_status in _GONE for visit in visits}
    return {**told, None: all(told.values())}
