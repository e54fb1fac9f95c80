"""One attempt at a job, from the inside: what it may use, when it must stop, how it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from control_api.work.launcher import Launcher
from control_api.work.settings import WorkerSettings
from storage.blobs import Blobs
from storage.database import Database
from storage.leases import Lease, Settlement
from storage.settings import StorageSettings


@dataclass(slots=True)
class Attempt:
    """What the work on one job has at hand."""

    lease: Lease
    database: Database
    blobs: Blobs
    settings: WorkerSettings
    storage_settings: StorageSettings
    launcher: Launcher = field(default_factory=Launcher)
    """Starts spiders; the attempts of a worker share one."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the work must stop at its next checkpoint: its user wishes so, or the worker is shutting down."""
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the lease is gone: stop at once, write nothing."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the attempt is settled or lost."""


class Work(Protocol):
    """A kind of work. It goes on from the lease's checkpoint and says how the attempt ends."""

    async def __call__(self, attempt: Attempt, /) -> Settlement | None:
        """Works until done or `attempt.stop` is set, fenced by the lease; None if it settled the attempt itself."""
        ...


class WorkError(Exception):
    """The work cannot be done, and trying again would not help. `message` is fit for the job's user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
