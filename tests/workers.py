"""Real workers, each a process of its own, for tests that kill them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from control_api.cli.stack import PROJECT, stop


def start_worker(log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts a worker with these variables beside this process's own."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "control_api.cli.main", "worker"],
            cwd=PROJECT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


class StartWorker(Protocol):
    """Starts one more worker, with what differs from the others."""

    def __call__(self, **environment: str) -> subprocess.Popen[bytes]: ...


@contextmanager
def real_workers(folder: Path, **environment: str) -> Generator[StartWorker]:
    """Starts workers that log to a folder; none of them is left afterwards."""
    workers: list[subprocess.Popen[bytes]] = []

    def start(**more: str) -> subprocess.Popen[bytes]:
        workers.append(start_worker(folder / f"worker-{len(workers)}.log", environment | more))
        return workers[-1]

    try:
        yield start
    finally:
        stop(workers)
