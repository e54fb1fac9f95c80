"""`title1 demo`: the whole way, from a PDF to leads, over a simulated school web whose truth is known.

Everything is real but the web: the embedded PostgreSQL, the API, a worker, Scrapy processes over sockets. It uses a
folder of its own and leaves the user's data alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from control_api.cli.client import ApiClient
from control_api.cli.errors import CliError
from control_api.cli.local import LocalDatabase
from control_api.cli.run import run_pipeline, wait_while_alive
from control_api.cli.stack import PROJECT, running_stack, stop
from storage.settings import StorageSettings

WEB_READY_SECONDS = 30.0


def run_demo(out: Path, console: Console, *, keep: bool) -> None:
    """Runs the demo and writes `leads.csv`, `schools.csv` and `report.json` into `out`.

    Raises:
        CliError: a part could not be started or the job failed.
    """
    if not (PROJECT / "tests" / "school_web").is_dir():
        raise CliError("The demo needs the source checkout: it serves the simulated web in tests/school_web.")
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="title1-demo-"))
    folder.chmod(0o755)  # as root, the database server runs as a user of its own and must reach its folder
    try:
        with (
            simulated_web(folder / "web") as web,
            LocalDatabase(StorageSettings(database_url=None, data_dir=folder / "data")) as local,
        ):
            schools = local.import_nces(folder / "web" / "ccd_sch_029.csv")
            console.print(f"Simulated web: {web['hosts']} hosts; official directory: {schools} schools")
            with (
                running_stack(
                    host="127.0.0.1", port=0, logs=folder / "logs", environment=_environment(local, folder, web)
                ) as stack,
                ApiClient(stack.url, key := local.command_key()) as client,
            ):
                console.print(f"Dashboard: {stack.url}/#key={key}", soft_wrap=True)
                run_pipeline(client, folder / "web" / "title1-list.pdf", None, out / "leads.csv", console)
                client.download("/api/v1/schools.csv", out / "schools.csv")
                report = _report(folder / "web", out, time.monotonic() - started)
                _show(console, report, out)
                if keep:
                    console.print(f"Still running: {stack.url}/#key={key}  Ctrl-C stops it.", soft_wrap=True)
                    wait_while_alive(stack)
    finally:
        _keep_logs(folder, out / "logs")
        shutil.rmtree(folder, ignore_errors=True)


def _keep_logs(folder: Path, logs: Path) -> None:
    """What the processes said stays, for whoever wants to know how something came about."""
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True, exist_ok=True)
    for log in (*folder.glob("logs/*.log"), *folder.glob("data/jobs/*/*.log"), *folder.glob("web/*.jsonl")):
        name = log.name if log.parent.name in {"logs", "web"} else f"{log.parent.name[:8]}-{log.name}"
        shutil.copyfile(log, logs / name)


@contextlib.contextmanager
def simulated_web(folder: Path, *options: str) -> Generator[dict[str, Any]]:
    """Serves the simulated web on a free port for the length of the block; yields what it says of itself.

    Args:
        folder: where it writes its files.
        options: words for its command `serve`, such as its size.
    """
    folder.mkdir(parents=True)
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.school_web", "serve", "--dir", str(folder), *options],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    try:
        ready = process.stdout and select.select([process.stdout], [], [], WEB_READY_SECONDS)[0]
        line = process.stdout.readline() if process.stdout and ready else b""
        if not line:
            raise CliError(f"The simulated web did not start: {(folder / 'web.log').read_text().strip()[-500:]}")
        yield json.loads(line)
    finally:
        stop([process])
        if process.stdout:
            process.stdout.close()


def _environment(local: LocalDatabase, folder: Path, web: dict[str, Any]) -> dict[str, str]:
    return {
        "DATABASE_URL": local.database.url,
        "TITLE1_DATA_DIR": str(folder / "data"),
        "TITLE1_BLOBS_URL": str(folder / "data" / "blobs"),
        "TITLE1_CRAWL_CONTACT": "https://title1.example/demo",
        "TITLE1_CRAWL_HOSTS_FILE": str(folder / "web" / "hosts"),
        "TITLE1_CRAWL_HOSTS_ONLY": "1",
        "TITLE1_CRAWL_AGGREGATORS_FILE": str(_aggregators(folder / "web", web)),
        "TITLE1_CRAWL_ALLOW_ADDRESSES": "127.0.0.0/8",
        "TITLE1_CRAWL_ALLOW_PORTS": str(web["port"]),
        "TITLE1_SEARXNG_URL": web["search"],
        # Only the simulated web is asked: no service of the user's either.
        "TITLE1_GUESS_NAMES": "0",
        "TITLE1_EMAIL_CHECK": "false",
        "TITLE1_BRAVE_KEY": "",
        "TITLE1_WIKIDATA_URL": "",
    }


def _aggregators(folder: Path, web: dict[str, Any]) -> Path:
    file = folder / "aggregators.txt"
    file.write_text("".join(f"{host}{os.linesep}" for host in web["aggregators"]))
    return file


def _report(web: Path, out: Path, seconds: float) -> dict[str, Any]:
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "tests.school_web", "score", "--dir", str(web.resolve())),
            *("--schools", str((out / "schools.csv").resolve()), "--leads", str((out / "leads.csv").resolve())),
        ],
        cwd=PROJECT,
        capture_output=True,
        check=False,
    )
    if answer.returncode:
        raise CliError(f"The result could not be scored: {answer.stderr.decode().strip()[-500:]}")
    report: dict[str, Any] = json.loads(answer.stdout) | {"seconds": round(seconds, 1)}
    (out / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + os.linesep)
    return report


def _show(console: Console, report: dict[str, Any], out: Path) -> None:
    table = Table("Compared with the simulated truth", "", box=None)
    table.add_row("schools", f"{report['schools_found']}/{report['schools_total']}")
    table.add_row("websites", f"{report['websites_right']} right, {report['websites_wrong']} wrong")
    table.add_row(
        "name + e-mail pairs", f"precision {report['pair_precision']:.3f}, recall {report['pair_recall']:.3f}"
    )
    table.add_row("robots.txt rules broken", str(report["robots_violations"]))
    table.add_row("hosts asked too fast", str(report["rate_violations"]))
    table.add_row("seconds", f"{report['seconds']:.0f}")
    console.print(table)
    console.print(f"Leads: {out / 'leads.csv'}   Report: {out / 'report.json'}")
    console.print("Next, with a real list:  title1 run FILE.pdf --state TX   (set TITLE1_CRAWL_CONTACT first)")
    console.print("The dashboard for good:  title1 up")
