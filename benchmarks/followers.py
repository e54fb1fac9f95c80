"""Clients that follow one job's events over sockets of their own, all in one process, and note when each came."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from array import array
from dataclasses import dataclass, field

import msgspec

_RETRY_SECONDS = 3.0
"""As the streams themselves ask for."""
_EVENT = re.compile(rb"id: ([0-9]+)\nevent: [a-z_]+\ndata: .*\n\n")
_AT_ONCE = 50
"""Clients that connect at the same moment, for each is a request with a key to look up."""


class Followed(msgspec.Struct, frozen=True):
    """What all clients together were told."""

    seen: dict[int, list[float]]
    """By the number of the event: when (monotonic, in seconds) each client had its last byte."""
    lost: int
    """Events of the story that a client was never told, summed over the clients."""
    repeated: int
    reconnects: int


@dataclass(slots=True)
class _Told:
    seen: dict[int, array[float]] = field(default_factory=dict[int, "array[float]"])
    repeated: int = 0
    skipped: int = 0
    reconnects: int = 0
    silent: int = 0
    """Clients that were told nothing yet."""


class _Follower(asyncio.Protocol):
    """One client: it asks again behind the last event that it was told, until it was told the last of all."""

    def __init__(self, told: _Told, request: bytes, events: int, done: asyncio.Future[None]) -> None:
        self._told = told
        self._request = request
        self._events = events
        self._done = done
        self._rest = b""
        self.last = 0
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks."""
        assert isinstance(transport, asyncio.Transport)
        behind = f"Last-Event-ID: {self.last}\r\n" if self.last else ""
        transport.write(self._request + behind.encode() + b"\r\n")

    def data_received(self, data: bytes) -> None:
        """Notes each whole event."""
        at, rest, told = time.monotonic(), self._rest + data, self._told
        end = 0
        for event in _EVENT.finditer(rest):
            end = event.end()
            seq = int(event[1])
            if seq <= self.last:
                told.repeated += 1
                continue
            if not self.last:
                self._count_first()
            told.skipped += seq - self.last - 1
            self.last = seq
            told.seen.setdefault(seq, array("d")).append(at)
        self._rest = rest[end:]
        if self.last >= self._events and not self._done.done():
            self._done.set_result(None)

    def _count_first(self) -> None:
        self._told.silent -= 1
        if not self._told.silent:
            sys.stderr.write("all listen\n")
            sys.stderr.flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the protocol's signature
        """Tells the one who connects again."""
        self._rest = b""
        if not self.lost.done():
            self.lost.set_result(None)


async def follow(address: str, key: str, clients: int, events: int, *, longest: float) -> Followed:
    """Follows `HOST:PORT/PATH` until every client was told the event of the number `events`, or for so many seconds.

    Says "all listen" on standard error as soon as every client has been told the first event.
    """
    host, _, path = address.partition("/")
    # HTTP/1.0, so that the body comes as it is, without the lengths of its pieces.
    lines = f"GET /{path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nAccept: text/event-stream\r\n"
    told, turns = _Told(silent=clients), asyncio.Semaphore(_AT_ONCE)
    tasks = [asyncio.create_task(_follow(host, lines.encode(), events, told, turns)) for _ in range(clients)]
    done, _ = await asyncio.wait(tasks, timeout=longest)
    missing = told.skipped
    for task in tasks:
        missing += 0 if task in done else 1
        task.cancel()
    seen = sum(map(len, told.seen.values()))
    return Followed(
        seen={seq: list(times) for seq, times in told.seen.items()},
        lost=max(missing, clients * events - seen),
        repeated=told.repeated,
        reconnects=told.reconnects,
    )


async def _follow(host: str, request: bytes, events: int, told: _Told, turns: asyncio.Semaphore) -> None:
    loop = asyncio.get_running_loop()
    name, _, port = host.partition(":")
    done: asyncio.Future[None] = loop.create_future()
    last = 0
    while True:
        follower = _Follower(told, request, events, done)
        follower.last = last
        try:
            async with turns:
                transport, _ = await loop.create_connection(lambda follower=follower: follower, name, int(port))
        except OSError:
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        await asyncio.wait({done, follower.lost}, return_when=asyncio.FIRST_COMPLETED)
        transport.close()
        if done.done():
            return
        last = follower.last
        told.reconnects += 1
        await asyncio.sleep(_RETRY_SECONDS)
