"""`title1 export` and `title1 exports`: files of people and schools, and what has left so far."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.client import ApiClient
from control_api.cli.errors import CliError
from control_api.cli.filters import given_filters, saved_search
from control_api.cli.follow import ended_job
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal
from control_api.exports.formats.known import Format
from control_api.exports.layout import Preset
from control_api.exports.notices import notice_lines

app = typer.Typer(help="What has left: the ledger of exports.", no_args_is_help=True)

FILTERS = {
    "people": (
        *("state", "county", "district", "title1_status", "near", "radius", "document_id", "school_ids"),
        *("q", "role", "subject", "grade", "has_email", "email_state", "email_check"),
        *("min_confidence", "seen_since", "left"),
    ),
    "schools": (
        *("state", "county", "district", "title1_status", "near", "radius"),
        *("document_id", "job_id", "q", "has_website"),
    ),
}
_WORDS = {"true": True, "false": False}
_YES_NO = frozenset({"left", "has_email", "has_website"})
_NUMBERS = frozenset({"radius", "min_confidence"})
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of words.")]


class Subject(StrEnum):
    """What a file is of."""

    PEOPLE = "people"
    SCHOOLS = "schools"


def export(  # noqa: PLR0913, PLR0917  the options of a command
    out: Annotated[Path, typer.Argument(help="The file; its ending is the format: csv, json, jsonl, xlsx, parquet.")],
    of: Annotated[Subject, typer.Option(help="What the file is of.")] = Subject.PEOPLE,
    where: Annotated[
        list[str] | None, typer.Option(help="A filter as NAME=VALUE, such as state=TX or role=principal; repeatable.")
    ] = None,
    saved: Annotated[
        str | None, typer.Option(help="A saved search, by its name; --where takes the place of its filters.")
    ] = None,
    preset: Annotated[Preset, typer.Option(help="Of people: which columns, by which names.")] = Preset.PLAIN,
    with_email: Annotated[bool, typer.Option("--with-email", help="Only people with an e-mail address.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Text as it is, for programs: formulas are not defused.")] = False,
    purpose: Annotated[str | None, typer.Option(help="What the file is for; the ledger keeps it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write people or schools to a file, with progress. A notice on responsible use goes with it.

    Examples: title1 export leads.xlsx --where state=TX --where role=principal --purpose "fall mailing"

    title1 export leads.csv --preset salesforce

    title1 export schools.parquet --of schools --json

    title1 export principals.csv --saved "texas principals"
    """
    file_format = _format_of(out)
    asked = filters_of(of, where or []) | ({"purpose": purpose} if purpose else {}) | ({"raw": True} if raw else {})
    if of is Subject.SCHOOLS and (with_email or preset is not Preset.PLAIN):
        raise CliError("--with-email and --preset are for people.", code=2)
    with api_client() as client:
        asked |= saved_search(client, of, saved)
        if of is Subject.PEOPLE:
            wanted = {"format": str(file_format), "preset": str(preset), "only_with_email": with_email}
            told = _people(client, out, asked | wanted, quiet=as_json)
        else:
            told = {"size_bytes": client.download(f"/api/v1/schools.{file_format}", out, **asked)}
    if not file_format.holds_notices:
        notice = out.with_name(f"{out.name}.notice.txt")
        notice.write_text("\n".join(notice_lines()) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(msgspec.json.encode({"file": str(out), **told}).decode())
    elif "rows" in told:
        typer.echo(f"{told['rows']:,} rows in {out}")
    else:
        typer.echo(f"{told['size_bytes']:,} bytes in {out}")


@app.command("list")
def list_exports(
    most: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line.")] = False,
) -> None:
    """List what has left: when, who, what, how many rows, what for. This needs the role admin.

    Example: title1 exports list --json
    """
    with api_client() as client:
        lines: list[dict[str, Any]] = client.items("/api/v1/exports/ledger", most)
    if as_json:
        for line in lines:
            typer.echo(msgspec.json.encode(line).decode())
        return
    table = Table("id", "begun", "by", "what", "filters", "rows", "outcome", "purpose", box=None)
    for line in lines:
        what = f"{line['subject']} as {line['format']}, {line['preset']} ({line['source']})"
        filters = " ".join(f"{name}={value}" for name, value in line["filters"].items())
        rows = "" if line["rows"] is None else f"{line['rows']:,}"
        ended = (line["outcome"] or "", line["purpose"] or "")
        table.add_row(str(line["id"]), line["begun_at"][:19], line["user_name"], what, filters, rows, *ended)
    terminal().print(table)


def _people(client: ApiClient, out: Path, params: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Has a job write people, follows it, fetches its file, and says what is in it.

    Raises:
        CliError: it was refused, or did not succeed.
    """
    job_id = client.post("/api/v1/jobs", {"kind": "export_leads", "params": params})["id"]
    job = ended_job(client, job_id, terminal(), quiet=quiet)
    if job["state"] != "succeeded":
        raise CliError(f"The job {job['state']}: {job['reason']}")
    client.download(f"/api/v1/jobs/{job_id}/result", out)
    return {name: job["result"][name] for name in ("job_id", "format", "preset", "rows", "size_bytes", "sha256")}


def _format_of(out: Path) -> Format:
    ending = out.suffix.removeprefix(".").lower()
    if ending not in set(Format):
        raise CliError(f"{out} should end in one of .{', .'.join(Format)}: that says its format.", code=2)
    return Format(ending)


def filters_of(of: Subject, given: list[str]) -> dict[str, Any]:
    """The filters as the API wants them.

    Raises:
        CliError: one of them is none, or not of this subject.
    """
    found: dict[str, Any] = {**given_filters(of, FILTERS[of], given)}
    if (ids := found.get("school_ids")) is not None:
        numbers = ids.split(",")
        if not all(number.isascii() and number.isdigit() for number in numbers):
            raise CliError("school_ids are ids, parted by commas.", code=2)
        found["school_ids"] = [int(number) for number in numbers]
    for name in _YES_NO & found.keys():
        if found[name] not in _WORDS:
            raise CliError(f"{name} is true or false.", code=2)
        found[name] = _WORDS[found[name]]
    for name in _NUMBERS & found.keys():
        try:
            found[name] = float(found[name])
        except ValueError:
            raise CliError(f"{name} is a number, such as 25 or 0.9.", code=2) from None
    return found
