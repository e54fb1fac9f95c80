"""`title1 sites`: schools' websites: find one here and now, see what waits for a person, decide, ask why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.errors import CliError
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal

app = typer.Typer(help="Schools' websites: find, review, decide, ask why.", no_args_is_help=True)

SchoolId = Annotated[int, typer.Argument(help="The school's id, as `title1 sites review` shows it.")]
Url = Annotated[str, typer.Argument(help="The site's address.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command()
def review(
    state: Annotated[str | None, typer.Option(help="Only schools of this state.")] = None,
    district: Annotated[str | None, typer.Option(help="Only schools of this district.")] = None,
    job: Annotated[str | None, typer.Option(help="Only schools that this job looked at.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many schools at most, by name.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the schools whose website waits for a person, each with its candidates.

    Example: title1 sites review --state TX --json
    """
    with api_client() as client:
        items: list[dict[str, Any]] = client.items(
            "/api/v1/websites/review", most, state=state, district=district, job_id=job
        )
    if as_json:
        for item in items:
            typer.echo(msgspec.json.encode(item).decode())
        return
    if not items:
        typer.echo("No website waits for a person.")
        return
    table = Table("id", "school", "place", "score", "candidate", "named by", box=None)
    for item in items:
        school = item["school"]
        place = ", ".join(filter(None, (school["city"], school["state"])))
        for number, site in enumerate(item["candidates"]):
            head = (str(school["id"]), school["name"], place) if number == 0 else ("", "", "")
            table.add_row(*head, f"{site['score']:.2f}", site["url"], site["provider"])
    terminal().print(table)


@app.command()
def accept(
    school_id: SchoolId,
    url: Url,
    by_hand: Annotated[bool, typer.Option("--by-hand", help="Also if no crawl has named this site.")] = False,
) -> None:
    """Make a site the school's official one; the next harvest reads it, and no crawl replaces it.

    Example: title1 sites accept 4711 https://lincoln.example/
    """
    path = f"/api/v1/schools/{school_id}/website"
    with api_client() as client:
        why = client.put(path, {"url": url}) if by_hand else client.post(f"{path}/accept", {"url": url})
    typer.echo(f"{why['website']['url']} is the website of {why['school']['name']}")


@app.command()
def reject(
    school_id: SchoolId,
    url: Annotated[str | None, typer.Argument(help="The site's address; without it see --all.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Reject every candidate there is.")] = False,
) -> None:
    """Say that a site is not the school's: it is never offered again, and staff read on it is taken back.

    Example: title1 sites reject 4711 https://rankings.example/lincoln
    """
    if (url is None) is not every:
        raise CliError("Give the address of one candidate, or --all.", code=2)
    with api_client() as client:
        why = client.post(f"/api/v1/schools/{school_id}/website/reject", {"url": url})
    left = sum(site["state"] != "rejected" for site in why["candidates"])
    typer.echo(f"Rejected; {why['school']['name']} has {left} other candidate{'' if left == 1 else 's'}.")


@app.command()
def why(school_id: SchoolId, as_json: AsJson = False) -> None:
    """Tell why a school has the website that it has, or none: candidates, signals, decisions.

    Example: title1 sites why 4711
    """
    from control_api.cli.site_report import tell_why  # noqa: PLC0415

    with api_client() as client:
        found = client.get(f"/api/v1/schools/{school_id}/website")
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        tell_why(found)


@app.command()
def find(  # noqa: PLR0913, PLR0917  a command has as many options as a school has columns
    school: Annotated[str, typer.Option(help="The school's name.")],
    state: Annotated[str, typer.Option(help="Its state, by letters or name.")],
    city: Annotated[str | None, typer.Option()] = None,
    district: Annotated[str | None, typer.Option()] = None,
    address: Annotated[str | None, typer.Option(help="Street and number.")] = None,
    zip_code: Annotated[str | None, typer.Option("--zip", help="ZIP code.")] = None,
    phone: Annotated[str | None, typer.Option()] = None,
    website: Annotated[str | None, typer.Option(help="An address that a list names.")] = None,
    directory: Annotated[
        Path | None, typer.Option(help="CCD school directory (ccd_sch_029_….csv or .zip).", exists=True)
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Every candidate with its signals.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Find one school's website here and now, without a database: the crawl that a job would make.

    Exit code 1 if there is none, 75 if a service or server could not answer now.

    Example: title1 sites find --school "Lincoln Elementary" --state TX --city Katy --explain
    """
    from control_api.cli.site_report import tell_found  # noqa: PLC0415
    from control_api.cli.site_search import WantedSchool, find_site  # noqa: PLC0415

    wanted = WantedSchool(school, state, city, district, address, zip_code, phone, website)
    found = find_site(wanted, directory)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        tell_found(found, explain=explain)
    if found["website"] is None:
        raise typer.Exit(75 if found["outcome"] == "try_later" else 1)
