"""`title1 searches`: filters of people and schools under a name.

It asks the API at TITLE1_URL with TITLE1_API_KEY.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.errors import CliError
from control_api.cli.exports import FILTERS, Subject, filters_of
from control_api.cli.filters import search_named
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal

app = typer.Typer(help="Saved searches, for --saved of searches, exports and pushes.", no_args_is_help=True)

PATH = "/api/v1/searches"
_OF_PEOPLE, _OF_SCHOOLS = (", ".join(FILTERS[of]) for of in Subject)
SearchName = Annotated[str, typer.Argument(help="The name of the saved search.")]
Where = Annotated[
    list[str] | None,
    typer.Option(help=f"A filter as NAME=VALUE, repeatable. People: {_OF_PEOPLE}. Schools: {_OF_SCHOOLS}."),
]
Shared = Annotated[bool | None, typer.Option("--shared/--private", help="Whether the whole organization sees it.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command()
def save(
    name: SearchName,
    where: Where = None,
    of: Annotated[Subject, typer.Option(help="What it is of.")] = Subject.PEOPLE,
    shared: Shared = None,
    as_json: AsJson = False,
) -> None:
    """Keep filters under a name.

    Example: title1 searches save "texas principals" --where state=TX --where role=principal --shared
    """
    body = {"name": name, "kind": str(of), "params": filters_of(of, where or []), "shared": bool(shared)}
    with api_client() as client:
        _show(client.post(PATH, body), as_json=as_json)


@app.command("list")
def list_searches(
    of: Annotated[Subject | None, typer.Option(help="Only those of people, or of schools.")] = None,
    most: Annotated[int, typer.Option("--limit", help="How many at most, by name.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List your saved searches and those that are shared, with what they ask for.

    Example: title1 searches list --of people --json
    """
    with api_client() as client:
        found = client.items(PATH, most, kind=of)
    if as_json:
        for search in found:
            typer.echo(msgspec.json.encode(search).decode())
        return
    table = Table("name", "of", "filters", "whose", "problem", box=None)
    for search in found:
        owner = f"{search['owner'] or 'nobody'}{', shared' if search['shared'] else ''}"
        table.add_row(search["name"], search["kind"], _filters(search), owner, search["problem"] or "")
    terminal().print(table)


@app.command()
def change(
    name: SearchName,
    to: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    where: Where = None,
    shared: Shared = None,
    as_json: AsJson = False,
) -> None:
    """Change a saved search: its name, who sees it, or all of its filters. Its owner may, and an admin.

    Example: title1 searches change "texas principals" --where state=TX --where role=principal --where has_email=true
    """
    with api_client() as client:
        search = search_named(client, name)
        body: dict[str, Any] = {"name": to, "shared": shared}
        if where:
            body["params"] = filters_of(Subject(search["kind"]), where)
        given = {key: value for key, value in body.items() if value is not None}
        if not given:
            raise CliError("Say what is to be another: --name, --where or --shared.", code=2)
        _show(client.patch(f"{PATH}/{search['id']}", given), as_json=as_json)


@app.command()
def remove(name: SearchName) -> None:
    """Delete a saved search. A schedule that asks by it is refused from then on.

    Example: title1 searches remove "texas principals"
    """
    with api_client() as client:
        client.delete(f"{PATH}/{search_named(client, name)['id']}")
    typer.echo(f"The saved search {name!r} is removed.")


def _show(search: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(search).decode())
    else:
        typer.echo(f"{search['name']} ({search['kind']}): {_filters(search) or 'all'}")


def _filters(search: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in search["params"].items())
