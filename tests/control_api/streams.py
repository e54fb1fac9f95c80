"""A served API on loopback, and a client of its event streams that remembers where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec
from litestar import Litestar

from control_api.server import ApiServer, listen_on
from tests.conftest import KeyedAccount


@dataclass(slots=True)
class Served:
    """An app that answers on a port of loopback."""

    url: str
    server: ApiServer

    def client(self, account: KeyedAccount) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, headers=account.headers, timeout=60, trust_env=False)


async def until(is_so: Callable[[], object]) -> None:
    """Waits, not for ever, until something is so that nobody tells of."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(app: Litestar) -> AsyncGenerator[Served]:
    """Serves a started app for the length of the block."""
    with listen_on("127.0.0.1", 0) as listening:
        server = ApiServer(app, shutdown_seconds=3)
        task = asyncio.create_task(server.serve([listening]))
        try:
            yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", server)
        finally:
            server.end_streams()
            await asyncio.wait_for(task, 10)


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as it arrived."""

    id: str
    kind: str
    body: dict[str, Any]


class Follower:
    """Follows a stream; a new connection goes on where the last one ended."""

    def __init__(self, client: httpx2.AsyncClient, path: str, last_id: str | None = None) -> None:
        self.client, self.path, self.last_id = client, path, last_id
        self.status = 0
        self.comments: list[str] = []

    async def events(self) -> AsyncGenerator[Sent]:
        """The events of one connection."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": self.last_id} if self.last_id else {})
        async with self.client.stream("GET", self.path, headers=headers) as response:
            self.status = response.status_code
            if response.status_code != 200:
                await response.aread()
                return
            assert response.headers["content-type"].startswith("text/event-stream")
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                if line.startswith(":"):
                    self.comments.append(line)
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                    # As the standard has it, an id counts even where no event comes with it.
                    self.last_id = fields["id"] if name == "id" else self.last_id
                elif "data" in fields:
                    yield Sent(fields["id"], fields["event"], msgspec.json.decode(fields["data"]))
                    fields = {}
