"""People, a connection and pushes of them, attempt by attempt, in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text, update

from control_api.salesforce.client import LoginMethod, Secret
from control_api.salesforce.secrets import SecretBox, new_key
from control_api.salesforce.settings import SalesforceSettings
from control_api.work.attempt import Attempt, WorkError
from control_api.work.push import push_leads
from control_api.work.settings import WorkerSettings
from storage.accounts import Account
from storage.blobs import Blobs
from storage.database import Database
from storage.jobs import FINAL, JobKind, JobState, NewJob, create_job, get_job
from storage.leases import Limits, Settlement, claim_job, enlist_worker, release_orphans, settle
from storage.models import Job, PushRow, StaffMember, StaffPost
from storage.pushes import key_prefix
from storage.salesforce import add_connection
from storage.settings import StorageSettings
from tests.control_api.rows import add_school
from tests.fakes.salesforce.org import EXTERNAL_ID
from tests.fakes.salesforce.server import CLIENT_ID, CLIENT_SECRET, FakeSalesforce

KEY = new_key()
"""`TITLE1_SECRET_KEY` of these tests."""


class KilledError(BaseException):
    """The worker died: nothing more is written, told or tidied up."""


@dataclass(slots=True)
class Pushes:
    """Pushes of one organization to one fake org."""

    database: Database
    account: Account
    storage_settings: StorageSettings
    fake: FakeSalesforce
    connection_id: UUID = field(default_factory=uuid4)

    async def connect(self, **values: Any) -> UUID:
        """Stores a connection to the fake."""
        box = SecretBox(SalesforceSettings(), self.storage_settings)
        row = {
            "id": self.connection_id,
            "organization_id": self.account.organization_id,
            "name": f"acme {self.connection_id}",
            "login_url": self.fake.url,
            "method": LoginMethod.CLIENT_CREDENTIALS,
            "client_id": CLIENT_ID,
            "secret": box.seal(self.connection_id, Secret(client_secret=CLIENT_SECRET)),
            "mapping": {},
            "key_field": EXTERNAL_ID,
        }
        async with self.database.tenant(self.account.organization_id) as connection:
            await add_connection(connection, row | values)
        return self.connection_id

    async def ask(self, **params: Any) -> UUID:
        """Makes a push."""
        wanted = {"connection_id": str(self.connection_id), **params}
        new = NewJob(self.account.organization_id, self.account.user_id, JobKind.PUSH_LEADS, wanted)
        async with self.database.tenant(self.account.organization_id) as connection:
            return (await create_job(connection, new, limit=1_000))[0]

    async def attempt(self, job_id: UUID) -> Any:
        """One attempt by a worker that lives as long as the attempt; the job as it then is."""
        async with self.worker() as worker_id:
            await self._now(job_id)
            lease = await claim_job(self.database, job_id, worker_id, Limits())
            assert lease is not None
            blobs = Blobs.configured(self.storage_settings)
            attempt = Attempt(lease, self.database, blobs, WorkerSettings(), self.storage_settings)
            try:
                settlement = await push_leads(attempt)
            except WorkError as error:
                settlement = Settlement(JobState.FAILED, reason=error.message, error_code=error.code)
            except KilledError:
                settlement = None
            if settlement is not None:
                await settle(self.database, lease, settlement)
        if settlement is None:
            async with asyncio.timeout(10):  # PostgreSQL notices in its own time that the session is gone
                while job_id not in await release_orphans(self.database):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        return await self.job(job_id)

    async def to_the_end(self, job_id: UUID, *, attempts: int = 60) -> Any:
        """Attempts until the job has ended."""
        job = await self.attempt(job_id)
        for _ in range(attempts):
            if job.state in FINAL:
                return job
            job = await self.attempt(job_id)
        raise AssertionError(f"after {attempts} attempts: {job.state} ({job.reason})")

    async def job(self, job_id: UUID) -> Any:
        async with self.database.tenant(self.account.organization_id) as connection:
            return await get_job(connection, job_id)

    async def rows(self, job_id: UUID) -> list[Any]:
        """The people of a push, as they stand."""
        async with self.database.tenant(self.account.organization_id) as connection:
            query = select(*PushRow.__table__.c).where(PushRow.job_id == job_id).order_by(PushRow.number)
            return list((await connection.execute(query)).all())

    def key(self, staff_id: int) -> str:
        return f"{key_prefix(self.account.organization_id)}{staff_id}"

    async def _now(self, job_id: UUID) -> None:
        async with self.database.system() as connection:
            await connection.execute(update(Job).where(Job.id == job_id).values(run_after=text("clock_timestamp()")))

    @asynccontextmanager
    async def worker(self) -> AsyncGenerator[int]:
        session = await self.database.connect()
        try:
            yield await enlist_worker(session)
        finally:
            await session.close()


async def add_crowd(database: Database, account: Account, count: int, *, schools: int = 5) -> list[int]:
    """Invented people, spread over schools; their ids in order."""
    async with database.tenant(account.organization_id) as connection:
        at = [
            await add_school(
                connection, account, f"Alder {number}, Elementary", city="Katy", state="TX", zip="77449", phone="+1 2"
            )
            for number in range(schools)
        ]
        people = [
            {
                "organization_id": account.organization_id,
                "identity": uuid4().hex,
                "name": f"Zoë Núñez-{number}",
                "first_name": "Zoë",
                "last_name": f"Núñez-{number}",
                "title": 'Teacher, "Grade 3"',
                "role": "teacher",
                "email": f"z{number}@alder.example" if number % 3 else None,
                "email_state": "published" if number % 3 else "none",
                "phone": "+1 555 0100",
                "confidence": 0.9,
            }
            for number in range(count)
        ]
        await connection.execute(insert(StaffMember), people)
        ids = list(await connection.scalars(select(StaffMember.id).order_by(StaffMember.id)))
        posts = [
            {
                "organization_id": account.organization_id,
                "staff_member_id": person,
                "school_id": at[place % schools],
                "role": "teacher",
                "source_url": f"https://alder{place % schools}.example/staff",
            }
            for place, person in enumerate(ids)
        ]
        await connection.execute(insert(StaffPost), posts)
    return ids
