"""`title1 people`: who was found, what became of them, what is put right.

It asks the API at TITLE1_URL with TITLE1_API_KEY.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
import typer
from rich.table import Table

from control_api.cli.errors import CliError
from control_api.cli.facets import show_facets
from control_api.cli.filters import given_filters, saved_search
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal

app = typer.Typer(help="People who work at schools.", no_args_is_help=True)

LIST = "/api/v1/staff"
PEOPLE = "/api/v1/people"
FILTERS = (
    *("state", "county", "district", "title1_status", "document_id", "school_id"),
    *("role", "subject", "grade", "email_state", "email_check", "min_confidence", "seen_since"),
)
PLACES = ("state", "county", "district", "title1_status", "document_id", "school_id")
FIELDS = ("name", "title", "role", "department", "email", "phone", "extension", "profile_url")
_MILES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:mi|miles)?", re.IGNORECASE)
Words = Annotated[list[str] | None, typer.Argument(help="Beginnings of words of the name or the title.")]
Near = Annotated[str | None, typer.Option(help="At schools around a ZIP, or latitude,longitude in degrees.")]
MilesAround = Annotated[str, typer.Option("--radius", help="Of --near, in miles.")]
Where = Annotated[list[str] | None, typer.Option(help=f"A filter as NAME=VALUE, repeatable: {', '.join(FILTERS)}.")]
Saved = Annotated[
    str | None, typer.Option(help="A saved search, by its name; other filters take the place of its own.")
]
WithEmail = Annotated[bool, typer.Option("--with-email", help="Only people with an e-mail address.")]
AlsoLeft = Annotated[bool, typer.Option("--left", help="Also those who have left their schools.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command()
def search(  # noqa: PLR0913, PLR0917  the options of a command
    words: Words = None,
    near: Near = None,
    radius: MilesAround = "25",
    where: Where = None,
    saved: Saved = None,
    with_email: WithEmail = False,
    left: AlsoLeft = False,
    most: Annotated[int, typer.Option("--limit", help="People at most.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Find people, by last name. Where nobody has the words, those whose names look like them are shown.

    Examples: title1 people search garcia --near 78701 --radius 25mi

    title1 people search --where state=TX --where role=principal --where seen_since=2026-09-01 --with-email --json
    """
    wanted = _wanted(words, where, near, radius, with_email=with_email, left=left)
    with api_client() as client:
        wanted |= saved_search(client, "people", saved)
        first = client.get(LIST, limit=1, **wanted)
        found = client.items(LIST, most, **wanted)
    if as_json:
        _as_lines(found)
        return
    if first["alike"]:
        typer.echo(f"Nobody has {' '.join(words or [])!r} in name or title. Names that look like it:", err=True)
    if not found:
        typer.echo("Nobody was found.", err=True)
        return
    table = Table("id", "name", "title", "school", "e-mail", "seen")
    for person in found:
        seen = person["last_seen"][:10]
        cells = (person["name"], person["title"], person["school"], person["email"], seen)
        table.add_row(str(person["id"]), *(cell or "" for cell in cells))
    terminal().print(table)


@app.command()
def facets(
    words: Words = None,
    near: Near = None,
    radius: MilesAround = "25",
    where: Where = None,
    saved: Saved = None,
    with_email: WithEmail = False,
    left: AlsoLeft = False,
    as_json: AsJson = False,
) -> None:
    """Count the people of a search by role, state, Title I status, e-mail, confidence and when they were seen.

    Each kind of value is counted without its own filter. Of more than 15,000 people the counts are estimates.

    Examples: title1 people facets --where state=TX

    title1 people facets principal --saved "near home" --json
    """
    wanted = _wanted(words, where, near, radius, with_email=with_email, left=left)
    with api_client() as client:
        show_facets(client.get(f"{PEOPLE}/facets", **wanted, **saved_search(client, "people", saved)), as_json=as_json)


