"""What following a job costs: many clients of one API process, each of which is told every event of one job's story.

A job's story is written ten times a second into a PostgreSQL of this run's own. As many clients as asked for follow it
over sockets of their own, in a process of their own. An event's delay is the time from before its transaction began
until a client has its last byte. Then the API is killed in the middle of the story and started again: every client
connects again with `Last-Event-ID`, and whatever it is told twice or never is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.crawls.product import server
from benchmarks.followers import Followed, follow
from storage.accounts import Account, create_account
from storage.database import Database
from storage.events import append_event
from storage.jobs import JobKind, NewJob, create_job
from storage.migrations.run import migrate
from storage.roles import Role
from tests.conftest import fresh_database

_READY_SECONDS = 60.0
_LATE_SECONDS = 2.0
_SERVE = "import sys; from control_api.server import serve; sys.exit(serve('127.0.0.1', int(sys.argv[1])))"
_EXAMPLES = """\
examples:
  python benchmarks/streams.py                          1,000 clients, 10 events a second, 30 s and a restart
  python benchmarks/streams.py --clients 100 --seconds 5 --json
"""


class Figures(msgspec.Struct, frozen=True):
    """What became of a story's events."""

    clients: int
    events: int
    """Of the story; each client has to be told all of them once."""
    lost: int
    repeated: int
    p50_ms: float
    """Of the delays before the restart."""
    p99_ms: float
    longest_ms: float
    api_processor_share: float
    """Of one processor, before the restart."""
    api_mb: float
    reconnects: int


@dataclass(frozen=True, slots=True)
class _Story:
    """The job that is followed, and the key that opens it."""

    database: Database
    account: Account
    key: str
    job_id: UUID


def main() -> None:
    """Runs once and prints what was measured."""
    wanted = _arguments()
    _allow_files(wanted.clients + 200)
    if wanted.follow:
        followed = asyncio.run(
            follow(wanted.follow, wanted.key, wanted.clients, wanted.events, longest=wanted.seconds + 120)
        )
        sys.stdout.buffer.write(msgspec.msgpack.encode(followed))
        return
    with server() as postgres, fresh_database(postgres) as url:
        figures = asyncio.run(_measured(url, wanted))
    if wanted.json:
        print(msgspec.json.encode(figures).decode())
        return
    table = Table("clients", "events", "lost", "repeated", "p50 ms", "p99 ms", "longest", "API CPU", "API MB")
    delays = (figures.p50_ms, figures.p99_ms, figures.longest_ms)
    counts = (figures.clients, figures.events, figures.lost, figures.repeated)
    share = f"{100 * figures.api_processor_share:.0f} %"
    table.add_row(*(f"{n:,}" for n in counts), *(f"{ms:.0f}" for ms in delays), share, f"{figures.api_mb:.0f}")
    Console().print(table)
    if figures.lost or figures.repeated:
        sys.exit(1)


async def _measured(url: str, wanted: argparse.Namespace) -> Figures:
    steady = round(wanted.seconds * wanted.rate)
    after = round(wanted.after_restart * wanted.rate)
    async with _story(url) as story:
        with tempfile.TemporaryDirectory() as folder:
            port = _free_port()
            api = _api(url, port, folder, wanted.clients)
            clients: asyncio.subprocess.Process | None = None
            try:
                await _until_ready(port)
                address = f"127.0.0.1:{port}/api/v1/jobs/{story.job_id}/events"
                clients = await _clients(address, story.key, wanted, events=2 + steady + after)
                await _until_all_listen(clients)
                before = psutil.Process(api.pid).cpu_times()
                began = time.monotonic()
                written = await _write(story, steady, wanted.rate)
                spent = psutil.Process(api.pid).cpu_times()
                share = (spent.user + spent.system - before.user - before.system) / (time.monotonic() - began)
                megabytes = psutil.Process(api.pid).memory_info().rss / 2**20
                await asyncio.sleep(_LATE_SECONDS)  # what a client has not had by now it is told after the restart
                api.kill()
                api.wait()
                restarting = asyncio.create_task(asyncio.to_thread(_api, url, port, folder, wanted.clients))
                await _write(story, after, wanted.rate)
                api = await restarting
                async with story.database.tenant(story.account.organization_id) as connection:
                    await append_event(connection, story.job_id, "cancelled", {})
                told, _ = await asyncio.wait_for(clients.communicate(), wanted.seconds + 180)
            finally:
                api.kill()
                if clients is not None and clients.returncode is None:
                    clients.kill()
    followed = msgspec.msgpack.decode(told, type=Followed)
    delays = sorted(at - written[seq] for seq, times in followed.seen.items() if seq in written for at in times)
    return Figures(
        clients=wanted.clients,
        events=2 + steady + after,
        lost=followed.lost,
        repeated=followed.repeated,
        p50_ms=1000 * _percentile(delays, 0.5),
        p99_ms=1000 * _percentile(delays, 0.99),
        longest_ms=1000 * delays[-1],
        api_processor_share=share,
        api_mb=megabytes,
        reconnects=followed.reconnects,
    )


