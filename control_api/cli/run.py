"""`title1 up` and `title1 run`: the product on this machine, for good or for one document."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from control_api.cli.client import ApiClient
from control_api.cli.errors import CliError
from control_api.cli.follow import follow_job
from control_api.cli.local import LocalDatabase
from control_api.cli.stack import Stack, running_stack
from control_api.settings import ApiSettings
from storage.settings import StorageSettings

LOOK_SECONDS = 0.5


def up(host: str | None, port: int | None, console: Console) -> None:
    """Runs API and worker until Ctrl-C or until one of them ends by itself."""
    settings = ApiSettings()
    with LocalDatabase() as local:
        key = local.first_key()
        with running_stack(
            host=host or settings.host, port=settings.port if port is None else port, logs=logs_folder()
        ) as stack:
            console.print(f"Title1 is running: [bold]{stack.url}/[/bold]  (API description: {stack.url}/schema)")
            if key:
                console.print(f"Your API key, shown this once: [bold]{key}[/bold]")
                console.print(f"Dashboard, signed in: {stack.url}/#key={key}", soft_wrap=True)
            else:
                console.print("Sign in with your API key, or make a new one with `title1 key create`.")
            console.print("Ctrl-C stops it.")
            wait_while_alive(stack)


def run_file(file: Path, state: str | None, out: Path, console: Console, *, purpose: str | None = None) -> None:
    """Uploads a PDF, runs the pipeline, follows it, writes the leads.

    With TITLE1_API_KEY set it asks the API at TITLE1_URL; otherwise it runs an API and a worker of its own meanwhile.

    Raises:
        CliError: the document was refused or the job failed.
    """
    if not file.is_file():
        raise CliError(f"There is no file {file}.", code=2)
    if key := os.environ.get("TITLE1_API_KEY"):
        with ApiClient(api_url(), key) as client:
            run_pipeline(client, file, state, out, console, purpose=purpose)
        return
    with (
        LocalDatabase() as local,
        running_stack(host="127.0.0.1", port=0, logs=logs_folder()) as stack,
        ApiClient(stack.url, local.command_key()) as client,
    ):
        run_pipeline(client, file, state, out, console, purpose=purpose)


def run_pipeline(
    client: ApiClient, file: Path, state: str | None, out: Path, console: Console, *, purpose: str | None = None
) -> dict[str, Any]:
    """One document from upload to leads; returns the finished pipeline job."""
    document = client.upload(file)
    console.print(f"{file.name}: {document['pages']} pages, document {document['id']}")
    params = (
        {"document_id": document["id"]}
        | ({"state": state} if state else {})
        | ({"purpose": purpose} if purpose else {})
    )
    job = follow_job(client, client.post("/api/v1/jobs", {"kind": "pipeline", "params": params})["id"], console)
    if job["state"] != "succeeded":
        raise CliError(f"The job {job['state']}: {job['reason']}")
    export = next(child for child in job["children"] if child["kind"] == "export_leads")
    client.download(f"/api/v1/jobs/{export['id']}/result", out)
    console.print(f"{export['result']['rows']:,} leads in [bold]{out}[/bold]")
    return job


def api_url() -> str:
    """Where commands look for the API."""
    settings = ApiSettings()
    return os.environ.get("TITLE1_URL", f"http://{settings.host}:{settings.port}")


def logs_folder() -> Path:
    """Where child processes write their logs."""
    return StorageSettings().data_dir / "logs"


def wait_while_alive(stack: Stack) -> None:
    """Returns never, unless a process ends by itself.

    Raises:
        CliError: a process ended; the message has its last words.
        KeyboardInterrupt: Ctrl-C or SIGTERM.
    """
    while True:
        if words := stack.dead():
            raise CliError(words)
        time.sleep(LOOK_SECONDS)
