"""Servers that no HTTP library would play: they send the very bytes that a test writes, and keep a log."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from typing_extensions import override

from tests.crawler.threaded import ThreadedServer
from tests.school_web.audit import Request

Script = Callable[[], AsyncIterator[bytes]]
"""What a server sends, piece by piece, once a request has come."""

RESET = b""
"""A piece in place of which the connection is torn down."""


def whole(head: str, body: str | bytes = b"") -> Script:
    """An answer sent at once: status and headers, one a line, and a body with its length."""
    content = body.encode() if isinstance(body, str) else body
    lines = "".join(f"{line}\r\n" for line in head.splitlines())

    async def send() -> AsyncIterator[bytes]:
        yield f"HTTP/1.1 {lines}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content

    return send


def page(body: str) -> Script:
    """A web page."""
    return whole("200 OK\nContent-Type: text/html; charset=utf-8", body)


def endless(head: str, piece: bytes, pause: float = 0.0) -> Script:
    """An answer that never ends: what begins it, then a piece after each pause in seconds."""

    async def send() -> AsyncIterator[bytes]:
        yield f"HTTP/1.1 {head}".replace("\n", "\r\n").encode()
        while True:
            yield piece
            await asyncio.sleep(pause)

    return send


async def silent() -> AsyncIterator[bytes]:
    """A server that listens and says nothing."""
    await asyncio.sleep(600)
    yield RESET


async def torn() -> AsyncIterator[bytes]:
    """A server that hangs up on whoever asks."""
    yield RESET


def late(seconds: float, script: Script) -> Script:
    """An answer that is long in coming."""

    async def send() -> AsyncIterator[bytes]:
        await asyncio.sleep(seconds)
        async for piece in script():
            yield piece

    return send


def first(once: Script, then: Script) -> Script:
    """One answer to the first who asks, another one to all others."""
    scripts = [once]

    async def send() -> AsyncIterator[bytes]:
        async for piece in (scripts.pop() if scripts else then)():
            yield piece

    return send


@dataclass(slots=True)
class _Asked:
    at: float
    host: str
    path: str
    agent: str
    status: int = 0
    """0 where nothing was answered."""
    retry_after: float | None = None


class RawWeb(ThreadedServer):
    """Hosts of one server, named by the Host header; what has no script is a 404."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__()
        self.address = address
        self.scripts: dict[tuple[str, str], Script] = {}
        self.asked: list[_Asked] = []
        self.visitors = 0
        """How often somebody has connected, whether or not he asked for anything."""
        self.port = port

    def url(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self, host: str) -> list[str]:
        return [one.path for one in self.asked if one.host == host]

    def log(self) -> list[Request]:
        """What was asked, as the audit reads it."""
        return [Request(one.at, one.host, one.path, one.status, one.agent, one.retry_after) for one in self.asked]

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        server = await asyncio.start_server(self._serve_one, self.address, self.port)
        stack.callback(server.close)
        self.port = server.sockets[0].getsockname()[1]

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visitors += 1
        # A test that ends, or a visitor who leaves, ends the conversation.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
        fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        host = fields["host"].partition(":")[0]
        asked = _Asked(time.time(), host, head[0].split(" ")[1], fields.get("user-agent", ""))
        self.asked.append(asked)
        script = self.scripts.get((asked.host, asked.path)) or whole("404 Not Found")
        async for piece in script():
            if piece == RESET:
                writer.transport.abort()
                return
            if not asked.status:
                asked.status, asked.retry_after = _told(piece)
            writer.write(piece)
            await writer.drain()


def _told(answer: bytes) -> tuple[int, float | None]:
    """The status of an answer, and for how many seconds it wants to be left alone."""
    seconds = re.search(rb"\r\nX-Pause: ([\d.]+)\r\n", answer) or re.search(rb"\r\nRetry-After: (\d+)\r\n", answer)
    return int(answer.split(b" ", 2)[1]), float(seconds[1]) if seconds else None
