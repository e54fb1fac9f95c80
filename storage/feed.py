"""The feed of an organization: the events of all its jobs, none lost, and each job's story in its order.

No order of the table's own will do. By `id`, a transaction that commits late puts its events before some that were read
already, which loses them. By `(xid, id)`, behind the oldest open transaction, nothing is lost, but a transaction that
waited for a job's row may have a smaller `xid` than the one it waited for: measured, event 16 came before event 15.

The feed is therefore read in stretches between two snapshots of the database: by `id`, all events that the later one
sees and the earlier one does not. A snapshot that sees an event of a job also sees the ones before it, whose
transactions had to end first; and inside a stretch `id`, given out under the job's row lock like `seq`, has the same
order as `seq`. Nothing has to wait for transactions that are still open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection


class FeedPlace(NamedTuple):
    """A place in the feed: behind event `id` of the stretch between two snapshots, in PostgreSQL's notation."""

    seen: str
    upto: str
    id: int


BEGINNING = FeedPlace("1:1:", "1:1:", 0)
SNAPSHOT = text("SELECT pg_current_snapshot()::text")
# The first condition is implied by the third; it is the one that the index (organization_id, xid, id) serves.
STRETCH = text(
    """
    SELECT job_id, seq, at, kind, payload, id
    FROM job_event
    WHERE xid >= pg_snapshot_xmin(CAST(CAST(:seen AS text) AS pg_snapshot))
      AND pg_visible_in_snapshot(xid, CAST(CAST(:upto AS text) AS pg_snapshot))
      AND NOT pg_visible_in_snapshot(xid, CAST(CAST(:seen AS text) AS pg_snapshot))
      AND id > :id
    ORDER BY id
    LIMIT :most
    """
)


async def feed_after(
    connection: AsyncConnection, place: FeedPlace, *, most: int = 500
) -> list[tuple[FeedPlace, Row[*tuple[Any, ...]]]]:
    """The next events of the transaction's tenant behind a place, each with its own place."""
    found = [(place._replace(id=row.id), row) for row in await _stretch(connection, place, most)]
    if len(found) == most:
        return found
    ahead = FeedPlace(place.upto, await _snapshot(connection), 0)
    more = await _stretch(connection, ahead, most - len(found))
    return found + [(ahead._replace(id=row.id), row) for row in more]


async def feed_now(connection: AsyncConnection) -> FeedPlace:
    """The place behind which lies only what is not yet seen now."""
    snapshot = await _snapshot(connection)
    return FeedPlace(snapshot, snapshot, 0)


async def _stretch(connection: AsyncConnection, place: FeedPlace, most: int) -> Sequence[Row[*tuple[Any, ...]]]:
    if place.seen == place.upto:
        return []
    return (await connection.execute(STRETCH, {**place._asdict(), "most": most})).all()


async def _snapshot(connection: AsyncConnection) -> str:
    return str((await connection.execute(SNAPSHOT)).scalar_one())
