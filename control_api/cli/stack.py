"""The whole product on one machine: the API and a worker as child processes of the command that starts them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from control_api.cli.errors import CliError

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
PROJECT = Path(__file__).parents[2]


@dataclass(slots=True)
class Stack:
    """Running processes and where the API answers."""

    url: str
    logs: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def dead(self) -> str | None:
        """What to tell of a process that ended by itself; None while all live."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                log = self.logs / f"{name}.log"
                return f"The {name} ended (exit code {process.returncode}). {last_words(log)} Its log is {log}."
        return None


@contextlib.contextmanager
def running_stack(
    *,
    host: str,
    port: int,
    logs: Path,
    environment: Mapping[str, str] | None = None,
    parts: Sequence[str] = ("api", "worker"),
) -> Generator[Stack]:
    """The API and one worker for the length of the block; nothing of them is left afterwards.

    Args:
        host: address the API listens on.
        port: its port; 0 takes a free one.
        logs: folder for `api.log` and `worker.log`.
        environment: variables added to this process's own.
        parts: what to start; the API always, since it says when all is ready.

    Raises:
        CliError: a process ended before the API was ready; the message has its last words.
    """
    logs.mkdir(parents=True, exist_ok=True)
    port = open_port(host, port)
    stack = Stack(f"http://{host}:{port}", logs)
    env = {**os.environ, **(environment or {})}
    try:
        for name in parts:
            arguments = ["api", "--host", host, "--port", str(port)] if name == "api" else [name]
            with (logs / f"{name}.log").open("ab") as log:
                stack.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "control_api.cli.main", *arguments],
                    cwd=PROJECT,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C reaches this process only, which ends them in order
                )
        _wait_ready(stack)
        yield stack
    finally:
        stop(stack.processes.values())


def stop(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ends processes started in sessions of their own: TERM, time to write checkpoints, then KILL for what is left."""
    living = list(processes)
    for process in living:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for process in living:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def open_port(host: str, port: int) -> int:
    """The port if nobody listens on it, or a free one for 0.

    Asked before the API is started: otherwise whoever has the port would answer for it that all is ready.

    Raises:
        CliError: the port is taken, or the address is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise CliError(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. Another one: --port 0 takes any free one."
        ) from error


def last_words(log: Path) -> str:
    """The last line of a log that says something."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _wait_ready(stack: Stack) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with httpx2.Client(trust_env=False, timeout=2.0) as http:
        while time.monotonic() < deadline:
            if words := stack.dead():
                raise CliError(words)
            with contextlib.suppress(httpx2.TransportError):
                if http.get(f"{stack.url}/health/ready").status_code == 200:
                    return
            time.sleep(0.1)
    raise CliError(f"The API was not ready within {READY_SECONDS:.0f} s. Its log is {stack.logs / 'api.log'}.")
