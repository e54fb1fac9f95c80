"""What people decide about schools' websites: accepted, rejected, or named by hand. Who decided, and when, is kept.

Each function works in the caller's tenant transaction and may be called again: a decision that stands already changes
nothing and writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import NotFoundError
from storage.models import User, Website, WebsiteDecision
from storage.sightings import Origin, Seen, Sighting, store_evidence
from storage.staff_removal import withdraw_people
from storage.websites import hold_school, set_aside, site_key

AnyRow = Row[*tuple[Any, ...]]
BY_HAND = "person"
"""The provider of a site that no crawl found."""
CANDIDATES_SHOWN = 12
LEAST_LIKELY = 0.5
"""The score from which a discovery calls a site likely (`crawler.discovery.scoring`)."""


@dataclass(frozen=True, slots=True)
class Decider:
    """The person who decides."""

    organization_id: UUID
    user_id: UUID
    name: str


async def accept_site(
    connection: AsyncConnection, decider: Decider, school_id: int, url: str, *, by_hand: bool
) -> None:
    """Makes a site the school's official one; the one before is set aside.

    Args:
        connection: in a transaction of the decider's organization.
        decider: who says so.
        school_id: the school.
        url: the site, in any spelling of a candidate's address.
        by_hand: also where it is no candidate yet.

    Raises:
        NotFoundError: there is no such school, or no such candidate.
    """
    website = await _candidate(connection, school_id, url)
    if website is None:
        if not by_hand:
            raise NotFoundError(f"{url} is no candidate of school {school_id}. Name the site by hand if it is right.")
        website = await _add(connection, decider, school_id, url)
    if website.state == "accepted" and website.decided_at is not None:
        return
    if website.state != "accepted":
        await set_aside(connection, school_id)
    await _decide(connection, decider, [website], "accepted")


async def reject_sites(connection: AsyncConnection, decider: Decider, school_id: int, url: str | None) -> None:
    """Says that a candidate, or with None every candidate there is, is not the school's site. No crawl offers it again.

    People who were read on it lose their post at the school. Where the school has no site then, the next likely
    candidate waits for a person instead.

    Raises:
        NotFoundError: there is no such school, or no such candidate.
    """
    if url is not None:
        website = await _candidate(connection, school_id, url)
        if website is None:
            raise NotFoundError(f"{url} is no candidate of school {school_id}.")
        rejected = [website]
    else:
        rejected = list(await _candidates(connection, school_id))
    await _decide(connection, decider, [site for site in rejected if site.state != "rejected"], "rejected")
    await withdraw_people(connection, school_id, [site.url for site in rejected])
    left = [site for site in await _candidates(connection, school_id) if site.state != "rejected"]
    if left and {site.state for site in left} == {"candidate"}:
        likeliest = max(left, key=lambda site: site.score)
        if likeliest.score >= LEAST_LIKELY:
            await connection.execute(update(Website).where(Website.id == likeliest.id).values(state="review"))


async def decisions_of(connection: AsyncConnection, school_id: int) -> Sequence[AnyRow]:
    """All decisions of people on a school's website, the newest first, each with its user's name."""
    query = (
        select(WebsiteDecision.url, WebsiteDecision.decision, WebsiteDecision.at, User.name.label("by"))
        .outerjoin(User, User.id == WebsiteDecision.user_id)
        .where(WebsiteDecision.school_id == school_id)
        .order_by(WebsiteDecision.id.desc())
    )
    return (await connection.execute(query)).all()


async def candidates_of(connection: AsyncConnection, school_ids: Sequence[int]) -> dict[int, list[AnyRow]]:
    """The likeliest candidates of schools that nobody rejected, the best first, a dozen each at most."""
    place = func.row_number().over(partition_by=Website.school_id, order_by=(Website.score.desc(), Website.id))
    ranked = (
        select(*Website.__table__.c, place.label("place"))
        .where(Website.school_id.in_(school_ids), Website.state != "rejected")
        .subquery()
    )
    query = select(ranked).where(ranked.c.place <= CANDIDATES_SHOWN).order_by(ranked.c.school_id, ranked.c.place)
    found: dict[int, list[AnyRow]] = {school_id: [] for school_id in school_ids}
    for row in await connection.execute(query):
        found[row.school_id].append(row)
    return found


async def _candidates(connection: AsyncConnection, school_id: int) -> Sequence[AnyRow]:
    if not await hold_school(connection, school_id):
        raise NotFoundError(f"There is no school {school_id}.")
    query = select(*Website.__table__.c).where(Website.school_id == school_id).order_by(Website.id)
    return (await connection.execute(query)).all()


async def _candidate(connection: AsyncConnection, school_id: int, url: str) -> AnyRow | None:
    """The candidate with this address, or else one whose address is another spelling of it."""
    rows = await _candidates(connection, school_id)
    exact = next((row for row in rows if row.url == url), None)
    return exact or next((row for row in rows if site_key(row.url) == site_key(url)), None)


async def _add(connection: AsyncConnection, decider: Decider, school_id: int, url: str) -> AnyRow:
    row = {
        "organization_id": decider.organization_id,
        "school_id": school_id,
        "url": url,
        "provider": BY_HAND,
        "score": 1.0,
        "signals": [{"name": "named_by_person", "weight": 100, "detail": decider.name}],
        "state": "candidate",
    }
    return (await connection.execute(insert(Website).values(**row).returning(*Website.__table__.c))).one()


async def _decide(connection: AsyncConnection, decider: Decider, websites: list[AnyRow], decision: str) -> None:
    if not websites:
        return
    decided_at = await connection.scalar(
        update(Website)
        .where(Website.id.in_([website.id for website in websites]))
        .values(state=decision, decided_by=decider.user_id, decided_at=func.clock_timestamp())
        .returning(Website.decided_at)
    )
    await connection.execute(
        insert(WebsiteDecision),
        [
            {
                "organization_id": decider.organization_id,
                "school_id": website.school_id,
                "url": website.url,
                "decision": decision,
                "user_id": decider.user_id,
            }
            for website in websites
        ],
    )
    if decision == "accepted" and decided_at is not None:
        await store_evidence(
            connection,
            [
                Seen(
                    "website",
                    website.id,
                    Origin(decider.organization_id, None, None, decided_at, BY_HAND, url=website.url),
                    [Sighting("decision", website.url, website.url, 1.0, snippet=f"accepted by {decider.name}")],
                )
                for website in websites
            ],
        )
