"""The place where one notification wakes many streams: one LISTEN connection for all streams of this process.

NOTIFY only wakes; what there is to tell stands in the table. A lost notification therefore costs a delay (streams look
again every few seconds by themselves) and never an event. When PostgreSQL is gone the hub connects again until it is
back, and wakes everybody, because nobody knows what was missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg

from control_api.events.frames import Cursor, Line
from control_api.events.tails import Feed, JobStory, Story, Tail
from control_api.problems import ApiError
from storage.accounts import Account
from storage.admission import still_good
from storage.database import Database
from storage.errors import DatabaseUnavailableError
from storage.events import EVENT_CHANNEL

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


class TooManyStreamsError(ApiError):
    """A user has as many event streams open as allowed."""

    code = "TOO_MANY_STREAMS"
    status = 429


@dataclass(eq=False, slots=True)
class Seat:
    """One open stream, and whether the key or session that opened it is still good."""

    account: Account
    revoked: bool = False

    @property
    def credential_id(self) -> UUID | None:
        """The key or session."""
        return self.account.via.key_id or self.account.via.session_id


class EventHub:
    """Wakes the streams of this process.

    Args:
        database: where the events are.
        poll_seconds: how often streams look into the table although nobody rang.
        streams_per_user: event streams a user may have open here.
    """

    def __init__(self, database: Database, *, poll_seconds: float = 5.0, streams_per_user: int = 20) -> None:
        self.closed = False
        self._database = database
        self._poll_seconds = poll_seconds
        self._streams_per_user = streams_per_user
        self._seats: set[Seat] = set()
        self._tails: dict[Story, Tail] = {}
        self._readings: set[asyncio.Task[list[Line]]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[EventHub]:
        """Listens for the length of the block; its end ends all streams."""
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._poll())]
        try:
            yield self
        finally:
            self.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*self._readings, return_exceptions=True)

    def close(self) -> None:
        """Ends all streams as soon as each has sent what it is sending."""
        self.closed = True
        for tail in self._tails.values():
            tail.wake()

    def admit_stream(self, account: Account) -> Seat:
        """Counts one more stream of a user, until `leave_stream` is told its seat.

        Raises:
            TooManyStreamsError: the user has as many open as allowed.
        """
        if sum(seat.account.user_id == account.user_id for seat in self._seats) >= self._streams_per_user:
            raise TooManyStreamsError(
                f"You have {self._streams_per_user} event streams open, as many as are allowed. Close one first."
            )
        seat = Seat(account)
        self._seats.add(seat)
        return seat

    def leave_stream(self, seat: Seat) -> None:
        """Says that a stream has ended."""
        self._seats.discard(seat)

    @contextmanager
    def follow(self, story: Story, cursor: Cursor) -> Generator[tuple[Tail, asyncio.Event]]:
        """The story's tail, and the event that is set when there may be more, for the length of the block."""
        tail = self._tails.setdefault(story, Tail(story, self._database, cursor, self._readings))
        woken = asyncio.Event()
        tail.followers.add(woken)
        try:
            yield tail, woken
        finally:
            tail.followers.discard(woken)
            if not tail.followers and self._tails.get(story) is tail:
                del self._tails[story]

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                async with await self._database.listen(EVENT_CHANNEL) as connection:
                    self._ring_all()  # whatever happened while nobody listened
                    failures = 0
                    async for notification in connection.notifies():
                        self._notified(notification.payload)
            except (DatabaseUnavailableError, psycopg.Error) as error:
                wait = RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)]
                logger.warning("events: not listening (%s); trying again in %.1f s", error, wait)
                failures += 1
                await asyncio.sleep(wait)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            await self._look_at_seats()
            self._ring_all()

    async def _look_at_seats(self) -> None:
        # One question for all streams: whoever was put out must not go on reading until the stream is an hour old.
        ids = {seat.credential_id for seat in self._seats if seat.credential_id is not None}
        if not ids:
            return
        try:
            good = await still_good(self._database, ids)
        except DatabaseUnavailableError as error:
            logger.warning("events: nobody knows who is still let in (%s)", error)
            return
        for seat in self._seats:
            seat.revoked = seat.credential_id in ids - good
        if ids - good:
            for tail in self._tails.values():
                tail.wake()

    def _notified(self, job_id: str) -> None:
        # Whose job it is the notification does not say: every feed looks, which costs a read an organization.
        for story, tail in self._tails.items():
            if isinstance(story, Feed) or (isinstance(story, JobStory) and str(story.job_id) == job_id):
                tail.ring()

    def _ring_all(self) -> None:
        for tail in self._tails.values():
            tail.ring()
