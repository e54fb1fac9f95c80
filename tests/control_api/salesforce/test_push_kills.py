"""Workers that die before and after each step of a push: every person is in one upload that Salesforce works on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from control_api.salesforce.session import SalesforceSession
from storage.database import Database
from storage.jobs import FINAL, JobState
from tests.control_api.salesforce.conftest import ENVIRONMENT
from tests.control_api.salesforce.pushing import KilledError, Pushes, add_crowd
from tests.fakes.salesforce.org import EXTERNAL_ID, Org
from tests.fakes.salesforce.server import FakeSalesforce
from tests.workers import StartWorker, real_workers

WAIT_SECONDS = 60.0
PEOPLE = 3


@pytest.mark.parametrize(
    ("methods", "least"),
    [
        (("POST", "PUT", "PATCH"), 12),
        pytest.param(("GET", "POST", "PUT", "PATCH"), 36, marks=[pytest.mark.bench, pytest.mark.untraced]),
    ],
    ids=["changes", "all"],
)
async def test_a_worker_may_die_before_and_after_each_request(
    database: Database, pushes: Pushes, monkeypatch: pytest.MonkeyPatch, methods: tuple[str, ...], least: int
) -> None:
    crowd = await add_crowd(database, pushes.account, PEOPLE, schools=1)
    keys = [pushes.key(staff_id) for staff_id in crowd]
    dying = Dying(monkeypatch, methods)
    deaths: list[str] = []
    while True:
        fake = pushes.fake
        fake.org = fake.ingest.org = Org(_numbers=fake.org._numbers)  # no id is given twice
        fake.ingest.jobs.clear()
        job_id = await pushes.ask(campaign_id=fake.org.add("Campaign", Name="Autumn"))
        dying.at(len(deaths))
        job = await pushes.to_the_end(job_id)
        if dying.met is None:
            break
        deaths.append(dying.met)
        assert (job.state, job.attempt) == (JobState.SUCCEEDED, 2), f"{dying.met}: {job.reason}"
        check_exactly_once(fake, keys, dying.met)
        assert job.result["states"] == {"created": PEOPLE}, dying.met
        assert job.result["members"] == {"member": PEOPLE}, dying.met
    assert len(deaths) >= least
    assert {death.split()[1] for death in deaths} == set(methods)


def check_exactly_once(fake: FakeSalesforce, keys: list[str], when: str, *, uploads: int = 2) -> None:
    """Each lead is there once, was written once, is a member once, and no job was left open."""
    assert sorted(lead[EXTERNAL_ID] for lead in fake.org.leads) == sorted(keys), when
    assert fake.org.writes == dict.fromkeys(keys, 1), when
    assert len(fake.org.members) == len(keys), when
    states = Counter(job.state for job in fake.ingest.jobs.values() if job.state != "Aborted")
    assert states == {"JobComplete": uploads}, when
    assert all(len(job.uploads) <= 1 for job in fake.ingest.jobs.values()), when


class Dying:
    """A worker's death at a request for a job: before it is sent (n even) or when its answer is there (n odd)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, methods: tuple[str, ...]) -> None:
        self.left = 0
        self.met: str | None = None
        send = SalesforceSession._sent

        def dying(session: SalesforceSession, method: Any, address: str, *args: Any, **kwargs: Any) -> Any:
            before = after = False
            if method in methods and "oauth2" not in address:
                before, after, self.left = self.left == 0, self.left == 1, self.left - 2
            if before:
                self._die(f"before {method} {address}")
            answer = send(session, method, address, *args, **kwargs)
            if after:
                self._die(f"after {method} {address}")
            return answer

        monkeypatch.setattr(SalesforceSession, "_sent", dying)

    def at(self, place: int) -> None:
        self.left, self.met = place, None

    def _die(self, when: str) -> None:
        self.met = when
        raise KilledError


async def test_random_faults_on_the_way_change_nothing_in_the_end(
    database: Database, pushes: Pushes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITLE1_SALESFORCE_BATCH_ROWS", "10")
    crowd = await add_crowd(database, pushes.account, 15)
    pushes.fake.share = {"503": 0.1, "503 after": 0.1, "lost": 0.1, "expired": 0.1, "slow": 0.05}
    pushes.fake.slow_seconds = 0.01
    job_id = await pushes.ask(campaign_id=pushes.fake.org.add("Campaign", Name="Autumn"))
    job = await pushes.to_the_end(job_id, attempts=200)
    assert (job.state, job.result["states"]) == (JobState.SUCCEEDED, {"created": 15}), job.reason
    check_exactly_once(pushes.fake, [pushes.key(staff_id) for staff_id in crowd], "random", uploads=4)
    assert pushes.fake.met.total() >= 5


@pytest.fixture
def start_worker(pushes: Pushes, database_url: str, tmp_path: Path) -> Generator[StartWorker]:
    """Starts real workers, one after the other."""
    with real_workers(tmp_path, **ENVIRONMENT, DATABASE_URL=database_url, TITLE1_DATA_DIR=str(tmp_path)) as start:
        yield start


@pytest.mark.timeout(300)
@pytest.mark.untraced
async def test_a_real_worker_is_killed_while_salesforce_has_its_data(
    database: Database, pushes: Pushes, start_worker: StartWorker
) -> None:
    crowd = await add_crowd(database, pushes.account, 40)
    fake = pushes.fake
    fake.slow_seconds = 1.0
    campaign = fake.org.add("Campaign", Name="Autumn")
    job_id = await pushes.ask(campaign_id=campaign)
    fake.held = "PUT"
    worker = start_worker()
    await until(lambda: fake.held is None)
    worker.kill()
    worker.wait()
    start_worker()
    async with asyncio.timeout(WAIT_SECONDS):
        while (job := await pushes.job(job_id)).state not in FINAL:  # noqa: ASYNC110  another process works on it
            await asyncio.sleep(0.05)
    assert (job.state, job.attempt, job.result["states"]) == (JobState.SUCCEEDED, 2, {"created": 40}), job.reason
    check_exactly_once(fake, [pushes.key(staff_id) for staff_id in crowd], "killed")


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not reached():  # noqa: ASYNC110  another process is waited for
            await asyncio.sleep(0.02)
