"""A receiver of webhooks on loopback: keeps what comes, and answers as it is told."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any, Self


@dataclass(slots=True)
class Message:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(slots=True)
class Reply:
    """How the next request is answered; without more of them, by 200."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b"thanks"
    hold: threading.Event | None = None
    """Until it is set, there is no answer."""


class Receiver:
    """Answers until the block ends."""

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.messages: list[Message] = []
        self.replies: list[Reply] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = receiver.replies.pop(0) if receiver.replies else Reply()
                receiver.messages.append(Message(self.path, headers, body))
                if reply.hold is not None:
                    reply.hold.wait(20)
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's own name
                """Nothing is told."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that has gone is no news."""

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.messages]

    def __enter__(self) -> Self:
        """Begins to answer."""
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