@asynccontextmanager
async def _story(url: str) -> AsyncGenerator[_Story]:
    await asyncio.to_thread(migrate, url)
    database = Database(url)
    try:
        async with database.system() as connection:
            account, key = await create_account(connection, organization="Bench", user="bench", role=Role.ADMIN)
        async with database.tenant(account.organization_id) as connection:
            new = NewJob(account.organization_id, account.user_id, JobKind.HARVEST_STAFF, {})
            job_id, _ = await create_job(connection, new)
        yield _Story(database, account, key, job_id)
    finally:
        await database.close()


async def _write(story: _Story, events: int, rate: float) -> dict[int, float]:
    """Writes so many events at an even pace; returns when each transaction began, by its number."""
    began, written = time.monotonic(), dict[int, float]()
    for number in range(events):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        at = time.monotonic()
        async with story.database.tenant(story.account.organization_id) as connection:
            payload = {"done": number, "total": events, "school": "Pine Hill Elementary School"}
            written[await append_event(connection, story.job_id, "progress", payload)] = at
    return written


async def _clients(address: str, key: str, wanted: argparse.Namespace, *, events: int) -> asyncio.subprocess.Process:
    words = ["--follow", address, "--key", key, "--clients", str(wanted.clients), "--events", str(events)]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.streams", *words, "--seconds", str(wanted.seconds)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=2**28,
        cwd=Path(__file__).parents[1],
    )


async def _until_all_listen(clients: asyncio.subprocess.Process) -> None:
    assert clients.stderr is not None
    said = await asyncio.wait_for(clients.stderr.readline(), 180)
    if said.strip() != b"all listen":
        raise RuntimeError(f"the clients could not begin: {said.decode(errors='replace')}")


def _api(url: str, port: int, folder: str, clients: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "TITLE1_DATA_DIR": folder,
        "TITLE1_STREAMS_PER_USER": str(clients),
        "TITLE1_READS_PER_MINUTE": "0",
    }
    return subprocess.Popen([sys.executable, "-c", _SERVE, str(port)], env=environment, cwd=Path(__file__).parents[1])


async def _until_ready(port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /health/ready HTTP/1.0\r\nHost: bench\r\n\r\n")
            ready = b" 200 " in await reader.readline()
            writer.close()
            if ready:
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError("the API was not ready in time")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _allow_files(files: int) -> None:
    """Raises this process's limit of open files, which those that it starts inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, hard), hard))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/streams.py",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--clients", type=int, default=1000, help="that follow the job (default: 1000)")
    parser.add_argument("--rate", type=float, default=10, help="events a second (default: 10)")
    parser.add_argument("--seconds", type=float, default=30, help="until the restart (default: 30)")
    parser.add_argument("--after-restart", type=float, default=10, help="seconds from then on (default: 10)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    for word in ("--follow", "--key"):
        parser.add_argument(word, help=argparse.SUPPRESS)
    parser.add_argument("--events", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
