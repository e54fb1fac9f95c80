"""One stream of events to one client: a cursor that moves along a story until it ends, the client leaves, or we do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from litestar.response import Stream
from litestar.types import Receive, Scope, Send

from control_api.events.frames import PING, PREAMBLE, Cursor, Line, feed_preamble
from control_api.events.hub import EventHub, Seat
from control_api.events.tails import Feed, Story, Tail, as_place
from storage.errors import DatabaseUnavailableError

INTERRUPTED = b": the database does not answer, waiting\n\n"
# Proxies must neither keep a stream back until a buffer is full nor hand it to somebody else.
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """How long a stream is silent, and how long it lives."""

    ping_seconds: float
    longest_seconds: float


class EventStream(Stream):
    """The response that is a stream of events. However it ends, the client's place among its streams is free again."""

    def __init__(self, lines: AsyncGenerator[bytes], leave: Callable[[], None]) -> None:
        super().__init__(lines, media_type="text/event-stream", headers=STREAM_HEADERS)
        self._lines = lines
        self._leave = leave

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> Any:
        """The ASGI side of the response."""
        respond = super().to_asgi_response(*args, **kwargs)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                async with aclosing(self._lines):
                    await respond(scope, receive, send)
            finally:
                self._leave()

        return serve


async def stream_events(
    hub: EventHub, story: Story, cursor: Cursor, times: StreamTimes, seat: Seat
) -> AsyncGenerator[bytes]:
    """The bytes of a stream: every event behind `cursor` once and in order, and pings in between.

    It ends after a job's last event, with the hub, when the key or session that opened it is good no more, or at its
    greatest age, each time between two events.
    """
    ends = asyncio.get_running_loop().time() + times.longest_seconds
    with hub.follow(story, cursor) as (tail, woken):
        yield feed_preamble(as_place(cursor)) if isinstance(story, Feed) else PREAMBLE
        while not (hub.closed or seat.revoked) and asyncio.get_running_loop().time() < ends:
            woken.clear()
            lines = await _lines(tail, cursor)
            if lines:
                cursor = lines[-1].cursor
                yield b"".join(line.frame for line in lines)
                if lines[-1].final:
                    return
                continue
            if lines is None:
                yield INTERRUPTED
            try:
                async with asyncio.timeout(times.ping_seconds):
                    await woken.wait()
            except TimeoutError:
                yield PING


async def _lines(tail: Tail, cursor: Cursor) -> list[Line] | None:
    """The next lines; None while the database does not answer. The stream outlives that, its cursor is safe."""
    try:
        return await tail.after(cursor)
    except DatabaseUnavailableError:
        return None
