"""`title1 suppress`: who is not to be stored. It asks the API at TITLE1_URL with TITLE1_API_KEY."""

from __future__ import annotations

import csv
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.errors import CliError
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal

app = typer.Typer(help="The suppression list: who is not to be stored, found, exported.", no_args_is_help=True)

LIST = "/api/v1/suppressions"
COLUMNS = ("kind", "value", "school", "domain", "reason", "note")
_ROWS_AT_ONCE = 1_000
"""Entries of one request; the API takes no more."""
_NCES_DIGITS = 12
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


class Kind(StrEnum):
    """What an entry names."""

    EMAIL = "email"
    DOMAIN = "domain"
    PERSON = "person"
    SCHOOL = "school"


@app.command()
def add(
    kind: Annotated[Kind, typer.Argument(help="What is named.")],
    value: Annotated[str, typer.Argument(help="The address, the domain, the name, or the school's id or NCES id.")],
    school: Annotated[str | None, typer.Option(help="Where the person works: the school's id or NCES id.")] = None,
    domain: Annotated[str | None, typer.Option(help="Or the domain of the pages and addresses.")] = None,
    reason: Annotated[str, typer.Option(help="request, complaint, bounce, policy or other.")] = "request",
    note: Annotated[str | None, typer.Option(help="Kept and shown: write no name and no address here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Delete whom the entry names and never store them again. The value is not kept, only a salted hash of it.

    Example: title1 suppress add person "Odile Brannock" --school 4711 --reason request
    """
    row = {"kind": kind, "value": value, "school": school, "domain": domain, "reason": reason, "note": note}
    with api_client() as client:
        added = client.post(LIST, {"entries": [_entry(row)]})
    if as_json:
        typer.echo(msgspec.json.encode(added).decode())
        return
    which = f"Entry {added['entries'][0]['id']} is on the list" + ("" if added["added"] else " already")
    typer.echo(f"{which}; {_deleted(added['posts_deleted'])}.")


@app.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(help=f"CSV with the columns {', '.join(COLUMNS)}; kind and value are needed.", exists=True)
    ],
    as_json: AsJson = False,
) -> None:
    """Add all entries of a file, a thousand a transaction; a file that was read in part may be read again.

    Example: title1 suppress import opt-outs.csv
    """
    entries = _read(file)
    added = deleted = 0
    with api_client() as client:
        for place in range(0, len(entries), _ROWS_AT_ONCE):
            try:
                answer = client.post(LIST, {"entries": entries[place : place + _ROWS_AT_ONCE]})
            except CliError as error:
                raise CliError(
                    f"{file}: {error.message} Counted from 0 behind row {place + 1}; the rows before are added.",
                    code=error.code,
                ) from error
            added, deleted = added + answer["added"], deleted + answer["posts_deleted"]
    told = {"entries": len(entries), "added": added, "posts_deleted": deleted}
    if as_json:
        typer.echo(msgspec.json.encode(told).decode())
    else:
        typer.echo(f"{len(entries):,} entries read, {added:,} of them new; {_deleted(deleted)}.")


@app.command("list")
def list_entries(
    kind: Annotated[Kind | None, typer.Option(help="Only entries of this kind.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the entries: kind, reason, when, by whom. Whom they name nobody can tell.

    Example: title1 suppress list --kind email --json
    """
    with api_client() as client:
        entries: list[dict[str, Any]] = client.items(LIST, most, kind=kind)
    if as_json:
        for entry in entries:
            typer.echo(msgspec.json.encode(entry).decode())
        return
    table = Table("id", "kind", "reason", "added", "by", "note", box=None)
    for entry in entries:
        when = entry["created_at"][:19]
        table.add_row(
            str(entry["id"]), entry["kind"], entry["reason"] or "", when, entry["by"] or "", entry["note"] or ""
        )
    terminal().print(table)


@app.command()
def remove(
    entry_id: Annotated[int, typer.Argument(help="The entry's id, as `title1 suppress list` shows it.")],
) -> None:
    """Take an entry off the list; this needs the role admin. Whom it named, the next crawl may store again.

    Example: title1 suppress remove 17
    """
    with api_client() as client:
        client.delete(f"{LIST}/{entry_id}")
    typer.echo(f"Entry {entry_id} is off the list.")


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            names = reader.fieldnames or ()
            if not {"kind", "value"} <= set(names) <= set(COLUMNS):
                raise CliError(f"{file}: the columns are {', '.join(names) or 'none'}, not of {', '.join(COLUMNS)}.")
            return [_entry(row, f"{file}: line {reader.line_num}: ") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CliError(f"{file} cannot be read: {error}") from error


def _entry(row: dict[str, Any], where: str = "") -> dict[str, Any]:
    """A row as the API wants it.

    Raises:
        CliError: it has no value, or values that do not belong to its kind.
    """
    given = {name: text for name, value in row.items() if isinstance(value, str) and (text := value.strip())}
    kind = given.get("kind", "")
    if kind not in set(Kind) or "value" not in given:
        raise CliError(f"{where}an entry has a kind ({', '.join(Kind)}) and a value.", code=2)
    entry = {name: given[name] for name in ("reason", "note") if name in given} | {"kind": kind}
    if kind != Kind.PERSON and (odd := {"school", "domain"} & set(given)):
        raise CliError(f"{where}only a person has a {' and a '.join(sorted(odd))} of its own.", code=2)
    if kind == Kind.SCHOOL:
        return entry | _school(given["value"], where)
    if kind == Kind.PERSON:
        entry |= _school(given["school"], where) if "school" in given else {}
        entry |= {"domain": given["domain"]} if "domain" in given else {}
        return entry | {"name": given["value"]}
    return entry | {kind: given["value"]}


def _school(text: str, where: str) -> dict[str, Any]:
    if not (text.isascii() and text.isdigit()):
        raise CliError(f"{where}{text!r} is no id of a school, nor its NCES id.", code=2)
    return {"nces_id": text} if len(text) == _NCES_DIGITS else {"school_id": int(text)}


def _deleted(posts: int) -> str:
    return "nobody who was stored is named" if not posts else f"{posts:,} people at schools were deleted"
