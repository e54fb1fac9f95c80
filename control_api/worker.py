"""The worker process: hears rings, claims jobs under a lease, runs them, and watches over the other workers' jobs.

SAQ is the engine (it hears the rings and runs the coroutines); the truth is our job table. Beside it seven loops run:
one prolongs the leases and learns what is wished of each job, one takes back the jobs of dead or frozen workers and
rings for whatever waits, one makes the jobs of schedules whose time has come, one holds the session whose life is this
worker's life, one removes what was kept long enough, one looks at the e-mail addresses that were found, one sends
the messages of webhooks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import Any
from uuid import UUID

import psycopg
from saq.worker import Worker as SaqWorker

from control_api.emails.settings import EmailSettings
from control_api.emails.sweep import check_addresses
from control_api.salesforce.secrets import SecretBox
from control_api.salesforce.settings import SalesforceSettings
from control_api.schedules.firing import fire_due
from control_api.settings import ApiSettings
from control_api.webhooks.courier import Courier
from control_api.webhooks.settings import WebhookSettings
from control_api.work.attempt import Attempt, Work, WorkError
from control_api.work.crawl import discover_websites, harvest_staff, reextract_staff
from control_api.work.doorbell import Doorbell
from control_api.work.export import export_leads
from control_api.work.extract import extract_schools
from control_api.work.launcher import Launcher
from control_api.work.pipeline import run_pipeline
from control_api.work.push import push_leads
from control_api.work.settings import WorkerSettings
from storage.blobs import Blobs
from storage.database import Database, open_database
from storage.errors import DatabaseUnavailableError, LeaseLostError, StorageError
from storage.events import JOB_CHANNEL
from storage.jobs import JobKind, JobState
from storage.kept_pages import forget_old_pages
from storage.leases import (
    Lease,
    Settlement,
    claim_job,
    enlist_worker,
    release_orphans,
    renew_leases,
    settle,
    waiting_rings,
)
from storage.sessions import forget_old_access
from storage.settings import StorageSettings
from storage.webhooks import forget_old_deliveries

log = logging.getLogger("title1.worker")

WORKS: dict[str, Work] = {
    JobKind.EXTRACT_SCHOOLS: extract_schools,
    JobKind.DISCOVER_WEBSITES: discover_websites,
    JobKind.HARVEST_STAFF: harvest_staff,
    JobKind.REEXTRACT_STAFF: reextract_staff,
    JobKind.EXPORT_LEADS: export_leads,
    JobKind.PUSH_LEADS: push_leads,
    JobKind.PIPELINE: run_pipeline,
}
LOOK_SECONDS = 1.0
"""How often a worker looks at the table: for orphans, for jobs that wait, for wishes. NOTIFY makes it look at once."""
FORGET_SECONDS = 3600.0
"""How often a worker removes pages that were kept long enough."""
SHUTDOWN_SECONDS = 15.0
ADMIN_SHUTDOWN = (psycopg.OperationalError, psycopg.InterfaceError, OSError)


async def work_forever(settings: WorkerSettings | None = None, storage_settings: StorageSettings | None = None) -> None:
    """Runs a worker until SIGTERM or SIGINT; its jobs stop at their checkpoints and wait for another worker."""
    storage_settings = storage_settings or StorageSettings()
    async with open_database(storage_settings) as database:
        worker = Worker(database, settings or WorkerSettings(), storage_settings)
        await worker.run()


class Worker:
    """One worker process."""

    def __init__(self, database: Database, settings: WorkerSettings, storage_settings: StorageSettings) -> None:
        self.database = database
        self.settings = settings
        self.storage_settings = storage_settings
        self.blobs = Blobs.configured(storage_settings)
        self.doorbell = Doorbell(database.url, connections=6)
        self.launcher = Launcher()
        self.purpose_required = ApiSettings().export_purpose_required
        """What the API asks of everybody, schedules are asked for, too."""
        self.webhook_settings = WebhookSettings()
        self.attempts: dict[tuple[UUID, int], Attempt] = {}
        self.worker_id: int | None = None
        self.look = asyncio.Event()
        """Set when the table is worth a look before the next second."""
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Works until a signal; then the attempts stop at their checkpoints, then SAQ, then the session."""
        await self.doorbell.connect()
        engine: SaqWorker[Any] = SaqWorker(
            self.doorbell.queue,
            [("run_job", self._hear_ring)],
            # Rings that cannot be followed at once end within milliseconds, so a few more than the running jobs do.
            concurrency=self.settings.running_in_total + 3,
            cancellation_hard_deadline_s=SHUTDOWN_SECONDS,
        )
        engine.SIGNALS = []  # ours stop the attempts first
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self.stopping.set)
        watches = (
            *(self._hold_session(), self._renew(), self._watch()),
            *(self._fire_schedules(), self._forget_old(), self._check_emails(), self._send_webhooks()),
        )
        loops = [asyncio.create_task(watch) for watch in watches]
        running = asyncio.create_task(engine.start())
        try:
            await asyncio.wait({running, asyncio.create_task(self.stopping.wait())}, return_when="FIRST_COMPLETED")
        finally:
            self.stopping.set()
            await self._stop_attempts()
            await engine.stop()
            for task in (*loops, running):
                task.cancel()
            await asyncio.gather(*loops, running, return_exceptions=True)
            await self.launcher.close()
            await self.doorbell.close()

    async def _stop_attempts(self) -> None:
        for attempt in self.attempts.values():
            attempt.stop.set()
        ends = {asyncio.create_task(attempt.ended.wait()) for attempt in self.attempts.values()}
        if ends:
            await asyncio.wait(ends, timeout=SHUTDOWN_SECONDS)

    async def _hear_ring(self, _: dict[str, Any], *, job_id: str) -> None:
        """SAQ's entry: claims the job if it is to be had, and works on it."""
        if self.worker_id is None or self.stopping.is_set():
            return  # another worker hears the next ring
        try:
            lease = await claim_job(self.database, UUID(job_id), self.worker_id, self.settings.limits)
        except DatabaseUnavailableError as error:
            log.warning("claim failed: %s", error.message)
            return
        if lease is not None:
            await self._attempt(lease)

    async def _attempt(self, lease: Lease) -> None:
        attempt = Attempt(lease, self.database, self.blobs, self.settings, self.storage_settings, self.launcher)
        key = (lease.job_id, lease.attempt)
        self.attempts[key] = attempt
        log.info("job %s (%s) attempt %d started", lease.job_id, lease.kind, lease.attempt)
        try:
            settlement = await self._work(attempt)
            if settlement is not None:
                state = await self._settle(lease, settlement)
                log.info("job %s attempt %d ended: %s", lease.job_id, lease.attempt, state)
        except LeaseLostError as error:
            log.warning("job %s: %s", lease.job_id, error.message)
        finally:
            del self.attempts[key]
            attempt.ended.set()
            self.look.set()

    async def _work(self, attempt: Attempt) -> Settlement | None:
        """Does the work and turns whatever goes wrong with it into the attempt's end."""
        task = asyncio.ensure_future(WORKS[attempt.lease.kind](attempt))
        lost = asyncio.create_task(attempt.lost.wait())
        try:
            await asyncio.wait({task, lost}, return_when="FIRST_COMPLETED")
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=SHUTDOWN_SECONDS)
                log.warning("job %s: the lease of attempt %d is gone", attempt.lease.job_id, attempt.lease.attempt)
                return None
            return task.result()
        except LeaseLostError:
            raise
        except WorkError as error:
            return Settlement(JobState.FAILED, reason=error.message, error_code=error.code)
        except DatabaseUnavailableError as error:
            return Settlement(JobState.QUEUED, reason=error.message, error_code=error.code, failure=True)
        except StorageError as error:
            return Settlement(JobState.FAILED, reason=error.message, error_code=error.code)
        except Exception as error:  # a defect of ours must end as a job's reason, not as a dead worker
            log.exception("job %s attempt %d", attempt.lease.job_id, attempt.lease.attempt)
            reason = f"unexpected {type(error).__name__} (details in the worker's log)"
            return Settlement(JobState.QUEUED, reason=reason, error_code="INTERNAL_ERROR", failure=True)
        finally:
            lost.cancel()
            task.cancel()

    async def _settle(self, lease: Lease, settlement: Settlement) -> JobState:
        """Writes the end, waiting for the database as long as it takes: the lease decides whether it still counts."""
        while True:
            try:
                return await settle(self.database, lease, settlement)
            except DatabaseUnavailableError as error:
                log.warning("job %s cannot be settled yet: %s", lease.job_id, error.message)
                await asyncio.sleep(LOOK_SECONDS)

    async def _hold_session(self) -> None:
        """Keeps the session that stands for this worker's life, and hears of new jobs and wishes on it."""
        while not self.stopping.is_set():
            try:
                session = await self.database.listen(JOB_CHANNEL)
                try:
                    self.worker_id = await enlist_worker(session)
                    self.look.set()
                    async for _ in session.notifies():
                        self.look.set()
                finally:
                    await session.close()
            except (DatabaseUnavailableError, *ADMIN_SHUTDOWN) as error:
                log.warning("the worker's session is gone, its jobs pass to others: %s", error)
            # The jobs that were claimed under the lost session belong to nobody now; their attempts end.
            for attempt in self.attempts.values():
                attempt.lost.set()
            self.worker_id = None
            await asyncio.sleep(LOOK_SECONDS)

    async def _renew(self) -> None:
        """Prolongs the leases and passes on what is wished of each job."""
        while True:
            await asyncio.sleep(min(LOOK_SECONDS, self.settings.lease_seconds / 3) / 2)
            if not self.attempts or self.worker_id is None:
                continue
            held = set(self.attempts)
            try:
                desired = await renew_leases(self.database, self.worker_id, self.settings.limits)
            except (DatabaseUnavailableError, *ADMIN_SHUTDOWN) as error:
                log.warning("leases cannot be renewed: %s", error)
                continue
            for key in held:
                attempt = self.attempts.get(key)
                if attempt is None:
                    continue
                if key not in desired:
                    # Settled between the two looks, or lost to another attempt: either way nothing more to write.
                    attempt.lost.set()
                elif desired[key] != "run":
                    attempt.stop.set()

    async def _watch(self) -> None:
        """Takes back orphaned jobs and rings for those that wait, every second or when there is news."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.look.wait(), LOOK_SECONDS)
            self.look.clear()
            try:
                for job_id in await release_orphans(self.database):
                    log.warning("job %s taken back from a worker that died or froze", job_id)
                for job_id, attempt in await waiting_rings(self.database, self.settings.limits):
                    await self.doorbell.ring(job_id, attempt, again=True)
            except (DatabaseUnavailableError, *ADMIN_SHUTDOWN) as error:
                log.warning("the job table cannot be read: %s", error)
            await asyncio.sleep(0.1)  # a burst of news is one look

    async def _fire_schedules(self) -> None:
        """Makes the jobs of schedules whose time has come; their NOTIFY makes every worker look for them."""
        while not self.stopping.is_set():
            try:
                for job_id in await fire_due(self.database, purpose_required=self.purpose_required):
                    log.info("job %s was made by its schedule", job_id)
            except (DatabaseUnavailableError, *ADMIN_SHUTDOWN) as error:
                log.warning("schedules cannot be looked at now: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _forget_old(self) -> None:
        """Removes pages, sessions, counters and messages that were kept long enough, at once and then every hour."""
        while True:
            try:
                await forget_old_access(self.database)
                await forget_old_deliveries(self.database, self.webhook_settings.keep_days)
                if forgotten := await forget_old_pages(self.database, self.storage_settings.kept_pages_days):
                    log.info("%d fetched pages were kept long enough and are removed", forgotten)
            except (DatabaseUnavailableError, *ADMIN_SHUTDOWN) as error:
                log.warning("old pages and sessions cannot be removed now: %s", error)
            await asyncio.sleep(FORGET_SECONDS)

    async def _check_emails(self) -> None:
        """Looks at the addresses that are due, as long as there are any, and then every half a minute."""
        settings = EmailSettings()
        while settings.check:
            checked = 0
            try:
                checked = await check_addresses(self.database, settings)
            except (StorageError, *ADMIN_SHUTDOWN) as error:
                log.warning("e-mail addresses cannot be checked now: %s", error)
            if not checked:
                await asyncio.sleep(settings.pause_seconds)

    async def _send_webhooks(self) -> None:
        """Sends messages that are due; those of a slow receiver keep no others waiting."""
        box = SecretBox(SalesforceSettings(), self.storage_settings)
        courier = Courier(self.database, self.webhook_settings, box)
        try:
            while not self.stopping.is_set():
                try:
                    await courier.look()
                except (DatabaseUnavailableError, *ADMIN_SHUTDOWN) as error:
                    log.warning("webhooks cannot be looked at now: %s", error)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await courier.close()
