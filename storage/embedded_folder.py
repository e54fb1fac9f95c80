"""The embedded PostgreSQL's folder: where its parts lie, the locks that count its users, and its one error.

`storage.embedded` (a user), `storage.embedded_keeper` and `storage.embedded_server` meet here and nowhere else.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storage.errors import DatabaseUnavailableError

LOG_TAIL_LINES = 5
WAY_OUT = "Set TITLE1_DATA_DIR to another folder, or DATABASE_URL to a PostgreSQL of your own."


class EmbeddedPostgresError(DatabaseUnavailableError):
    """The embedded PostgreSQL cannot be started or reached. The message names the cause, the log and a way out."""


@dataclass(frozen=True, slots=True)
class PostgresFolder:
    """Where the parts of the embedded PostgreSQL lie. Keeps nothing open."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        """The server's own folder; its unix socket lies there too."""
        return self.data_dir / "postgres"

    @property
    def users_lock(self) -> Path:
        """Locked shared by every process that uses the server, so that the kernel counts the living ones."""
        return self.data_dir / "postgres.users"

    @property
    def keeper_lock(self) -> Path:
        """Locked by the living keeper."""
        return self.data_dir / "postgres.keeper"

    @property
    def log(self) -> Path:
        """What initdb, the server and the keeper wrote."""
        return self.data_dir / "postgres.log"

    def open_log(self) -> BinaryIO:
        """The log, opened for appending."""
        return os.fdopen(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb")

    def log_size(self) -> int:
        """How many bytes the log has; 0 when there is none yet."""
        return self.log.stat().st_size if self.log.exists() else 0

    def rotate_log(self, limit_bytes: int) -> None:
        """Put a log that grew beyond the limit aside, in the place of the one put aside before."""
        if self.log_size() > limit_bytes:
            self.log.replace(self.log.with_suffix(".log.1"))

    def log_tail(self, since: int = 0) -> str:
        """The log's name and its last lines after byte `since`, on one line."""
        try:
            with self.log.open("rb") as log:
                end = log.seek(0, os.SEEK_END)
                log.seek(max(since, end - 4096))
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            lines = []
        last = [line.strip() for line in lines if line.strip()][-LOG_TAIL_LINES:]
        return f"Its log {self.log} ends: {' | '.join(last) or '(nothing)'}"


def try_lock(path: Path, kind: int) -> int | None:
    """Lock a file at once (`fcntl.LOCK_SH` or `LOCK_EX`), or not at all.

    The lock belongs to the open file: it ends when the last process that inherited the descriptor closes it or dies.

    Returns:
        The descriptor that holds the lock, or None where another process holds it.

    Raises:
        EmbeddedPostgresError: the file cannot be made or its file system cannot lock.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedPostgresError(f"{path} cannot be opened: {error.strerror}. {WAY_OUT}") from error
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        os.close(descriptor)
        raise EmbeddedPostgresError(f"{path} cannot be locked: {error.strerror}. {WAY_OUT}") from error
    return descriptor
