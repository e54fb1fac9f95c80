"""The embedded PostgreSQL, as its users see it: used when no `DATABASE_URL` is set.

Any number of processes share one server a folder. Each holds a shared lock on `postgres.users` while it uses it; the
kernel drops the lock of a process that dies. The first one starts a keeper (`storage.embedded_keeper`), which starts
the server and stops it after the last user. A user talks to neither: it asks the kernel whether a keeper lives, starts
one if not, and connects until the server answers.
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import platformdirs
import psycopg
from psycopg import errors, sql

from storage.embedded_folder import WAY_OUT, EmbeddedPostgresError, PostgresFolder, try_lock
from storage.embedded_server import PORT

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "default_data_dir"]

DATABASE = "title1"
SUPERUSER = "postgres"
ACQUIRE_TIMEOUT_SECONDS = 110.0
CONNECT_TIMEOUT_SECONDS = 5
POLL_SECONDS = 0.05
KEEPERS_TRIED = 3
# What a server says that will let us in later; libpq gives no codes here, and our server speaks English.
NOT_YET = ("starting up", "shutting down", "recovery mode", "not yet accepting", "too many clients", "are reserved")


def default_data_dir() -> Path:
    """Where everything is kept when `TITLE1_DATA_DIR` does not say: a folder per user, for root one of the system's.

    Root's own folders are closed to the account that the server runs as.
    """
    return Path("/var/lib/title1") if os.geteuid() == 0 else Path(platformdirs.user_data_dir("title1"))


class EmbeddedPostgres:
    """One process's share of the embedded server under a data folder. Threads may share an instance."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = PostgresFolder(data_dir.expanduser().resolve())
        self._users: int | None = None
        self._guard = threading.Lock()

    def acquire(self) -> str:
        """Have the server running and keep it so until `release` or this process ends.

        A process that holds its share may call it again, which has a server that was killed running again.

        Returns:
            The address of the database `title1`, which is made if missing.

        Raises:
            EmbeddedPostgresError: the server cannot be started; the message names the cause.
        """
        deadline = time.monotonic() + ACQUIRE_TIMEOUT_SECONDS
        with self._guard:
            joined = self._users is None
            if self._users is None:
                self._users = join_users(self._folder, deadline)
            try:
                ensure_running(self._folder, deadline)
            except BaseException:
                if joined:
                    self._leave()
                raise
        return address(self._folder, DATABASE)

    def release(self) -> None:
        """Give the share back. The server stops a moment after the last one."""
        with self._guard:
            self._leave()

    def wait_until_stopped(self, timeout_seconds: float) -> bool:
        """After `release`: whether server and keeper ended within the time. False while others use them."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            keeper = try_lock(self._folder.keeper_lock, fcntl.LOCK_SH)
            if keeper is not None:
                os.close(keeper)
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def _leave(self) -> None:
        if self._users is not None:
            # Closed, never unlocked: a forked child that shares the descriptor keeps its share.
            os.close(self._users)
            self._users = None


def join_users(folder: PostgresFolder, deadline: float) -> int:
    """Take a share of the users' lock, waiting while a keeper stops the server.

    Raises:
        EmbeddedPostgresError: the folder cannot be written, or the keeper does not let go of it.
    """
    try:
        folder.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedPostgresError(f"{folder.data_dir} cannot be made: {error.strerror}. {WAY_OUT}") from error
    while True:
        share = try_lock(folder.users_lock, fcntl.LOCK_SH)
        if share is not None:
            return share
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(f"PostgreSQL in {folder.data_dir} does not stop. {folder.log_tail()}")
        time.sleep(POLL_SECONDS)


def ensure_running(folder: PostgresFolder, deadline: float) -> None:
    """Start a keeper if none lives, and wait until the server answers and has our database.

    Raises:
        EmbeddedPostgresError: the keeper could not start it, or it does not answer in time.
    """
    keepers = 0
    while True:
        keeper_lock = try_lock(folder.keeper_lock, fcntl.LOCK_EX)
        if keeper_lock is not None:
            keepers += 1
            try:
                answered = start_keeper(folder, keeper_lock, deadline)
            finally:
                os.close(keeper_lock)
            if not answered and keepers >= KEEPERS_TRIED:
                raise EmbeddedPostgresError(f"PostgreSQL's keeper ended without a word. {folder.log_tail()}")
        reason = ensure_database(folder)
        if reason is None:
            return
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(f"PostgreSQL does not answer: {reason}. {folder.log_tail()}")
        time.sleep(POLL_SECONDS)


def start_keeper(folder: PostgresFolder, keeper_lock: int, deadline: float) -> bool:
    """Start a keeper that inherits the lock, and wait for its word.

    Returns:
        Whether it gave its word that the server is ready; False if it was killed before.

    Raises:
        EmbeddedPostgresError: its word is that the server cannot start.
    """
    command = [sys.executable, "-m", "storage.embedded_keeper", str(folder.data_dir), str(keeper_lock)]
    try:
        with folder.open_log() as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=Path(__file__).resolve().parents[1],
                start_new_session=True,
                pass_fds=(keeper_lock,),
            )
    except OSError as error:
        raise EmbeddedPostgresError(f"PostgreSQL's keeper cannot start: {error}. {WAY_OUT}") from error
    with process:
        assert process.stdout is not None  # noqa: S101  it was asked for as a pipe
        word = read_line(process.stdout, deadline)
    if word is None:
        return False
    error_message: str | None = json.loads(word)["error"]
    if error_message is not None:
        raise EmbeddedPostgresError(error_message)
    return True


def read_line(pipe: IO[bytes], deadline: float) -> bytes | None:
    """One line from a pipe, or None when it ends or the time is over before."""
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return None
            piece = os.read(pipe.fileno(), 65536)
            if not piece:
                return None
            line += piece
    return line


def ensure_database(folder: PostgresFolder) -> str | None:
    """Connect and have our database made.

    Returns:
        None when it is there; else why the server does not let us in yet.

    Raises:
        EmbeddedPostgresError: the server answers, but cannot make a database.
    """
    try:
        connection = psycopg.connect(
            address(folder, SUPERUSER), autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS
        )
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        if "FATAL:" in reason and not any(words in reason for words in NOT_YET):
            raise EmbeddedPostgresError(f"PostgreSQL lets nobody in: {reason}") from error
        return reason
    with connection:
        try:
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).rowcount == 0:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except (errors.DuplicateDatabase, errors.UniqueViolation):
            pass  # another user was faster
        except (errors.ObjectInUse, errors.AdminShutdown, errors.CrashShutdown) as error:
            return str(error).strip()
        except psycopg.Error as error:
            raise EmbeddedPostgresError(f"PostgreSQL cannot make a database: {error}. {folder.log_tail()}") from error
    return None


def address(folder: PostgresFolder, database: str) -> str:
    """The address of one database. The port is said because a PGPORT of the environment would stand in for it."""
    return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(folder.cluster), safe='/')}&port={PORT}"
