"""Starts the product's processes for a test, as a user would run them, and looks into what they stored."""

from __future__ import annotations

import contextlib
import csv
import json
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from control_api.cli.client import ApiClient
from control_api.cli.stack import PROJECT, Stack, running_stack, stop
from storage.conninfo import conninfo
from tests.school_web.score import Score, score
from tests.workers import start_worker

DELAY_SECONDS = 0.15
"""The pause between requests to one host that the tests' crawls promise, instead of a second."""


def postmaster(data_dir: Path) -> psutil.Process:
    """The first process of the embedded PostgreSQL under a folder, for a test that ends it."""
    return psutil.Process(int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0]))


@dataclass(slots=True)
class Web:
    """A simulated web that is being served."""

    folder: Path
    port: int
    search: str
    aggregators: list[str]

    @property
    def pdf(self) -> Path:
        """The list of the state's Title I schools."""
        return self.folder / "title1-list.pdf"


@contextlib.contextmanager
def served_web(folder: Path, *, schools: int, districts: int, seed: int = 1965, wide: bool = False) -> Generator[Web]:
    """Serves a world for the length of the block."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.school_web", "serve", "--dir", str(folder)),
            *("--schools", str(schools), "--districts", str(districts), "--seed", str(seed)),
            *(["--wide"] if wide else []),
        ],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout
    try:
        told = json.loads(process.stdout.readline())
        yield Web(folder, told["port"], told["search"], told["aggregators"])
    finally:
        stop([process])
        process.stdout.close()


@dataclass(slots=True)
class Product:
    """The running product and ways to disturb it."""

    stack: Stack
    client: ApiClient
    key: str
    database_url: str
    web: Web
    folder: Path
    environment: dict[str, str]
    delay_seconds: float
    """The pause between requests to one host that its crawls promise."""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Starts one more worker."""
        worker = start_worker(self.folder / "logs" / f"worker-{len(self.workers)}.log", self.environment)
        self.workers.append(worker)
        return worker

    def kill_worker(self, signum: int = signal.SIGKILL) -> None:
        """Ends the newest worker, and only it: its children must follow by themselves."""
        self.workers[-1].send_signal(signum)
        self.workers[-1].wait(30)

    def keep_worker(self) -> None:
        """Starts a worker if the newest has ended, as a supervisor does: one that begins needs a database."""
        if self.workers[-1].poll() is not None:
            self.start_worker()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the owner of the database sees."""
        with psycopg.connect(conninfo(self.database_url)) as connection:
            return connection.execute(query.encode()).fetchall()

    def change(self, *statements: str) -> None:
        """Changes what is stored, past the product."""
        with psycopg.connect(conninfo(self.database_url)) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def story(self, job_id: str) -> str:
        """A job's events, and the last words of the workers and of its spiders, for a test that failed."""
        query = f"SELECT seq, kind, payload::text, at::text FROM job_event WHERE job_id = '{job_id}' ORDER BY seq"
        logs = [*(self.folder / "logs").glob("worker-*.log"), *self.folder.rglob(f"{job_id}/attempt-*.log")]
        lines = [" ".join(map(str, row)) for row in self.rows(query)]
        return "\n".join([*lines, *(f"{log.name}: …{log.read_text(errors='replace')[-2000:]}" for log in logs)])

    def result(self, export_id: str) -> Score:
        """Downloads schools and leads and compares them with the truth."""
        schools, leads = self.folder / "schools.csv", self.folder / "leads.csv"
        self.client.download("/api/v1/schools.csv", schools)
        self.client.download(f"/api/v1/jobs/{export_id}/result", leads)
        return score(self.web.folder, schools, leads, min_delay=self.delay_seconds)

    def leads(self) -> list[dict[str, str]]:
        """The downloaded leads, without what differs from run to run."""
        with (self.folder / "leads.csv").open(newline="", encoding="utf-8") as file:
            return [{name: row[name] for name in row if name != "last_seen"} for row in csv.DictReader(file)]

    def run(self, job_id: str) -> Iterator[tuple[str, Any]]:
        """The events of a pipeline and its children, as they come, each with its kind of job."""
        for event in self.client.events(job_id):
            yield "pipeline", event
            if event.kind == "step_started":
                for below in self.client.events(event.payload["child"]):
                    yield event.payload["kind"], below


@contextlib.contextmanager
def running_product(
    folder: Path, database_url: str, key: str, web: Web, *, workers: bool = True, delay_seconds: float = DELAY_SECONDS
) -> Generator[Product]:
    """API and worker on a database of the test's own, with the simulated web as their only world."""
    aggregators = folder / "aggregators.txt"
    aggregators.write_text("\n".join(web.aggregators))
    environment = {
        "DATABASE_URL": database_url,
        "TITLE1_DATA_DIR": str(folder / "data"),
        "TITLE1_CRAWL_CONTACT": "https://title1.example/tests",
        "TITLE1_CRAWL_HOSTS_FILE": str(web.folder / "hosts"),
        "TITLE1_CRAWL_HOSTS_ONLY": "1",
        "TITLE1_CRAWL_ALLOW_ADDRESSES": "127.0.0.0/8",
        "TITLE1_CRAWL_ALLOW_PORTS": str(web.port),
        "TITLE1_CRAWL_AGGREGATORS_FILE": str(aggregators),
        "TITLE1_CRAWL_DELAY_SECONDS": str(delay_seconds),
        "TITLE1_SEARXNG_URL": web.search,
        "TITLE1_GUESS_NAMES": "0",
        "TITLE1_BRAVE_KEY": "",
        "TITLE1_WIKIDATA_URL": "",
    }
    with (
        running_stack(host="127.0.0.1", port=0, logs=folder / "logs", environment=environment, parts=("api",)) as stack,
        ApiClient(stack.url, key) as client,
    ):
        product = Product(stack, client, key, database_url, web, folder, environment, delay_seconds)
        try:
            if workers:
                product.start_worker()
            yield product
        finally:
            stop(product.workers)
