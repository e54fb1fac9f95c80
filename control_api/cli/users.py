"""`title1 user`: who may do what.

`link` works on this machine's database; the others ask the API at TITLE1_URL with TITLE1_API_KEY, an admin's.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.client import ApiClient
from control_api.cli.errors import CliError
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal
from storage.roles import Role

app = typer.Typer(help="Users: add, change, disable, let set a password.", no_args_is_help=True)

USERS = "/api/v1/users"
ALL = 10_000
Name = Annotated[str, typer.Argument(help="The user's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List the organization's users.

    Example: title1 user list --json
    """
    with api_client() as client:
        users: list[dict[str, Any]] = client.items(USERS, ALL)
    if as_json:
        for user in users:
            _tell(user)
        return
    table = Table("id", "name", "e-mail", "role", "signs in", "since", box=None)
    for user in users:
        way = "disabled" if user["disabled_at"] else ("password" if user["has_password"] else "keys only")
        table.add_row(user["id"], user["name"], user["email"] or "", user["role"], way, user["created_at"][:19])
    terminal().print(table)


@app.command()
def create(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.VIEWER,
    email: Annotated[str | None, typer.Option(help="What they sign in with; without it they have keys only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add a user; with an e-mail address, print the link by which they set their password, good once, for a day.

    Example: title1 user create mara --role operator --email mara@example.org
    """
    with api_client() as client:
        made = client.post(USERS, {"name": name, "role": role} | ({"email": email} if email else {}))
    if as_json:
        _tell(made)
    else:
        link = made["password_link"]
        typer.echo(f"{name} is {role}." + (f" Password: {link['link']}" if link else ""))


@app.command()
def change(
    name: Name,
    role: Annotated[Role | None, typer.Option(help="What the user may do.")] = None,
    email: Annotated[str | None, typer.Option(help="What they sign in with.")] = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether they are kept out, at once.")
    ] = None,
    must_change: Annotated[
        bool | None, typer.Option("--must-change/--may-keep", help="Whether they have to set another password first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a user; it holds from their next request on.

    Example: title1 user change mara --role viewer; title1 user change mara --disable
    """
    given = {"role": role, "email": email, "disabled": disabled, "must_change": must_change}
    changes = {field: value for field, value in given.items() if value is not None}
    with api_client() as client:
        user = client.patch(f"{USERS}/{_id_of(client, name)}", changes)
    if as_json:
        _tell(user)
    else:
        typer.echo(f"{name} is {user['role']}{', disabled' if user['disabled_at'] else ''}.")


@app.command()
def remove(name: Name) -> None:
    """Take a user's access away for good: disabled, no sign-in name, no password, no key.

    Example: title1 user remove mara
    """
    with api_client() as client:
        client.delete(f"{USERS}/{_id_of(client, name)}")
    typer.echo(f"{name} can do nothing any more.")


@app.command()
def reset(name: Name, as_json: AsJson = False) -> None:
    """Print a link by which a user sets another password, good once, for a day. Who is locked out needs `user link`.

    Example: title1 user reset mara
    """
    with api_client() as client:
        link = client.post(f"{USERS}/{_id_of(client, name)}/password-link")
    if as_json:
        _tell(link)
    else:
        typer.echo(link["link"])


@app.command()
def link(
    name: Annotated[str | None, typer.Argument(help="The user's name; default: the first admin.")] = None,
    email: Annotated[str | None, typer.Option(help="What they sign in with from now on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make such a link on this machine's database: the first admin's first password, or the way back in.

    Example: title1 user link admin --email ada@example.org
    """
    from control_api.cli.local import new_link, with_database  # noqa: PLC0415  each command loads only what it needs
    from control_api.cli.run import api_url  # noqa: PLC0415

    token, expires_at = with_database(lambda database: new_link(database, user=name, email=email))
    address = f"{api_url()}/#password={token}"
    if as_json:
        _tell({"token": token, "link": address, "expires_at": expires_at})
    else:
        typer.echo(address)


def _id_of(client: ApiClient, name: str) -> str:
    for user in client.items(USERS, ALL):
        if user["name"] == name:
            return str(user["id"])
    raise CliError(f"There is no user {name!r}; `title1 user list` shows all.")


def _tell(value: Any) -> None:
    typer.echo(msgspec.json.encode(value).decode())
