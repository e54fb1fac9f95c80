"""`title1 sf`: people into Salesforce. It asks the API at TITLE1_URL with TITLE1_API_KEY."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.client import ApiClient
from control_api.cli.errors import CliError
from control_api.cli.exports import Subject, filters_of
from control_api.cli.filters import saved_search
from control_api.cli.follow import counted, ended_job
from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal

app = typer.Typer(help="Salesforce: connect an org, check it, send people to it.", no_args_is_help=True)

CONNECTIONS = "/api/v1/salesforce/connections"
SECRET_VARIABLES = {
    "client_secret": "TITLE1_SF_CLIENT_SECRET",
    "password": "TITLE1_SF_PASSWORD",
    "security_token": "TITLE1_SF_SECURITY_TOKEN",
}
"""Where scripts leave what is asked for at a terminal; never an option, which others would see among the processes."""
TOLD_AT_MOST = 10
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]
Connection = Annotated[str | None, typer.Argument(help="Name of the connection; may be left away if there is one.")]
JobId = Annotated[str, typer.Argument(help="The push, by its job's id.")]


class Method(StrEnum):
    """How one logs in."""

    CLIENT_CREDENTIALS = "client_credentials"
    JWT_BEARER = "jwt_bearer"
    PASSWORD = "password"  # noqa: S105  the name of a way, no password


@app.command()
def login(
    url: Annotated[str, typer.Option(help="The org's own address, such as https://acme.my.salesforce.com.")],
    name: Annotated[str, typer.Option(help="A name of your own for the connection.")] = "salesforce",
    method: Annotated[Method, typer.Option(help="How to log in; password is legacy.")] = Method.CLIENT_CREDENTIALS,
    client_id: Annotated[str | None, typer.Option(help="Consumer key of the External Client App.")] = None,
    username: Annotated[str | None, typer.Option(help="The user, for jwt_bearer and password.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="Private key in PEM, for jwt_bearer.", exists=True)] = None,
    key_field: Annotated[str, typer.Option(help="External id field of Lead.")] = "Title1_Id__c",
    as_json: AsJson = False,
) -> None:
    """Store a connection, log in and check it; needs the role admin. The same name again changes the connection.

    The secret is asked for, or taken from TITLE1_SF_CLIENT_SECRET, TITLE1_SF_PASSWORD and TITLE1_SF_SECURITY_TOKEN. It
    is stored encrypted.

    Example: title1 sf login --url https://acme.my.salesforce.com --client-id 3MVG9…

    Example: title1 sf login --method jwt_bearer --url https://login.salesforce.com --client-id 3MVG9… --username
    integration@acme.com --key-file title1.pem
    """
    given = {
        "name": name,
        "login_url": url,
        "method": method,
        "client_id": client_id,
        "username": username,
        "key_field": key_field,
        "secret": _secret(method, key_file),
    }
    with api_client() as client:
        known = next((one for one in client.get(CONNECTIONS) if one["name"] == name), None)
        stored = client.patch(f"{CONNECTIONS}/{known['id']}", given) if known else client.post(CONNECTIONS, given)
        _tell_check(stored, client.post(f"{CONNECTIONS}/{stored['id']}/check"), as_json=as_json)


@app.command()
def check(connection: Connection = None, as_json: AsJson = False) -> None:
    """Log in and check what a push needs: fields, external id, campaign, assignment rule. Nothing is written.

    Example: title1 sf check salesforce --json
    """
    with api_client() as client:
        known = _connection(client, connection)
        _tell_check(known, client.post(f"{CONNECTIONS}/{known['id']}/check"), as_json=as_json)


@app.command("list")
def list_connections(as_json: AsJson = False) -> None:
    """List the connections.

    Example: title1 sf list --json
    """
    with api_client() as client:
        connections = client.get(CONNECTIONS)
    if as_json:
        _json(*connections)
        return
    table = Table("name", "address", "method", "external id", "campaign", box=None)
    for one in connections:
        table.add_row(one["name"], one["login_url"], one["method"], one["key_field"], one["campaign_id"] or "")
    terminal().print(table)


@app.command()
def fields(connection: Connection = None, as_json: AsJson = False) -> None:
    """List the fields of Lead that may be written, and what is mapped to them.

    Example: title1 sf fields
    """
    with api_client() as client:
        found = client.get(f"{CONNECTIONS}/{_connection(client, connection)['id']}/fields")
    if as_json:
        _json(*found["fields"])
        return
    table = Table("field", "type", "length", "needed", "mapped", box=None)
    for one in found["fields"]:
        needed = "yes" if one["required"] else ""
        table.add_row(one["name"], one["type"], str(one["length"] or ""), needed, one["source"] or "")
    terminal().print(table)
    terminal().print(f"Sources: {', '.join(found['sources'])}; a text behind = is sent as it is.")


@app.command("map")
def map_fields(
    changes: Annotated[list[str] | None, typer.Argument(help="Field=source; Field==text; Field= for nothing.")] = None,
    connection: Annotated[str | None, typer.Option(help="Name of the connection, if there are several.")] = None,
    campaign: Annotated[str | None, typer.Option(help="Campaign for all pushes, by id; none takes it away.")] = None,
    rule: Annotated[str | None, typer.Option(help="Assignment rule, by id; none takes it away.")] = None,
) -> None:
    """Change what becomes which field; what is not named stays. Needs the role admin.

    Example: title1 sf map Role__c=role LeadSource==Web Website=
    """
    mapping: dict[str, str | None] = {}
    for change in changes or ():
        field, mark, source = change.partition("=")
        if not mark:
            raise CliError(f"{change!r}: write Field=source.", code=2)
        mapping[field.strip()] = source.strip() or None
    with api_client() as client:
        known = _connection(client, connection)
        changed: dict[str, Any] = {"mapping": known["mapping"] | mapping}
        for key, value in (("campaign_id", campaign), ("assignment_rule_id", rule)):
            changed |= {} if value is None else {key: None if value == "none" else value}
        client.patch(f"{CONNECTIONS}/{known['id']}", changed)
        _tell_check(known, client.post(f"{CONNECTIONS}/{known['id']}/check"), as_json=False)


@app.command()
def push(
    connection: Connection = None,
    where: Annotated[
        list[str] | None, typer.Option(help="A filter as NAME=VALUE, such as state=TX or role=principal; repeatable.")
    ] = None,
    saved: Annotated[
        str | None, typer.Option(help="A saved search, by its name; --where takes the place of its filters.")
    ] = None,
    with_email: Annotated[bool, typer.Option("--with-email", help="Only people with an e-mail address.")] = False,
    purpose: Annotated[str | None, typer.Option(help="What it is for; the audit log keeps it.")] = None,
    campaign: Annotated[str | None, typer.Option(help="Campaign they become members of, by its id.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, and send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send people to Salesforce, each exactly once, and follow that to its end.

    Example: title1 sf push --where state=TX --where role=principal --dry-run

    Example: title1 sf push --where document_id=341f468a-… --with-email --campaign 7015g000000AbCd
    """
    params = filters_of(Subject.PEOPLE, where or []) | {"only_with_email": with_email, "dry_run": dry_run}
    params |= {name: value for name, value in (("campaign_id", campaign), ("purpose", purpose)) if value is not None}
    with api_client() as client:
        params["connection_id"] = _connection(client, connection)["id"]
        params |= saved_search(client, Subject.PEOPLE, saved)
        job = client.post("/api/v1/jobs", {"kind": "push_leads", "params": params})
        _follow(client, job["id"], as_json=as_json)


