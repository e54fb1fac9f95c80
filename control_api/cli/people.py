"""`title1 people`: who was found. It asks the API at TITLE1_URL with TITLE1_API_KEY."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.errors import CliError
from control_api.cli.filters import given_filters
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal

app = typer.Typer(help="People who work at schools.", no_args_is_help=True)

LIST = "/api/v1/staff"
FILTERS = (
    *("state", "county", "district", "title1_status", "document_id", "school_id"),
    *("role", "subject", "grade", "email_state", "min_confidence", "seen_since"),
)
_MILES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:mi|miles)?", re.IGNORECASE)
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command()
def search(
    words: Annotated[list[str] | None, typer.Argument(help="Beginnings of words of the name or the title.")] = None,
    near: Annotated[str | None, typer.Option(help="At schools around a ZIP, or latitude,longitude in degrees.")] = None,
    radius: Annotated[str, typer.Option(help="Of --near, in miles.")] = "25",
    where: Annotated[
        list[str] | None, typer.Option(help=f"A filter as NAME=VALUE, repeatable: {', '.join(FILTERS)}.")
    ] = None,
    with_email: Annotated[bool, typer.Option("--with-email", help="Only people with an e-mail address.")] = False,
    most: Annotated[int, typer.Option("--limit", help="People at most.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Find people, by last name. Where nobody has the words, those whose names look like them are shown.

    Examples: title1 people search garcia --near 78701 --radius 25mi

    title1 people search --where state=TX --where role=principal --where seen_since=2026-09-01 --with-email --json
    """
    wanted: dict[str, Any] = given_filters("people", FILTERS, where or [])
    wanted |= {
        "q": " ".join(words or []) or None,
        "near": near,
        "radius": _miles(radius) if near else None,
        "has_email": True if with_email else None,
    }
    with api_client() as client:
        first = client.get(LIST, limit=1, **wanted)
        found = client.items(LIST, most, **wanted)
    if as_json:
        for person in found:
            typer.echo(msgspec.json.encode(person).decode())
        return
    if first["alike"]:
        typer.echo(f"Nobody has {wanted['q']!r} in name or title. Names that look like it:", err=True)
    if not found:
        typer.echo("Nobody was found.", err=True)
        return
    table = Table("id", "name", "title", "school", "e-mail", "seen")
    for person in found:
        seen = person["last_seen"][:10]
        cells = (person["name"], person["title"], person["school"], person["email"], seen)
        table.add_row(str(person["id"]), *(cell or "" for cell in cells))
    terminal().print(table)


def _miles(text: str) -> float:
    found = _MILES.fullmatch(text.strip())
    if found is None:
        raise CliError(f"--radius {text!r} is no distance. Give miles, such as 25 or 25mi.", code=2)
    return float(found[1])
