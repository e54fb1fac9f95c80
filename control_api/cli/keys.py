"""`title1 key`: API keys. `create` works on this machine's database; the others ask the API with TITLE1_API_KEY."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal
from storage.roles import Role, Scope

app = typer.Typer(help="API keys: make, list, replace, revoke.", no_args_is_help=True)

KEYS = "/api/v1/keys"
KeyId = Annotated[str, typer.Argument(help="The key's id, as `title1 key list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command()
def create(
    user: Annotated[str | None, typer.Option(help="The user's name; default: the first admin.")] = None,
    role: Annotated[Role | None, typer.Option(help="Make the user with this role if there is none.")] = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "key",
    scope: Annotated[Scope, typer.Option(help="The most that it may do.")] = Scope.ADMIN,
    days: Annotated[
        int | None, typer.Option(min=1, max=3660, help="Days that it is good for; default: no end.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Make an API key on this machine's database and print it, this once; only its hash is kept.

    Example: title1 key create --user reports --role viewer --scope read --days 90 --name "weekly report"
    """
    from control_api.cli.local import new_key, with_database  # noqa: PLC0415  each command loads only what it needs

    key_id, key = with_database(
        lambda database: new_key(database, user=user, role=role, name=name, scope=scope, days=days)
    )
    typer.echo(msgspec.json.encode({"id": key_id, "key": key}).decode() if as_json else key)


@app.command("list")
def list_keys(
    most: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List your keys, or with an admin's key everybody's: first letters, scope, end, last use.

    Example: title1 key list --json
    """
    with api_client() as client:
        keys: list[dict[str, Any]] = client.items(KEYS, most)
    if as_json:
        for key in keys:
            typer.echo(msgspec.json.encode(key).decode())
        return
    table = Table("id", "begins", "user", "name", "scope", "good until", "last used", box=None)
    for key in keys:
        until = "revoked" if key["revoked_at"] else (key["expires_at"] or "no end")[:19]
        used = (key["last_used_at"] or "never")[:19]
        table.add_row(key["id"], key["prefix"], key["user"], key["name"], key["scope"], until, used)
    terminal().print(table)


@app.command()
def rotate(
    key_id: KeyId,
    overlap: Annotated[int, typer.Option(min=0, max=168, help="Hours for which the old key stays good.")] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Make a key in another's place and print it, this once; the old one stays good for the overlap.

    Example: title1 key rotate 0b6b… --overlap 48
    """
    with api_client() as client:
        made = client.post(f"{KEYS}/{key_id}/rotate", {"overlap_hours": overlap})
    typer.echo(msgspec.json.encode({"id": made["view"]["id"], "key": made["key"]}).decode() if as_json else made["key"])


@app.command()
def revoke(key_id: KeyId) -> None:
    """End a key now.

    Example: title1 key revoke 0b6b…
    """
    with api_client() as client:
        client.delete(f"{KEYS}/{key_id}")
    typer.echo(f"Key {key_id} opens nothing any more.")
