"""The simulated web on loopback: all hosts behind one port, told apart by the Host header, every request logged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO
from urllib.parse import unquote

from aiohttp import web

from tests.school_web.markup import Page
from tests.school_web.other_pages import challenge_page, missing_page
from tests.school_web.search import SearchEngine, index
from tests.school_web.sites import Host, build_hosts
from tests.school_web.validators import FOUNDED, is_unchanged, validators
from tests.school_web.world import World

SLOW_SECONDS: Final = 1.5
RETRY_AFTER_SECONDS: Final = 2
_THROTTLE_EVERY: Final = 6
"""A throttled host answers 429 to its 4th page and to every 6th one after that."""


@dataclass(slots=True)
class SchoolWeb:
    """A running web."""

    world: World
    port: int
    hosts: dict[str, Host]

    @property
    def search_url(self) -> str:
        """Address of the search engine."""
        return f"http://{self.world.search_host}:{self.port}/"

    @property
    def names(self) -> tuple[str, ...]:
        """Every host name of the web, for a hosts file."""
        return tuple(sorted({*self.hosts, self.world.search_host}))


@contextlib.asynccontextmanager
async def serve(world: World, port: int, log_path: Path) -> AsyncGenerator[SchoolWeb]:
    """Serve a world on 127.0.0.1 while the context lasts.

    Args:
        world: What to serve.
        port: Port to listen on; 0 lets the system choose one.
        log_path: JSON Lines file; each request is appended when it has been answered, with its time of arrival.
    """
    with log_path.open("a", encoding="utf-8") as log:
        answering = _Answering(world, log)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answering.answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            bound = int(runner.addresses[0][1])
            answering.open(bound)
            yield SchoolWeb(world, bound, answering.hosts)
        finally:
            await runner.cleanup()


@dataclass(slots=True)
class _Answering:
    """Answers requests: log, manners of the host, page."""

    world: World
    log: TextIO
    hosts: dict[str, Host] = field(default_factory=dict[str, Host])
    engine: SearchEngine = field(default_factory=lambda: SearchEngine(()))
    served: Counter[str] = field(default_factory=Counter[str])
    """Pages asked of each host so far."""
    saved: dict[tuple[str, str], datetime] = field(default_factory=dict[tuple[str, str], datetime])
    """When the pages were saved that are not as they were founded, by host and path."""

    def open(self, port: int) -> None:
        """Write all pages for the port before the first of them is asked for."""
        self.engine = SearchEngine(index(self.world, port))
        self.hosts = build_hosts(self.world, port)

    async def answer(self, request: web.Request) -> web.Response:
        arrived = time.time()
        name = (request.host or "").rsplit(":", 1)[0].lower()
        if request.method == "PUT":
            return await self._save(request, self.hosts[name])
        if name == self.world.search_host:
            response = self._search(request)
        elif name in self.hosts:
            response = await self._page(request, self.hosts[name])
        else:
            response = web.Response(status=421, text="no such host here\n")
        line = {
            "time": arrived,
            "host": name,
            "path": request.path_qs,
            "status": response.status,
            "user_agent": request.headers.get("User-Agent", ""),
        }
        if "Retry-After" in response.headers:
            line["retry_after"] = float(response.headers["Retry-After"])
        self.log.write(json.dumps(line) + "\n")
        self.log.flush()
        return response

    async def _page(self, request: web.Request, host: Host) -> web.Response:
        rule = host.rule
        if rule.redirect_to:
            port = request.url.port
            target = f"http://{rule.redirect_to}:{port}{request.path_qs}"
            return web.Response(status=301, headers={"Location": target})
        if rule.failing:
            return web.Response(status=500, text="Internal Server Error\n")
        if request.path == "/robots.txt":
            return _robots(host)
        self.served[host.name] += 1
        if rule.throttled and self.served[host.name] % _THROTTLE_EVERY == 4:
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            return web.Response(status=429, text="Too Many Requests\n", headers=headers)
        if rule.slow_path == request.path:
            await asyncio.sleep(SLOW_SECONDS)
        if host.challenged and request.path.startswith(host.challenged):
            return web.Response(text=challenge_page(host.name), content_type="text/html")
        saved = self.saved.get((host.name, request.path), FOUNDED)
        return _answer(host, host.page(request.path, request.query_string), request, saved)

    async def _save(self, request: web.Request, host: Host) -> web.Response:
        """A page is written anew by who runs the site. No crawl does that, and the log of crawls says nothing of it."""
        path = unquote(request.path)
        host.pages[path] = Page(path, await request.text())
        self.saved[host.name, request.path] = datetime.now(UTC).replace(microsecond=0)
        return web.Response(status=204)

    def _search(self, request: web.Request) -> web.Response:
        if request.path != "/search":
            return web.Response(text="<title>SearXNG</title><h1>SearXNG</h1>", content_type="text/html")
        if request.query.get("format") != "json":
            return web.Response(status=403, text="Forbidden\n")
        query = request.query.get("q", "").strip()
        if not query:
            return web.json_response({"error": "No query"}, status=400)
        page = request.query.get("pageno", "1")
        if not page.isdigit() or page == "0":
            return web.json_response({"error": 'Invalid value "pageno" for parameter'}, status=400)
        return web.json_response(self.engine.answer(query, int(page)))


def _answer(host: Host, page: Page | None, request: web.Request, saved: datetime) -> web.Response:
    if page is None:
        status = 404 if host.missing is None else 200
        return web.Response(status=status, text=host.missing or missing_page(host.name), content_type="text/html")
    if page.method != request.method:
        return web.Response(status=405, text="Method Not Allowed\n", headers={"Allow": page.method})
    if page.method == "POST":
        return web.Response(text=page.html, content_type=page.content_type)
    headers = validators(host.name, page.body or page.html.encode(), saved)
    if is_unchanged(request.headers, headers):
        return web.Response(status=304, headers=headers)
    if page.body:
        return web.Response(body=page.body, content_type=page.content_type, headers=headers)
    return web.Response(text=page.html, content_type=page.content_type, headers=headers)


def _robots(host: Host) -> web.Response:
    if host.robots is not None:
        return web.Response(text=host.robots)
    if host.rule.robots_status >= 500:
        return web.Response(status=host.rule.robots_status, text="Service Unavailable\n")
    return web.Response(status=404, text=missing_page(host.name), content_type="text/html")
