"""Websites found for schools: candidates with their signals, and which one was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Website
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
) -> None:
    """Writes candidates by school and address; what people or earlier crawls decided about one stays decided."""
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
        return
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


async def decide_website(connection: AsyncConnection, school_id: int, url: str | None, decision: str) -> None:
    """Sets a school's candidates to what a discovery decided: `accepted` or `review` for one of them, or `none`.

    A site that a person rejected stays rejected, and an accepted one is replaced only by another accepted one.
    """
    if decision not in {"accepted", "review"} or url is None:
        return
    if decision == "accepted":
        await connection.execute(
            update(Website)
            .where(Website.school_id == school_id, Website.state == "accepted", Website.url != url)
            .values(state="candidate")
        )
    await connection.execute(
        update(Website)
        .where(Website.school_id == school_id, Website.url == url)
        .values(state=case((Website.state.in_(("rejected", "accepted")), Website.state), else_=decision))
    )


def _why(signals: list[dict[str, Any]]) -> str:
    return "; ".join(f"{signal['name']}: {signal['detail']}" for signal in signals)
