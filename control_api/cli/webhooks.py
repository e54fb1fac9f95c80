"""`title1 webhook`: addresses that are told of jobs. It asks the API at TITLE1_URL with TITLE1_API_KEY."""

from __future__ import annotations

import time
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer
from rich.table import Table

from control_api.cli.client import ApiClient
from control_api.cli.errors import CliError
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal

app = typer.Typer(help="Webhooks: signed messages about jobs, to addresses of yours.", no_args_is_help=True)

LIST = "/api/v1/webhooks"
_MOST = 100
"""More webhooks than an organization may have; an address is looked for among all of them."""
LOOK_SECONDS = 0.5
Named = Annotated[str, typer.Argument(help="The webhook's id, or its address.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where messages go: https at a public host.")],
    event: Annotated[list[str], typer.Option(help="What to tell, such as job.succeeded; may be given several times.")],
    description: Annotated[str, typer.Option(help="A word of your own.")] = "",
    as_json: AsJson = False,
) -> None:
    """Have an address told of jobs, and print the secret that signs its messages, this once. Needs the role admin.

    Example: title1 webhook add https://hooks.example.com/title1 --event job.succeeded --event job.failed
    """
    with api_client() as client:
        made = client.post(LIST, {"url": url, "events": event, "description": description})
    _tell_secret(made, as_json=as_json)


@app.command("list")
def list_webhooks(as_json: AsJson = False) -> None:
    """List webhooks and whether they are enabled.

    Example: title1 webhook list --json
    """
    with api_client() as client:
        webhooks = client.items(LIST, _MOST)
    if as_json:
        _json(*webhooks)
        return
    table = Table("id", "address", "events", "state", "failing since", box=None)
    for one in webhooks:
        table.add_row(one["id"], one["url"], ", ".join(one["events"]), _state(one), (one["failing_since"] or "")[:16])
    terminal().print(table)


@app.command()
def show(webhook: Named, as_json: AsJson = False) -> None:
    """Show a webhook: address, events, whether it is enabled, since when nothing succeeds.

    Example: title1 webhook show https://hooks.example.com/title1
    """
    with api_client() as client:
        found = _webhook(client, webhook)
    if as_json:
        _json(found)
        return
    typer.echo(f"{found['id']}: {found['url']} ({_state(found)})")
    typer.echo(f"Told of: {', '.join(found['events'])}")
    if found["failing_since"]:
        typer.echo(f"Nothing has succeeded since {found['failing_since'][:19]}.")
    if found["previous_until"]:
        typer.echo(f"The secret before signs, too, until {found['previous_until'][:19]}.")


@app.command()
def rotate(
    webhook: Named,
    overlap: Annotated[int, typer.Option(min=0, max=168, help="Hours for which the old secret signs, too.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Give a webhook another secret and print it, this once. Needs the role admin.

    Example: title1 webhook rotate https://hooks.example.com/title1 --overlap 48
    """
    with api_client() as client:
        made = client.post(f"{LIST}/{_webhook(client, webhook)['id']}/secret", {"overlap_hours": overlap})
    _tell_secret(made, as_json=as_json)


@app.command("test")
def send_test(
    webhook: Named,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for what comes of it.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Send a test message and say what came of it. Needs the role admin.

    Example: title1 webhook test https://hooks.example.com/title1
    """
    with api_client() as client:
        at = f"{LIST}/{_webhook(client, webhook)['id']}"
        sent = client.post(f"{at}/test")
        until = time.monotonic() + wait
        while not sent["log"] and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
            newest = client.items(f"{at}/deliveries", _MOST)
            sent = next((one for one in newest if one["id"] == sent["id"]), sent)
    if as_json:
        _json(sent)
    elif not sent["log"]:
        raise CliError("No worker has sent it yet; `title1 webhook deliveries` shows what comes of it.", code=75)
    else:
        typer.echo(f"{sent['message_id']} is {sent['state']}: {_outcome(sent)}")
    if sent["state"] != "delivered":
        raise typer.Exit(1)


@app.command()
def deliveries(
    webhook: Named,
    state: Annotated[str | None, typer.Option(help="Only waiting, delivered, failed or given_up.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the messages to a webhook, and what came of the last try of each.

    Example: title1 webhook deliveries https://hooks.example.com/title1 --state given_up
    """
    with api_client() as client:
        found = client.items(f"{LIST}/{_webhook(client, webhook)['id']}/deliveries", most, state=state)
    if as_json:
        _json(*found)
        return
    table = Table("id", "message", "event", "job", "state", "tries", "last try", "next try", box=None)
    for one in found:
        table.add_row(
            *(str(one["id"]), one["message_id"], one["event"], one["job_id"] or "", one["state"], str(one["tries"])),
            *(_outcome(one), (one["next_try_at"] or "")[:19]),
        )
    terminal().print(table)


@app.command()
def remove(webhook: Named) -> None:
    """Delete a webhook with its secrets and messages. Needs the role admin.

    Example: title1 webhook remove https://hooks.example.com/title1
    """
    with api_client() as client:
        found = _webhook(client, webhook)
        client.delete(f"{LIST}/{found['id']}")
    typer.echo(f"{found['url']} is removed.")


def _webhook(client: ApiClient, word: str) -> Any:
    """The webhook of this id or address.

    Raises:
        CliError: there is none, or the address has several.
    """
    try:
        return client.get(f"{LIST}/{UUID(word)}")
    except ValueError:
        pass  # no id, so an address
    found = [one for one in client.items(LIST, _MOST) if one["url"] == word]
    if len(found) != 1:
        words = "There is no webhook" if not found else f"There are {len(found)} webhooks"
        raise CliError(f"{words} of the address {word!r}; `title1 webhook list` has their ids.")
    return found[0]


def _state(webhook: Any) -> str:
    return "enabled" if webhook["enabled"] else f"disabled: {webhook['disabled_reason']}"


def _outcome(delivery: Any) -> str:
    """What came of the last try."""
    if not delivery["log"]:
        return ""
    last = delivery["log"][-1]
    return last["error"] or f"{last['status']} after {last['milliseconds']} ms"


def _tell_secret(made: Any, *, as_json: bool) -> None:
    if as_json:
        _json(made)
        return
    typer.echo(f"{made['view']['id']}: {made['view']['url']}")
    typer.echo(f"Its secret, shown this once: {made['secret']}")


def _json(*objects: Any) -> None:
    for one in objects:
        typer.echo(msgspec.json.encode(one).decode())
