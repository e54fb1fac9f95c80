"""The fork server as seen by the process that has children forked: started when needed, and again when it is gone."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path


class ForkServerProcess:
    """A module run as a fork server (`server` has the protocol). Threads may share it."""

    def __init__(self, module: str, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._command = [sys.executable, "-m", module]
        self._folder = folder
        self._environment = environment
        self._lock = threading.RLock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id; None before it was started and after it was ended."""
        return self._server.pid if self._server else None

    def prepare(self) -> socket.socket:
        """Starts the server unless it runs; it loads everything meanwhile. Returns the socket that takes lines."""
        with self._lock:
            if self._control is not None and self._server is not None and self._server.poll() is None:
                return self._control
            self.kill()
            self._control, theirs = socket.socketpair()
            with theirs:
                self._server = subprocess.Popen(
                    self._command,
                    cwd=self._folder,
                    env=self._environment,
                    stdin=theirs.fileno(),
                    start_new_session=True,  # a Ctrl-C in this process's terminal is this process's
                )
            return self._control

    def connect(self, output: int) -> socket.socket:
        """Asks for a child that writes to the descriptor `output`; returns the line that takes its request.

        A line that ends without an exit status tells that the server ended, before it forked or with its child.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            passed = [theirs.fileno(), output]
            try:
                socket.send_fds(self.prepare(), [b"\0"], passed)
            except ConnectionError:  # it ended just now
                self.kill()
                socket.send_fds(self.prepare(), [b"\0"], passed)
        return ours

    def close(self, seconds: float) -> None:
        """Ends the server in order, with all its children; after so many seconds, by force."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._server is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._server.wait(seconds)
            self.kill()

    def kill(self) -> None:
        """Ends the server at once, and the kernel all its children."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._server is not None:
                self._server.kill()
                self._server.wait()
            self._control = self._server = None


def framed(request: bytes) -> bytes:
    """A request as it stands on a line."""
    return len(request).to_bytes(4, "big") + request
