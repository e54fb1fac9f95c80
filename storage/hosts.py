"""Hosts that crawls share: taken before the first request, prolonged in bulk, given back with what was learnt.

All times are the database's, so that no two machines need to agree on theirs: what a crawl hears and says are seconds
from now. Runs in system transactions, since hosts belong to no tenant.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.leases import Lease
from storage.models import HostLease
from storage.queries import statement

FORGOTTEN_DAYS = 2
"""After so long without a crawl, what was known of a host counts no more; robots.txt is kept for one day."""


@dataclass(frozen=True, slots=True)
class TakenHost:
    """A host that a crawl now holds, and what the crawls before it learnt. Seconds count from now."""

    host: str
    abandoned: bool
    """Whether its last holder did not give it back, so that nobody knows when it was asked last."""
    pause: float = 0.0
    crawl_delay: float = 0.0
    parked: float = 0.0
    parked_reason: str = ""


@dataclass(frozen=True, slots=True)
class ToldHost:
    """What a holder says of its host. Seconds count from now."""

    host: str
    kept: bool
    """False gives it back."""
    pause: float
    """Until the next request may be made; for a host that is kept, until whoever takes it over may make one."""
    crawl_delay: float | None = None
    parked: float | None = None
    parked_reason: str | None = None


async def take_hosts(
    connection: AsyncConnection, lease: Lease, hosts: Collection[str], *, lease_seconds: float, wish_seconds: float
) -> list[TakenHost]:
    """Takes those of the hosts that are free, and asks to be next at the others.

    Args:
        connection: a system transaction.
        lease: the job for which they are asked.
        hosts: names of hosts.
        lease_seconds: how long the crawl holds them without a sign of life.
        wish_seconds: how long the wish for the others stands.
    """
    names = sorted(hosts)
    await connection.execute(insert(HostLease).on_conflict_do_nothing(), [{"host": name} for name in names])
    holder = {"job_id": lease.job_id, "attempt": lease.attempt, "hosts": names}
    rows = await connection.execute(statement("take_hosts"), holder | {"lease_seconds": lease_seconds})
    taken = [
        TakenHost(
            row.host,
            row.abandoned,
            row.pause or 0.0,
            row.crawl_delay or 0.0,
            row.parked or 0.0,
            row.parked_reason or "",
        )
        for row in rows
    ]
    others = sorted(set(names) - {one.host for one in taken})
    if others:
        await connection.execute(
            statement("want_hosts"), {"job_id": lease.job_id, "hosts": others, "wish_seconds": wish_seconds}
        )
    return taken


async def keep_hosts(
    connection: AsyncConnection, lease: Lease, told: Sequence[ToldHost], *, lease_seconds: float
) -> dict[str, bool]:
    """Prolongs or gives back hosts with one statement.

    Returns:
        By host, of those that the crawl held until now, whether somebody else waits for it.
    """
    rows = await connection.execute(
        statement("keep_hosts"),
        {
            "job_id": lease.job_id,
            "attempt": lease.attempt,
            "lease_seconds": lease_seconds,
            "hosts": [one.host for one in told],
            "kept": [one.kept for one in told],
            "pauses": [one.pause for one in told],
            "crawl_delays": [one.crawl_delay for one in told],
            "parked": [one.parked for one in told],
            "reasons": [one.parked_reason for one in told],
        },
    )
    return {row.host: row.wanted for row in rows}


async def leave_hosts(connection: AsyncConnection, job_id: UUID) -> None:
    """Ends what a crawl still holds when it has come to its end: hosts that only its killed attempts had asked.

    Nobody gave them back, so whoever takes one keeps its whole pause first, as if the lease had run out.

    Args:
        connection: a system transaction.
        job_id: the crawl; none of its processes runs.
    """
    await connection.execute(
        update(HostLease)
        .where(HostLease.job_id == job_id, HostLease.until > func.clock_timestamp())
        .values(until=func.clock_timestamp())
    )


async def forget_hosts(connection: AsyncConnection) -> None:
    """Removes hosts that nobody has asked for a while; rows that are being used are left for another time."""
    old = (
        select(HostLease.host)
        .where(
            HostLease.touched_at < func.now() - func.make_interval(0, 0, 0, FORGOTTEN_DAYS),
            or_(HostLease.parked_until.is_(None), HostLease.parked_until < func.now()),
        )
        .with_for_update(skip_locked=True)
    )
    await connection.execute(delete(HostLease).where(HostLease.host.in_(old)))
