"""The long test of pushes: thousands of people to the fake org, with random faults and workers that are killed.

A worker is killed while each kind of request is on its way, once with the request in vain and once with only its answer
lost, and then at random moments. In the end each lead is there once and was written once, every row has its answer and
its reason, and simple-salesforce (and jsforce, where `TITLE1_TEST_JSFORCE` names its folder) see what our table says.
Exit status 1 if any promise is broken. Usage: python -m tests.chaos.salesforce --people 10000 --kills 8 --seed N
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from sqlalchemy import update

from control_api.cli.stack import stop
from storage.accounts import create_account
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.jobs import FINAL, JobState
from storage.migrations.run import migrate
from storage.models import StaffMember
from storage.roles import Role
from storage.settings import StorageSettings
from tests.control_api.salesforce.conftest import ENVIRONMENT
from tests.control_api.salesforce.pushing import Pushes, add_crowd
from tests.control_api.salesforce.test_bulk import witness
from tests.control_api.salesforce.test_jsforce import FOLDER, NODE, ask_jsforce
from tests.databases import fresh_database
from tests.fakes.salesforce.org import EXTERNAL_ID, Record
from tests.fakes.salesforce.server import FakeSalesforce, serving
from tests.workers import start_worker

INGEST = "/services/data/v64.0/jobs/ingest"
REQUESTS = (
    "POST /services/oauth2/token",
    "GET /services/data/v64.0/sobjects/Lead",
    f"POST {INGEST}",
    f"PUT {INGEST}",
    f"PATCH {INGEST}",
    f"GET {INGEST}/750",
)
LONGEST_RUN_SECONDS = 1_800.0
SETTINGS = ENVIRONMENT | {"TITLE1_SALESFORCE_BATCH_ROWS": "1000"}


def main(arguments: list[str] | None = None) -> int:
    """Runs it and tells the verdict; returns the exit status."""
    parser = argparse.ArgumentParser(description="Pushes to the fake Salesforce, with faults and kills.")
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=8, help="at random moments, besides one at each kind of request")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    options = parser.parse_args(arguments)
    console = Console(width=140)
    console.print(f"seed {options.seed}: {options.people:,} people")
    os.environ.update(SETTINGS)  # this process makes the connection that the workers use
    with tempfile.TemporaryDirectory(prefix="t1-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        Path(folder).chmod(0o755)  # as root, the server runs as a user of its own and must reach its folder
        try:
            with fresh_database(server.acquire()) as url:
                migrate(url)
                faults = asyncio.run(_run(url, Path(folder), options, console))
        finally:
            server.release()
            server.wait_until_stopped(30)
    for fault in faults:
        console.print(f"[red]broken[/red]: {fault}")
    console.print("every promise held" if not faults else f"{len(faults)} promises broken")
    return 1 if faults else 0


async def _run(url: str, folder: Path, options: argparse.Namespace, console: Console) -> list[str]:
    database = Database(url)
    async with contextlib.aclosing(_Closing(database)), serving() as fake:
        fake.chance = random.Random(options.seed)
        async with database.system() as connection:
            account, _ = await create_account(connection, organization="Riverbend", user="ada", role=Role.ADMIN)
        pushes = Pushes(database, account, StorageSettings(database_url=url, data_dir=folder), fake)
        campaign = fake.org.add("Campaign", Name="Autumn")
        await pushes.connect(campaign_id=campaign)
        crowd = await add_crowd(database, account, options.people, schools=200)
        expected = await _trouble(pushes, crowd, random.Random(options.seed))
        fake.share = {"503": 0.03, "503 after": 0.03, "lost": 0.03, "expired": 0.05, "slow": 0.05}
        job_id = await pushes.ask()
        begun = time.monotonic()
        storm = Storm(fake, url, folder, random.Random(options.seed + 1))
        try:
            job = await asyncio.wait_for(storm.rage(pushes, job_id, options.kills), LONGEST_RUN_SECONDS)
        finally:
            storm.calm()
        console.print(
            f"{job.state} after {job.attempt} attempts, {storm.kills} kills, {fake.met.total()} faults"
            f" ({dict(fake.met)}), {len(fake.requests):,} requests, {time.monotonic() - begun:.0f} s"
        )
        console.print(str(job.result))
        fake.share = {}
        return await _faults(pushes, job, expected)


@dataclass(slots=True)
class _Closing:
    """Closes a database at the end of a block."""

    database: Database

    async def aclose(self) -> None:
        await self.database.close()


async def _trouble(pushes: Pushes, crowd: list[int], chance: random.Random) -> dict[str, str]:
    """Makes rows that fail in every way; the state that each key must have in the end."""
    expected = dict.fromkeys((pushes.key(staff_id) for staff_id in crowd), "created")
    odd = chance.sample(crowd, len(crowd) // 20)
    kinds = [odd[place::5] for place in range(5)]
    bad_address, no_name, locked_once, locked, twice = kinds
    async with pushes.database.tenant(pushes.account.organization_id) as connection:
        for who, values in (
            (bad_address, {"email": "no address", "email_state": "published"}),
            (no_name, {"last_name": " "}),
            (twice, {"email": "front.office@alder.example", "email_state": "published"}),
        ):
            await connection.execute(update(StaffMember).where(StaffMember.id.in_(who)).values(**values))
    pushes.fake.org.add("Lead", LastName="X", Company="Y", Email="front.office@alder.example")
    pushes.fake.org.duplicate_rule = True
    for who, state in ((bad_address, "error"), (no_name, "skipped"), (locked, "error"), (twice, "duplicate")):
        expected |= {pushes.key(staff_id): state for staff_id in who}
    pushes.fake.org.locked.update({pushes.key(staff_id): 1 for staff_id in locked_once})
    pushes.fake.org.locked.update({pushes.key(staff_id): 99 for staff_id in locked})
    return expected


@dataclass(slots=True)
class Storm:
    """Workers one after the other, each killed in its turn."""

    fake: FakeSalesforce
    url: str
    folder: Path
    chance: random.Random
    kills: int = 0
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list["subprocess.Popen[bytes]"])

    async def rage(self, pushes: Pushes, job_id: UUID, at_random: int) -> Any:
        """Kills while there is something to kill, then lets the last worker end the push; the job."""
        moments: list[tuple[str | None, bool]] = [(request, vain) for request in REQUESTS for vain in (True, False)]
        moments += [(None, False)] * at_random
        self.chance.shuffle(moments)
        self.fake.slow_seconds = 0.3
        self._start()
        for request, vain in moments:
            self.fake.held, self.fake.held_in_vain = request, vain
            if request is None:
                await asyncio.sleep(self.chance.uniform(1.5, 4.0))
            elif not await self._met(pushes, job_id):
                break
            if (await pushes.job(job_id)).state in FINAL:
                break
            self._kill()
            self._start()
        self.fake.held = None
        while (job := await pushes.job(job_id)).state not in FINAL:  # noqa: ASYNC110  another process works on it
            await asyncio.sleep(0.1)
        return job

    def calm(self) -> None:
        """Ends what still runs."""
        stop(self.workers)

    async def _met(self, pushes: Pushes, job_id: UUID) -> bool:
        """Waits for the request; False when the push has ended before."""
        while self.fake.held is not None:
            if (await pushes.job(job_id)).state in FINAL:
                return False
            await asyncio.sleep(0.02)
        return True

    def _kill(self) -> None:
        self.workers[-1].kill()
        self.workers[-1].wait()
        self.kills += 1

    def _start(self) -> None:
        environment = {"DATABASE_URL": self.url, "TITLE1_DATA_DIR": str(self.folder)}
        self.workers.append(start_worker(self.folder / f"worker-{len(self.workers)}.log", environment))


async def _faults(pushes: Pushes, job: Any, expected: dict[str, str]) -> list[str]:
    """What of the promises was not kept."""
    fake = pushes.fake
    faults = [] if job.state == JobState.SUCCEEDED else [f"the push {job.state}: {job.reason}"]
    rows = await pushes.rows(job.id)
    states = {row.key: row.state for row in rows}
    wrong = [key for key in expected if states.get(key) != expected[key]]
    if wrong or len(rows) != len(expected):
        faults.append(f"{len(wrong)} of {len(expected)} people have another state, such as {wrong[:3]}")
    faults += [f"{row.key} is {row.state} without a reason" for row in rows if row.state != "created" and not row.code]
    delivered = {row.key: row.lead_id for row in rows if row.state == "created"}
    if fake.org.writes != dict.fromkeys(delivered, 1):
        often = {key: count for key, count in fake.org.writes.items() if count != 1}
        faults.append(f"leads were not written once: {list(often.items())[:5]}")
    if len(fake.org.members) != len(delivered):
        faults.append(f"{len(fake.org.members)} members of {len(delivered)} leads")
    left = Counter(one.state for one in fake.ingest.jobs.values()) - Counter({"JobComplete": 10**6, "Aborted": 10**6})
    if left:
        faults.append(f"jobs were left behind in Salesforce: {dict(left)}")
    if any(len(one.uploads) > 1 for one in fake.ingest.jobs.values()):
        faults.append("a job was given its data twice")
    return faults + await _disagreements(fake, delivered)


async def _disagreements(fake: FakeSalesforce, delivered: dict[str, str]) -> list[str]:
    """Witnesses who see something else than our table says."""
    query = f"SELECT Id, {EXTERNAL_ID} FROM Lead"
    told: dict[str, list[Record]] = {
        "simple-salesforce": await asyncio.to_thread(lambda: witness(fake).query_all(query)["records"])
    }
    if NODE and FOLDER:
        told["jsforce"] = (await asyncio.to_thread(ask_jsforce, fake, query, []))["seen"]
    seen = {
        name: {one[EXTERNAL_ID]: one["Id"] for one in records if one[EXTERNAL_ID]} for name, records in told.items()
    }
    return [f"{name} sees other leads than our table says" for name, leads in seen.items() if leads != delivered]


if __name__ == "__main__":
    sys.exit(main())
