"""The keeper: the process that looks after the embedded PostgreSQL for as long as anybody uses it.

`storage.embedded` starts it (`python -m storage.embedded_keeper DATA_DIR LOCK_DESCRIPTOR`) when no keeper lives. It
starts the server or adopts a running one, answers once on standard output, starts the server again if it dies, and
waits for the moment the users' file can be locked alone: then the last user is gone, however it died, and the keeper
stops the server and ends. New users wait for the users' file meanwhile, so none meets a server that is going away.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from storage.embedded_folder import EmbeddedPostgresError, PostgresFolder, try_lock
from storage.embedded_server import PostgresServer

# How long a server outlives its last user, at most; looking costs two system calls.
WATCH_SECONDS = 0.2


def main(arguments: list[str]) -> int:
    """Leave the process that asked, then keep the server of the named folder.

    Args:
        arguments: the data folder, and the inherited descriptor that holds the keeper's lock from before our birth.

    Returns:
        The exit status: 0 when the last user left.
    """
    if os.fork() > 0:
        # The user waits for this first process only; the keeper belongs to nobody and leaves no zombie behind.
        os._exit(0)
    os.set_inheritable(int(arguments[1]), False)
    return keep(PostgresFolder(Path(arguments[0])))


def keep(folder: PostgresFolder) -> int:
    """Start the server, answer, and watch until the last user is gone."""
    leaving = threading.Event()

    def leave(_signal: int, _frame: FrameType | None) -> None:
        leaving.set()

    # The machine is going down, or the operator wants the server gone: stop it properly.
    signal.signal(signal.SIGTERM, leave)
    server = PostgresServer(folder)
    try:
        server.start()
    except EmbeddedPostgresError as error:
        answer(error.message)
        return 1
    answer(None)
    os.chdir("/")
    return watch(folder, server, leaving)


def answer(error: str | None) -> None:
    """Tell the waiting user how the start went, as one JSON line, and let go of its pipe."""
    # A user that died while it waited has closed the pipe. The watch will see whether there are others.
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps({"error": error}), flush=True)  # noqa: T201  standard output is the pipe to the user
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def watch(folder: PostgresFolder, server: PostgresServer, leaving: threading.Event) -> int:
    """Stop the server after its last user; start it again when it dies before."""
    try:
        while True:
            alone = try_lock(folder.users_lock, fcntl.LOCK_EX)
            if alone is not None or leaving.is_set():
                # The descriptor stays open: new users may come in only when this process has ended.
                server.stop()
                return 0
            if not server.is_running():
                print("keeper: the server died, starting it again", file=sys.stderr, flush=True)  # noqa: T201  the log
                server.start()
            leaving.wait(WATCH_SECONDS)
    except EmbeddedPostgresError as error:
        # It cannot start again, or the folder was deleted under us and nobody will ever come for this server.
        print(f"keeper: {error.message}", file=sys.stderr, flush=True)  # noqa: T201  the log
        server.stop()
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
