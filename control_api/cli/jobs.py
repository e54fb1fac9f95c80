"""`title1 jobs`: list, watch, cancel, pause, resume, retry. They ask the API at TITLE1_URL with TITLE1_API_KEY."""

from __future__ import annotations

import os
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.client import ApiClient
from control_api.cli.errors import CliError
from control_api.cli.follow import ended_job, follow_job
from control_api.cli.terminal import terminal
from storage.priority import Priority

app = typer.Typer(help="Jobs: list them, watch one, stop one.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(help="The job's id, as `title1 jobs list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command("list")
def list_jobs(
    state: Annotated[str | None, typer.Option(help="Only jobs in this state, such as running.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only jobs of this kind, such as pipeline.")] = None,
    priority: Annotated[Priority | None, typer.Option(help="Only jobs of this priority.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first.

    Example: title1 jobs list --state running --json
    """
    with api_client() as client:
        jobs: list[dict[str, Any]] = client.items("/api/v1/jobs", most, state=state, kind=kind, priority=priority)
    if as_json:
        for job in jobs:
            typer.echo(msgspec.json.encode(job).decode())
        return
    table = Table("id", "kind", "state", "progress", "created", "reason", box=None)
    for job in jobs:
        total = job["total"] if job["total"] is not None else "?"
        table.add_row(
            job["id"], job["kind"], job["state"], f"{job['done']}/{total}", job["created_at"][:19], job["reason"] or ""
        )
    terminal().print(table)


@app.command()
def watch(job_id: JobId, as_json: AsJson = False) -> None:
    """Follow a job until it ends: progress bars, or its events as JSON lines. Exit code 1 if it did not succeed.

    Example: title1 jobs watch 0b6b… --json
    """
    with api_client() as client:
        if as_json:
            for event in client.events(job_id):
                typer.echo(msgspec.json.encode({"id": event.id, "kind": event.kind, **event.payload}).decode())
            job = client.get(f"/api/v1/jobs/{job_id}")
        else:
            job = follow_job(client, job_id, terminal())
    if job["state"] != "succeeded":
        raise CliError(f"The job {job['state']}: {job['reason']}")


@app.command()
def cancel(job_id: JobId) -> None:
    """End a job and its steps; what was stored stays.

    Example: title1 jobs cancel 0b6b…
    """
    _control(job_id, "cancel")


@app.command()
def pause(job_id: JobId) -> None:
    """Stop a job at its next checkpoint; `resume` lets it go on from there."""
    _control(job_id, "pause")


@app.command()
def resume(job_id: JobId) -> None:
    """Let a paused job go on."""
    _control(job_id, "resume")


@app.command()
def attempts(
    job_id: JobId,
    most: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the attempts at a job: which worker, from when to when, how each ended and why.

    Example: title1 jobs attempts 0b6b… --json
    """
    with api_client() as client:
        found = client.items(f"/api/v1/jobs/{job_id}/attempts", most)
    if as_json:
        for attempt in found:
            typer.echo(msgspec.json.encode(attempt).decode())
        return
    table = Table("number", "worker", "started", "ended", "outcome", "reason", box=None)
    for one in found:
        ended, why = (one["ended_at"] or "")[:19], one["reason"] or one["finish_reason"] or ""
        table.add_row(
            str(one["number"]), str(one["worker_id"]), one["started_at"][:19], ended, one["outcome"] or "at work", why
        )
    terminal().print(table)


@app.command()
def change(
    job_id: JobId,
    priority: Annotated[Priority, typer.Option(help="Whose turn comes first among the jobs that wait.")],
) -> None:
    """Give a job that has not ended, and its steps, another priority.

    Example: title1 jobs change 0b6b… --priority high
    """
    with api_client() as client:
        job = client.patch(f"/api/v1/jobs/{job_id}", {"priority": priority})
    typer.echo(f"{job['id']} is {job['state']}, its priority {job['priority']}")


@app.command()
def retry(job_id: JobId, as_json: AsJson = False) -> None:
    """Try what failed in an ended job again: of a crawl its schools, of a push its people, else the whole job.

    Example: title1 jobs retry 0b6b…
    """
    with api_client() as client:
        job = client.post(f"/api/v1/jobs/{job_id}/retry")
    if as_json:
        typer.echo(msgspec.json.encode(job).decode())
    else:
        typer.echo(f"{job['id']} is {job['state']}; `title1 jobs watch {job['id']}` follows it")


def reextract_pages(harvest_id: str, *, as_json: bool) -> None:
    """Has the pages of a harvest read again, follows that to its end, and tells what came of it.

    Raises:
        CliError: it was refused, or did not succeed.
    """
    with api_client() as client:
        job_id = client.post("/api/v1/jobs", {"kind": "reextract_staff", "params": {"job_id": harvest_id}})["id"]
        job = ended_job(client, job_id, terminal(), quiet=as_json)
    if job["state"] != "succeeded":
        raise CliError(f"The job {job['state']}: {job['reason']}")
    result: dict[str, Any] = job["result"]
    if as_json:
        typer.echo(msgspec.json.encode({"job_id": job_id, **result}).decode())
        return
    typer.echo(
        f"{result['schools']:,} schools: {result['pages']:,} pages read again, {result['pages_gone']:,} kept no more; "
        f"{result['people_before']:,} people before, {result['people']:,} now"
    )


def _control(job_id: str, action: str) -> None:
    with api_client() as client:
        job = client.post(f"/api/v1/jobs/{job_id}/{action}")
    typer.echo(f"{job['id']} is {job['state']}")


def api_client() -> ApiClient:
    """The API that the environment names.

    Raises:
        CliError: there is no key to ask with.
    """
    from control_api.cli.run import api_url  # noqa: PLC0415  brings the whole stack with it

    key = os.environ.get("TITLE1_API_KEY")
    if not key:
        raise CliError("Set TITLE1_API_KEY to an API key; `title1 key create` makes one.", code=2)
    return ApiClient(api_url(), key)
