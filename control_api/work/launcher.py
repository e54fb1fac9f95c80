"""Starts spiders for a worker, each in a process of its own, by way of the crawler's fork server.

`crawler/forkserver.py` is that server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from extraction.forking.client import ForkServerProcess, framed

PROJECT = Path(__file__).parents[2]
KILL_SECONDS = 5.0
"""How long the fork server may take to end a spider, or itself, before the kernel does it."""


class Launcher:
    """The fork server of one worker. Use it from the worker's main thread, with which the kernel ends the server."""

    def __init__(self) -> None:
        self._server = ForkServerProcess("crawler.forkserver", PROJECT)

    def prepare(self) -> None:
        """Starts the server unless it runs; it imports Scrapy meanwhile."""
        self._server.prepare()

    async def launch(self, arguments: Sequence[str], *, environment: Mapping[str, str], log: IO[bytes]) -> Spider:
        """Starts `crawler.launch` with these arguments; its output goes to `log`.

        Where the server cannot be asked, or ends before it has forked, the spider's `wait` says so.
        """
        line = self._server.connect(log.fileno())
        spider = Spider(self, *await asyncio.open_unix_connection(sock=line))
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(PROJECT),
        }
        spider.begin(json.dumps(request).encode())
        return spider

    def kill(self) -> None:
        """Ends the server at once, and the kernel all its spiders."""
        self._server.kill()

    async def close(self) -> None:
        """Ends the server in order; no spider is left."""
        await asyncio.to_thread(self._server.close, KILL_SECONDS)


class Spider:
    """A spider's process group, at the other end of its line."""

    def __init__(self, launcher: Launcher, reader: StreamReader, writer: StreamWriter) -> None:
        self._launcher = launcher
        self._reader = reader
        self._writer = writer
        self._status: asyncio.Task[int | None] = asyncio.create_task(self._read_status())

    def begin(self, request: bytes) -> None:
        """Says what to run."""
        self._writer.write(framed(request))

    async def wait(self) -> int | None:
        """Waits until nothing of it runs; returns its exit status, None when the fork server ended with it."""
        return await asyncio.shield(self._status)

    def terminate(self) -> None:
        """Asks it to close its journal and to end."""
        self._writer.write(bytes([signal.SIGTERM]))

    async def kill(self) -> None:
        """Ends it, with all processes that it has started, and waits until it is gone.

        A server that does not answer is ended itself, with all its spiders: they go on in another attempt.
        """
        if not self._status.done():
            self._writer.write(bytes([signal.SIGKILL]))
        await asyncio.wait({self._status}, timeout=KILL_SECONDS)
        if not self._status.done():
            self._launcher.kill()
            await self._status

    def close(self) -> None:
        """Hangs up, which ends it if it still runs."""
        self._status.cancel()
        self._writer.close()

    async def _read_status(self) -> int | None:
        with contextlib.suppress(ConnectionError):
            told = await self._reader.read()
            return int(told) if told else None
        return None
