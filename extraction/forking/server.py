"""The fork server: a process that loads what its children are made of, opens nothing, starts no thread, and forks.

Its standard input is a Unix socket, the *control*. For each child it is passed two descriptors over it: one end of a
socket pair, the child's *line*, and its *output*. On the line stands the length of a request in four bytes (big-endian)
and the request, then a byte for each signal that the child's process group shall get. When the child has ended, what is
left of its group is killed, and the line carries its exit status as text before it is closed. The child holds the line
too: it never ends before the child does, whatever becomes of the server. Who closes the other end kills the child.

Whatever ends takes along what stands below it: the end of the control ends the server, and the kernel kills the
children with the server; elsewhere than on Linux, only the end of the sockets does.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys

from extraction.leash import end_with


def serve_control(*, idle_seconds: float | None = None) -> bytes | None:
    """Serves the process at the other end of standard input; see `ForkServer.serve`."""
    with socket.socket(fileno=os.dup(0)) as control:
        point(os.open(os.devnull, os.O_RDONLY), 0)
        return ForkServer(control, idle_seconds).serve()


class ForkServer:
    """Forks for the process at the other end of `control`, and watches over what it has forked.

    Without a child and without a request for `idle_seconds`, it ends.
    """

    def __init__(self, control: socket.socket, idle_seconds: float | None = None) -> None:
        self._control = control
        self._idle_seconds = idle_seconds
        self._lines: dict[int, socket.socket | None] = {}
        """The line of each child that has not ended; None when it was closed at the other end."""
        self._process = os.getpid()

    def serve(self) -> bytes | None:
        """Returns in each child with its request, and here with None when the server is no longer needed."""
        awake, alarm = socket.socketpair()
        with awake, alarm:
            alarm.setblocking(False)
            signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler nothing is written to the alarm
            signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
            try:
                while True:
                    lines = [line for line in self._lines.values() if line is not None]
                    patience = None if self._lines else self._idle_seconds
                    readable, _, _ = select.select([self._control, awake, *lines], [], [], patience)
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
                    if not readable:
                        return None
            finally:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def _fork(self, channel: int, output: int) -> bytes | None:
        """Returns in the child with its request."""
        line = socket.socket(fileno=channel)
        try:
            length = int.from_bytes(_receive(line, 4), "big")
            request = _receive(line, length)
            if len(request) < length:
                raise ConnectionError("the other end of the line was closed")
            child = os.fork()
        except OSError as error:
            sys.stderr.write(f"No process was forked: {error}\n")
            os.close(output)
            line.close()
            return None
        if child:
            os.close(output)
            self._lines[child] = line
            return None
        end_with(self._process)
        os.setsid()
        point(output, 1, 2)
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


def point(source: int, *descriptors: int) -> None:
    """Makes the descriptors mean what `source` does, and closes that."""
    for descriptor in descriptors:
        os.dup2(source, descriptor)
    os.close(source)


def _receive(line: socket.socket, size: int) -> bytes:
    """So many bytes; fewer if the other end was closed."""
    received = b""
    while len(received) < size and (part := line.recv(size - len(received))):
        received += part
    return received


def _signal_group(child: int, signum: int) -> None:
    try:
        os.killpg(child, signum)
    except ProcessLookupError:
        os.kill(child, signum)  # it has no group of its own yet; as it is not reaped, the number is still its own