@app.command()
def changes(
    since: Annotated[str | None, typer.Option(help="Only from that day or time on, such as 2026-11-01.")] = None,
    kind: Annotated[str | None, typer.Option(help="joined, left or changed.")] = None,
    person: Annotated[int | None, typer.Option(help="Only of the person with this id.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help=f"A filter as NAME=VALUE, repeatable: {', '.join(PLACES)}.")
    ] = None,
    most: Annotated[int, typer.Option("--limit", help="Lines at most.", min=1)] = 1000,
    as_json: AsJson = False,
) -> None:
    """Show who joined a school, who left one, and whose values changed, the oldest line first.

    Examples: title1 people changes --since 2026-11-01 --json

    title1 people changes --kind left --where state=TX
    """
    wanted: dict[str, Any] = given_filters("changes", PLACES, where or [])
    if person is not None and (since or kind or wanted):
        raise CliError("--person shows all lines of one person; leave the other filters away.", code=2)
    path = f"{PEOPLE}/changes" if person is None else f"{PEOPLE}/{person}/changes"
    with api_client() as client:
        lines = client.items(path, most, since=since, kind=kind, **wanted)
    if as_json:
        _as_lines(lines)
        return
    table = Table("when", "what", "id", "name", "school", "field", "before", "now")
    for line in lines:
        cells = (line["name"], line["school"], line["field"], line["old"], line["new"])
        table.add_row(line["at"][:16], line["kind"], str(line["staff_id"]), *(cell or "" for cell in cells))
    terminal().print(table)


@app.command()
def correct(
    person: Annotated[int, typer.Argument(help="The person's id.")],
    values: Annotated[
        list[str], typer.Argument(help=f"FIELD=VALUE; blank where there is none. Fields: {', '.join(FIELDS)}.")
    ],
    reason: Annotated[str, typer.Option(help="Why; it stands beside the value as evidence.")],
    as_json: AsJson = False,
) -> None:
    """Put values of a person right. No later crawl overwrites them; what it sees is kept beside.

    Example: title1 people correct 4711 title=Principal phone= --reason "called the school"
    """
    body: dict[str, str | None] = {"reason": reason}
    for one in values:
        field, equals, value = one.partition("=")
        if not equals or field not in FIELDS:
            raise CliError(f"{one!r} is no correction: FIELD=VALUE with one of {', '.join(FIELDS)}.", code=2)
        body[field] = value or None
    with api_client() as client:
        corrected = client.patch(f"{PEOPLE}/{person}", body)
    if as_json:
        _as_lines([corrected])
        return
    table = Table("field", "value", "seen", "by", "when", "reason")
    for one in corrected["corrections"]:
        table.add_row(*(one[name] or "" for name in ("field", "value", "seen", "by", "corrected_at", "reason")))
    terminal().print(table)


@app.command()
def restore(
    person: Annotated[int, typer.Argument(help="The person's id.")],
    field: Annotated[str, typer.Argument(help=f"One of {', '.join(FIELDS)}.")],
) -> None:
    """Take a correction back: what was seen last stands again.

    Example: title1 people restore 4711 title
    """
    with api_client() as client:
        client.delete(f"{PEOPLE}/{person}/corrections/{quote(field, safe='')}")
    typer.echo(f"The {field} of {person} is again what was seen last.")


@app.command()
def delete(
    person: Annotated[int, typer.Argument(help="The person's id.")],
    reason: Annotated[str, typer.Option(help="request, complaint, bounce, policy or other.")] = "request",
    note: Annotated[str | None, typer.Option(help="Kept and shown: write no name and no address here.")] = None,
) -> None:
    """Delete all that is kept of a person, and keep later crawls from storing them again.

    Example: title1 people delete 4711 --reason request
    """
    with api_client() as client:
        client.delete(f"{PEOPLE}/{person}?{urlencode({'reason': reason, **({'note': note} if note else {})})}")
    typer.echo(f"Person {person} is deleted and does not come back.")


@app.command()
def tombstones(
    most: Annotated[int, typer.Option("--limit", help="How many at most, newest first.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List who was deleted for good: id, reason, when, by whom. Whom it names nobody can tell.

    Example: title1 people tombstones --json
    """
    with api_client() as client:
        found = client.items(f"{PEOPLE}/tombstones", most)
    if as_json:
        _as_lines(found)
        return
    table = Table("entry", "person", "reason", "note", "when", "by")
    for one in found:
        cells = (one["reason"], one["note"], one["created_at"][:16], one["by"])
        table.add_row(str(one["id"]), str(one["staff_id"]), *(cell or "" for cell in cells))
    terminal().print(table)


@app.command()
def duplicates(
    most: Annotated[int, typer.Option("--limit", help="Pairs at most, by last name.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List pairs of records that may be one person, with what they have in common.

    Example: title1 people duplicates --limit 200 --json
    """
    with api_client() as client:
        found = client.items(f"{PEOPLE}/duplicates", most)
    if as_json:
        _as_lines(found)
        return
    table = Table("ids", "name", "other name", "e-mails", "the same")
    for pair in found:
        one, other = pair["people"]
        mails = " / ".join(person["email"] or "none" for person in pair["people"])
        same = ", ".join(reason.removeprefix("same_") for reason in pair["reasons"])
        table.add_row(f"{one['id']} {other['id']}", one["name"], other["name"], mails, same)
    terminal().print(table)


@app.command()
def merge(
    person: Annotated[int, typer.Argument(help="The id of the record that becomes a part of the other one.")],
    into: Annotated[int, typer.Argument(help="The id of the person who stays.")],
    as_json: AsJson = False,
) -> None:
    """Say that two records are one person, who then has the posts of both. It cannot be undone.

    Example: title1 people merge 4712 4711
    """
    with api_client() as client:
        merged = client.post(f"{PEOPLE}/{person}/merge", {"into": into})
    if as_json:
        _as_lines([merged])
    else:
        typer.echo(f"{person} is a part of {into}: {merged['name']}, {len(merged['posts'])} posts.")


def _wanted(
    words: list[str] | None, where: list[str] | None, near: str | None, radius: str, *, with_email: bool, left: bool
) -> dict[str, Any]:
    return {
        **given_filters("people", FILTERS, where or []),
        "q": " ".join(words or []) or None,
        "near": near,
        "radius": _miles(radius) if near else None,
        "has_email": True if with_email else None,
        "left": True if left else None,
    }


def _as_lines(objects: Iterable[Any]) -> None:
    for one in objects:
        typer.echo(msgspec.json.encode(one).decode())


def _miles(text: str) -> float:
    found = _MILES.fullmatch(text.strip())
    if found is None:
        raise CliError(f"--radius {text!r} is no distance. Give miles, such as 25 or 25mi.", code=2)
    return float(found[1])
