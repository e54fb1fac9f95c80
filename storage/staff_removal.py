"""Posts taken back, and people forgotten who have no other: with all that is kept of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, delete, exists, func, insert, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.filters import is_present
from storage.models import Evidence, StaffChange, StaffMember, StaffPost, Website
from storage.websites import site_host

_POSTS_AT_ONCE = 5_000


async def withdraw_people(connection: AsyncConnection, school_id: int, urls: Sequence[str]) -> None:
    """Takes back the posts at a school that were read on sites which are not the school's.

    Whoever has no other post is forgotten, with the evidence. What a crawl read elsewhere (a published spreadsheet), it
    read because the site named it. A host that the school's accepted site shares (a district's) keeps its people: which
    of them came from where, its addresses do not say.
    """
    accepted = await connection.scalars(
        select(Website.url).where(Website.school_id == school_id, Website.state == "accepted")
    )
    right = {site_host(url) for url in accepted}
    wrong = {site_host(url) for url in urls} - right
    rows = await connection.execute(
        select(StaffPost.staff_member_id, StaffPost.source_url, StaffPost.job_id).where(
            StaffPost.school_id == school_id
        )
    )
    posts = [(member_id, site_host(url), job_id) for member_id, url, job_id in rows]
    crawls = {job_id for _, host, job_id in posts if host in wrong and job_id is not None}
    members = [
        member_id for member_id, host, job_id in posts if host in wrong or (job_id in crawls and host not in right)
    ]
    if not members:
        return
    wrong_posts = (StaffPost.school_id == school_id, StaffPost.staff_member_id.in_(members))
    # The lines of those who are forgotten go with them.
    left = select(StaffPost.organization_id, StaffPost.staff_member_id, StaffPost.school_id, literal("left"))
    columns = ["organization_id", "staff_member_id", "school_id", "kind"]
    await connection.execute(insert(StaffChange).from_select(columns, left.where(*wrong_posts, is_present())))
    await connection.execute(delete(StaffPost).where(*wrong_posts))
    await _forget_without_post(connection, members)


async def forget_posts(connection: AsyncConnection, posts: Sequence[tuple[int, int, str]]) -> None:
    """Deletes posts (person, school, address of the page), with what that page said of the person.

    Whoever has no other post is forgotten, with all evidence.
    """
    for place in range(0, len(posts), _POSTS_AT_ONCE):
        some = posts[place : place + _POSTS_AT_ONCE]
        post = tuple_(StaffPost.staff_member_id, StaffPost.school_id)
        await connection.execute(delete(StaffPost).where(post.in_([(member, school) for member, school, _ in some])))
        said = tuple_(Evidence.subject_id, Evidence.url).in_([(member, url) for member, _, url in some])
        await connection.execute(delete(Evidence).where(Evidence.subject == "staff", said))
        await _forget_without_post(connection, [member for member, _, _ in some])


async def _forget_without_post(connection: AsyncConnection, members: Sequence[int]) -> None:
    forgotten = await connection.scalars(
        delete(StaffMember)
        .where(StaffMember.id.in_(members), ~exists().where(StaffPost.staff_member_id == StaffMember.id))
        .returning(StaffMember.id)
    )
    await connection.execute(
        delete(Evidence).where(Evidence.subject == "staff", Evidence.subject_id.in_(forgotten.all()))
    )
    await mark_departed(connection, members)


async def mark_departed(connection: AsyncConnection, members: Sequence[int]) -> None:
    """Says of those of these people who have no present post since when, and of the others that they have one."""
    posts = StaffPost.staff_member_id == StaffMember.id
    since = select(func.max(StaffPost.left_at)).where(posts).scalar_subquery()
    left_at = case((exists().where(posts, is_present()), None), else_=since)
    await connection.execute(
        update(StaffMember)
        .where(StaffMember.id.in_(members), StaffMember.left_at.is_distinct_from(left_at))
        .values(left_at=left_at)
    )
