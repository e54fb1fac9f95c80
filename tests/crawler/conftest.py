"""A small web on loopback, and spiders run against it as real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typing_extensions import override

from control_api.work.launcher import Launcher
from tests.crawler.threaded import ThreadedServer

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Hit:
    """A request that reached the web."""

    at: float
    host: str
    path: str
    agent: str


@dataclass(slots=True)
class Answer:
    """What a page answers; `times` bounds how often, after which `then` answers."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    seconds: float = 0.0
    times: int | None = None
    then: Answer | None = None
    content: bytes | None = None
    """In place of the body, for what is no text."""


class Web(ThreadedServer):
    """Hosts of one server, named by the Host header; no host has a robots.txt unless a test gives it one."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[tuple[str, str], Answer] = {}
        self.services: dict[tuple[str, str], Callable[[web.Request], web.Response]] = {}
        """Programs instead of pages, by host and path without query."""
        self.hits: list[Hit] = []
        self.port = 0

    def page(self, host: str, path: str, body: str = "", **options: Any) -> None:
        self.pages[host, path] = Answer(body, **options)

    def url(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self, host: str) -> list[str]:
        return [hit.path for hit in self.hits if hit.host == host]

    def gaps(self, host: str) -> list[float]:
        times = [hit.at for hit in self.hits if hit.host == host]
        return [later - earlier for earlier, later in pairwise(times)]

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]

    async def _answer(self, request: web.Request) -> web.Response:
        host = request.host.partition(":")[0]
        self.hits.append(Hit(time.monotonic(), host, request.path_qs, request.headers.get("User-Agent", "")))
        if (host, request.path) in self.services:
            return self.services[host, request.path](request)
        answer = self.pages.get((host, request.path_qs)) or Answer("no such page", 404)
        while answer.times is not None and answer.then is not None:
            if answer.times > 0:
                answer.times -= 1
                break
            answer = answer.then
        if answer.seconds:
            await asyncio.sleep(answer.seconds)
        headers = {"Content-Type": "text/html; charset=utf-8"} | answer.headers
        body = answer.body.encode() if answer.content is None else answer.content
        return web.Response(body=body, status=answer.status, headers=headers)


@dataclass(slots=True)
class Crawler:
    """Runs spiders of this project in a folder of their own."""

    folder: Path
    launcher: Launcher
    environment: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, port: int, folder: Path, launcher: Launcher) -> Crawler:
        """A crawler to which only the names of its hosts file exist, and of them only one port."""
        hosts = folder / "hosts"
        hosts.write_text("# invented names\n", encoding="utf-8")
        return cls(
            folder,
            launcher,
            {
                "TITLE1_CRAWL_CONTACT": "https://operator.example/crawler",
                "TITLE1_CRAWL_ALLOW_ADDRESSES": "127.0.0.0/8",
                "TITLE1_CRAWL_ALLOW_PORTS": str(port),
                "TITLE1_CRAWL_HOSTS_FILE": str(hosts),
                "TITLE1_CRAWL_HOSTS_ONLY": "1",
                "TITLE1_CRAWL_DELAY_SECONDS": "0.05",
                "TITLE1_CRAWL_BACKOFF_SECONDS": "0.1",
                "TITLE1_CRAWL_TIMEOUT_SECONDS": "5",
                "TITLE1_GUESS_NAMES": "0",
            },
        )

    def command(self, spider: str, arguments: dict[str, str], *options: str) -> list[str]:
        named = [part for key, value in arguments.items() for part in ("-a", f"{key}={value}")]
        return [sys.executable, "-m", "scrapy", "crawl", spider, *named, *options]

    def hosts(self, *names: str, address: str = "127.0.0.1") -> None:
        path = Path(self.environment["TITLE1_CRAWL_HOSTS_FILE"])
        with path.open("a", encoding="utf-8") as table:
            table.writelines(f"{address} {name}\n" for name in names)

    def run(self, spider: str, arguments: dict[str, str], *options: str) -> tuple[list[dict[str, Any]], str]:
        """Runs a spider to its end, forked as a worker's are; returns the rows of its feed and its log."""
        feeds = {str(self.folder / "feed.jl"): {"format": "jsonlines"}}
        named = [f"{key}={value}" for key, value in arguments.items()]
        log = self.folder / "spider.log"
        asyncio.run(self._fork([spider, *named, "-s", f"FEEDS={json.dumps(feeds)}", *options], log))
        told = log.read_text(encoding="utf-8")
        assert "Traceback" not in told, told
        return self.rows(), told

    async def _fork(self, arguments: list[str], log: Path) -> None:
        with log.open("wb") as file:
            process = await self.launcher.launch(arguments, environment=self._environment(), log=file)
        try:
            async with asyncio.timeout(90):
                assert await process.wait() is not None, "the fork server has ended"
        finally:
            process.close()

    def run_by_hand(self, spider: str, arguments: dict[str, str], *options: str) -> tuple[list[dict[str, Any]], str]:
        """The same as a person does it, by `scrapy crawl`."""
        feed = self.folder / "feed.jl"
        done = subprocess.run(
            self.command(spider, arguments, "-o", str(feed), *options),
            cwd=ROOT, env=self._environment(), capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return self.rows(), done.stderr

    def begin(self, spider: str, arguments: dict[str, str], *options: str) -> subprocess.Popen[str]:
        """Starts a spider and returns at once."""
        command = self.command(spider, arguments, "-o", str(self.folder / "feed.jl"), *options)
        log = (self.folder / "log.txt").open("a", encoding="utf-8")
        with log:
            return subprocess.Popen(command, cwd=ROOT, env=self._environment(), stderr=log, text=True)

    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8")

    def rows(self) -> list[dict[str, Any]]:
        feed = self.folder / "feed.jl"
        return [json.loads(line) for line in feed.read_text(encoding="utf-8").splitlines()] if feed.exists() else []

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TITLE1_")}
        return inherited | self.environment


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for something to become true, and fails when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def end(process: subprocess.Popen[str], sign: signal.Signals) -> float:
    """Sends a signal and returns how long the process took to end."""
    begun = time.monotonic()
    process.send_signal(sign)
    process.wait(30)
    return time.monotonic() - begun


def staff_table(*people: tuple[str, str, str]) -> str:
    """A staff page: name, title and e-mail address of each person."""
    rows = "".join(
        f'<tr><td>{name}</td><td>{title}</td><td><a href="mailto:{email}">{email}</a></td></tr>'
        for name, title, email in people
    )
    head = "<tr><th>Name</th><th>Position</th><th>Email</th></tr>"
    body = f"<h1>Staff Directory</h1><table>{head}{rows}</table>"
    return f"<html><head><title>Staff</title></head><body>{body}</body></html>"


def home_page(title: str, links: dict[str, str], text: str = "") -> str:
    anchors = "".join(f'<li><a href="{url}">{label}</a></li>' for label, url in links.items())
    body = f"<h1>{title}</h1><ul>{anchors}</ul><p>{text}</p>"
    return f"<html><head><title>{title}</title></head><body>{body}</body></html>"


@pytest.fixture
def loopback() -> Iterator[Web]:
    served = Web()
    served.start()
    yield served
    served.stop()


@pytest.fixture
def crawler(loopback: Web, tmp_path: Path, launcher: Launcher) -> Crawler:
    return Crawler.of(loopback.port, tmp_path, launcher)
