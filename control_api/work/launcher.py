"""Starts spiders for a worker, each in a process of its own, by way of the crawler's fork server.

`crawler/forkserver.py` has the protocol. The server is started when it is first needed, and again when it is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).parents[2]
KILL_SECONDS = 5.0
"""How long the fork server may take to end a spider, or itself, before the kernel does it."""


class Launcher:
    """The fork server of one worker. Use it from the worker's main thread, with which the kernel ends the server."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def prepare(self) -> socket.socket:
        """Starts the server unless it runs; it imports Scrapy meanwhile. Returns the socket that takes lines."""
        if self._control is not None and self._server is not None and self._server.poll() is None:
            return self._control
        self.kill()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "crawler.forkserver"],
                cwd=PROJECT,
                stdin=theirs.fileno(),
                start_new_session=True,  # a Ctrl-C in the worker's terminal is the worker's
            )
        return self._control

    async def launch(self, arguments: Sequence[str], *, environment: Mapping[str, str], log: IO[bytes]) -> Spider:
        """Starts `crawler.launch` with these arguments; its output goes to `log`.

        Where the server cannot be asked, or ends before it has forked, the spider's `wait` says so.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            passed = [theirs.fileno(), log.fileno()]
            try:
                socket.send_fds(self.prepare(), [b"\0"], passed)
            except ConnectionError:  # it ended just now
                self.kill()
                socket.send_fds(self.prepare(), [b"\0"], passed)
        spider = Spider(self, *await asyncio.open_unix_connection(sock=ours))
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(PROJECT),
        }
        spider.begin(json.dumps(request).encode())
        return spider

    def kill(self) -> None:
        """Ends the server at once, and the kernel all its spiders."""
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        self._control = self._server = None

    async def close(self) -> None:
        """Ends the server in order; no spider is left."""
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._server.wait, KILL_SECONDS)
        self.kill()


class Spider:
    """A spider's process group, at the other end of its line."""

    def __init__(self, launcher: Launcher, reader: StreamReader, writer: StreamWriter) -> None:
        self._launcher = launcher
        self._reader = reader
        self._writer = writer
        self._status: asyncio.Task[int | None] = asyncio.create_task(self._read_status())

    def begin(self, request: bytes) -> None:
        """Says what to run."""
        self._writer.write(len(request).to_bytes(4, "big") + request)

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