@app.command()
def retry(job_id: JobId, as_json: AsJson = False) -> None:
    """Push those people of an ended push whose errors may have passed, such as locked records.

    Example: title1 sf retry 0b6b…
    """
    with api_client() as client:
        job = client.post(f"/api/v1/jobs/{job_id}/leads/retry")
        _follow(client, job["id"], as_json=as_json)


@app.command()
def leads(
    job_id: JobId,
    state: Annotated[str | None, typer.Option(help="Only people in this state, such as error.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what came of each person of a push; of a dry run with what would be sent.

    Example: title1 sf leads 0b6b… --state error
    """
    with api_client() as client:
        found = client.items(f"/api/v1/jobs/{job_id}/leads", most, state=state)
    if as_json:
        _json(*found)
        return
    table = Table("key", "name", "school", "state", "why", box=None)
    for one in found:
        why = ": ".join(filter(None, (one["code"], one["explanation"] or one["message"])))
        table.add_row(one["key"], one["name"] or "", one["school"] or "", one["state"], why)
    terminal().print(table)


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Name of the connection.")]) -> None:
    """Delete a connection with its secret; needs the role admin. What was sent stays in Salesforce.

    Example: title1 sf remove salesforce
    """
    with api_client() as client:
        client.delete(f"{CONNECTIONS}/{_connection(client, name)['id']}")
    typer.echo(f"The connection {name} is deleted.")


@app.command()
def key() -> None:
    """Print a new key for TITLE1_SECRET_KEY, which encrypts the secrets of connections.

    Example: echo "TITLE1_SECRET_KEY=$(title1 sf key)" >> .env
    """
    from control_api.salesforce.secrets import new_key  # noqa: PLC0415  brings cryptography with it

    typer.echo(new_key())


def _secret(method: Method, key_file: Path | None) -> dict[str, str]:
    if method is Method.JWT_BEARER:
        if key_file is None:
            raise CliError("jwt_bearer needs --key-file.", code=2)
        return {"private_key": key_file.read_text(encoding="utf-8")}
    names = ("client_secret",) if method is Method.CLIENT_CREDENTIALS else ("password", "security_token")
    found = {
        name: os.environ.get(SECRET_VARIABLES[name])
        or typer.prompt(name.replace("_", " "), hide_input=True, default="", show_default=False)
        for name in names
    }
    return {name: value for name, value in found.items() if value}


def _connection(client: ApiClient, name: str | None) -> dict[str, Any]:
    connections: list[dict[str, Any]] = client.get(CONNECTIONS)
    if name is None and len(connections) == 1:
        return connections[0]
    found = next((one for one in connections if name in {one["name"], one["id"]}), None)
    if found is not None:
        return found
    names = ", ".join(one["name"] for one in connections)
    if not names:
        raise CliError("There is no connection yet; `title1 sf login --url …` makes one.")
    raise CliError(f"There is no connection {name}; there are {names}." if name else f"Name one of {names}.", code=2)


def _tell_check(connection: dict[str, Any], found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        _json({"id": connection["id"], "name": connection["name"], **found})
        return
    kind = "sandbox" if found["is_sandbox"] else "org"
    typer.echo(f"{connection['name']}: logged in to the {kind} {found['organization']} at {found['host']}.")
    mapped = ", ".join(f"{one['field']}={one['source']}" for one in found["fields"])
    typer.echo(f"External id {found['key_field']}; {mapped}")
    for note in found["notes"]:
        typer.echo(note)
    if connection["method"] == Method.PASSWORD:
        typer.echo("Logging in by password ends in summer 2027; make an External Client App.")


def _follow(client: ApiClient, job_id: str, *, as_json: bool) -> None:
    """Follows a push to its end and tells what came of it.

    Raises:
        CliError: it did not succeed.
    """
    job = ended_job(client, job_id, terminal(), quiet=as_json)
    result: dict[str, Any] = job["result"]
    if as_json and result:
        _json({"job_id": job_id, "state": job["state"], **result})
    elif result:
        typer.echo(_told(job_id, result))
    if job["state"] != "succeeded":
        raise CliError(f"The job {job['state']}: {job['reason']}")


def _told(job_id: str, result: dict[str, Any]) -> str:
    states = counted(result["states"]) or "nobody"
    lines = [f"{result['people']:,} people: {states}."]
    codes = list(result["codes"].items())[:TOLD_AT_MOST]
    lines += [f"  {count:,} {code}" for code, count in codes]
    lines += [f"  {field}: {count:,} values cut or left out" for field, count in result["changed"].items()]
    if result["members"]:
        lines.append("Campaign: " + counted(result["members"]))
    if codes:
        lines.append(f"Each person: title1 sf leads {job_id}")
    if result["retryable"]:
        lines.append(f"{result['retryable']:,} may be taken now: title1 sf retry {job_id}")
    return "\n".join(lines)


def _json(*values: Any) -> None:
    for value in values:
        typer.echo(msgspec.json.encode(value).decode())
