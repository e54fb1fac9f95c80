"""Serves the API with uvicorn, and stops in order: streams end, requests finish, the database closes.

uvicorn waits for open connections before anything of ours hears of the end, and an event stream never ends by itself:
so the hub is closed by the signal, and a time limit stands behind it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Iterator
from types import FrameType

import uvicorn
from litestar import Litestar

from control_api.app import create_app
from control_api.events.hub import EventHub
from control_api.settings import ApiSettings
from storage.errors import StorageError

logger = logging.getLogger(__name__)

BACKLOG = 2048


class ApiServer(uvicorn.Server):
    """uvicorn, which at a signal also ends the event streams."""

    def __init__(self, app: Litestar, *, shutdown_seconds: int) -> None:
        settings: ApiSettings = app.state["settings"]
        # Whoever is not named could write any address into the header, and so escape the limits of their own.
        trusted_proxies = settings.trusted_proxies
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",  # `serve_app` opens and closes what the app needs, and so learns what went wrong
                log_config=None,
                access_log=False,  # uvicorn's would have the query; `control_api.responses` logs without
                server_header=False,
                timeout_graceful_shutdown=shutdown_seconds,
                ws="none",
                proxy_headers=trusted_proxies is not None,
                forwarded_allow_ips=trusted_proxies or "",
            )
        )
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serves until told to exit."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  uvicorn's hook
        """Ends the streams and stops; a second signal stops at once.

        The signal is not raised again afterwards, as uvicorn would: it would end this process before the database
        and the streams were closed.
        """
        if self.should_exit:
            self.force_exit = True
        self.end_streams()

    def end_streams(self) -> None:
        """Stops serving; safe to call from a signal's handler or another thread."""
        self.should_exit = True
        hub: EventHub | None = self._app.state.get("hub")
        if hub is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(hub.close)


def serve(host: str | None = None, port: int | None = None) -> int:
    """Serves the API until SIGTERM or SIGINT.

    Args:
        host: address to listen on; default: `TITLE1_HOST`.
        port: its port; default: `TITLE1_PORT`; 0 takes a free one.

    Returns:
        The exit code: 0 after a stop in order, 1 when it could not start (one line on standard error says why).
    """
    settings = ApiSettings()
    host, port = host or settings.host, settings.port if port is None else port
    try:
        listening = listen_on(host, port)
    except OSError as error:
        return _give_up(f"Title1 cannot listen on {host}:{port}: {error.strerror or error}. Choose another --port.")
    cause: StorageError | None = None
    with listening:
        try:
            asyncio.run(serve_app(create_app(settings), listening, shutdown_seconds=settings.shutdown_seconds))
        except* StorageError as group:  # the framework opens what the app needs inside a group of tasks
            cause = next(leaves(group))
    return _give_up(f"Title1 cannot start: {cause.message}") if cause else 0


async def serve_app(app: Litestar, listening: socket.socket, *, shutdown_seconds: int) -> None:
    """Serves an app on a socket until told to exit, with all that it needs opened before and closed after.

    Raises:
        StorageError: what the app needs cannot be opened.
    """
    async with app.lifespan():
        host, port = listening.getsockname()[:2]
        logger.info("listening on http://%s:%s", host, port)
        await ApiServer(app, shutdown_seconds=shutdown_seconds).serve([listening])


def listen_on(host: str, port: int) -> socket.socket:
    """A socket that is bound and listens, so that a port that is taken is known before anything else starts.

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def leaves(group: BaseExceptionGroup[StorageError]) -> Iterator[StorageError]:
    """The errors in a group of groups."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error


def _give_up(words: str) -> int:
    sys.stderr.write(" ".join(words.split()) + "\n")
    return 1
