"""`title1 schools`: the official directory, and which schools of it the listed ones are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer
from rich.table import Table

from control_api.cli.errors import CliError
from control_api.cli.exports import FILTERS, Subject, filters_of
from control_api.cli.facets import show_facets
from control_api.cli.filters import saved_search
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal

app = typer.Typer(help="The official school directory, and links to it.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command("import")
def import_schools(
    source: Annotated[str, typer.Argument(help="The kind of file: nces or edge.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="nces: CCD school directory (ccd_sch_029_….csv or .zip); edge: EDGE_GEOCODE_PUBLICSCH_….TXT or .zip.",
            exists=True,
        ),
    ],
) -> None:
    """Load the official directory of public schools (nces: addresses, websites), then where they lie (edge).

    Example: title1 schools import nces ccd_sch_029_2425_w_1a_073025.zip
    """
    from control_api.cli.local import import_edge, import_nces, with_database  # noqa: PLC0415

    if source == "nces":
        count = with_database(lambda database: import_nces(database, file))
        typer.echo(f"The directory holds {count:,} schools.")
    elif source == "edge":
        known, moved = with_database(lambda database: import_edge(database, file))
        typer.echo(
            f"{known:,} schools of the directory have a place; {moved:,} schools of documents were given theirs."
        )
    else:
        raise CliError(f"There is no directory of kind {source!r}; known: nces, edge.", code=2)


@app.command()
def facets(
    where: Annotated[
        list[str] | None,
        typer.Option(help=f"A filter as NAME=VALUE, repeatable: {', '.join(FILTERS[Subject.SCHOOLS])}."),
    ] = None,
    saved: Annotated[
        str | None, typer.Option(help="A saved search, by its name; --where takes the place of its filters.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count the schools of a search by state, Title I status, state of the website, and grade.

    Each kind of value is counted without its own filter. Of more than 50,000 schools the counts are estimates.

    Example: title1 schools facets --where state=TX --where has_website=false --json
    """
    wanted = filters_of(Subject.SCHOOLS, where or [])
    with api_client() as client:
        wanted |= saved_search(client, Subject.SCHOOLS, saved)
        show_facets(client.get("/api/v1/schools/facets", **wanted), as_json=as_json)


@app.command()
def link(
    document: Annotated[
        UUID | None, typer.Option(help="Only the schools of this document; default: of every document.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="A user of the organization; default: the first admin.")] = None,
    as_json: AsJson = False,
) -> None:
    """Link listed schools to the official directory: certain links give them their NCES ids.

    New documents are linked when they have been read; this is for those read before the directory was imported. What
    people decided stays.

    Example: title1 schools link --json
    """
    from control_api.cli.local import link_documents, with_database  # noqa: PLC0415

    for line in with_database(lambda database: link_documents(database, document, user)):
        if as_json:
            typer.echo(msgspec.json.encode(line).decode())
        else:
            typer.echo(
                f"{line['filename']}: {line['automatic']:,} linked, {line['review']:,} to review, "
                f"{line['none']:,} not in the directory"
            )


@app.command()
def links(
    in_state: Annotated[str, typer.Option("--link", help="automatic, review, none, accepted or rejected.")] = "review",
    state: Annotated[str | None, typer.Option(help="Only schools of this state.")] = None,
    document: Annotated[str | None, typer.Option(help="Only schools of this document.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at most, by name.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List links to the official directory; without options those that wait for a person.

    Example: title1 schools links --state TX --json
    """
    with api_client() as client:
        found: list[dict[str, Any]] = client.items(
            "/api/v1/links", most, linked=in_state, state=state, document_id=document
        )
    if as_json:
        for line in found:
            typer.echo(msgspec.json.encode(line).decode())
        return
    if not found:
        typer.echo(f"No link is in the state {in_state}.")
        return
    table = Table("id", "listed as", "district", "score", "NCES id", "directory", "its district", box=None)
    for line in found:
        official = (line["official_name"] or "", line["official_district"] or "")
        head = (str(line["school_id"]), line["name"], line["district"] or "")
        table.add_row(*head, f"{line['score']:.2f}", line["nces_id"] or "", *official)
    terminal().print(table)


@app.command()
def identify(
    school_id: Annotated[int, typer.Argument(help="The school's id, as `title1 schools links` shows it.")],
    nces_id: Annotated[str, typer.Argument(help="Its NCES id, or none if the directory does not have it.")],
) -> None:
    """Say which school of the official directory a listed school is; no linkage changes that.

    Example: title1 schools identify 4711 480001200345
    """
    with api_client() as client:
        chosen = None if nces_id == "none" else nces_id
        line = client.put(f"/api/v1/schools/{school_id}/link", {"nces_id": chosen})
    typer.echo(f"{line['name']} is {line['official_name'] or 'no school of the directory'}")
