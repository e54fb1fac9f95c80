"""Websites found for schools: candidates with their signals, and which one was accepted.

What people decide about them stands in `storage.reviews`; nothing here overwrites it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import School, Website
from storage.sightings import Origin, Seen, Sighting, store_evidence


@dataclass(frozen=True, slots=True)
class Candidate:
    """A site that may be a school's official one, fetched and scored."""

    school_id: int
    url: str
    provider: str
    score: float
    signals: list[dict[str, Any]]
    http_status: int | None
    fetched_at: datetime


async def store_candidates(
    connection: AsyncConnection,
    candidates: Sequence[Candidate],
    *,
    organization_id: UUID,
    job_id: UUID,
    attempt: int,
) -> int:
    """Writes candidates by school and address; what people or earlier crawls decided about one stays decided.

    A site that was rejected is not written again under another spelling of its address.

    Returns:
        How many of them the job had not written before.
    """
    candidates = await _without_rejected(connection, candidates)
    rows = {
        (candidate.school_id, candidate.url): {
            "organization_id": organization_id,
            "school_id": candidate.school_id,
            "url": candidate.url,
            "provider": candidate.provider,
            "score": candidate.score,
            "signals": candidate.signals,
            "http_status": candidate.http_status,
            "fetched_at": candidate.fetched_at,
            "state": "candidate",
            "job_id": job_id,
        }
        for candidate in candidates
    }
    if not rows:
        return 0
    site = tuple_(Website.school_id, Website.url)
    known = await connection.scalar(select(func.count()).where(Website.job_id == job_id, site.in_(list(rows))))
    new = insert(Website)
    renewed = ("provider", "score", "signals", "http_status", "fetched_at", "job_id")
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["school_id", "url"], set_={name: new.excluded[name] for name in renewed}
        ),
        [rows[key] for key in sorted(rows)],
    )
    ids = await connection.execute(
        select(Website.school_id, Website.url, Website.id).where(
            Website.school_id.in_({school_id for school_id, _ in rows})
        )
    )
    by_key = {(school_id, url): website_id for school_id, url, website_id in ids}
    await store_evidence(
        connection,
        (
            Seen(
                "website",
                by_key[candidate.school_id, candidate.url],
                Origin(organization_id, job_id, attempt, candidate.fetched_at, candidate.provider, url=candidate.url),
                [Sighting("url", candidate.url, candidate.url, candidate.score, snippet=_why(candidate.signals))],
            )
            for candidate in candidates
        ),
    )
    return len(rows) - (known or 0)


async def decide_website(connection: AsyncConnection, school_id: int, url: str | None, decision: str) -> None:
    """Sets a school's candidates to what a discovery decided: `accepted` or `review` for one of them, or `none`.

    A site that a person rejected stays rejected, one that a person accepted stays the school's, and one that a crawl
    accepted is replaced only by another accepted one.
    """
    if decision not in {"accepted", "review"} or url is None:
        return
    await hold_school(connection, school_id)
    rows = await connection.execute(
        select(Website.url, Website.state, Website.decided_at).where(Website.school_id == school_id)
    )
    for other, state, decided_at in rows:
        if state == "rejected" and site_key(other) == site_key(url):
            return
        if state == "accepted" and (decided_at is not None or other == url):
            return
    if decision == "accepted":
        await set_aside(connection, school_id)
    await connection.execute(
        update(Website).where(Website.school_id == school_id, Website.url == url).values(state=decision)
    )


async def hold_school(connection: AsyncConnection, school_id: int) -> bool:
    """Locks a school, so that decisions on its website are taken one after the other; False if there is none."""
    query = select(School.id).where(School.id == school_id).with_for_update(key_share=True)
    return await connection.scalar(query) is not None


async def set_aside(connection: AsyncConnection, school_id: int) -> None:
    """Makes a school's accepted site a mere candidate, for another one to take its place."""
    await connection.execute(
        update(Website)
        .where(Website.school_id == school_id, Website.state == "accepted")
        .values(state="candidate", decided_by=None, decided_at=None)
    )


def site_key(url: str) -> str:
    """The form in which two spellings of one site are equal: without scheme, `www.`, letter case and last slash."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{site_host(url)}:{parts.port or ''}{parts.path.rstrip('/').lower()}{query}"


def site_host(url: str) -> str:
    """The host of an address in small letters, without `www.`."""
    return (urlsplit(url).hostname or "").rstrip(".").removeprefix("www.")


async def _without_rejected(connection: AsyncConnection, candidates: Sequence[Candidate]) -> list[Candidate]:
    rows = await connection.execute(
        select(Website.school_id, Website.url).where(
            Website.school_id.in_({candidate.school_id for candidate in candidates}), Website.state == "rejected"
        )
    )
    rejected = {(school_id, site_key(url)): url for school_id, url in rows}
    return [
        candidate
        for candidate in candidates
        if rejected.get((candidate.school_id, site_key(candidate.url)), candidate.url) == candidate.url
    ]


def _why(signals: list[dict[str, Any]]) -> str:
    return "; ".join(f"{signal['name']}: {signal['detail']}" for signal in signals)
