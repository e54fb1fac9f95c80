"""What can go wrong where things are kept. Each error names the cause and the next step."""

from __future__ import annotations

from typing import ClassVar


class StorageError(Exception):
    """Something cannot be kept or found. `message` is fit for the person who asked."""

    code: ClassVar[str] = "STORAGE_ERROR"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class DatabaseUnavailableError(StorageError):
    """PostgreSQL does not answer. Waiting and trying again is right."""

    code = "DATABASE_UNAVAILABLE"
    status = 503


class DatabaseBusyError(DatabaseUnavailableError):
    """PostgreSQL broke a transaction off because others were at the same records. The same again is right."""

    code = "DATABASE_BUSY"


class NotFoundError(StorageError):
    """There is no such record, or it belongs to another organization, which is told the same way."""

    code = "NOT_FOUND"
    status = 404


class ConflictError(StorageError):
    """The record's present state does not allow what was asked."""

    code = "CONFLICT"
    status = 409


class TaskLimitExceededError(StorageError):
    """A user has as many unfinished jobs as allowed."""

    code = "TASK_LIMIT_EXCEEDED"
    status = 429


class LeaseLostError(StorageError):
    """The attempt that wants to write is no longer the job's current one: a newer attempt exists, or it was ended."""

    code = "LEASE_LOST"
    status = 409
