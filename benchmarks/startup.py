"""Seconds from a command to its readiness: the embedded PostgreSQL, the schema, the API and worker, a spider.

Usage: python benchmarks/startup.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from control_api.cli.stack import running_stack
from storage.embedded import EmbeddedPostgres
from storage.migrations.run import migrate


def main() -> None:
    """Starts each once and prints how long it took."""
    table = Table("what", "seconds")

    @contextmanager
    def timed(what: str) -> Generator[None]:
        begun = time.perf_counter()
        yield
        table.add_row(what, f"{time.perf_counter() - begun:.2f}")

    with tempfile.TemporaryDirectory(prefix="t1-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, the server runs as a user of its own and must reach its folder
        server = EmbeddedPostgres(folder / "pg")
        with timed("embedded PostgreSQL, first start"):
            url = server.acquire()
        server.release()
        server.wait_until_stopped(30)
        with timed("embedded PostgreSQL, later start"):
            server.acquire()
        with timed("schema, made"):
            migrate(url)
        with timed("schema, found current"):
            migrate(url)
        environment = {"DATABASE_URL": url, "TITLE1_DATA_DIR": str(folder / "data")}
        begun = time.perf_counter()
        with running_stack(host="127.0.0.1", port=0, logs=folder / "logs", environment=environment):
            table.add_row("API and worker, until ready", f"{time.perf_counter() - begun:.2f}")
        server.release()
        server.wait_until_stopped(30)
    for what, command in COMMANDS.items():
        with timed(what):
            subprocess.run(command, capture_output=True, check=False)
    Console().print(table)


COMMANDS: dict[str, list[str]] = {
    "title1 --help": [sys.executable, "-m", "control_api.cli.main", "--help"],
    "spider process, until its arguments are checked": [sys.executable, "-m", "crawler.launch", "staff_directory"],
}


if __name__ == "__main__":
    main()
