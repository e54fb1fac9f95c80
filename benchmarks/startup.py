"""Seconds from a command to its readiness: the embedded PostgreSQL, the schema, the API and worker, a spider.

A spider is ready when its first request arrives at a server on loopback. It is started as a worker does it, by way of
the fork server, and beside that as a process of its own, in turns; its private memory is that of this moment.

Usage: python benchmarks/startup.py
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from typing import IO

import psutil
from rich.console import Console
from rich.table import Table
from typing_extensions import override

from control_api.cli.stack import running_stack
from control_api.work.launcher import PROJECT, Launcher
from storage.embedded import EmbeddedPostgres
from storage.migrations.run import migrate


def main() -> None:
    """Starts each once and prints how long it took."""
    table = Table("what", "seconds")

    @contextmanager
    def timed(what: str) -> Generator[None]:
        begun = time.perf_counter()
        yield
        table.add_row(what, f"{time.perf_counter() - begun:.2f}")

    with tempfile.TemporaryDirectory(prefix="t1-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, the server runs as a user of its own and must reach its folder
        server = EmbeddedPostgres(folder / "pg")
        with timed("embedded PostgreSQL, first start"):
            url = server.acquire()
        server.release()
        server.wait_until_stopped(30)
        with timed("embedded PostgreSQL, later start"):
            server.acquire()
        with timed("schema, made"):
            migrate(url)
        with timed("schema, found current"):
            migrate(url)
        environment = {"DATABASE_URL": url, "TITLE1_DATA_DIR": str(folder / "data")}
        begun = time.perf_counter()
        with running_stack(host="127.0.0.1", port=0, logs=folder / "logs", environment=environment):
            table.add_row("API and worker, until ready", f"{time.perf_counter() - begun:.2f}")
        server.release()
        server.wait_until_stopped(30)
    for what, command in COMMANDS.items():
        with timed(what):
            subprocess.run(command, capture_output=True, check=False)
    Console().print(table)
    Console().print(asyncio.run(time_spiders()))


COMMANDS: dict[str, list[str]] = {"title1 --help": [sys.executable, "-m", "control_api.cli.main", "--help"]}
STARTS = 7


async def time_spiders() -> Table:
    """Starts spiders in both ways in turns, and compares them."""
    table = Table("a spider, until its first request", "median s", "worst s", "private MB")
    with Listener() as listener, tempfile.TemporaryFile() as log:
        launcher = Launcher()
        first, _ = await forked(listener, launcher, log)
        pairs = [(await own_process(listener, log), await forked(listener, launcher, log)) for _ in range(STARTS)]
        await launcher.close()
    table.add_row("the first of a worker, with its fork server", f"{first:.2f}", "", "")
    seconds: list[float] = []
    for what, starts in zip(("a process of its own", "forked"), zip(*pairs, strict=True), strict=True):
        took, private = zip(*starts, strict=True)
        seconds.append(median(took))
        table.add_row(what, f"{median(took):.3f}", f"{max(took):.3f}", f"{median(private):.0f}")
    table.add_row("ratio", f"{seconds[0] / seconds[1]:.0f}", "", "")
    return table


class Listener(ThreadingHTTPServer):
    """A server on loopback that tells when a request has come, and answers none before that was noted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), NotFound)
        self.arrived: SimpleQueue[float] = SimpleQueue()
        self.noted = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def arguments(self) -> list[str]:
        """The spider that asks this server."""
        return ["staff_directory", f"url=http://127.0.0.1:{self.server_port}/", "-s", "LOG_LEVEL=ERROR"]

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which it may."""
        own = {"CONTACT": "bench@example.org", "ALLOW_ADDRESSES": "127.0.0.0/8", "ALLOW_PORTS": str(self.server_port)}
        return {**os.environ, **{f"TITLE1_CRAWL_{name}": value for name, value in own.items()}}

    async def first_request(self, spider: Callable[[], psutil.Process]) -> tuple[float, float]:
        """When the first request came, and the spider's private memory in MB at that moment."""
        at = await asyncio.to_thread(self.arrived.get)
        private = spider().memory_full_info().uss / 2**20
        self.noted.set()
        return at, private

    def forget(self) -> None:
        """Forgets the later requests of a spider that has ended, and holds the next one's first."""
        self.noted.clear()
        while not self.arrived.empty():
            self.arrived.get()


class NotFound(BaseHTTPRequestHandler):
    """Answers everything with 404."""

    def do_GET(self) -> None:
        """Says that the request has come, and waits."""
        assert isinstance(self.server, Listener)
        self.server.arrived.put(time.perf_counter())
        self.server.noted.wait()
        self.send_error(404)

    @override
    def log_message(self, format: str, *args: object) -> None: ...


async def own_process(listener: Listener, log: IO[bytes]) -> tuple[float, float]:
    """Seconds and private MB of a spider that imports everything itself."""
    asked = time.perf_counter()
    command = [sys.executable, "-m", "crawler.launch", *listener.arguments]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=PROJECT, env=listener.environment, stdout=log, stderr=log
    )
    at, private = await listener.first_request(lambda: psutil.Process(process.pid))
    await process.wait()
    listener.forget()
    return at - asked, private


async def forked(listener: Listener, launcher: Launcher, log: IO[bytes]) -> tuple[float, float]:
    """Seconds and private MB of a spider as a worker starts it."""
    asked = time.perf_counter()
    spider = await launcher.launch(listener.arguments, environment=listener.environment, log=log)
    at, private = await listener.first_request(lambda: psutil.Process().children()[0].children()[0])
    await spider.wait()
    spider.close()
    listener.forget()
    return at - asked, private


if __name__ == "__main__":
    main()
