"""Starts spiders for the worker by forking: `python -m crawler.forkserver`, with a Unix socket as its standard input.

A spider's process needs a second and a half to import what it is made of. This process imports it once, opens nothing
and starts no thread, and forks a child for each spider: the child begins at once and shares the memory of the modules.

For each spider the worker passes two descriptors over the standard input: one end of a socket pair, the spider's
*line*, and its log. On the line it writes the length of a JSON object in four bytes (big-endian) and the object
(`arguments` of `crawler.launch`, `environment`, `folder` to work in), then a byte for each signal that the spider's
process group shall get. When the spider has ended, what is left of its group is killed, and the line carries its exit
status as text before it is closed. The child holds the line too: it never ends before the child does, whatever becomes
of this process. A worker that closes the line kills the spider.

Whatever ends takes along what stands below it: the kernel kills this process with its worker and the children with this
process; elsewhere than on Linux, only the end of the sockets does.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import logging
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from crawler import launch

_COLLECT_AFTER = (10_000, 5, 5)
"""Objects made until garbage is looked for, and how often until it is among older ones. A page is read into some ten
thousand; with Python's own 700 looking takes a tenth of the time of reading."""
_ONE_ARENA = (-8, 1)
"""M_ARENA_MAX of mallopt(3): what threads free, the crawl can use again. Else each would keep a heap of its own."""
_HELD_BACK = frozenset({signal.SIGINT, signal.SIGTERM})
"""What a child must not miss before it can heed it. The server never does: it ends when its worker has ended."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one child is to run, and in which surroundings."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str


def main() -> int:
    """Serves the worker that has started this process until it ends; in each child, runs the spider."""
    launch.die_with_parent()
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    gc.disable()  # a collection before the fork would leave holes that the children then write to
    preload()
    gc.freeze()  # the collections of the children leave alone what all share
    with socket.socket(fileno=os.dup(0)) as control:
        _point(os.open(os.devnull, os.O_RDONLY), 0)
        request = ForkServer(control).serve()
    if request is None:
        return 0
    status = run(request)
    # Ending the interpreter would write to all that is shared with the server, and so double the child's memory.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def preload() -> None:
    """Imports what a crawl for a job is made of. Reads neither settings nor environment: each child has its own."""
    from scrapy.settings import Settings  # noqa: PLC0415  by now this process is on its leash
    from scrapy.utils.misc import walk_modules_iter  # noqa: PLC0415
    from sqlalchemy.orm import configure_mappers  # noqa: PLC0415

    from crawler.addon import PARTS  # noqa: PLC0415

    named: list[Any] = [*PARTS]
    for value in Settings().values():
        named += [*value, *value.values()] if isinstance(value, Mapping) else [value]
    for path in named:
        if isinstance(path, str) and path.startswith(("scrapy.", "crawler.")):
            import_module(path.rpartition(".")[0])
    for name in ("scrapy.crawler", "scrapy.utils.project", "crawler.spiders", "crawler.job_targets"):
        list(walk_modules_iter(name))
    configure_mappers()  # otherwise each child does it, with its first statement


class ForkServer:
    """Forks for the worker at the other end of `control`, and watches over what it has forked."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lines: dict[int, socket.socket | None] = {}
        """The line of each child that has not ended; None when the worker has closed it."""
        self._process = os.getpid()

    def serve(self) -> Request | None:
        """Returns in each child with what it is to run, and here with None when the worker has ended."""
        awake, alarm = socket.socketpair()
        with awake, alarm:
            alarm.setblocking(False)
            signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler nothing is written to the alarm
            signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
            try:
                while True:
                    lines = [line for line in self._lines.values() if line is not None]
                    readable, _, _ = select.select([self._control, awake, *lines], [], [])
                    if awake in readable:
                        awake.recv(4096)
                    self._pass_signals(readable)
                    self._reap()
                    if self._control in readable:
                        said, passed, _, _ = socket.recv_fds(self._control, 1, 2)
                        if not said:
                            self._end_all()
                            return None
                        if (request := self._fork(*passed)) is not None:
                            return request
            finally:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def _fork(self, channel: int, log: int) -> Request | None:
        """Returns in the child with its request."""
        line = socket.socket(fileno=channel)
        try:
            length = int.from_bytes(_receive(line, 4), "big")
            request = Request(**json.loads(_receive(line, length)))
            child = os.fork()
        except (OSError, TypeError, ValueError) as error:
            sys.stderr.write(f"crawler.forkserver: no spider was started: {error}\n")
            os.close(log)
            line.close()
            return None
        if child:
            os.close(log)
            self._lines[child] = line
            return None
        launch.die_with_parent(self._process)
        os.setsid()
        _point(log, 1, 2)
        for other in self._lines.values():
            if other is not None:
                other.close()
        os.set_inheritable(channel, False)  # no program that it starts has it
        line.detach()  # held open until this process ends
        return request

    def _pass_signals(self, readable: list[socket.socket]) -> None:
        for child, line in self._lines.items():
            if line is None or line not in readable:
                continue
            try:
                said = line.recv(64)
            except ConnectionError:
                said = b""
            for signum in said or [signal.SIGKILL]:
                _signal_group(child, signum)
            if not said:
                line.close()
                self._lines[child] = None

    def _reap(self) -> None:
        for child in list(self._lines):
            ended, status = os.waitpid(child, os.WNOHANG)
            if not ended:
                continue
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # whom it has left behind; they keep the number from being used again
            line = self._lines.pop(child)
            if line is not None:
                with line, contextlib.suppress(OSError):
                    line.sendall(str(os.waitstatus_to_exitcode(status)).encode())

    def _end_all(self) -> None:
        for child in self._lines:
            _signal_group(child, signal.SIGKILL)
            os.waitpid(child, 0)


def run(request: Request) -> int:
    """Runs the spider in a fresh child, in the surroundings of its request."""
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    # What the C library and Python have taken from the environment. Python itself seeds `random` anew after a fork.
    time.tzset()
    tempfile.tempdir = None
    sys.argv[1:] = request.arguments
    gc.set_threshold(*_COLLECT_AFTER)
    gc.enable()
    _share_one_heap()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)
    return launch.main(request.arguments)


def _share_one_heap() -> None:
    with contextlib.suppress(AttributeError):  # only the GNU C library has heaps a thread
        ctypes.CDLL(None).mallopt(*_ONE_ARENA)


def _receive(line: socket.socket, size: int) -> bytes:
    """So many bytes; fewer if the worker has closed the line."""
    received = b""
    while len(received) < size and (part := line.recv(size - len(received))):
        received += part
    return received


def _signal_group(child: int, signum: int) -> None:
    try:
        os.killpg(child, signum)
    except ProcessLookupError:
        os.kill(child, signum)  # it has no group of its own yet; as it is not reaped, the number is still its own


def _point(source: int, *descriptors: int) -> None:
    """Makes the descriptors mean what `source` does, and closes that."""
    for descriptor in descriptors:
        os.dup2(source, descriptor)
    os.close(source)


if __name__ == "__main__":
    sys.exit(main())
