"""People between HTTP and `storage.search`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from control_api.exports.downloads import Batch
from control_api.exports.notices import notice_codes
from control_api.schools.service import evidence_views
from control_api.staff.schemas import CorrectionView, PostView, StaffDetail, StaffItem
from storage.accounts import Account
from storage.corrections import corrections_of
from storage.database import Database
from storage.filters import StaffFilter
from storage.finding import Found, find_staff
from storage.leads import LeadFilter, lead_batch
from storage.search import PageKey, evidence_of, get_staff, posts_of


@dataclass(frozen=True, slots=True)
class StaffService:
    """What an account may see of the people at its organization's schools."""

    database: Database
    account: Account

    async def page(self, wanted: StaffFilter, *, after: PageKey | None, most: int) -> Found[StaffItem]:
        """People by last name behind `after`, with their posts."""
        async with self.database.tenant(self.account.organization_id) as connection:
            found = await find_staff(connection, wanted, after=after, most=most)
            posts = await posts_of(connection, [person.id for person in found.rows])
        by_person: dict[int, list[Any]] = {}
        for post in posts:
            by_person.setdefault(post.staff_member_id, []).append(post)
        return Found([_item(person, by_person.get(person.id, [])) for person in found.rows], found.alike)

    async def batch(self, wanted: LeadFilter, after: PageKey | None, *, evidence: bool) -> Batch:
        """The next people of a download, school by school."""
        async with self.database.tenant(self.account.organization_id) as connection:
            return await lead_batch(connection, wanted, after=after, evidence=evidence)

    async def get(self, staff_id: int) -> StaffDetail:
        """A person with posts and evidence.

        Raises:
            NotFoundError: there is no such person in this organization.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            person = await get_staff(connection, staff_id)
            posts = await posts_of(connection, [staff_id])
            seen = evidence_views(await evidence_of(connection, "staff", staff_id))
            corrections = [_correction(row) for row in await corrections_of(connection, staff_id)]
        item = msgspec.structs.asdict(_item(person, posts))
        return StaffDetail(**item, evidence=seen, corrections=corrections)


def _correction(row: Any) -> CorrectionView:
    return CorrectionView(
        field=row.field,
        value=row.value,
        seen=row.seen[row.field],
        reason=row.reason,
        by=row.user_name,
        corrected_at=row.corrected_at,
    )


def _post(post: Any) -> PostView:
    return msgspec.convert({**post._mapping, "notices": list(notice_codes(str(post.state)))}, PostView)


def _item(person: Any, posts: Any) -> StaffItem:
    newest = posts[0] if posts else None
    fields: dict[str, Any] = dict(person._mapping)
    fields |= {name: getattr(newest, name, None) for name in ("school", "school_id", "website", "source_url")}
    fields["posts"] = [_post(post) for post in posts]
    return msgspec.convert(fields, StaffItem)
