"""The newest lines of one story, read once and kept as bytes for all streams of this process that follow it.

A stream keeps a cursor, never a queue: one that falls behind what is kept here reads the table itself, so a stalled
client costs no memory. A read happens only after somebody rang, and only once for all streams at the front; they are
woken when it has brought something.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from control_api.events.frames import Cursor, EventView, Line, feed_line, job_line
from storage.database import Database
from storage.events import job_events
from storage.feed import FeedPlace, feed_after

LINES_A_READ = 500
LINES_KEPT = 1000


class Story(Protocol):
    """What can be followed. Equal stories share a tail, so a story names its organization."""

    @property
    def organization_id(self) -> UUID:
        """Whose story it is."""
        ...

    async def read(self, database: Database, after: Cursor) -> list[Line]:
        """The next lines behind `after`, at most `LINES_A_READ`, in a short transaction."""
        ...


@dataclass(frozen=True, slots=True)
class JobStory:
    """The events of one job."""

    organization_id: UUID
    job_id: UUID

    async def read(self, database: Database, after: Cursor) -> list[Line]:
        """See `Story.read`."""
        async with database.tenant(self.organization_id) as connection:
            rows = await job_events(connection, self.job_id, after=int(after[0]), most=LINES_A_READ)
        return [job_line(EventView(self.job_id, *row)) for row in rows]


@dataclass(frozen=True, slots=True)
class Feed:
    """The events of all jobs of one organization."""

    organization_id: UUID

    async def read(self, database: Database, after: Cursor) -> list[Line]:
        """See `Story.read`."""
        async with database.tenant(self.organization_id) as connection:
            found = await feed_after(connection, as_place(after), most=LINES_A_READ)
        return [feed_line(EventView(row.job_id, row.seq, row.at, row.kind, row.payload), place) for place, row in found]


def as_place(cursor: Cursor) -> FeedPlace:
    """A cursor of a feed, as storage wants it."""
    seen, upto, number = cursor
    return FeedPlace(str(seen), str(upto), int(number))


class Tail:
    """The newest lines of one story.

    Args:
        story: what is read.
        database: where it is read.
        begins: the cursor of the first stream; what lies before is not kept.
        readings: where readings stand while they are under way; who closes the database waits for them.
    """

    def __init__(
        self, story: Story, database: Database, begins: Cursor, readings: set[asyncio.Task[list[Line]]]
    ) -> None:
        self.story = story
        self.followers: set[asyncio.Event] = set()
        self._database = database
        self._kept: deque[Line] = deque()
        # The cursors behind which all lines are kept, with how many lines had been read up to each.
        self._known: dict[Cursor, int] = {begins: 0}
        self._begins = self._reached = begins
        self._readings = readings
        self._reading: asyncio.Task[list[Line]] | None = None
        self._rings = 1
        self._rings_answered = 0

    def ring(self) -> None:
        """There may be new lines: wakes every stream that follows, once they have been read."""
        self._rings += 1
        if self._reading is None:
            self._read_ahead()

    def wake(self) -> None:
        """Wakes every stream that follows, whether or not there is anything new."""
        for follower in self.followers:
            follower.set()

    def _read_ahead(self) -> asyncio.Task[list[Line]]:
        self._reading = reading = self._start(self._read_on(self._rings))
        reading.add_done_callback(self._have_read)
        return reading

    def _have_read(self, reading: asyncio.Task[list[Line]]) -> None:
        failed = reading.cancelled() or reading.exception() is not None
        if failed or reading.result():
            self.wake()
        if not failed and self._rings_answered < self._rings and self.followers and self._reading is None:
            self._read_ahead()  # somebody rang meanwhile, and no stream has asked since

    async def after(self, cursor: Cursor) -> list[Line]:
        """The next lines behind `cursor`, in order; empty when there are none now.

        Raises:
            DatabaseUnavailableError: PostgreSQL does not answer.
        """
        rings = self._rings
        while cursor == self._reached and self._rings_answered < rings:
            await asyncio.shield(self._reading or self._read_ahead())
        if cursor in self._known:
            behind = self._known[cursor] - self._known[self._begins]
            return list(itertools.islice(self._kept, behind, None))
        # Before what is kept, or given out by another process, whose places in a feed may lie between ours.
        return await asyncio.shield(self._start(self.story.read(self._database, cursor)))

    def _start(self, reading: Coroutine[Any, Any, list[Line]]) -> asyncio.Task[list[Line]]:
        """A reading in a task of its own, to be shielded.

        A client that goes away meanwhile must not break it off for others, nor cost the connection it is on.
        """
        task = asyncio.create_task(reading)
        self._readings.add(task)
        task.add_done_callback(self._readings.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # perhaps nobody else waits for it
        return task

    async def _read_on(self, rings: int) -> list[Line]:
        try:
            lines = await self.story.read(self._database, self._reached)
        finally:
            self._reading = None
        if len(lines) < LINES_A_READ:
            self._rings_answered = rings
        for line in lines:
            self._kept.append(line)
            self._known[line.cursor] = self._known[self._reached] + 1
            self._reached = line.cursor
        while len(self._kept) > LINES_KEPT:
            del self._known[self._begins]
            self._begins = self._kept.popleft().cursor
        return lines
