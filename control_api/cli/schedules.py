"""`title1 schedule`: jobs that are made again and again. It asks the API at TITLE1_URL with TITLE1_API_KEY."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer
from rich.table import Table

from control_api.cli.client import ApiClient
from control_api.cli.errors import CliError
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal

app = typer.Typer(help="Schedules: jobs that are made by a cron line.", no_args_is_help=True)

LIST = "/api/v1/schedules"
_MOST = 200
"""Schedules that an organization may have; a name is looked for among all of them."""
Named = Annotated[str, typer.Argument(help="The schedule's name, or its id.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name for it, yours alone.")],
    cron: Annotated[str, typer.Option(help="Minute, hour, day of month, month, day of week: '30 6 * * 1-5'.")],
    job: Annotated[
        str,
        typer.Option(help='As for POST /api/v1/jobs: \'{"kind":"harvest_staff","params":{},"priority":"low"}\'.'),
    ],
    zone: Annotated[str, typer.Option(help="Time zone of the cron line, such as America/Chicago.")] = "UTC",
    grace: Annotated[int | None, typer.Option(min=0, help="Seconds that it may begin late; default: 3600.")] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Keep it, and do not run it yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have a job made again and again, never twice at a time.

    Example: title1 schedule add weekly --cron '0 5 * * 1' --zone America/Chicago
    --job '{"kind":"harvest_staff","params":{"state":"TX"}}'
    """
    body: dict[str, Any] = {"name": name, "cron": cron, "time_zone": zone, "enabled": not disabled}
    body["job"] = _json_object("--job", job)
    body |= {} if grace is None else {"misfire_grace_seconds": grace}
    with api_client() as client:
        _tell(client.post(LIST, body), as_json=as_json)


@app.command("list")
def list_schedules(
    kind: Annotated[str | None, typer.Option(help="Only those of jobs of this kind.")] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only enabled, or disabled, ones.")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at most, by name.")] = _MOST,
    as_json: AsJson = False,
) -> None:
    """List schedules with their next times and what came of the last one.

    Example: title1 schedule list --enabled --json
    """
    with api_client() as client:
        schedules = client.items(LIST, most, kind=kind, enabled=enabled)
    if as_json:
        _json(*schedules)
        return
    table = Table("name", "kind", "cron", "zone", "next", "last", "outcome", box=None)
    for one in schedules:
        coming = one["next_fire_times"][0][:16] if one["enabled"] else "disabled"
        last = one["last"] or {"at": "", "outcome": ""}
        table.add_row(one["name"], one["kind"], one["cron"], one["time_zone"], coming, last["at"][:16], last["outcome"])
    terminal().print(table)


@app.command()
def show(
    schedule: Named,
    most: Annotated[int, typer.Option(min=1, help="How many firings at most, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show a schedule, its next times, and what came of each time before: the job, or why there was none.

    Example: title1 schedule show weekly
    """
    with api_client() as client:
        found = _schedule(client, schedule)
        firings = client.items(f"{LIST}/{found['id']}/firings", most)
    if as_json:
        _json(found | {"firings": firings})
        return
    _tell(found, as_json=False)
    table = Table("due", "cause", "outcome", "job or reason", box=None)
    for one in firings:
        table.add_row(one["fire_at"][:19], one["cause"], one["outcome"], one["job_id"] or one["reason"] or "")
    terminal().print(table)


@app.command()
def enable(schedule: Named) -> None:
    """Let a schedule go on, with its next time from now; its jobs run in your name from then on.

    Example: title1 schedule enable weekly
    """
    _switch(schedule, enabled=True)


@app.command()
def disable(schedule: Named) -> None:
    """Let a schedule rest; a job that it has made goes on.

    Example: title1 schedule disable weekly
    """
    _switch(schedule, enabled=False)


@app.command()
def run(schedule: Named, as_json: AsJson = False) -> None:
    """Make a schedule's job now, out of its turn; refused while its job of before has not ended.

    Example: title1 schedule run weekly
    """
    with api_client() as client:
        job = client.post(f"{LIST}/{_schedule(client, schedule)['id']}/run")
    if as_json:
        _json(job)
    else:
        typer.echo(f"{job['id']} is {job['state']}; `title1 jobs watch {job['id']}` follows it")


@app.command()
def remove(schedule: Named) -> None:
    """Delete a schedule and the record of its times; its jobs stay.

    Example: title1 schedule remove weekly
    """
    with api_client() as client:
        found = _schedule(client, schedule)
        client.delete(f"{LIST}/{found['id']}")
    typer.echo(f"{found['name']} is removed.")


def _switch(schedule: str, *, enabled: bool) -> None:
    with api_client() as client:
        found = client.patch(f"{LIST}/{_schedule(client, schedule)['id']}", {"enabled": enabled})
    _tell(found, as_json=False)


def _schedule(client: ApiClient, word: str) -> Any:
    """The schedule of this id or name.

    Raises:
        CliError: there is none.
    """
    try:
        return client.get(f"{LIST}/{UUID(word)}")
    except ValueError:
        pass  # no id, so a name
    found = next((one for one in client.items(LIST, _MOST) if one["name"] == word), None)
    if found is None:
        raise CliError(f"There is no schedule named {word!r}; `title1 schedule list` names them.")
    return found


def _tell(schedule: Any, *, as_json: bool) -> None:
    if as_json:
        _json(schedule)
        return
    typer.echo(f"{schedule['name']} ({schedule['kind']}): {schedule['cron']} in {schedule['time_zone']}")
    typer.echo(
        f"Next: {', '.join(time[:16].replace('T', ' ') for time in schedule['next_fire_times'])}"
        if schedule["enabled"]
        else "It is disabled."
    )


def _json(*objects: Any) -> None:
    for one in objects:
        typer.echo(msgspec.json.encode(one).decode())


def _json_object(option: str, text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CliError(f"{option} is no JSON object: {error}", code=2) from error
