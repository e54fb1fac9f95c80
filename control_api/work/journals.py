"""A crawl's journal on its way between workers: the newest one is taken up, on whatever machine, or none.

Only the newest is right. One that was written before another worker went on would ask again for pages of schools that
have ended since; so the job's checkpoint says which attempt wrote the newest, and the name of a journal's folder who
wrote it. A folder of its own for each attempt also keeps one that was given up, and wakes up, off its successor's.

Where the operator names a blob store (`TITLE1_BLOBS_URL`), an unfinished journal is left there, too, so that any worker
can go on with it. Whoever finds none begins the unfinished schools anew, as after the loss of a disk.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import update

from control_api.work.attempt import Attempt
from storage.blobs import BlobsUnavailableError
from storage.database import job_dir
from storage.errors import NotFoundError
from storage.leases import fenced
from storage.models import Job

_logger = logging.getLogger(__name__)
_FILE = "frontier.db"
"""As `crawler.journal` calls it."""


class TravellingJournal:
    """The journal of one part of a crawl: of its process without a browser, or of the one with it."""

    def __init__(self, attempt: Attempt, part: str = "") -> None:
        self._attempt = attempt
        self._part = part
        self._key = f"journal{part}"
        """In the job's checkpoint, the attempt that wrote the newest one."""
        self._newest: int | None = attempt.lease.checkpoint.get(self._key)
        self.folder: Path = self._folder(attempt.lease.attempt)
        """What a spider gets as its JOBDIR."""

    async def take_up(self) -> None:
        """Puts the newest journal into the folder, and says that this attempt writes it from now on.

        Raises:
            LeaseLostError: a newer attempt exists or the job was ended.
        """
        lease = self._attempt.lease
        async with fenced(self._attempt.database, lease) as step:
            # Beside what spiders and other parts have in it.
            more = Job.checkpoint.concat({self._key: lease.attempt})
            await step.connection.execute(update(Job).where(Job.id == lease.job_id).values(checkpoint=more))
        await asyncio.to_thread(self._fetch)

    async def leave(self) -> None:
        """Leaves an unfinished journal in the blob store, if the operator named one; its spider has ended."""
        if not self._attempt.storage_settings.blobs_url or self._attempt.lost.is_set():
            return
        try:
            await asyncio.to_thread(self._put)
        except (BlobsUnavailableError, sqlite3.Error) as error:
            _logger.warning("Only this machine has the journal of job %s: %s", self._attempt.lease.job_id, error)

    async def drop(self) -> None:
        """Removes the journal that an earlier attempt left in the blob store: its crawl is done."""
        if self._attempt.storage_settings.blobs_url:
            await asyncio.to_thread(self._remove)

    def _fetch(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if self._newest is not None and self._folder(self._newest).exists():
            self._folder(self._newest).rename(self.folder)
        for number in range(1, self._attempt.lease.attempt):
            shutil.rmtree(self._folder(number), ignore_errors=True)
        if self.folder.exists():
            return
        self.folder.mkdir()
        if self._newest is None:
            return
        try:
            with self._attempt.blobs.local_file(self._blob(self._newest)) as file:
                shutil.copyfile(file, self.folder / _FILE)
        except (NotFoundError, BlobsUnavailableError) as error:
            _logger.info("Unfinished schools of job %s begin anew: %s", self._attempt.lease.job_id, error.message)

    def _folder(self, attempt: int) -> Path:
        lease = self._attempt.lease
        return job_dir(self._attempt.storage_settings, lease.job_id) / f"frontier{self._part}-{attempt}"

    def _put(self) -> None:
        file = self.folder / _FILE
        if not file.exists():
            return
        with closing(sqlite3.connect(file)) as journal:
            # A killed spider leaves a part of it in a file of its own.
            journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._attempt.blobs.put_file(self._blob(self._attempt.lease.attempt), file)
        self._remove()

    def _remove(self) -> None:
        """Removes what an earlier attempt left."""
        if self._newest is None:
            return
        try:
            self._attempt.blobs.remove(self._blob(self._newest))
        except BlobsUnavailableError as error:
            _logger.warning("A journal stays in the blob store: %s", error.message)

    def _blob(self, attempt: int) -> str:
        return f"journals/{self._attempt.lease.job_id}/{attempt}{self._part}.db"
